"""A drawing becomes a picture like MNIST's, and a pad with a network in it is offered. No browser is used."""

import base64
import json
import re
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
    MOST,
    PEN,
    SIDE,
    classify,
    digit_pad,
    figure,
    moved,
    rasterize,
    weights,
)
from tests.unit.node import in_node

pytestmark = pytest.mark.usefixtures("real_data")
DATA = SimpleNamespace(train=SimpleNamespace(mean=(0.13,), std=(0.31,)), classes=tuple("0123456789"))


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
    assert re.search(r"28x28 pixels; probability in %: \d \([\d.]+\), .* right 6 maps of the first", chart.get_label())


def test_stored_it_shows_a_figure_and_what_the_site_makes_a_pad_of(shown):
    model = LeNet()
    digit_pad(model, DATA)
    picture, bundle = shown
    assert type(picture).__name__ == "Figure"
    assert bundle["text/plain"] == "In a live notebook, or on the course's site, you can draw a digit for LeNet here."
    stored = bundle[live.MIME]
    assert stored["control"] == "lenet" and len(json.dumps(stored)) < 350_000
    state = stored["state"]
    assert state["strokes"] == DIGITS[7] and state["classes"] == list(DATA.classes) and state["centred"]
    assert "LeNet has 44,426 weights" in state["note"]
    assert (state["network"]["mean"], state["network"]["std"]) == (0.13, 0.31)
    kernels = np.frombuffer(base64.b64decode(state["network"]["layers"][0]["weight"]["base64"]), dtype="<f4")
    assert np.array_equal(kernels, model.conv1.weight.detach().flatten()), "nothing is rounded"


def test_a_network_too_large_for_a_page_is_for_a_live_notebook_or_another_stands_in(shown, capsys, monkeypatch):
    large, small = Mlp((100,)), Mlp((8,))
    assert weights(large) > MOST > weights(LeNet())
    digit_pad(large, DATA)
    assert len(shown) == 1 and capsys.readouterr().out == "In a live notebook you can draw a digit here.\n"
    digit_pad(large, DATA, on_page=small)
    note = shown[-1][live.MIME]["state"]["note"]
    assert note.startswith("Mlp has 79,510 weights, too many for a page. Here another network answers. Mlp has 6,370")
    monkeypatch.setattr(module, "live", lambda: True)
    monkeypatch.setattr(live, "live", lambda: True)
    pytest.importorskip("anywidget")
    digit_pad(large, DATA, on_page=small)
    assert shown[-1].note.startswith("Mlp has 79,510 weights, those of the lesson's training")


def test_live_it_is_a_widget_that_needs_no_python(shown, monkeypatch):
    pytest.importorskip("anywidget")
    monkeypatch.setattr(module, "live", lambda: True)
    monkeypatch.setattr(live, "live", lambda: True)
    digit_pad(LeNet(), DATA, digit=3)
    assert len(shown) == 2 and shown[1].strokes == DIGITS[3]


def test_a_network_that_the_browser_cannot_run_has_its_figure_and_a_reason(shown, capsys):
    model = nn.Sequential(nn.Conv2d(1, 3, 3), nn.GELU(), nn.Flatten(), nn.Linear(3 * 26 * 26, 10))
    digit_pad(model, DATA)
    assert len(shown) == 1
    assert capsys.readouterr().out.startswith("There is no pad for this network. The browser cannot compute 1 (GELU)")


# ---- what the page says and shows; the network itself: test_widgets_network.py ----

SPOKEN = """(() => {
  const network = read(a[0]);
  const picture = rasterize(a[1]);
  const values = run(network, picture);
  return a[2].map(([at, i]) => tell(network, values, at, i, a[3], picture));
})()"""


def told(model: nn.Module, *numbers: tuple[int, int]) -> list[str]:
    """What the page says about numbers, each (layer, index)."""
    return in_node("lenet", SPOKEN, module.describe(model, DATA), DIGITS[7], numbers, DATA.classes)


def test_each_kind_of_layer_has_its_sentence():
    torch.manual_seed(0)
    layers = (nn.Conv2d(1, 2, 5), nn.BatchNorm2d(2), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(2, 2, 3), nn.AvgPool2d(2))
    model = nn.Sequential(*layers, nn.Tanh(), nn.Flatten(), nn.Dropout(), nn.Linear(50, 10), nn.Sigmoid()).eval()
    model.add_module("last", nn.Linear(10, 10))
    sentences = told(model, *((at, 7) for at in range(14)))
    for at, pattern in enumerate(
        (
            r"input, row 0, column 7: the grey 0, divided by 255, is 0; minus the mean 0.13, .* 0.31: -0.4194\.",
            r"0, map 0, row 0, column 7: 25 products add up to (\S+); with the bias, \1 [+-] [\d.]+ = \S+\.",
            r"1, .*: \S+, with the mean and the variance of its channel in the training, becomes \S+\.",
            r"2, .*: \S+ is (above 0, and stays|not above 0, and becomes 0)\.",
            r"3, .*: the largest of 4 numbers is \S+\.",
            r"4, .*: 18 products in 2 maps add up to .*",
            r"5, .*: the mean of 4 numbers is \S+\.",
            r"6, .*: tanh\(\S+\) is \S+\.",
            r"7, unit 7: \S+ is map 0, row 1, column 2 of the layer before; all maps become one list\.",
            r"8, unit 7: \S+ stays as it is; dropout works during the training only\.",
            r"9, unit 7: 50 products add up to .*",
            r"10, unit 7: 1 / \(1 \+ e\^-\(\S+\)\) is \S+\.",
            r"last, unit 7: 10 products add up to .*",
            r"softmax, class 7: e\^\(.*\) is \S+; divided by \S+, the sum of all 10, it is \S+\.",
        )
    ):
        assert re.fullmatch(pattern, sentences[at]), sentences[at]


@pytest.mark.parametrize(
    "shape",
    [[1, 28, 28], [6, 24, 24], [16, 4, 4], [32, 28, 28], [128, 4, 4], [3, 13, 30], [120, 1, 1], [10], [84], [625], [3]],
)
def test_each_number_of_a_layer_stands_at_a_place_of_its_own(shape):
    """Its middle leads back to it."""
    expression = """(() => {
      const layout = layoutOf(a[0]);
      const places = Array.from({length: layout.n}, (_, i) => cornerOf(layout, i));
      const back = places.map(([x, y]) => numberAt(layout, x + layout.side / 2, y + layout.side / 2));
      return {size: layout.size, side: layout.side, places, back};
    })()"""
    result = in_node("maps", expression, shape)
    assert result["back"] == list(range(int(np.prod(shape))))
    assert len(set(map(tuple, result["places"]))) == np.prod(shape)
    assert result["size"][0] <= 480 and np.all(np.max(result["places"], axis=0) + result["side"] <= result["size"])
