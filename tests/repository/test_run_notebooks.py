"""tools/run_notebooks.py (make notebooks) stores notebooks in one form, and none that has faults."""

import json
import os
import sys
import time

import nbformat
import pytest

from course_utils import ROOT, doctor
from course_utils.widgets.live import MIME
from tests.repository.small_notebooks import notebook
from tools import run_notebooks


def run_tool(monkeypatch, *arguments, **more) -> int:
    monkeypatch.setattr(sys, "argv", ["run_notebooks.py", *map(str, arguments)])
    environ = {name: value for name, value in os.environ.items() if name != "COURSE_SPEED"} | more
    monkeypatch.setattr(run_notebooks.os, "environ", environ)
    return run_notebooks.main()


def test_notebooks_are_stored_in_one_form(monkeypatch, tmp_path):
    path = notebook(
        tmp_path / "04_x.ipynb", "import os\nprint(os.environ['COURSE_SPEED'])", "print(1, flush=True)\nprint(2)"
    )
    assert run_tool(monkeypatch, path) == 0
    first = path.read_bytes()
    nb = nbformat.reads(first.decode(), as_version=4)
    assert [cell.id for cell in nb.cells] == ["04-x-000", "04-x-001"]
    assert [cell.execution_count for cell in nb.cells] == [1, 2]
    assert [cell.outputs[0].text for cell in nb.cells] == ["class\n", "1\n2\n"]
    assert b"\r" not in first and first.endswith(b"}\n")
    assert run_tool(monkeypatch, path) == 0 and path.read_bytes() == first
    assert run_tool(monkeypatch, "--format-only", tmp_path / "*.ipynb") == 0 and path.read_bytes() == first


def test_what_the_site_makes_a_control_of_is_kept(monkeypatch, tmp_path):
    """So is the line for GitHub; a widget, which only its kernel can show, is not."""
    source = (
        "from course_utils.widgets.live import Control, offer\n"
        "offer({'text/plain': 'a figure'}, Control('shapes', 'Try it', 'It answers.', {'side': 3}))\n"
        "from IPython.display import display\n"
        "display({'application/vnd.jupyter.widget-view+json': {'model_id': '1'}, 'text/plain': 'Box()'}, raw=True)"
    )
    path = notebook(tmp_path / "04_x.ipynb", source)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert run_tool(monkeypatch, path) == 0
    _, control, widget = nbformat.read(path, as_version=4).cells[0].outputs
    assert control.data[MIME]["state"] == {"side": 3} and "on the course's site" in control.data["text/plain"]
    assert set(widget.data) == {"text/plain"}


def test_figures_are_stored_with_their_alt_text(monkeypatch, tmp_path):
    """Shown by a cell's last line, by display, and in the place of another one, as live curves do."""
    draw = "import torch\nfrom course_utils import show\nshow.images(torch.zeros(2, 4, 4), ['a', 'b'], title='%s')"
    place = "figure = _\nplace = display(figure, display_id=True)\nfigure.suptitle('Three')\nplace.update(figure)"
    path = notebook(tmp_path / "04_x.ipynb", draw % "One", place)
    monkeypatch.setenv("PYTHONPATH", str(ROOT))
    assert run_tool(monkeypatch, path) == 0
    nb = nbformat.read(path, as_version=4)
    outputs = [out for cell in nb.cells for out in cell.outputs if "image/png" in out.get("data", {})]
    alts = [f"{title}. 2 pictures of 4x4 pixels" for title in ("One", "Three")]
    for out, alt in zip(outputs, alts, strict=True):
        assert out.metadata["image/png"]["alt"].startswith(alt) and len(out.metadata) == 1
        assert out.data["text/plain"].startswith(f"Figure: {alt}")
    assert run_tool(monkeypatch, "--format-only", path) == 0
    assert nbformat.read(path, as_version=4) == nb


def test_notebooks_are_stored_at_class_speed_only(monkeypatch, tmp_path, capsys):
    with pytest.raises(SystemExit):
        run_tool(monkeypatch, tmp_path / "04_x.ipynb", COURSE_SPEED="smoke")
    assert "unset COURSE_SPEED" in capsys.readouterr().err


@pytest.mark.parametrize(
    "source, why",
    [("raise ValueError('broken')", "broken"), ("print('drawn stand-in for MNIST')", "make data")],
)
def test_notebooks_with_faults_are_not_stored(source, why, monkeypatch, tmp_path, capsys):
    bad = notebook(tmp_path / "04_bad.ipynb", source)
    before = bad.read_bytes()
    assert run_tool(monkeypatch, bad) == 1
    assert bad.read_bytes() == before
    err = capsys.readouterr().err
    assert "NOT written" in err and why in err


def test_times_are_stored_with_the_outputs_but_nothing_of_a_busy_machine(monkeypatch, tmp_path, capsys):
    """Their seconds would be wrong."""
    folder = tmp_path / "notebooks"
    (folder / "solutions").mkdir(parents=True)
    (tmp_path / "results").mkdir()
    path = notebook(folder / "solutions" / "04_x.ipynb", "import time; time.sleep(1)", "print('done')")
    monkeypatch.setattr(run_notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(run_notebooks, "FOLDER", folder)
    monkeypatch.setattr(run_notebooks, "proofs_of", lambda _: [])
    monkeypatch.setattr(doctor, "empty_kernel", lambda: 640)
    others = [0.5, 0.1]

    def watch(pid, runs):
        while runs():
            time.sleep(0.05)
        return 123e6, others.pop(0)

    monkeypatch.setattr(doctor, "watch", watch)
    assert run_tool(monkeypatch, "--times", path) == 1 and not list((tmp_path / "results").iterdir())
    assert "NOT written. Other programs took 0.5 cores" in capsys.readouterr().err
    assert run_tool(monkeypatch, "--times", path) == 0
    timing = json.loads((tmp_path / "results" / "timing.json").read_text(encoding="utf-8"))["class"]
    times = timing["lessons"]["solutions/04_x"]
    assert timing["empty_kernel"] == 640 and (times["megabytes"], times["other_programs"]) == (123, 0.1)
    assert 1 <= times["slowest_cell"] <= times["seconds"] < 5
    assert nbformat.read(path, as_version=4).cells[1].outputs[0].text == "done\n"
