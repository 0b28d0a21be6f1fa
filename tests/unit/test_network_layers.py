"""The tables about layers agree with what PyTorch does: gradients, its own counter of operations, real shapes."""

import pytest
import torch
import torch.nn.functional as F
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from course_utils.models import Conv32x64, Conv32x64x128, FashionCnn, LeNet, LeNet5, Mlp, Vgg
from course_utils.network.diagrams import architecture
from course_utils.network.layers import by, describe, layers_of, receptive_fields, sentence, shape_table

MODELS = [LeNet, LeNet5, FashionCnn, Conv32x64, Conv32x64x128, Vgg, lambda: Mlp((128, 64), batch_norm=True)]


def shape_for(model):
    return (1, 3, 32, 32) if isinstance(model, Vgg) else (1, 1, 28, 28)


def mean_pools(model):
    """The same windows without a maximum, and positive weights: then every number that counts has a gradient."""
    layers = [nn.AvgPool2d(m.kernel_size, m.stride, m.padding) if isinstance(m, nn.MaxPool2d) else m for m in model]
    for parameter in (model := nn.Sequential(*layers)).parameters():
        nn.init.constant_(parameter, 0.1)
    return model.double()


STACKS = [
    [nn.Conv2d(2, 3, 5), nn.MaxPool2d(2), nn.Conv2d(3, 4, 5), nn.MaxPool2d(2)],
    [nn.Conv2d(2, 3, 3, padding=1), nn.ReLU(), nn.Conv2d(3, 3, 3, padding=1), nn.MaxPool2d(3, stride=2, padding=1)],
    [nn.Conv2d(2, 4, 3, stride=2, dilation=2), nn.AvgPool2d(3, stride=1), nn.Conv2d(4, 4, 2, padding=2, groups=2)],
    [nn.Conv2d(2, 3, (3, 5), stride=(2, 1), padding="valid"), nn.Conv2d(3, 3, 5, padding="same", dilation=(1, 3))],
]


@pytest.mark.parametrize("stack", STACKS)
def test_receptive_field_is_where_the_gradient_is(stack):
    model = nn.Sequential(*stack)
    table = receptive_fields(model, (1, 2, 64, 64))
    x = torch.rand(1, 2, 64, 64, dtype=torch.double, requires_grad=True)
    y = x
    for layer, row in zip(mean_pools(model), table, strict=True):
        y = layer(y)
        assert row.output_shape == y.shape[1:]
        (gradient,) = torch.autograd.grad(y[0, 0, y.shape[2] // 2, y.shape[3] // 2], x, retain_graph=True)
        rows, columns = (gradient[0] != 0).any(0).nonzero(as_tuple=True)  # a dilated field has holes: take its edges
        assert row.receptive_field == (rows.max() - rows.min() + 1, columns.max() - columns.min() + 1)


@pytest.mark.parametrize("stride, seen", [(2, 27), (3, 28)])
def test_a_linear_layer_sees_all_that_the_windows_reach(stride, seen):
    model = nn.Sequential(nn.Conv2d(1, 1, 3, stride=stride, padding=stride - 2), nn.Flatten(), nn.LazyLinear(2))
    model(torch.zeros(1, 1, 28, 28))
    x = torch.rand(1, 1, 28, 28, requires_grad=True)
    model(x)[0, 0].backward()
    columns = (x.grad[0, 0] != 0).any(0).nonzero()
    assert (columns.max() - columns.min() + 1).item() == seen
    assert receptive_fields(model, x.shape)[-1].receptive_field == (seen, seen)


def test_a_field_is_never_more_than_the_picture():
    table = receptive_fields(LeNet5(), (1, 1, 28, 28))
    sides = [row.receptive_field[0] for row in table if row.kind.startswith(("conv", "linear"))]
    assert sides == [5, 14, 28, 28, 28], "C5's windows reach over 32 pixels, 4 of them padding"


@pytest.mark.parametrize("make", MODELS)
def test_multiply_adds_are_half_of_pytorchs_operations(make):
    model = make().eval()
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        model(torch.zeros(shape_for(model)))
    table = receptive_fields(model, shape_for(model))
    assert 2 * sum(row.multiply_adds for row in table) == counter.get_total_flops()
    assert sum(row.parameters for row in table) == sum(p.numel() for p in model.parameters())


def test_multiply_adds_of_grouped_convolutions_and_of_one_picture():
    layer = nn.Conv2d(8, 12, 3, groups=4)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        layer(torch.zeros(1, 8, 10, 9))
    for pictures in (1, 5):
        (row,) = receptive_fields(layer, (pictures, 8, 10, 9))
        assert 2 * row.multiply_adds == counter.get_total_flops() == 2 * 12 * 8 * 7 * (8 // 4) * 3 * 3


def test_the_table_reads_as_a_lesson_needs_it():
    lines = str(receptive_fields(nn.Sequential(*STACKS[0]), (1, 2, 28, 28))).splitlines()
    assert lines[0].split("  ")[0] == "layer" and "each output sees" in lines[0]
    assert lines[4].split() == ["3", "max", "pool", "2x2", "4x4x4", "16x16", "0", "0"]
    assert lines[-1].split() == ["total", "457", f"{24 * 24 * 150 + 8 * 8 * 300:,}"]


def test_functions_in_forward_are_seen_and_layers_are_not_seen_twice():
    kinds = [describe(layer.module)[0] for layer in layers_of(LeNet(), (1, 1, 28, 28))]
    assert kinds == ["conv", "ReLU", "max pool"] * 2 + ["flatten"] + ["linear", "ReLU"] * 2 + ["linear"]
    assert [layer.name for layer in layers_of(Vgg(), (1, 3, 32, 32))].count("") == 1, "torch.flatten, nothing else"


def test_settings_stand_in_the_description_unless_they_are_usual():
    assert sentence(nn.Conv2d(1, 1, 3)) == "conv 3x3"
    assert sentence(nn.Conv2d(1, 1, (3, 5), stride=2, padding=1)) == "conv 3x5, stride 2, padding 1"
    assert sentence(nn.Conv2d(1, 1, 3, padding=(0, 1), dilation=2)) == "conv 3x3, padding 0x1, dilation 2"
    assert sentence(nn.MaxPool2d(2)) == "max pool 2x2" and sentence(nn.MaxPool2d(3, 2)) == "max pool 3x3, stride 2"
    assert (by(3), by((3, 5)), by((6, 24, 24)), by((10,))) == ("3x3", "3x5", "6x24x24", "10")


def test_shape_table_of_lenet():
    model = LeNet()
    table = shape_table(model, (1, 1, 28, 28))
    assert [row.layer for row in table] == ["conv1", "conv2", "fc1", "fc2", "fc3"]
    assert table[0].output_shape == (1, 6, 24, 24)
    assert sum(row.parameters for row in table) == 44_426
    assert str(table).splitlines()[-1].split() == ["total", "44,426"]
    assert model.training and not any(m._forward_hooks for m in model.modules()), "the model is left as it was"


def test_shape_table_counts_shared_parameters_once():
    layer = nn.Linear(4, 4)
    table = shape_table(nn.Sequential(layer, nn.ReLU(), layer), (1, 4))
    assert [row.parameters for row in table] == [20, 0, 0]


def test_shape_table_takes_hooks_off_after_an_error():
    model = Mlp()
    with pytest.raises(RuntimeError):
        shape_table(model, (1, 3))
    assert not any(m._forward_hooks for m in model.modules())


class Halving(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 2, 3), nn.Conv2d(2, 2, 3)

    def forward(self, x):
        return self.conv2(F.interpolate(self.conv1(x), scale_factor=0.5))


def test_what_cannot_be_known_is_refused():
    with pytest.raises(ValueError, match=r"before conv2, .* turns \(1, 2, 26, 26\) into \(1, 2, 13, 13\)"):
        receptive_fields(Halving(), (1, 1, 28, 28))
    with pytest.raises(ValueError, match="ConvTranspose2d"):
        receptive_fields(nn.ConvTranspose2d(1, 1, 3), (1, 1, 28, 28))
    with pytest.raises(ValueError, match="expected .pictures, channels, height, width"):
        receptive_fields(Mlp(), (1, 784))


@pytest.mark.parametrize("ask", [shape_table, receptive_fields, architecture])
@pytest.mark.parametrize(
    "make, shape, stops",
    [
        (LeNet, (1, 3, 28, 28), "conv1, Conv2d"),
        (LeNet, (1, 1, 32, 32), "fc1, Linear"),
        (Vgg, (1, 3, 64, 64), "fc, Linear"),
        (lambda: nn.Sequential(nn.Flatten(), nn.Linear(9, 2)), (1, 1, 4, 4), "1, Linear"),
    ],
)
def test_a_wrong_shape_names_the_layer_that_stops(ask, make, shape, stops):
    model = make()
    with pytest.raises(RuntimeError) as caught:
        ask(model, shape)
    message = str(caught.value)
    assert str(shape) in message and f"stops at {stops}" in message and "(pictures, channels, height, width)" in message
    assert not any(m._forward_hooks or m._forward_pre_hooks for m in model.modules()) and model.training
