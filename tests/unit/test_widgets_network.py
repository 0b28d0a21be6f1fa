"""A network in the browser answers as PyTorch does, layer by layer, and explains each of its numbers."""

import base64
from contextlib import ExitStack
from types import SimpleNamespace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.models import Conv32x64, FashionCnn, LeNet, LeNet5, Mlp, Vgg
from course_utils.network.activations import watch
from course_utils.widgets.describe import describe
from course_utils.widgets.digit_pad import DIGITS, moved, rasterize
from tests.unit.node import in_node

DATA = SimpleNamespace(train=SimpleNamespace(mean=(0.1306,), std=(0.3081,)), classes=tuple("0123456789"))
AS_IT_IS = SimpleNamespace(train=SimpleNamespace(mean=None, std=None))
DRAWN = np.stack([rasterize(digit) for digit in DIGITS])
SETUP = """(() => {
  const network = read(a[0]);
  const greys = Uint8Array.from(atob(a[1]), (letter) => letter.charCodeAt(0));
  const pictures = Array.from({length: greys.length / 784}, (_, i) => greys.subarray(784 * i, 784 * (i + 1)));
"""


def in_browser(model: nn.Module, pictures: np.ndarray, rest: str, data=DATA) -> object:
    """The value that the JavaScript `rest` returns, with the names `network` and `pictures`."""
    greys = base64.b64encode(np.ascontiguousarray(pictures).tobytes()).decode()
    return in_node("network", SETUP + rest + "})()", describe(model, data), greys)


def scaled(pictures: np.ndarray, data=DATA) -> torch.Tensor:
    x = torch.from_numpy(pictures).float()[:, None] / 255
    return x if data.train.mean is None else (x - data.train.mean[0]) / data.train.std[0]


class Written(nn.Module):
    """A network as students write it: functions, a view with the batch's size, no names for the rest."""

    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 4, (5, 3), stride=(2, 1), padding=(1, 2), bias=False)
        self.norm = nn.BatchNorm2d(4)
        self.second = nn.Conv2d(4, 3, 3)
        self.flat = nn.BatchNorm1d(3 * 3 * 3)
        self.last = nn.Linear(3 * 3 * 3, 10, bias=False)

    def forward(self, x):
        x = torch.tanh(self.norm(self.conv(x)))  # (N, 4, 13, 30)
        x = F.avg_pool2d(x, (2, 3), padding=(1, 0))  # (N, 4, 7, 10)
        x = self.second(x).sigmoid()  # (N, 3, 5, 8)
        x = F.max_pool2d(x, kernel_size=3, stride=(2, 3), padding=1)  # (N, 3, 3, 3)
        x = self.flat(x.view(x.size(0), -1))
        return F.log_softmax(self.last(F.dropout(x, training=self.training)), dim=1)


def trained(model: nn.Module) -> nn.Module:
    """A few steps on the drawn digits: sure answers, and batch norms whose means and variances are not 0 and 1."""
    torch.manual_seed(0)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    model.train()
    for _ in range(25):
        optimizer.zero_grad()
        F.cross_entropy(model(scaled(DRAWN)), torch.arange(10)).backward()
        optimizer.step()
    return model.eval()


def ends_in_softmax() -> nn.Module:  # a mistake that students make
    return nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.Softmax(dim=1))


MODELS = [LeNet, LeNet5, FashionCnn, Conv32x64, Written, lambda: Mlp((20, 15), batch_norm=True), ends_in_softmax]


@pytest.mark.parametrize("make", MODELS)
def test_probabilities_are_pytorchs_on_drawn_digits(make):
    model = trained(make())
    result = in_browser(model, DRAWN, "return pictures.map((p) => Array.from(run(network, p).at(-1).data));")
    with torch.no_grad():
        expected = model(scaled(DRAWN)).softmax(dim=1)
    assert np.abs(np.array(result) - expected.numpy()).max() < 1e-4
    assert expected.std(dim=0).max() > 0.02, "the answers differ from digit to digit"


@pytest.mark.parametrize("data", [DATA, AS_IT_IS])
def test_every_layer_is_pytorchs(data):
    model = trained(LeNet())
    names = ["conv1", "conv2", "fc1", "fc2", "fc3"]
    with ExitStack() as hooks, torch.no_grad():
        seen = [hooks.enter_context(watch(getattr(model, name))) for name in names]
        model(scaled(DRAWN[3:4], data))
    values = in_browser(model, DRAWN[3:4], "return run(network, pictures[0]).map((v) => [v.shape, [...v.data]]);", data)
    layers = [layer["name"] for layer in describe(model, data)["layers"]]
    assert [shape for shape, _ in values] == [
        *([1, 28, 28], [6, 24, 24], [6, 24, 24], [6, 12, 12], [16, 8, 8], [16, 8, 8], [16, 4, 4]),
        *([256], [120], [120], [84], [84], [10], [10]),
    ]
    for name, expected in zip(names, seen, strict=True):
        _, numbers = values[1 + layers.index(name)]
        assert np.allclose(numbers, expected[0].flatten(), atol=1e-4, rtol=0), name
    assert np.allclose(values[0][1], scaled(DRAWN[3:4], data).flatten(), atol=1e-6)


def test_probabilities_are_pytorchs_on_1000_test_pictures(real_data):
    from course_utils.data import load
    from course_utils.files.folders import locate

    if locate("mnist") is None:
        pytest.skip("the real MNIST is not here: make data")
    mnist, model = load("mnist"), trained(LeNet())
    pictures = mnist.test.images[:1000, 0].numpy()
    result = in_browser(model, pictures, "return pictures.map((p) => [...run(network, p).at(-1).data]);", mnist)
    with torch.no_grad():
        expected = torch.cat([model(mnist.test[torch.arange(i, i + 100)][0]) for i in range(0, 1000, 100)]).softmax(1)
    assert np.abs(np.array(result) - expected.numpy()).max() < 1e-4


EXPLAINED = """
  const values = run(network, pictures[0]);
  return network.map((layer, at) => {
    const {data, shape} = values[at];
    const some = Array.from({length: 40}, (_, k) => Math.floor(((k + 0.5) / 40) * data.length));
    return {
      kind: layer.kind,
      before: at ? [...values[at - 1].data] : [],
      some: some.map((i) => ({i, back: indexOf(shape, placeOf(shape, i)), ...explain(network, values, at, i)})),
    };
  });
"""


@pytest.mark.parametrize("make", [LeNet, Written, Conv32x64])
def test_every_explained_number_is_the_sum_that_it_shows(make):
    layers = in_browser(trained(make()), DRAWN[8:9], EXPLAINED)
    for layer in layers:
        for number in layer["some"]:
            parts, value = number["parts"], number["value"]
            assert number["back"] == number["i"]
            for part in parts:
                assert part["shape"][0] * part["shape"][1] == len(part["inputs"]) == len(part["indices"])
                for x, i in zip(part["inputs"], part["indices"], strict=True):
                    assert x == (0 if i is None else layer["before"][i]), "the inputs are numbers of the layer before"
            if layer["kind"] in ("Conv2d", "Linear"):
                for part in parts:
                    products = np.multiply(part["inputs"], part["weights"])
                    assert np.allclose(products, part["products"]) and np.isclose(sum(products), part["sum"])
                assert sum(part["sum"] for part in parts) + number["bias"] == pytest.approx(value, abs=1e-4)
            elif layer["kind"] == "MaxPool2d":
                (part,) = parts
                assert value == max(x for x, i in zip(part["inputs"], part["indices"], strict=True) if i is not None)
            elif layer["kind"] == "AvgPool2d":
                assert value == pytest.approx(np.mean(parts[0]["inputs"]), abs=1e-6)
            elif layer["kind"] == "Softmax":
                powers = np.exp(parts[0]["inputs"])
                assert value == pytest.approx(powers[number["i"]] / powers.sum(), abs=1e-6)
            elif layer["kind"] != "Input":
                assert len(parts) == 1 and len(parts[0]["inputs"]) == 1
    assert layers[-1]["kind"] == "Softmax"


def test_the_patch_of_a_unit_is_what_moves_it():
    """A pixel outside the area of a unit of conv1 changes nothing, one inside does."""
    model = trained(LeNet())
    rest = "return explain(network, run(network, pictures[0]), 1, 3 * 24 * 24 + 10 * 24 + 7).area;"
    assert in_browser(model, DRAWN[:1], rest) == [10, 7, 5, 5]


@pytest.mark.parametrize("centred", [True, False])
def test_the_browser_makes_the_same_pictures_of_strokes(centred):
    rng = np.random.default_rng(0)
    scribbles = [[rng.random((n, 2)).round(3).tolist() for n in rng.integers(1, 12, size=3)] for _ in range(20)]
    drawings = [
        *DIGITS,
        *(moved(digit, 0.3, 0.6, 0.1) for digit in DIGITS),
        *scribbles,
        *([], [[]], [[], []], [[[0.1, 0.9]]], [[[0.1, 0.9], [0.1, 0.9]]], [[[0, 0], [1, 0]]], [[[0, 0.5], [1, 0.5]]]),
        [[[0.5, 0.0], [0.5, 0.92]], *[[[0.2, 0.92], [0.8, 0.92]]] * 9],
    ]
    pictures = in_node("strokes", "a[0].map((strokes) => Array.from(rasterize(strokes, a[1])))", drawings, centred)
    for picture, strokes in zip(pictures, drawings, strict=True):
        assert np.array_equal(picture, rasterize(strokes, centred).ravel()), strokes


class Adds(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 1, 3, padding=1)

    def forward(self, x):
        return (x + self.conv(x)).flatten(1)


class Decides(nn.Module):
    def forward(self, x):
        return x.flatten(1) if x.sum() > 0 else -x.flatten(1)


@pytest.mark.parametrize(
    "model, message",
    [
        (Adds(), "Adds is no chain of layers"),
        (Decides(), "Decides decides while it runs"),
        (nn.Sequential(nn.Conv2d(1, 2, 3), nn.GELU()), r"cannot compute 1 \(GELU\), only Conv2d"),
        (nn.Sequential(nn.Conv2d(2, 2, 3, groups=2)), "one group"),
        (nn.Sequential(nn.MaxPool2d(2, ceil_mode=True)), "no ceil_mode"),
        (nn.Sequential(nn.BatchNorm2d(1, track_running_stats=False)), "keeps no running mean"),
    ],
)
def test_what_the_browser_cannot_compute_is_named(model, message):
    with pytest.raises(ValueError, match=message):
        describe(model, DATA)


def test_the_model_is_left_as_it_was():
    model = Vgg().train()
    describe(model, DATA)
    assert model.training and not any(layer._forward_hooks for layer in model.modules())
