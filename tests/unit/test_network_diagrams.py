"""The drawn architecture says what is true: shapes, parameters, sizes of the boxes. Pixels are not compared."""

import matplotlib
import pytest
import torch
import torch.nn.functional as F
from torch import nn

from course_utils.figures.style import use_style
from course_utils.models import CifarNet, Conv32x64, Conv32x64x128, FashionCnn, LeNet, LeNet5, Mlp, Vgg
from course_utils.network.diagrams import architecture, boxes_of, ring, rows_of
from course_utils.network.layers import shape_table

GREY, COLOR = (1, 1, 28, 28), (1, 3, 32, 32)
MODELS = {
    "Mlp": (Mlp, GREY),
    "v1 BN": (lambda: Mlp((128, 64), batch_norm=True), GREY),
    "LeNet": (LeNet, GREY),
    "LeNet-5": (LeNet5, GREY),
    "Fashion CNN": (FashionCnn, GREY),
    "Conv32-64": (Conv32x64, GREY),
    "Conv32-64-128": (Conv32x64x128, GREY),
    "VGG-style": (Vgg, COLOR),
    "CifarNet": (CifarNet, COLOR),
}


def texts(figure):
    return [text.get_text() for axis in figure.axes for text in axis.texts if text.get_text()]


@pytest.mark.parametrize("name", MODELS)
def test_every_model_draws_its_parameters_and_its_shapes(name):
    make, shape = MODELS[name]
    model = make()
    figure = architecture(model, shape)
    total = sum(p.numel() for p in model.parameters())
    drawn = texts(figure)
    counts = [int(text.replace(",", "")) for text in drawn if "," in text or text.isdigit()]
    assert sum(box.parameters for box in boxes_of(model, shape)) == total
    for box in boxes_of(model, shape):
        assert box.parameters == 0 or box.parameters in counts
    assert f"{total:,} parameters" in figure.get_suptitle() and f"{total:,} parameters" in figure.get_label()
    outputs = {"x".join(map(str, row.output_shape[1:])) for row in shape_table(model, shape)}
    assert outputs <= set(drawn)


def test_lenet_is_drawn_with_its_functions():
    boxes = boxes_of(LeNet(), GREY)
    assert [box.shape for box in boxes] == [
        *((1, 28, 28), (6, 24, 24), (6, 12, 12), (16, 8, 8), (16, 4, 4)),
        *((256,), (120,), (84,), (10,)),
    ]
    assert [box.name for box in boxes] == ["", "conv1", "", "conv2", "", "", "fc1", "fc2", "fc3"]
    assert boxes[1].above == ["conv", "5x5", "ReLU"] and boxes[2].above == ["max pool", "2x2"]
    assert boxes[6].below == ["fc1", "120", "30,840"]


def test_long_names_lose_their_first_part():
    """`blocks.0.1` and `blocks.1.1` stay two names."""
    names = [box.name for box in boxes_of(CifarNet(), COLOR) if box.name]
    assert names == ["first", "0.0", "0.1", "1.0", "2.0", "2.1", "3.0", "4.0", "4.1", "5.0", "fc"]


def test_the_label_is_one_line_of_text():
    label = architecture(Mlp((64,)), GREY).get_label()
    assert label == "Mlp: 1x28x28, flatten to 784, linear + ReLU to 64, linear to 10; 50,890 parameters"


def test_boxes_are_to_scale():
    boxes = boxes_of(LeNet5(), GREY)
    assert [box.side(28)[0] / box.side(28)[1] for box in boxes[:6]] == [1] * 6
    assert boxes[2].side(28)[0] == pytest.approx(boxes[1].side(28)[0] / 2)  # 14 and 28
    thick = [box.thickness for box in boxes[1:6]]
    assert thick == sorted(thick) and thick[0] == thick[1], "6, 6, 16, 16 and 120 channels"


class Unknown(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv, self.fc = nn.Conv2d(1, 2, 3), nn.Linear(2 * 13 * 13, 10)

    def forward(self, x):
        return self.fc(F.interpolate(self.conv(x), scale_factor=0.5).reshape(len(x), -1))


def test_no_layer_is_invented_for_an_unknown_function():
    boxes = boxes_of(Unknown(), GREY)
    assert [(box.words[0], box.shape) for box in boxes] == [
        ("input", (1, 28, 28)),
        ("conv", (2, 26, 26)),
        ("in forward", (338,)),
        ("linear", (10,)),
    ]


@pytest.mark.parametrize("name", MODELS)
def test_texts_do_not_touch_each_other(name):
    make, shape = MODELS[name]
    with matplotlib.rc_context():
        use_style()
        figure = architecture(make(), shape)
        figure.draw_without_rendering()
        boxes = [text.get_window_extent() for axis in figure.axes for text in axis.texts if text.get_text()]
        assert figure.get_figwidth() * figure.dpi <= 880, "as wide as GitHub shows it"
    for i, a in enumerate(boxes):
        beside = [b for b in boxes[:i] if abs(a.y1 - b.y1) < 4]  # in the same line
        assert not any(a.x0 < b.x1 and b.x0 < a.x1 for b in beside)


def test_a_long_network_gets_rows_and_needs_no_memory():
    with torch.device("meta"):
        layers = [layer for _ in range(20) for layer in (nn.Conv2d(512, 512, 3, padding=1), nn.ReLU())]
        model = nn.Sequential(nn.Conv2d(3, 512, 1), *layers)
    rows = rows_of(boxes_of(model, (1, 3, 224, 224)))
    assert [len(row) for row in rows] == [8, 8, 6]
    assert len(architecture(model, (1, 3, 224, 224)).axes) == 3


def test_a_model_without_parameters_and_a_title_of_ones_own():
    figure = architecture(nn.Sequential(nn.MaxPool2d(2)), GREY)
    assert figure.get_suptitle().startswith("Sequential: 0 parameters")
    assert "Half" in architecture(nn.Sequential(nn.MaxPool2d(2)), GREY, title="Half").get_suptitle()


@pytest.mark.parametrize("p", [2, 3, 5])
def test_a_ring_marks_what_was_received_and_what_is_finished(p):
    start = [[10**rank] * p for rank in range(p)]
    half = [[*row] for row in start]
    half[1][0] += start[0][0]  # process 0 sends its part 0 to process 1
    figure = ring([start, half, [[sum(column) for column in zip(*start, strict=True)]] * p])
    boxes = [axis.patches for axis in figure.axes[:3]]
    assert [len(patches) for patches in boxes] == [p * p] * 3
    thick = [[i for i, box in enumerate(patches) if box.get_linewidth() > 1] for patches in boxes]
    finished = 1 if p == 2 else 0  # of two, one addition makes the sum
    assert thick == [[], [p], [i for i in range(p * p) if not (finished and i == p)]]
    assert figure.get_label().endswith(f"[0, {finished}, {p * p}]")
    assert [t for t in texts(figure) if t.isdigit()].count("1" * p) == p * p + finished
