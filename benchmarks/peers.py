"""How fast the course trains beside what a student would pick instead: other libraries, and the blog posts' way.

    python -m benchmarks.peers                          # measure all, print the tables (about 13 minutes on 2 cores)
    python -m benchmarks.peers --write                  # ... and store them: results/peers.json
    python -m benchmarks.peers --only LeNet             # one network; --peers ours flax: these ways only
    python -m benchmarks.peers --seconds 60             # about so long for each network and number of cores
    python -m benchmarks.peers --images 512             # try all on a few pictures; nothing can be stored
    python -m benchmarks.peers --device cuda            # on a GPU, those that can use it
    python -m benchmarks.peers --here                   # with this Python and the libraries that it has

The first call makes an environment for the other libraries, build/peers: the versions of peers_requirements.txt, with
the course's version of PyTorch (minutes, 6 GB on Linux, a network). What cannot be installed is in the table as "not
measured", with the reason.

Each way trains the same network on the same pictures, ready in memory (but for the posts' way), with the same batch
size, loss and optimizer, in float32. peer_loops/ has a file for each, which follows that library's own documentation.
Each trains in a process of its own, with one core and with two. After a first epoch, which is left out, they take
turns, an epoch each, in several rounds. There is a number only where as many weights as in the course's network were
trained and the loss fell. A figure is the median of the rounds, a ratio the median of the rounds' ratios.
"""

import argparse
import hashlib
import json
import math
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from benchmarks.peer_loops.work import NETWORKS, Network
from benchmarks.report import RESULTS, ROOT, machine, read_json, write_json
from course_utils.data import load

RESULT = RESULTS / "peers.json"
REQUIREMENTS = ROOT / "benchmarks" / "peers_requirements.txt"
FOLDER = ROOT / "build" / "peers"
CORES = (1, 2)
FEWEST, MOST = 3, 9  # rounds
SECONDS = 60.0  # for each network and number of cores
LEAST_AHEAD = {"LeNet": 1.3, "Conv32-64": 1.0, "CifarNet": 1.0}  # each peer's seconds beside ours
FEWEST_PEERS = 6


@dataclass(frozen=True)
class Peer:
    """A way to train: its file in peer_loops/, and what it needs from peers_requirements.txt."""

    title: str
    module: str
    needs: tuple[str, ...] = ()
    function: str = "train"
    backend: str = ""  # of Keras
    gpu: bool = False
    least_cores: int = 1


PEERS = {
    "ours": Peer("this course: `loader` and `fit`", "ours", gpu=True),
    "plain": Peer("PyTorch: `DataLoader` and a loop", "plain", gpu=True),
    "skorch": Peer("skorch", "with_skorch", ("skorch",)),
    "lightning": Peer("Lightning", "with_lightning", ("lightning",), gpu=True),
    "fastai": Peer("fastai", "with_fastai", ("fastai",), gpu=True),
    "keras on torch": Peer("Keras on PyTorch", "with_keras", ("keras",), backend="torch"),
    "keras on jax": Peer("Keras on JAX", "with_keras", ("keras", "jax"), backend="jax"),
    "flax": Peer("Flax, jitted step", "with_flax", ("flax", "optax", "jax")),
    "post": Peer("the posts' way", "post"),
    "post, 2 workers": Peer("the posts' way, 2 workers", "post", function="train_with_two_workers", least_cores=2),
}


# ---- an environment for the peers ----


def pins(text: str) -> dict[str, str]:
    """{distribution: "distribution==version"} of a file such as peers_requirements.txt."""
    lines = (line.partition("#")[0].strip() for line in text.splitlines())
    return {line.partition("==")[0]: line for line in lines if line}


def environment(peers: Sequence[str]) -> tuple[str, dict[str, str]]:
    """Make build/peers, once for each state of peers_requirements.txt and version of PyTorch.

    Returns: the Python with which all ways run, and {peer: why it cannot} for those that cannot be installed.
    """
    wanted = pins(REQUIREMENTS.read_text(encoding="utf-8"))
    base = [f"{name}=={installed(sys.executable, [name])[name]}" for name in ("torch", "torchvision", "numpy")]
    base += ["tqdm", "filelock"]  # of course_utils
    state = hashlib.sha256(repr((base, wanted, sys.version)).encode()).hexdigest()
    stamp, python = FOLDER / "stamp.json", FOLDER / "venv" / ("Scripts" if os.name == "nt" else "bin") / "python"
    found = read_json(stamp)
    if found.get("state") != state or not shutil.which(python):
        print(f"An environment for the other libraries, {python.parent.parent}: this takes minutes.", flush=True)
        if reason := make_environment(python, base):  # without a network
            return sys.executable, lacking_here(peers, reason)
        failed = {}
        if install(python, [*base, *wanted.values()]):  # not all of them: then each by itself
            for name, peer in PEERS.items():
                if peer.needs and (reason := install(python, [*base, *(wanted[need] for need in peer.needs)])):
                    failed[name] = reason
        found = {"state": state, "failed": failed}
        write_json(stamp, found)
    return str(python), {name: reason for name, reason in found["failed"].items() if name in peers}


def lacking_here(peers: Sequence[str], reason: str = "not installed") -> dict[str, str]:
    """{peer: why it cannot run} with this Python."""
    here = installed(sys.executable, list(pins(REQUIREMENTS.read_text(encoding="utf-8"))))
    lacking = {name: sorted(set(PEERS[name].needs) - set(here)) for name in peers}
    return {name: f"{', '.join(needs)}: {reason}" for name, needs in lacking.items() if needs}


def make_environment(python: Path, base: list[str]) -> str:
    """An empty environment with PyTorch; why there is none, or ""."""
    folder = python.parent.parent
    by_uv = [*uv(), "venv", "--clear", "--python", sys.executable]
    command = by_uv if uv() else [sys.executable, "-m", "venv", "--clear"]
    return run([*command, str(folder)]) or install(python, base)


def uv() -> list[str]:
    """How uv is called, where there is one."""
    try:
        subprocess.run([sys.executable, "-m", "uv", "--version"], check=True, capture_output=True)
        return [sys.executable, "-m", "uv"]
    except subprocess.CalledProcessError:
        return [found] if (found := shutil.which("uv")) else []


def install(python: Path, what: list[str]) -> str:
    """Install; what went wrong in one line, or ""."""
    if command := uv():
        return run([*command, "pip", "install", "--quiet", "--compile-bytecode", "--python", str(python), *what])
    return run([str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *what])


def run(command: list[str]) -> str:
    """The error of a command in one line, or "" if it has none."""
    done = subprocess.run(command, capture_output=True, encoding="utf-8", errors="replace")
    return one_line(done.stderr) or f"status {done.returncode}" if done.returncode else ""


def one_line(text: str, most: int = 160) -> str:
    """The last line of an error, short enough for a table."""
    lines = [line.strip(" \t│╰─▶×") for line in text.splitlines() if line.strip()]
    return lines[-1].replace("|", "/")[:most] if lines else ""


def installed(python: str, names: Sequence[str]) -> dict[str, str]:
    """{distribution: version} of those that an environment has."""
    code = (
        "import importlib.metadata as m, json, sys\nfound = {}\nfor name in sys.argv[1:]:\n"
        "    try:\n        found[name] = m.version(name).split('+')[0]\n"
        "    except m.PackageNotFoundError:\n        pass\nprint(json.dumps(found))"
    )
    done = subprocess.run([python, "-c", code, *names], check=True, capture_output=True, encoding="utf-8")
    return json.loads(done.stdout)


# ---- a way in its process ----


class NotMeasured(Exception):
    """Why there is no number."""


class Running:
    """A way that trains in a process of its own; it waits for its turn after each epoch."""

    def __init__(self, python: str, name: str, network: str, arrays: Path, epochs: int, cores: int, device: str):
        peer = PEERS[name]
        words = [peer.module, peer.function, network, str(arrays), str(epochs), str(cores), device]
        self.log = tempfile.TemporaryFile("w+", encoding="utf-8", errors="replace")
        self.process = subprocess.Popen(
            [python, "-m", "benchmarks.peer_loops", *words],
            cwd=ROOT,
            env=os.environ | settings(cores, peer.backend, device),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.log,
            encoding="utf-8",
        )
        self.epochs: list[dict] = []
        try:
            self.weights = self.told()["weights"]
            self.epochs.append(self.told())
        except BaseException:
            self.close()
            raise

    def told(self) -> dict:
        """The next line of the process. Raises NotMeasured when it has ended."""
        while line := self.process.stdout.readline():
            if line.startswith("{"):
                return json.loads(line)
        self.process.wait()
        self.log.seek(0)
        raise NotMeasured(one_line(self.log.read()) or f"it ended with status {self.process.returncode}")

    def epoch(self) -> None:
        """Let it train one more."""
        try:
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        except OSError:
            pass  # it has ended: `told` says why
        self.epochs.append(self.told())

    def close(self) -> None:
        self.process.kill()
        self.process.communicate()
        self.log.close()

    def result(self, weights: int) -> dict:
        """What is stored. Raises NotMeasured when it was not the same work."""
        losses = [epoch["loss"] for epoch in self.epochs]
        if self.weights != weights:
            raise NotMeasured(f"it trained {self.weights:,} weights, not {weights:,}")
        if not all(map(math.isfinite, losses)) or losses[-1] >= losses[0]:
            raise NotMeasured(f"its loss did not fall: {losses[0]:.3f}, then {losses[-1]:.3f}")
        return {
            "seconds": [epoch["seconds"] for epoch in self.epochs[1:]],
            "first_epoch": self.epochs[0]["seconds"],
            "loss": losses,
            "megabytes": max(epoch["megabytes"] for epoch in self.epochs),
        }


def settings(cores: int, backend: str, device: str) -> dict[str, str]:
    """The environment variables that keep every library to so many cores; the process itself also keeps to them."""
    names = ("COURSE_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS")
    flags = "--xla_cpu_multi_thread_eigen=false" if cores == 1 else ""
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    found = dict.fromkeys(names, str(cores)) | {
        "XLA_FLAGS": flags,
        "JAX_PLATFORMS": "cpu",
        "PYTHONPATH": path,
        "COURSE_INTERACTIVE": "0",
    }
    if device == "cpu":
        found["CUDA_VISIBLE_DEVICES"] = ""
    return found | ({"KERAS_BACKEND": backend} if backend else {})


# ---- measuring ----


def measure(
    network: str, cores: int, python: str, reasons: dict[str, str], arrays: Path, seconds: float, device: str
) -> dict[str, dict]:
    """{peer: what it gave, or {"reason": why there is no number}} for all names in `reasons`, "" if it can run."""
    running: dict[str, Running] = {}
    found = {name: {"reason": reason} for name, reason in reasons.items() if reason}

    def drop(name: str, reason: str) -> None:
        found[name] = {"reason": reason}
        running.pop(name).close() if name in running else None
        print(f"  {name}: not measured ({reason})", flush=True)

    try:
        for name in (name for name, reason in reasons.items() if not reason):
            try:
                running[name] = Running(python, name, network, arrays, MOST + 1, cores, device)
            except NotMeasured as why:
                drop(name, str(why))
        start, rounds = time.monotonic(), 0
        while running and rounds < MOST and (rounds < FEWEST or going_on(start, rounds, seconds)):
            for name in list(running):
                try:
                    running[name].epoch()
                except NotMeasured as why:
                    drop(name, str(why))
            rounds += 1
        for name in list(running):
            try:
                found[name] = running[name].result(NETWORKS[network].weights)
            except NotMeasured as why:
                drop(name, str(why))
    finally:
        for process in running.values():
            process.close()
    return {name: found[name] for name in reasons}


def going_on(start: float, rounds: int, seconds: float) -> bool:
    """Whether one more round, as long as the others, ends in time."""
    return (time.monotonic() - start) * (rounds + 1) / rounds < seconds


def ready_arrays(network: Network, images: int) -> Path:
    """The first pictures and their classes in one file, so that no process pays for reading the data set."""
    train = load(network.data, validation=0).train
    path = FOLDER / f"{network.model}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(path, images=train.images[:images].numpy(), labels=train.labels[:images].numpy())
    return path


def reasons_of(peers: Sequence[str], cores: int, device: str, failed: dict[str, str]) -> dict[str, str]:
    """{peer: "", or why it cannot run}; without those that make no sense with so few cores."""
    reasons = {}
    for name in peers:
        if cores >= PEERS[name].least_cores and (device == "cpu" or PEERS[name].gpu):
            reasons[name] = failed.get(name, "")
            if cores > (os.cpu_count() or 1):
                reasons[name] = f"this machine has {os.cpu_count()} core"
    return reasons


# ---- the tables ----


def median(result: dict) -> float:
    return statistics.median(result["seconds"])


def beside_ours(results: dict[str, dict], name: str) -> float:
    """The seconds of a peer, divided by ours in the same round; the median of the rounds."""
    pairs = zip(results[name]["seconds"], results["ours"]["seconds"], strict=False)
    return statistics.median(theirs / ours for theirs, ours in pairs)


def better_of_posts(results: dict[str, dict]) -> dict[str, dict]:
    """One line for the posts' way: without workers or with two, what was faster."""
    posts = [name for name in ("post", "post, 2 workers") if name in results]
    worse = sorted(posts, key=lambda name: median(results[name]) if "seconds" in results[name] else math.inf)[1:]
    return {name: result for name, result in results.items() if name not in worse}


def ratios(stored: dict, network: str) -> dict[str, dict[str, float]]:
    """{cores: {peer: its seconds beside ours}} of all that were measured."""
    found = {}
    for cores, every in stored["networks"].get(network, {}).get("cores", {}).items():
        results = better_of_posts(every)
        if "seconds" in results.get("ours", {}):
            measured = [name for name in results if name != "ours" and "seconds" in results[name]]
            found[cores] = {name: beside_ours(results, name) for name in measured}
    return found


def version(stored: dict, name: str) -> str:
    """The title of a peer with the versions of its libraries."""
    found = " ".join(stored["versions"][need] for need in PEERS[name].needs[:1] if need in stored["versions"])
    return f"{PEERS[name].title} {found}".strip()


def cells(results: dict[str, dict], name: str, scale: float) -> str:
    """Seconds of a whole epoch, beside ours, and peak memory."""
    result = results.get(name)
    if result is None:
        return " |  | "
    if "seconds" not in result:
        return f"not measured ({result['reason']}) |  | "
    ratio = f"{beside_ours(results, name):.2f}" if "seconds" in results.get("ours", {}) else ""
    memory = f"{result['megabytes']:,} MB" if result["megabytes"] else ""
    return f"{scale * median(result):.1f} | {ratio} | {memory}"


def table(stored: dict, device: str = "cpu") -> str:
    """All networks, for results/README.md."""
    command = f"`python -m benchmarks.peers{' --device cuda' * (device == 'cuda')} --write`"
    if not stored:
        return f"Not measured yet: {command}."
    parts = []
    for network, result in stored["networks"].items():
        by_cores = {cores: better_of_posts(every) for cores, every in result["cores"].items()}
        names = [name for name in PEERS if any(name in results for results in by_cores.values())]
        of_all, scale = NETWORKS[network].of_all, NETWORKS[network].of_all / result["images"]
        heads = [f"{n} core{'s' * (n != '1')}: s an epoch | beside ours | peak memory" for n in by_cores]
        if device == "cuda":
            heads = ["s an epoch | beside ours | peak main memory"]
        rounds = min(len(one.get("seconds", range(MOST))) for many in by_cores.values() for one in many.values())
        taken = "" if scale == 1 else f", from epochs of {result['images']:,}, times {scale:.3g}"
        lines = [
            f"**{NETWORKS[network].title}**: an epoch of {of_all:,} pictures{taken}; medians of {rounds} rounds.",
            "",
            f"| | {' | '.join(heads)} |",
            "|---" * (1 + 3 * len(heads)) + "|",
        ]
        for name in names:
            found = " | ".join(cells(results, name, scale) for results in by_cores.values())
            lines.append(f"| {version(stored, name)} | {found} |")
        parts.append("\n".join(lines))
    jax = stored["versions"].get("jax")
    return "\n\n".join(parts) + (
        f"\n\n{stored['machine']}, {stored['date']}, torch {stored['torch']}{f', JAX {jax}' * bool(jax)} ({command})."
    )


def sentence(stored: dict) -> str:
    """The same in three lines, for README.md."""
    if not stored:
        return "Not measured yet: `python -m benchmarks.peers --write`."
    lines = []
    for network, result in stored["networks"].items():
        scale = NETWORKS[network].of_all / result["images"]
        for cores, found in list(ratios(stored, network).items())[:1]:
            ours = scale * median(result["cores"][cores]["ours"])
            others = ", ".join(f"{PEERS[name].title} {found[name]:.1f}" for name in sorted(found, key=found.get))
            where = f"on {'one core' if cores == '1' else f'{cores} cores'}"
            lines.append(f"- {NETWORKS[network].title}: an epoch takes {ours:.1f} s {where}; times as long: {others}.")
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=NETWORKS, default=list(NETWORKS), metavar="NETWORK")
    parser.add_argument("--peers", nargs="+", choices=PEERS, default=list(PEERS), metavar="PEER")
    parser.add_argument("--cores", nargs="+", type=int, choices=CORES, default=CORES)
    parser.add_argument("--seconds", type=float, default=SECONDS, help="for each network and number of cores, about")
    parser.add_argument("--images", type=int, help="so many only, to try whether all works")
    parser.add_argument("--device", default="cpu", choices=("cpu", "cuda"))
    parser.add_argument("--here", action="store_true", help="make no environment")
    parser.add_argument("--write", action="store_true", help="store the result; then make generate")
    args = parser.parse_args()
    if args.write and (args.images or set(args.peers) != set(PEERS) or set(args.cores) != set(CORES)):
        parser.error("--write stores whole measurements only: without --images, --peers and --cores")
    if "ours" not in args.peers:
        args.peers = ["ours", *args.peers]
    path = RESULT if args.device == "cpu" else RESULT.with_stem(f"peers_{args.device}")
    python, failed = (sys.executable, lacking_here(args.peers)) if args.here else environment(args.peers)
    versions = installed(python, list(pins(REQUIREMENTS.read_text(encoding="utf-8"))))
    before = read_json(path).get("networks", {}) if args.write else {}
    stored = machine(args.device) | {"versions": versions, "networks": before}
    for network in args.only:
        images = args.images or NETWORKS[network].images
        arrays = ready_arrays(NETWORKS[network], images)
        result = {"images": images, "cores": {}}
        for cores in args.cores if args.device == "cpu" else args.cores[-1:]:
            print(f"{network}, {cores} core{'s' * (cores > 1)}", flush=True)
            reasons = reasons_of(args.peers, cores, args.device, failed)
            result["cores"][str(cores)] = measure(network, cores, python, reasons, arrays, args.seconds, args.device)
        stored["networks"][network] = result
        if args.write:
            stored["networks"] = {key: stored["networks"][key] for key in NETWORKS if key in stored["networks"]}
            write_json(path, stored)
    print(table(stored, args.device))


if __name__ == "__main__":
    main()
