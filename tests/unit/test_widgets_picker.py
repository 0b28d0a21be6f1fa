"""The picker shows the picture that is chosen, and three classes. No browser is used."""

import pytest
import torch
from torch import nn

from course_utils.data import ImageDataset
from course_utils.widgets import picker as picker_module
from course_utils.widgets.picker import make_picker, picker, top_classes

pytestmark = pytest.mark.usefixtures("real_data")
CLASSES = ("cat", "dog", "ship")


class Brightness(nn.Module):
    """Dark images are cats, grey ones dogs, bright ones ships."""

    def forward(self, x):
        return -20 * (x.mean(dim=(1, 2, 3))[:, None] - torch.tensor([0.0, 0.5, 1.0])).square()


@pytest.fixture
def shades() -> ImageDataset:
    images = torch.tensor([0, 128, 255, 250], dtype=torch.uint8)[:, None, None, None].expand(4, 3, 6, 6)
    return ImageDataset(images, torch.tensor([0, 1, 2, 0]))


def test_an_answer_shows_three_classes_and_says_whether_it_is_right(shades):
    figure = top_classes(Brightness(), shades, CLASSES, 1)
    assert figure.get_suptitle() == "Picture 1, dog: the network answers dog, right"
    names = [label.get_text() for label in figure.axes[1].get_yticklabels()]
    widths = [bar.get_width() for bar in figure.axes[1].patches]
    assert names[0] == "dog" and sorted(names) == sorted(CLASSES) and sum(widths) == pytest.approx(100, abs=1e-3)
    assert widths == sorted(widths, reverse=True)
    assert top_classes(Brightness(), shades, CLASSES, 3).get_suptitle().endswith("answers ship, wrong")


def test_the_picker_without_a_browser_is_one_figure_and_one_line(shades, shown, capsys):
    picker(Brightness(), shades, CLASSES, first=2)
    assert capsys.readouterr().out == "In a live notebook you can choose a picture here.\n"
    assert [figure.get_suptitle()[:9] for figure in shown] == ["Picture 2"]


def test_slider_and_field_choose_the_picture(shades, monkeypatch):
    pytest.importorskip("ipywidgets")
    drawn, draw = [], picker_module._draw_classes
    monkeypatch.setattr(picker_module, "_draw_classes", lambda *given: drawn.append(given[-1]) or draw(*given))
    control = make_picker(Brightness(), shades, CLASSES)
    (slider, field), says, picture = control.children[0].children, *control.children[1:]
    slider.value = 2
    assert field.value == 2 and says.value == "Picture 2, ship: the network answers ship, right"
    field.value = 3
    assert slider.value == 3 and drawn == [0, 2, 3], "drawn once for each choice"
    assert bytes(picture.value).startswith(b"\x89PNG")
    field.set_trait("value", 99)
    assert slider.value == len(shades) - 1, "a number that is too large is the last picture"
