"""A drawing becomes a picture like MNIST's, and the pad answers each change. No browser is used."""

import builtins
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from torch import nn

from course_utils.data import ImageDataset
from course_utils.models import LeNet, Mlp
from course_utils.widgets import digit_pad as module
from course_utils.widgets import live
from course_utils.widgets.digit_pad import (
    BOX,
    DIGITS,
    PEN,
    SIDE,
    classify,
    digit_pad,
    figure,
    make_pad,
    moved,
    rasterize,
)

pytestmark = pytest.mark.usefixtures("real_data")
DATA = SimpleNamespace(train=SimpleNamespace(mean=(0.13,), std=(0.31,)), classes=tuple("0123456789"))
LINE = [[[0.2, 0.3], [0.4, 0.7]]]


def box(picture: np.ndarray) -> tuple[int, int]:
    """Height and width of the ink."""
    rows, columns = (np.flatnonzero(picture.max(axis=axis)) for axis in (1, 0))
    return int(np.ptp(rows)) + 1, int(np.ptp(columns)) + 1


def mass(picture: np.ndarray) -> np.ndarray:
    y, x = np.mgrid[:SIDE, :SIDE] + 0.5
    return np.array([(picture * x).sum(), (picture * y).sum()]) / picture.sum()


@pytest.mark.parametrize("digit", range(10))
def test_a_digit_fills_the_box_and_lies_in_the_middle(digit):
    picture = rasterize(DIGITS[digit])
    assert picture.shape == (SIDE, SIDE) and picture.dtype == np.uint8
    assert BOX - 1 <= max(box(picture)) <= BOX + 2, "the soft edge may reach into one pixel more on each side"
    assert mass(picture) == pytest.approx([SIDE / 2, SIDE / 2], abs=0.1)


def test_the_digits_are_as_dark_as_mnist():
    assert np.mean([rasterize(digit) for digit in DIGITS]) / 255 == pytest.approx(0.1306, abs=0.01)


@pytest.mark.parametrize("scale, x, y", [(0.25, 0.0, 0.0), (0.25, 0.75, 0.75), (0.5, 0.3, 0.1), (1.5, -0.2, -0.3)])
def test_size_and_place_do_not_matter(scale, x, y):
    for strokes in DIGITS:
        difference = rasterize(strokes).astype(int) - rasterize(moved(strokes, scale, x, y))
        assert np.abs(difference).max() <= 2


def test_proportions_stay():
    height, width = box(rasterize([[[0.4, 0.1], [0.6, 0.1], [0.6, 0.9], [0.4, 0.9], [0.4, 0.1]]]))
    assert height == pytest.approx(BOX, abs=2) and width == pytest.approx(2.6 + 17.4 / 4, abs=2)


def test_without_centring_size_and_place_stay():
    picture = rasterize(moved(DIGITS[7], 0.25, 0.0, 0.0), centred=False)
    assert mass(picture).max() < SIDE / 4 and max(box(picture)) < SIDE / 3


@pytest.mark.parametrize("nothing", [[], [[]], [[], []]])
@pytest.mark.parametrize("centred", [True, False])
def test_an_empty_pad_is_paper(nothing, centred):
    assert not rasterize(nothing, centred).any()
    given = classify(Mlp(), DATA, nothing, centred)
    assert given.probabilities == [] and given.best is None and not given.maps.numel()
    assert figure(given, DATA.classes).get_suptitle().startswith("Nothing is drawn")


@pytest.mark.parametrize("dot", [[[[0.1, 0.9]]], [[[0.1, 0.9], [0.1, 0.9]]], [[[0.5, 0.5], [0.505, 0.5]]]])
def test_a_dot_stays_a_dot_and_goes_to_the_middle(dot):
    picture = rasterize(dot)
    assert picture.max() == 255 and max(box(picture)) <= 5
    assert mass(picture) == pytest.approx([SIDE / 2, SIDE / 2], abs=0.1)


@pytest.mark.parametrize("edge", [[[[0, 0], [1, 0]]], [[[0, 0], [0, 1]]], [[[1, 0], [1, 1]]], [[[0, 1], [1, 1]]]])
def test_a_stroke_along_the_border_is_whole(edge):
    picture, thick = rasterize(edge), 2 * PEN
    assert sorted(box(picture)) == pytest.approx([thick, BOX], abs=2)
    assert picture.sum() / 255 == pytest.approx(thick * BOX, rel=0.1), "no ink is lost"
    assert mass(picture) == pytest.approx([SIDE / 2, SIDE / 2], abs=0.1)


def test_ink_stays_inside_when_its_mass_lies_at_one_end():
    knot = [[0.5, 0.9], [0.52, 0.9], [0.5, 0.92], [0.52, 0.92]] * 2
    strokes = [[[0.5, 0.0], [0.5, 0.92]], knot, *([knot] * 5), [[0.2, 0.92], [0.8, 0.92], [0.2, 0.88], [0.8, 0.88]]]
    picture = rasterize(strokes)
    assert max(box(picture)) >= BOX, "no end is cut off"
    assert mass(picture)[1] > SIDE / 2, "moved up, but only as far as the box stays inside"


def test_a_drawing_is_classified_in_evaluation_mode_and_the_model_is_left_as_it_was():
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Flatten(), nn.Dropout(0.5), nn.Linear(3 * 26 * 26, 10))
    first, second = (classify(model, DATA, DIGITS[3]) for _ in range(2))
    assert first.probabilities == second.probabilities and sum(first.probabilities) == pytest.approx(1, abs=1e-5)
    assert first.maps.shape == (3, 26, 26) and first.probabilities[first.best] == max(first.probabilities)
    assert model.training and not any(layer._forward_hooks for layer in model.modules())
    x = (torch.from_numpy(rasterize(DIGITS[3])).float() / 255 - 0.13) / 0.31
    assert torch.allclose(first.maps, model[0](x[None, None])[0], atol=1e-6)


def test_the_drawing_is_scaled_as_the_training_images_are():
    torch.manual_seed(0)
    picture, model = torch.from_numpy(rasterize(DIGITS[3]))[None, None], LeNet()
    for scale in ((None, None), ((0.13,), (0.31,))):
        train = ImageDataset(picture, torch.tensor([3]), *scale)
        data = SimpleNamespace(train=train, mean=(0.13,), std=(0.31,), classes=DATA.classes)
        expected = model(train[0][0][None]).softmax(dim=1)[0].tolist()
        assert classify(model, data, DIGITS[3]).probabilities == pytest.approx(expected, abs=1e-6), scale


def test_a_network_without_convolution_has_no_maps():
    given = classify(Mlp((8,)), DATA, DIGITS[3])
    assert len(given.probabilities) == 10 and given.maps.shape == (0, 0, 0)
    figure(given, DATA.classes)


def test_the_hook_goes_also_after_an_error():
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.Linear(5, 10))
    with pytest.raises(RuntimeError):
        classify(model, DATA, DIGITS[3])
    assert model.training and not model[0]._forward_hooks


def test_the_figure_shows_answer_and_maps():
    chart = figure(classify(LeNet(), DATA, DIGITS[3]), DATA.classes)
    assert chart.get_suptitle().startswith("The network answers ")
    assert sum(bool(axis.images) for axis in chart.axes) == 1 + 6


def test_headless_it_shows_one_figure_and_one_line(monkeypatch, shown, capsys):
    monkeypatch.setattr(module, "make_pad", lambda *_: pytest.fail("no pad without a browser"))
    for setting in ("0", ""):  # without a kernel, the setting does not matter
        monkeypatch.setenv("COURSE_INTERACTIVE", setting)
        digit_pad(LeNet(), DATA)
        assert capsys.readouterr().out == "In a live notebook you can draw here.\n"
    assert [type(thing).__name__ for thing in shown] == ["Figure", "Figure"]


def test_without_anywidget_it_says_what_to_install(monkeypatch, capsys):
    real = builtins.__import__

    def without(name, *args, **kwargs):
        if name == "anywidget":
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr("IPython.display.display", lambda _: None)
    monkeypatch.setattr(live, "live", lambda: True)
    monkeypatch.setattr(builtins, "__import__", without)
    module._pad_class.cache_clear()
    digit_pad(LeNet(), DATA)
    assert "pip install anywidget" in capsys.readouterr().out


# ---- the widget, driven as a browser would ----


@pytest.fixture
def pad():
    pytest.importorskip("anywidget")
    torch.manual_seed(0)
    return make_pad(LeNet(), DATA, DIGITS[7])


def test_the_pad_starts_with_its_digit(pad):
    assert pad.answer["picture"] == rasterize(DIGITS[7]).tobytes() and len(pad.answer["probabilities"]) == 10
    assert pad.answer["shape"] == [6, 24, 24] and len(pad.answer["maps"]) == 6 * 24 * 24


def test_each_change_in_the_browser_brings_a_new_answer(pad):
    answers = []
    pad.observe(lambda change: answers.append(change["new"]), "answer")
    pad.set_state({"strokes": LINE})
    pad.set_state({"centred": False})
    pad.set_state({"strokes": []})
    assert [given["picture"] for given in answers] == [
        rasterize(LINE).tobytes(),
        rasterize(LINE, centred=False).tobytes(),
        bytes(SIDE * SIDE),
    ]
    assert answers[2]["probabilities"] == [] and answers[2]["shape"] == [0, 0, 0] and answers[2]["maps"] == b""


def test_shades_are_signed_around_128():
    pytest.importorskip("anywidget")
    model = LeNet()
    maps = classify(model, DATA, LINE).maps.numpy()
    shades = np.frombuffer(make_pad(model, DATA, LINE).answer["maps"], dtype=np.uint8).reshape(maps.shape)
    assert np.allclose((shades - 128.0) / 127, maps / np.abs(maps).max(), atol=0.005)
