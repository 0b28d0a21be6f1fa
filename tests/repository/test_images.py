"""The pictures that the course stores: drawn the same way twice, small, and true to the models."""

import re

import pytest

from course_utils import ROOT
from course_utils.models import LeNet, Mlp
from course_utils.network.layers import shape_table
from tools import draw_overview


@pytest.fixture(scope="module")
def figure():
    return draw_overview.overview()


def test_the_overview_gives_the_same_bytes_twice(figure):
    assert draw_overview.png(figure) == draw_overview.png(draw_overview.overview())


def test_the_overview_says_what_the_models_have(figure):
    texts = [{text.get_text() for text in axis.texts} for axis in figure.axes]
    assert {"784", "128", "64", "10"} == texts[3] and len(shape_table(Mlp((128, 64)), (1, 1, 28, 28))) == 5
    sides = {str(row.output_shape[-1]) for row in shape_table(LeNet(), (1, 1, 28, 28))}
    assert sides < texts[4]
    assert {"C1", "S2", "C3", "S4", "C5", "F6", "F7"} <= texts[6]
    assert "00 00 ea 60" in texts[1] and int("ea60", 16) == 60_000


def test_the_overview_has_a_panel_for_each_lesson_and_titles_that_fit(figure):
    lessons = {path.name[:2] for path in (ROOT / "notebooks").glob("*.ipynb")} - {"00"}
    assert [title[:2] for title, _, _ in draw_overview.PANELS] == sorted(lessons)
    figure.draw_without_rendering()
    for text in figure.texts:
        box = text.get_window_extent()
        assert (box.x1 - box.x0) / figure.dpi < draw_overview.WIDE + 0.1, text.get_text()


def test_stored_pictures_are_small_and_listed():
    listed = (ROOT / "images" / "README.md").read_text(encoding="utf-8")
    for path in (ROOT / "images").glob("*.png"):
        assert path.stat().st_size < 200_000 and f"`{path.name}`" in listed
    pages = [*(ROOT / "images" / "pages").glob("*.jpg")]
    assert len(pages) == 16 and all(path.stat().st_size < 120_000 for path in pages) and "`pages/*.jpg`" in listed


def test_the_readme_shows_the_overview_and_says_it_in_words():
    found = re.search(r"!\[([^\]]+)\]\(images/course_overview.png\)", (ROOT / "README.md").read_text(encoding="utf-8"))
    assert found and all(word in found[1] for word in ("MLP", "LeNet-5", "Fashion-MNIST", "Conv32-64", "VGG", "clinic"))
