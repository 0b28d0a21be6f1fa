"""Any cell can be run twice, and Run All a second time, in the same kernel: no error, and no other output.

A student runs a cell again to look at it once more, or after a change. It must not depend on how often it ran before.
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


def run_twice(cells: list, folder: Path) -> list[tuple]:
    """(cell, when, cell as it ran): every cell twice in a row, then all of them again."""
    plan = [(cell, when) for cell in cells for when in RUNS[:2]] + [(cell, RUNS[2]) for cell in cells]
    copies = [deepcopy(cell) for cell, _ in plan]
    for i, cell in enumerate(copies):
        cell.update(id=f"run-{i}", outputs=[], execution_count=None)
    nb = new_notebook(cells=copies)
    client = SteadyClient(nb, timeout=300, kernel_name="python3", resources={"metadata": {"path": str(folder)}})
    client.allow_errors = True
    client.execute()
    return [(cell, when, ran) for (cell, when), ran in zip(plan, copies, strict=True)]


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
            found.append(f"cell [{cell.execution_count}], {when}: {out.ename}: {out.evalue[-300:]}")
        if not errors and "nbval-check-output" in tags(cell) and (new := texts(ran.outputs)) != texts(cell.outputs):
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
        ],
        tmp_path,
    )
    assert [fault.partition(":")[0][:32] for fault in found] == [
        "cell [3], once more, shows {'std",
        "cell [4], once more",
        "cell [5], once more, shows {'std",
        "cell [5], in a second Run All, s",
    ]
    assert "NameError: name 'y' is not defined" in found[1]
    assert found[2].endswith("shows {'stdout': ['True\\n']}, stored is {'stdout': ['False\\n']}")
