"""tools/run_notebooks.py (make notebooks) stores notebooks in one form, and none that has faults."""

import json
import os
import sys

import nbformat
import pytest

from course_utils import ROOT
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


def test_notebooks_of_a_busy_machine_are_not_stored(monkeypatch, tmp_path):
    """Their seconds would be wrong. What was never measured, or stands elsewhere, cannot be compared."""
    timing = {"class": {"lessons": {"04_x": {"seconds": 50}, "solutions/04_x": {"seconds": 5}}}}
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "timing.json").write_text(json.dumps(timing), encoding="utf-8")
    monkeypatch.setattr(run_notebooks, "ROOT", tmp_path)
    folder = tmp_path / "notebooks"
    assert "more than twice the 50 s" in run_notebooks.busy(folder / "04_x.ipynb", 111)
    assert "more than twice the 5 s" in run_notebooks.busy(folder / "solutions" / "04_x.ipynb", 21)
    assert run_notebooks.busy(folder / "04_x.ipynb", 109) is None
    assert run_notebooks.busy(folder / "05_new.ipynb", 999) is None
    assert run_notebooks.busy(tmp_path / "04_x.ipynb", 999) is None
