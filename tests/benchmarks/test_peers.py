"""The comparison with other libraries: made-up results in its tables; none of the libraries is needed here."""

import io
import json
import os
import sys

import numpy as np
import pytest
import torch

from benchmarks import peers, speed
from benchmarks.peer_loops import ours, plain
from benchmarks.peer_loops.work import NETWORKS, Clock, Work, peak_megabytes
from course_utils import models


def run(*seconds: float) -> dict:
    return {"seconds": list(seconds), "first_epoch": 9.0, "loss": [2.0, 1.0], "megabytes": 1234}


def stored() -> dict:
    one = {
        "ours": run(2.0, 2.0, 4.0),
        "plain": run(3.0, 3.0, 7.0),
        "flax": {"reason": "flax: no wheel"},
        "post": run(6.0, 6.0, 6.0),
    }
    two = {"ours": run(1.0, 1.0, 1.0), "post": run(5.0, 5.0, 5.0), "post, 2 workers": run(4.0, 4.0, 4.0)}
    networks = {"LeNet": {"images": 20_000, "cores": {"1": one, "2": two}}}
    about = {"machine": "Linux, x86_64", "date": "2026-01-01", "torch": "2.15.0", "versions": {"flax": "0.12.8"}}
    return about | {"networks": networks}


def test_the_table_has_times_ratios_memory_and_reasons():
    lines = peers.table(stored()).splitlines()
    of = "an epoch of 60,000 pictures, from epochs of 20,000, times 3; medians of 3 rounds."
    assert lines[0] == f"**LeNet, batch 128**: {of}"
    rows = {line.split(" | ")[0][2:]: line for line in lines if line.startswith("| ")}
    assert rows["PyTorch: `DataLoader` and a loop"].split(" | ")[1:4] == ["9.0", "1.50", "1,234 MB"]
    assert "not measured (flax: no wheel) |  |  |" in rows["Flax, jitted step 0.12.8"]
    assert rows["the posts' way"].startswith("| the posts' way | 18.0 | 3.00 | 1,234 MB |")
    assert rows["the posts' way, 2 workers"].endswith("| 12.0 | 4.00 | 1,234 MB |")
    assert {line.count("|") for line in lines if line.startswith("|")} == {8}
    assert peers.table({}) == "Not measured yet: `python -m benchmarks.peers --write`."
    assert "--device cuda" in peers.table({}, "cuda") and "--device cuda" in speed.table({}, "cuda")


def test_the_sentence_names_the_nearest_first():
    found = "- LeNet, batch 128: an epoch takes 6.0 s on one core; times as long: "
    assert peers.sentence(stored()) == f"{found}PyTorch: `DataLoader` and a loop 1.5, the posts' way 3.0."
    assert peers.sentence({}).startswith("Not measured yet")


def test_the_weights_are_those_of_the_courses_networks():
    for network in NETWORKS.values():
        model = getattr(models, network.model)()
        assert sum(p.numel() for p in model.parameters() if p.requires_grad) == network.weights
    assert set(peers.LEAST_AHEAD) == set(NETWORKS)


def test_each_peer_has_its_loop_and_its_versions():
    wanted = peers.pins(peers.REQUIREMENTS.read_text(encoding="utf-8"))
    assert all("==" in line for line in wanted.values())
    assert {need for peer in peers.PEERS.values() for need in peer.needs} == set(wanted)
    for peer in peers.PEERS.values():
        text = (peers.ROOT / "benchmarks" / "peer_loops" / f"{peer.module}.py").read_text(encoding="utf-8")
        assert f"def {peer.function}(work: Work, clock: Clock" in text


@pytest.mark.parametrize("loop", [ours, plain])
def test_a_loop_tells_weights_and_each_epoch(loop, monkeypatch, capsys):
    monkeypatch.setattr(sys, "stdin", io.StringIO("\n" * 3))
    monkeypatch.setattr(sys, "__stdout__", sys.stdout)
    torch.manual_seed(0)
    labels = np.arange(64) % 2
    images = np.zeros((64, 1, 28, 28), np.uint8) + (200 * labels[:, None, None, None]).astype(np.uint8)
    network = peers.NETWORKS["LeNet"]
    loop.train(Work(network, images, labels, 3), Clock())
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told[0] == {"weights": network.weights} and len(told) == 4
    assert all(epoch["seconds"] > 0 and 0 < epoch["loss"] < 3 for epoch in told[1:])


CHILD = """
import json, sys
words = json.loads({words})
print(json.dumps(dict(weights=words["weights"])), flush=True)
for loss in words["losses"]:
    print("a word of a library", flush=True)
    print(json.dumps(dict(seconds=0.5, loss=loss, megabytes=100)), flush=True)
    sys.stdin.readline()
if words["error"]:
    raise ImportError(words["error"])
"""


@pytest.fixture
def fake(monkeypatch, tmp_path):
    """A "library" for each name, a small script; gives what `measure` finds."""

    def measured(seconds=0.0, **scripts):
        def start(self, command, **options):
            words = scripts[command[3]]
            return popen([sys.executable, "-c", CHILD.format(words=repr(json.dumps(words)))], **options)

        popen = peers.subprocess.Popen
        monkeypatch.setattr(peers.subprocess, "Popen", lambda command, **options: start(None, command, **options))
        monkeypatch.setattr(peers, "PEERS", {name: peers.Peer(name, name) for name in scripts})
        reasons = dict.fromkeys(scripts, "") | {"absent": "no network"}
        return peers.measure("LeNet", 1, sys.executable, reasons, tmp_path, seconds, "cpu")

    return measured


def script(losses, weights=44_426, error=""):
    return {"losses": losses, "weights": weights, "error": error}


def test_only_the_same_work_has_a_number(fake, capsys):
    found = fake(
        good=script([2.0, 1.5, 1.2, 1.0, 0.9]),
        other=script([2.0, 1.5, 1.2, 1.0, 0.9], weights=7),
        still=script([2.0] * 5),
        nan=script([2.0, 1.0, float("nan"), 1.0]),
        broken=script([], error="No module named 'x'"),
        stops=script([2.0, 1.9], error="out of memory | of a kind"),
    )
    assert found["good"] == {
        "seconds": [0.5] * peers.FEWEST, "first_epoch": 0.5, "loss": [2.0, 1.5, 1.2, 1.0], "megabytes": 100,
    }  # fmt: skip
    reasons = {name: result["reason"] for name, result in found.items() if name != "good"}
    assert reasons == {
        "other": "it trained 7 weights, not 44,426",
        "still": "its loss did not fall: 2.000, then 2.000",
        "nan": "its loss did not fall: 2.000, then 1.000",
        "broken": "ImportError: No module named 'x'",
        "stops": "ImportError: out of memory / of a kind",
        "absent": "no network",
    }
    assert "broken: not measured (ImportError: No module named 'x')" in capsys.readouterr().out


def test_more_rounds_when_there_is_time(fake):
    found = fake(seconds=600, good=script([2.0 - 0.1 * n for n in range(peers.MOST + 1)]))
    assert len(found["good"]["seconds"]) == peers.MOST


def test_settings_keep_to_the_cores():
    one, two = (peers.settings(cores, "jax", "cpu") for cores in (1, 2))
    assert one["OMP_NUM_THREADS"] == one["COURSE_THREADS"] == "1" and two["OMP_NUM_THREADS"] == "2"
    assert one["XLA_FLAGS"] and not two["XLA_FLAGS"] and one["KERAS_BACKEND"] == "jax"
    assert "KERAS_BACKEND" not in peers.settings(1, "", "cpu") and one["CUDA_VISIBLE_DEVICES"] == ""
    assert "CUDA_VISIBLE_DEVICES" not in peers.settings(1, "", "cuda")


def test_who_can_run_where():
    failed = {"fastai": "wants another torch"}
    assert "post, 2 workers" not in peers.reasons_of(list(peers.PEERS), 1, "cpu", failed)
    reasons = peers.reasons_of(list(peers.PEERS), 1, "cpu", failed)
    assert reasons["fastai"] == "wants another torch" and reasons["ours"] == ""
    assert set(peers.reasons_of(list(peers.PEERS), 1, "cuda", {})) == {"ours", "plain", "lightning", "fastai"}
    few = peers.reasons_of(["ours"], (os.cpu_count() or 1) + 1, "cpu", {})
    assert few["ours"].startswith("this machine has ")


def test_what_cannot_be_installed_is_told(monkeypatch, tmp_path):
    """All together fail, then each by itself; a later call remembers."""
    asked = []

    def install(python, what):
        asked.append(what)
        return "no wheel for this Python" if any(name.startswith("jax==") for name in what) else ""

    monkeypatch.setattr(peers, "FOLDER", tmp_path)
    monkeypatch.setattr(peers, "make_environment", lambda python, base: "")
    monkeypatch.setattr(peers, "install", install)
    monkeypatch.setattr(peers.shutil, "which", str)
    python, failed = peers.environment(list(peers.PEERS))
    assert failed == dict.fromkeys(("keras on jax", "flax"), "no wheel for this Python")
    assert any(name.startswith("torch==") for name in asked[0])
    count = len(asked)
    assert peers.environment(["flax", "ours"]) == (python, {"flax": "no wheel for this Python"})
    assert len(asked) == count


def test_without_a_network_the_courses_python_runs_what_it_can(monkeypatch, tmp_path):
    monkeypatch.setattr(peers, "FOLDER", tmp_path)
    monkeypatch.setattr(peers, "make_environment", lambda python, base: "no network")
    here = ("torch", "torchvision", "numpy", "keras")
    monkeypatch.setattr(peers, "installed", lambda python, names: {name: "1.0" for name in names if name in here})
    python, failed = peers.environment(list(peers.PEERS))
    assert python == sys.executable and set(failed) == {"skorch", "lightning", "fastai", "keras on jax", "flax"}
    assert failed["keras on jax"] == "jax: no network"


def test_an_error_in_one_line():
    assert peers.one_line("x\n  ╰─▶ Because a|b has no wheels\n\n") == "Because a/b has no wheels"
    assert peers.one_line("") == ""
    assert peers.run([sys.executable, "-c", "raise SystemExit('no room')"]) == "no room"
    assert peers.run([sys.executable, "-c", ""]) == ""


def test_peak_memory_is_that_of_this_process():
    assert 20 < peak_megabytes() < 1e6


def test_only_whole_measurements_are_stored(monkeypatch, capsys):
    monkeypatch.setattr(sys, "argv", ["peers", "--write", "--images", "100"])
    with pytest.raises(SystemExit):
        peers.main()
    assert "whole measurements only" in capsys.readouterr().err
