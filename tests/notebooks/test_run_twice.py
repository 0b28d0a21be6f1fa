"""Any cell can be run twice, and Run All a second time, in the same kernel: no error, and no other output.

A student runs a cell again to look at it once more, or after a change. It must not depend on how often it ran before,
nor on an *Interrupt Kernel* in the middle of a training: here, the first run of each training ends so.
"""

import re
from copy import deepcopy
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output
from nbval.plugin import coalesce_streams, get_sanitize_patterns

from tests.notebooks.rules import ROOT, Book, tags
from tools.run_notebooks import SteadyClient

pytestmark = pytest.mark.slow
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))
SANITIZE = get_sanitize_patterns((Path(__file__).parent / "nbval_sanitize.cfg").read_text(encoding="utf-8"))
RUNS = ("the first time", "once more", "in a second Run All")

# What *Interrupt Kernel* does is to send SIGINT to the kernel. Here it does so itself, always at the same place: at
# the third `backward` of a cell, or a second after the cell began to wait for other processes.
WATCH = """
import builtins, os, psutil, signal, subprocess, sys, threading, torch

class Interrupts:
    left = None

    def next_cell(self):
        self.left = 3

    def nothing_is_left(self):
        self.left = None
        children = [c for c in psutil.Process().children() if "resource_tracker" not in " ".join(c.cmdline())]
        assert not children, f"processes that still run: {children}"
        tqdm = sys.modules.get("tqdm")
        assert not (tqdm and tqdm.tqdm._instances), "a progress bar that is still there"
        assert not (writers := [t.name for t in threading.enumerate() if "_AsyncWriter" in type(t).__name__]), writers

    def backward(self, *args, **options):
        if interrupts.left:
            interrupts.left -= 1
            if not interrupts.left:
                signal.raise_signal(signal.SIGINT)
        return own_backward(self, *args, **options)

    def communicate(self, *args, **options):
        if interrupts.left:
            interrupts.left = None
            threading.Timer(1, os.kill, [os.getpid(), signal.SIGINT]).start()
        return own_communicate(self, *args, **options)

own_backward, own_communicate = torch.Tensor.backward, subprocess.Popen.communicate
torch.Tensor.backward, subprocess.Popen.communicate = Interrupts.backward, Interrupts.communicate
interrupts = builtins._interrupts = Interrupts()
"""
WATCH = f"exec({WATCH!r}, {{}})"  # its names are not those of the lesson


def run_twice(cells: list, folder: Path) -> list[tuple]:
    """(cell, when, cell as it ran): every cell twice in a row, of a training the first run cut off; then all again."""
    plan = [(None, "", new_code_cell(WATCH))]
    for cell in cells:
        plan += [(None, "", new_code_cell("_interrupts.next_cell()")), (cell, RUNS[0], deepcopy(cell))]
        plan += [(cell, "after it", new_code_cell("_interrupts.nothing_is_left()")), (cell, RUNS[1], deepcopy(cell))]
    plan += [(cell, RUNS[2], deepcopy(cell)) for cell in cells]
    for i, (_, _, copy) in enumerate(plan):
        copy.update(id=f"run-{i}", outputs=[], execution_count=None)
    nb = new_notebook(cells=[copy for _, _, copy in plan])
    client = SteadyClient(nb, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.allow_errors = True
    client.execute()
    assert not any(out.output_type == "error" for cell, _, copy in plan if not cell for out in copy.outputs)
    return [(cell, when, copy) for cell, when, copy in plan if cell]


def texts(outputs: list) -> dict[str, list[str]]:
    """What nbval compares: each stream, and each value and figure as text."""
    found: dict[str, list[str]] = {}
    for out in coalesce_streams(deepcopy(outputs)):
        text = out.get("text") or out.get("data", {}).get("text/plain", "")
        for pattern, replacement in SANITIZE:
            text = re.sub(pattern, replacement, text)
        found.setdefault(out.get("name", "value"), []).append(text)
    return found


def faults(cells: list, folder: Path) -> list[str]:
    found = []
    for cell, when, ran in run_twice(cells, folder):
        errors = [out for out in ran.outputs if out.output_type == "error"]
        for out in errors:
            if when == RUNS[0] and out.ename == "KeyboardInterrupt":
                continue
            found.append(f"cell [{cell.execution_count}], {when}: {out.ename}: {out.evalue[-300:]}")
        if errors or ran.source != cell.source or "nbval-check-output" not in tags(cell):
            continue
        if (new := texts(ran.outputs)) != texts(cell.outputs):
            found.append(f"cell [{cell.execution_count}], {when}, shows {new}, stored is {texts(cell.outputs)}")
    return found


@pytest.mark.parametrize("path", LESSONS, ids=lambda path: path.stem)
def test_any_cell_can_be_run_twice(path):
    found = faults(Book(path).code, path.parent)
    assert not found, f"{path.name}:\n- " + "\n- ".join(found)


def test_what_depends_on_how_often_it_ran_is_found(tmp_path):
    def cell(count, source, shown=""):
        more = {"outputs": [new_output("stream", text=shown)], "metadata": {"tags": ["nbval-check-output"]}}
        return new_code_cell(source, execution_count=count, **(more if shown else {}))

    found = faults(
        [
            cell(1, "x, y = 1, 1"),
            cell(2, "print(x)", "1\n"),
            cell(3, "x = x + 1\nprint(x)", "2\n"),
            cell(4, "del y"),
            cell(5, "print('z' in globals())\nz = 1", "False\n"),
            cell(6, "import torch\nw = torch.ones(1, requires_grad=True)"),
            cell(7, "w.grad = None\nfor _ in range(4): w.backward()\nprint(w.grad)", "tensor([4.])\n"),
            cell(8, "b = torch.ones(1, requires_grad=True)"),
            cell(9, "for _ in range(4): b.backward()\nprint(b.grad)\nb.grad = None", "tensor([4.])\n"),
        ],
        tmp_path,
    )
    assert [fault.partition(":")[0][:32] for fault in found] == [
        "cell [3], once more, shows {'std",
        "cell [4], once more",
        "cell [5], once more, shows {'std",
        "cell [9], once more, shows {'std",
        "cell [5], in a second Run All, s",
    ]
    assert "NameError: name 'y' is not defined" in found[1]
    assert "tensor([6.])" in found[3]
    assert found[2].endswith("shows {'stdout': ['True\\n']}, stored is {'stdout': ['False\\n']}")
