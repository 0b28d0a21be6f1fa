"""Where nobody can click, a static figure and one line; where somebody can, a control below the figure."""

import json
import re
import sys
from pathlib import Path
from types import SimpleNamespace

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch

from course_utils import show
from course_utils.widgets import live
from tests.unit.node import in_node

MODULES = sorted(Path(live.__file__).parent.glob("*.js"))
CONTROLS = [path.stem for path in MODULES if "export default" in path.read_text(encoding="utf-8")]


def test_live_needs_a_kernel_and_can_be_turned_off(monkeypatch):
    monkeypatch.setenv("COURSE_INTERACTIVE", "1")
    assert not live.live(), "no kernel here"
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=None))
    assert live.live()
    monkeypatch.setenv("COURSE_INTERACTIVE", "0")
    assert not live.live()
    monkeypatch.setitem(sys.modules, "IPython", None)
    monkeypatch.setenv("COURSE_INTERACTIVE", "1")
    assert not live.live(), "no IPython, no notebook"


CONTROL = live.Control("lenet", "Draw a digit", "A network answers.", {"pen": 0.1, "strokes": [[[0.5, 0.5]]]})


def test_stored_the_control_is_its_state_and_a_line(shown):
    live.offer("figure", CONTROL)
    figure, bundle = shown
    assert figure == "figure" and set(bundle) == {live.MIME, "text/plain"}
    assert bundle["text/plain"] == "In a live notebook, or on the course's site, you can draw a digit here."
    stored = json.loads(json.dumps(bundle[live.MIME]))
    assert stored == {
        "control": "lenet",
        "title": "Draw a digit",
        "about": "A network answers.",
        "state": CONTROL.state,
    }


def test_live_the_control_stands_below_the_figure(shown, monkeypatch):
    pytest.importorskip("anywidget")
    monkeypatch.setattr(live, "live", lambda: True)
    live.offer("figure", CONTROL)
    figure, control = shown
    assert figure == "figure" and (control.pen, control.strokes) == (0.1, [[[0.5, 0.5]]])
    synced = control.get_state()
    assert synced["pen"] == 0.1 and synced["_esm"] == live.source("lenet")


def test_without_anywidget_it_says_what_to_install(shown, capsys, monkeypatch):
    monkeypatch.setattr(live, "live", lambda: True)
    monkeypatch.setitem(sys.modules, "anywidget", None)
    live.offer("figure", CONTROL)
    told = capsys.readouterr().out
    assert shown == ["figure"] and told.startswith("To draw a digit here") and "pip install anywidget" in told


def test_stored_a_control_that_needs_python_is_not_built(shown, capsys):
    live.offer_with_python("figure", lambda: pytest.fail("no control without a browser"), "draw")
    assert shown == ["figure"] and capsys.readouterr().out == "In a live notebook you can draw here.\n"


def test_live_a_control_that_needs_python_stands_below_the_figure(shown, capsys, monkeypatch):
    monkeypatch.setattr(live, "live", lambda: True)
    live.offer_with_python("figure", lambda: "control", "draw")
    assert shown == ["figure", "control"] and not capsys.readouterr().out


def test_a_missing_package_is_named(shown, capsys, monkeypatch):
    def make():
        raise ImportError("ipywidgets")

    monkeypatch.setattr(live, "live", lambda: True)
    live.offer_with_python("figure", make, "edit the kernel")
    told = capsys.readouterr().out
    assert shown == ["figure"] and told.startswith("To edit the kernel here") and "pip install ipywidgets" in told


# ---- the modules ----


def test_an_import_becomes_a_part_of_the_file(tmp_path, monkeypatch):
    files = {
        "a.js": 'import { one, two as zwei } from "./b.js";\nimport {\n  three,\n} from "./c.js";\nconst inner = 9;\n'
        "export const sum = () => one + zwei() + three + inner;\n",
        "b.js": 'import { three } from "./c.js";\nconst inner = three;\nexport const one = 1;\n'
        "export function two() {\n  return inner;\n}\n",
        "c.js": "export let three = 3;\n",
    }
    for name, text in files.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    monkeypatch.setattr(live, "__file__", str(tmp_path / "live.py"))
    assert "import {" not in live.source("a")
    assert in_node("a", "sum()") == 1 + 3 + 3 + 9


@pytest.mark.parametrize("name", CONTROLS)
def test_every_control_is_one_module_with_render(name):
    text = live.source(name)
    text = text.replace("http://www.w3.org/2000/svg", "")  # the name of SVG's elements; nobody asks for it
    assert not re.search(r"^import\b|https?:", text, re.M), "it asks for another file, or for another server"
    assert in_node(name, "typeof render") == "function" and "export default { render };" in text


def test_arrays_reach_the_browser():
    floats = np.array([[0.1, -2.5, 1e-7], [3.0, np.pi, 0.0]], dtype=np.float32)
    greys = np.arange(6, dtype=np.uint8).reshape(2, 3)[:, ::-1]
    for array in (floats, greys):
        shape, numbers = in_node("parts", "[unpacked(a[0]).shape, Array.from(unpacked(a[0]).data)]", live.packed(array))
        assert shape == [2, 3] and np.array_equal(np.array(numbers, array.dtype), array.ravel())
    with pytest.raises(TypeError, match="float64"):
        live.packed(floats.astype(float))


def test_colours_are_those_of_the_figures():
    values = np.linspace(-1.2, 1.2, 49)
    colors = in_node(
        "parts", "[COLORS, a[0].map((v) => signed(v)), a[0].map((v) => signed(v / 100, 0.01))]", values.tolist()
    )
    assert tuple(colors[0]) == show.COLORS
    expected = 255 * plt.get_cmap("RdBu", 4096)(plt.Normalize(-1, 1, clip=True)(values))[:, :3]
    assert np.abs(colors[1] - expected).max() < 1 and colors[2] == colors[1]


def test_numbers_are_written_as_in_the_figures():
    expression = "[a[0].map((v) => number(v)), a[0].map((v) => weight(v)), [7, 1234, 1234567].map(thousands)]"
    numbers, weights, long = in_node("parts", expression, [0, -0.001, 2.5, -1, 1 / 16, 6 / 16, -0.75, 1.414, 100])
    assert numbers == ["0", "0", "2.5", "-1", "0.06", "0.38", "-0.75", "1.41", "100"]
    assert weights == ["0", "0", "5/2", "-1", "1/16", "3/8", "-3/4", "1.41", "100"]
    assert long == ["7", "1,234", "1,234,567"]


def test_png_is_a_picture():
    assert live.png(show.images(torch.ones(1, 2, 2))).startswith(b"\x89PNG")
