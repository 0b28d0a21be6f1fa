"""The instructor's pre-flight: is this machine ready, and does every lesson run on it?

`examine` looks at the machine and takes seconds, `rehearse` then runs the lessons and takes as long as they do. Both
return an exit status: 0 only when no line says FAULT. Every fault comes with what to do about it. Nothing is repaired
here, and no lesson's file is changed.
"""

import importlib
import json
import os
import platform
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

from course_utils import ROOT
from course_utils.files.atomic import atomic

DATA_SETS = {"mnist": "MNIST", "fashion_mnist": "Fashion-MNIST", "cifar10": "CIFAR-10"}
MODULES = ("torch", "torchvision", "numpy", "matplotlib.pyplot", "cv2", "ipywidgets", "jupyterlab")
FREE_GIGABYTES = 1
SANITIZE = ROOT / "tests" / "notebooks" / "nbval_sanitize.cfg"
NBVAL = (
    "-q -p no:cacheprovider -o addopts= -o junit_duration_report=call "
    "--nbval-lax --nbval-current-env --nbval-cell-timeout=3600"
)
BUSY = 0.3  # more cores than this for other programs, and the seconds of a lesson are wrong
QUIET = "stop other programs and measure again, or check without WRITE=1 (--write)"
INSTALL = "make lab   (or: python -m pip install -r requirements.txt)"


class Finding(NamedTuple):
    """One line of the report. `todo` says what to do; a finding without one is fine."""

    what: str
    todo: str = ""


# ---- the machine ---------------------------------------------------------------------------------------------------


def examine() -> int:
    """Print what this machine offers; 1 when something has to be mended before class, else 0."""
    return 1 if _report_machine() else 0


def _report_machine() -> list[Finding]:
    """Print one line for each finding, as it is found; return the faults."""
    faults = []
    for check in (packages, imports, device, memory, disk, ports, data):
        for finding in check():
            print(f"  {'FAULT' if finding.todo else 'ok   '}  {finding.what}", flush=True)
            if finding.todo:
                print(f"         -> {finding.todo}", flush=True)
                faults.append(finding)
    return faults


def packages(requirements: Path = ROOT / "requirements.txt") -> Iterator[Finding]:
    """The installed versions against requirements.txt."""
    yield Finding(f"Python {platform.python_version()} in {sys.prefix}")
    try:
        from packaging.requirements import Requirement
    except ImportError:
        yield Finding("the package packaging is not installed, so no version can be compared", INSTALL)
        return
    for line in requirements.read_text(encoding="utf-8").splitlines():
        if not (line := line.partition("#")[0].strip()):
            continue
        wanted = Requirement(line)
        try:
            found = version(wanted.name)
        except PackageNotFoundError:
            yield Finding(f"{wanted.name} is not installed, {wanted.specifier} is needed", INSTALL)
            continue
        fits = wanted.specifier.contains(found, prereleases=True)
        yield Finding(f"{wanted.name} {found} ({wanted.specifier})", "" if fits else INSTALL)


def imports() -> Iterator[Finding]:
    """What is installed can still fail to load: a torchvision made for another torch, a missing system library."""
    for name in MODULES:
        try:
            importlib.import_module(name)
        except Exception as error:  # a broken binary raises almost anything
            yield Finding(
                f"import {name} fails: {type(error).__name__}: {error}",
                "remove .venv and make it again; if it stays, the message names what is missing",
            )


def device() -> Iterator[Finding]:
    """What the lessons compute on: a GPU only if it computes right."""
    try:
        import torch

        from course_utils.device import fault_of
    except Exception:  # `imports` has said so
        return
    if not torch.cuda.is_available():
        yield Finding("the lessons run on the CPU")
        return
    name, fault = torch.cuda.get_device_name(), fault_of("cuda")
    yield Finding(
        f"{name} cannot be used ({fault}): the lessons run on the CPU" if fault else f"the lessons run on {name}"
    )


def memory(timing: Path = ROOT / "results" / "timing.json") -> Iterator[Finding]:
    """The memory that this process may take, where a container sets a limit, beside what the lessons took."""
    limit = _memory_limit()
    if limit is None or not timing.exists():
        return
    lessons = json.loads(timing.read_text(encoding="utf-8"))["class"]["lessons"]
    needs = {name: run["megabytes"] for name, run in lessons.items() if "/" not in name and "megabytes" in run}
    large = [f"{name[:2]} ({needs[name]:,} MB)" for name in sorted(needs) if needs[name] > limit]
    what = f"{limit:,} MB of memory may be used"
    if large:
        todo = "raise the limit, or choose Kernel, Shut Down All Kernels before these lessons and run them alone"
        yield Finding(f"{what}; these lessons need more: {', '.join(large)}", todo)
    else:
        yield Finding(what)


def _memory_limit(root: Path = Path("/sys/fs/cgroup")) -> int | None:
    """Megabytes that the container allows, as Docker, Binder and most hubs set it; None without a limit."""
    for name in ("memory.max", "memory/memory.limit_in_bytes"):  # cgroup 2, cgroup 1
        with suppress(OSError, ValueError):  # "max" is no number
            found = int((root / name).read_text(encoding="ascii")) // 10**6
            return found if found < 10**9 else None  # cgroup 1 writes "no limit" as a very large number
    return None


def disk() -> Iterator[Finding]:
    """Room for data and checkpoints, in folders that can be written."""
    free = shutil.disk_usage(ROOT).free / 1e9
    few = f"free some space: the data sets and checkpoints need {FREE_GIGABYTES} GB"
    yield Finding(f"{free:.1f} GB free in {ROOT}", few if free < FREE_GIGABYTES else "")
    for folder in (ROOT, ROOT / "notebooks"):
        try:
            with tempfile.TemporaryFile(dir=folder):  # only a real write tells the truth, on every system
                yield Finding(f"{folder} can be written")
        except OSError as error:
            yield Finding(f"{folder} cannot be written: {error.strerror}", "copy the course to a folder of your own")


def ports() -> Iterator[Finding]:
    """TensorBoard wants its own port; JupyterLab takes the next one by itself."""
    if _answers(6006):
        yield Finding(
            "port 6006 is taken, TensorBoard wants it",
            "stop the program that listens there (another TensorBoard?), or start with --port 6007",
        )
    else:
        yield Finding("port 6006 is free (TensorBoard)")
    yield Finding(
        "port 8888 is taken: JupyterLab will use the next one" if _answers(8888) else "port 8888 is free (JupyterLab)"
    )


def _answers(port: int) -> bool:
    try:
        socket.create_connection(("127.0.0.1", port), timeout=0.5).close()
    except OSError:
        return False
    return True


def data() -> Iterator[Finding]:
    """The real files, with their checksums. Nothing is downloaded here."""
    try:
        from course_utils.files.fetch import DataError
        from course_utils.files.folders import locate, prepare
    except Exception as error:  # torch or torchvision is broken; `imports` has said so, but never pass in silence
        yield Finding(f"the data sets cannot be looked at: {error}", "mend the faults above first")
        return
    for name, title in DATA_SETS.items():
        try:
            yield Finding(f"{title}: real, checksums right, in {prepare(name, offline=True)}")
        except DataError as error:
            fault = f"is missing: the lessons would fetch it, or run on the drawn stand-in. {error}"
            if locate(name) is not None:
                fault = f"is damaged. {error}"
            yield Finding(f"{title} {fault}", "make data   (or: python -m course_utils data)")


# ---- the lessons ---------------------------------------------------------------------------------------------------


class Rehearsal(NamedTuple):
    """One notebook that was run: seconds of all cells, the slowest cell [n], the most memory of its kernel and of what
    it started, how many cores other programs took meanwhile, and what went wrong ("" = nothing)."""

    name: str
    seconds: float
    slowest_cell: int
    slowest_seconds: float
    megabytes: int
    others: float
    fault: str


def rehearse(notebooks: list[str], speed: str, write: bool = False) -> int:
    """Examine the machine, then run every notebook; 1 when there was any fault, else 0.

    Args:
        notebooks: paths; none means every lesson and solution.
        speed: "smoke", "class" or "full", as COURSE_SPEED.
        write: store the times in results/timing.json, if there is no fault and the machine does nothing else.
    """
    print("The machine")
    faults = _report_machine()
    if missing := [name for name in ("nbval", "psutil") if find_spec(name) is None]:
        print(f"  FAULT  not installed, so no lesson can be run: {', '.join(missing)}")
        print('         -> python -m pip install -e ".[test]"')
        return 1
    folder = ROOT / "notebooks"
    every = [*sorted(folder.glob("*.ipynb")), *sorted(folder.glob("solutions/*.ipynb"))]
    paths = [Path(name).resolve() for name in notebooks] or every
    if not paths:
        faults.append(Finding(f"there is no notebook in {folder}", "get the whole repository again"))
    if write and (names := _busy()):
        faults.append(Finding(f"the machine is busy with {names}: seconds would be wrong", QUIET))
        paths = []
    print(
        f"\nThe lessons, at speed {speed}\n  {'':5}  {'notebook':<40} {'minutes':>7} {'memory':>8}  slowest cell",
        flush=True,
    )
    runs = []
    for path in paths:
        runs.append(run := run_notebook(path, speed))
        mark = "FAULT" if run.fault else "ok   "
        slowest = f"[{run.slowest_cell}] {run.slowest_seconds:.1f} s"
        memory = f"{run.megabytes:,} MB"
        print(f"  {mark}  {run.name:<40} {run.seconds / 60:>7.1f} {memory:>8}  {slowest}", flush=True)
        if run.fault:
            todo = (
                f"open {run.name}.ipynb, choose Kernel, Restart Kernel and Run All Cells; if no cell fails there, "
                f"the stored output is old: make notebooks NB=notebooks/{run.name}.ipynb"
            )
            faults.append(Finding(f"{run.name}: {run.fault}", todo))
        if write and run.others > BUSY:
            what = f"{run.name}: other programs took {run.others:.1f} cores meanwhile, so its seconds are wrong"
            faults.append(Finding(what, QUIET))
    print(f"  {'':5}  {'together':<40} {sum(run.seconds for run in runs) / 60:>7.1f}")
    if faults:
        print(f"\n{len(faults)} fault{'s' * (len(faults) > 1)}, NOT ready for class")
        for finding in faults:
            print(f"  FAULT  {finding.what}\n         -> {finding.todo}")
        return 1
    if write:
        write_timing(speed, runs, empty_kernel(), ROOT / "results" / "timing.json")
    print("\nNo fault: ready for class")
    return 0


def run_notebook(path: Path, speed: str) -> Rehearsal:
    """Run one notebook and its proofs, as the tests do: errors and changed outputs of fixed cells are faults."""
    name = path.relative_to(ROOT / "notebooks").with_suffix("").as_posix() if ROOT in path.parents else path.stem
    environment = os.environ | {"COURSE_SPEED": speed, "COURSE_INTERACTIVE": "0"}
    with tempfile.TemporaryDirectory() as folder:
        report = Path(folder) / "report.xml"
        command = [
            sys.executable,
            "-m",
            "pytest",
            *NBVAL.split(),
            f"--nbval-sanitize-with={SANITIZE}",
            f"--rootdir={ROOT}",
            f"--junitxml={report}",
            str(path),
        ]
        with open(Path(folder) / "printed", "w+", encoding="utf-8", errors="replace") as printed:
            process = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=printed, stderr=subprocess.STDOUT)
            peak, others = watch(process.pid, lambda: process.poll() is None)
            printed.seek(0)
            output = printed.read().strip()
        cells = list(ElementTree.parse(report).iter("testcase")) if report.exists() else []
    times = [float(cell.get("time", 0)) for cell in cells if cell.get("name").startswith("Cell ")]  # not its proofs
    slowest = max(range(len(times)), key=times.__getitem__, default=-1)
    fault = ""
    if process.returncode != 0 or not cells:
        nothing = "it has no cell to run" if process.returncode == 5 else output
        fault = _first_fault(cells) or nothing[-500:] or "no cell was run"
    return Rehearsal(name, sum(times), slowest + 1, times[slowest] if times else 0.0, round(peak / 1e6), others, fault)


def empty_kernel() -> int:
    """The megabytes of a kernel that has computed nothing yet: Python, PyTorch with an optimizer, and what draws."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "empty.ipynb"
        source = f"import sys\nsys.path[:0] = [{str(ROOT)!r}]\nfrom course_utils.course import setup\nsetup('00')"
        source += "\nimport matplotlib.pyplot, torch, torchvision\ntorch.optim.SGD([torch.zeros(1)])"
        cell = {"cell_type": "code", "id": "0", "source": source, "metadata": {}, "outputs": [], "execution_count": 1}
        text = json.dumps({"cells": [cell], "metadata": {}, "nbformat": 4, "nbformat_minor": 5})
        path.write_text(text, encoding="utf-8")
        return run_notebook(path, "smoke").megabytes


def watch(pid: int, runs: Callable[[], bool]) -> tuple[int, float]:
    """While something runs, look five times a second at what a process has started: a kernel, and what that starts.

    Returns: the most bytes that these took together, where the libraries that they share count once (known on Linux
    only); and how many cores all other programs took meanwhile.
    """
    import psutil

    top, peak, own = psutil.Process(pid), 0, {}
    start, busy, before = time.monotonic(), _busy_seconds(), sum(top.cpu_times()[:2])
    while runs():
        with suppress(psutil.Error):  # some end while they are looked at
            below = top.children(recursive=True)
            own |= {one.pid: sum(one.cpu_times()[:2]) for one in (top, *below)}
            found = [one.memory_info() for one in below]
            shared = [getattr(memory, "shared", 0) for memory in found]
            peak = max(peak, sum(memory.rss for memory in found) - sum(shared) + max(shared, default=0))
        time.sleep(0.2)
    others = _busy_seconds() - busy - (sum(own.values()) - before)
    return peak, max(0.0, others / (time.monotonic() - start))


def _busy_seconds() -> float:
    """The seconds that all cores together have computed since the machine started."""
    import psutil

    times = psutil.cpu_times()
    return times.user + times.system + getattr(times, "nice", 0.0)


def _busy() -> str:
    """The programs that compute right now, and how much, as text; "" when they take less than BUSY cores together."""
    import psutil

    start, mine = _busy_seconds(), time.process_time()
    programs = list(psutil.process_iter(["name"]))
    for program in programs:
        with suppress(psutil.Error):
            program.cpu_percent()  # from here on
    time.sleep(2)
    if (_busy_seconds() - start - (time.process_time() - mine)) / 2 < BUSY:
        return ""
    found = []
    for program in programs:
        with suppress(psutil.Error):
            if program.pid != os.getpid() and (percent := program.cpu_percent()) > 5:
                found.append((percent, f"{program.info['name']} ({percent:.0f} % of a core)"))
    return ", ".join(text for _, text in sorted(found, reverse=True)[:3]) or "many small programs"


def _first_fault(cells: list[ElementTree.Element]) -> str:
    """Of the cells, in order; after them come the proofs of the lesson (tests/notebooks/proofs), each with its name."""
    for number, cell in enumerate(cells, 1):
        for problem in (*cell.findall("failure"), *cell.findall("error")):
            text = re.sub(r"\x1b\[[0-9;]*m|#x1B\[[0-9;]*m", "", problem.text or problem.get("message") or "")
            lines = [line.strip() for line in text.splitlines() if line.strip()]
            name = f"cell [{number}]" if cell.get("name").startswith("Cell ") else f"the proof {cell.get('name')!r}"
            return f"{name} fails: " + " ".join(lines)[-400:]
    return ""


def write_timing(speed: str, runs: list[Rehearsal], empty: int, file: Path) -> None:
    """Put the seconds and the memory of these notebooks into results/timing.json; other notebooks and speeds stay.

    `empty` are the megabytes of a kernel that has computed nothing yet.
    """
    timing = json.loads(file.read_text(encoding="utf-8")) if file.exists() else {}
    lessons = timing.get(speed, {}).get("lessons", {})
    for run in runs:
        seconds = {"seconds": round(run.seconds, 1), "slowest_cell": round(run.slowest_seconds, 1)}
        lessons[run.name] = seconds | {"megabytes": run.megabytes, "other_programs": round(run.others, 2)}
    machine = {"machine": _machine(), "cores": os.cpu_count(), "date": date.today().isoformat(), "empty_kernel": empty}
    timing[speed] = machine | {"lessons": dict(sorted(lessons.items()))}
    with atomic(file) as part:
        part.write_text(json.dumps(timing, indent=2) + "\n", encoding="utf-8", newline="\n")
    print(f"times written to {file}")


def _machine() -> str:
    import torch

    device = torch.cuda.get_device_name() if torch.cuda.is_available() else "CPU"
    return f"{platform.system()}, {platform.machine()}, {device}"
