"""What the layers of a model do, seen while zeros go through it: shapes, parameters, receptive fields, multiply-adds.

It only looks; `diagrams` draws. It sees layers with forward hooks, and also some functions, such as `F.max_pool2d`,
which many models call in `forward` without a layer. It is for models whose layers run one after the other.
"""

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

# Functions that are seen when `forward` calls them, and the layer that does the same.
FUNCTIONS = {
    F.max_pool2d: nn.MaxPool2d,
    F.avg_pool2d: nn.AvgPool2d,
    F.relu: nn.ReLU,
    torch.relu: nn.ReLU,
    Tensor.relu: nn.ReLU,
    torch.flatten: nn.Flatten,
    Tensor.flatten: nn.Flatten,
}
FUNCTION = "(function)"  # stands in tables where a layer has its name
WINDOWS = (nn.Conv2d, nn.MaxPool2d, nn.AvgPool2d)  # layers that move a window over the picture
NAMES = {
    "Conv2d": "conv",
    "MaxPool2d": "max pool",
    "AvgPool2d": "mean pool",
    "AdaptiveAvgPool2d": "mean pool",
    "BatchNorm1d": "batch norm",
    "BatchNorm2d": "batch norm",
    "Linear": "linear",
    "Flatten": "flatten",
}


class Layer(NamedTuple):
    """A layer that ran, or a function of FUNCTIONS as the layer that does the same."""

    name: str  # "" for a function
    module: nn.Module
    input_shape: tuple[int, ...]
    output_shape: tuple[int, ...]
    parameters: int  # those that no earlier layer had


class FunctionCalls(TorchFunctionMode):
    """Call `see(function, args, kwargs, output)` after each function of PyTorch that runs in a `with` block."""

    def __init__(self, see: Callable[[Callable, tuple, dict, object], None]):
        super().__init__()
        self.see = see

    def __torch_function__(self, function, types, args=(), kwargs=None):
        output = function(*args, **(kwargs or {}))
        self.see(function, args, kwargs or {}, output)
        return output


def layers_of(model: nn.Module, input_shape: Sequence[int]) -> list[Layer]:
    """The layers of a model in the order in which they run, in evaluation mode, for an input of zeros.

    Args:
        model: any module; it may lie on the device `meta`, where tensors have a shape but no numbers.
        input_shape: with the batch axis, such as (1, 1, 28, 28).

    Raises:
        RuntimeError: the model does not take this shape; the message names the layer that stopped.
    """
    layers: list[Layer] = []
    running: list[str] = []
    counted: set[int] = set()
    hooks = []

    def watch(name: str, module: nn.Module) -> None:
        def before(_module, inputs: tuple[Tensor, ...]) -> None:
            running.append(f"{name}, {module}, which gets {tuple(inputs[0].shape)}")

        def after(_module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            running.pop()
            new = [p for p in module.parameters() if id(p) not in counted]
            counted.update(id(p) for p in new)
            shapes = tuple(inputs[0].shape), tuple(output.shape)
            layers.append(Layer(name, module, *shapes, sum(p.numel() for p in new)))

        hooks.extend([module.register_forward_pre_hook(before), module.register_forward_hook(after)])

    def see(function: Callable, args: tuple, kwargs: dict, output: object) -> None:
        if function in FUNCTIONS and not running:  # else a layer calls it
            module = FUNCTIONS[function](*args[1:], **kwargs)
            layers.append(Layer("", module, tuple(args[0].shape), tuple(output.shape), 0))

    for name, module in model.named_modules():
        if not list(module.children()):
            watch(name or "model", module)
    was_training, shape = model.training, tuple(input_shape)
    model.eval()
    try:
        parameter = next(model.parameters(), torch.zeros(()))
        with torch.inference_mode(), FunctionCalls(see):
            model(torch.zeros(shape, dtype=parameter.dtype, device=parameter.device))
    except (RuntimeError, ValueError) as error:
        where = f"at {running[-1]}" if running else "between two layers"
        raise RuntimeError(
            f"{type(model).__name__} does not take an input of shape {shape}: it stops {where}. PyTorch says: {error}. "
            "The shape has to be (pictures, channels, height, width), such as (1, 1, 28, 28) for one grey picture."
        ) from error
    finally:
        model.train(was_training)
        for hook in hooks:
            hook.remove()
    return layers


def pair(value: int | Sequence[int]) -> tuple[int, int]:
    """(3, 3) for 3: layers keep one number for both axes, or two."""
    height, width = (value, value) if isinstance(value, int) else value
    return height, width


def by(value: int | Sequence[int]) -> str:
    """Sizes as a reader writes them: "3x3" for 3 and for (3, 3)."""
    return "x".join(map(str, pair(value) if isinstance(value, int) else value))


def reach(module: nn.Module) -> np.ndarray:
    """How many neighbours a window sees beside its first pixel, with the gaps of a dilation: (height, width)."""
    return np.array(pair(getattr(module, "dilation", 1))) * (np.array(pair(module.kernel_size)) - 1)


def describe(module: nn.Module) -> list[str]:
    """What a layer is, such as ["conv", "5x5", "padding 2"]. Settings that have their usual value are left out."""
    kind = type(module).__name__
    words = [NAMES.get(kind, kind)]
    if isinstance(module, nn.Dropout):
        words = [f"dropout {module.p:g}"]
    if isinstance(module, WINDOWS):
        words.append(by(module.kernel_size))
        usual = {"stride": 1 if isinstance(module, nn.Conv2d) else module.kernel_size, "padding": 0, "dilation": 1}
        for setting, value in usual.items():
            found = getattr(module, setting, value)
            found = (found,) if isinstance(found, str) else pair(found)  # padding may be "same"
            if found != pair(value):
                words.append(f"{setting} {found[0] if len(set(found)) == 1 else by(found)}")
    return words


def sentence(module: nn.Module) -> str:
    """The same in one line, such as "conv 5x5, padding 2"."""
    words = describe(module)
    return ", ".join([" ".join(words[:2]), *words[2:]])


def as_table(header: Sequence[str], rows: Sequence[Sequence[object]], totals: Sequence[str]) -> str:
    """Text with aligned columns: numbers to the right, everything else to the left, and the sum of some columns."""
    last = ["total"] + [sum(row[i] for row in rows) if name in totals else "" for i, name in enumerate(header)][1:]
    cells = [[f"{c:,}" if isinstance(c, int) else str(c) for c in row] for row in (header, *rows, last)]
    wide = [max(map(len, column)) for column in zip(*cells, strict=True)]
    lines = [
        [c.rjust(w) if name in totals else c.ljust(w) for c, w, name in zip(row, wide, header, strict=True)]
        for row in cells
    ]
    return "\n".join("  ".join(line).rstrip() for line in lines)


class LayerRow(NamedTuple):
    """One line of a shape table."""

    layer: str
    kind: str
    output_shape: tuple[int, ...]
    parameters: int


class ShapeTable(list[LayerRow]):
    """The layers of a model in the order in which they ran; prints as a table with the sum of the parameters."""

    def __str__(self) -> str:
        return as_table(("layer", "kind", "output shape", "parameters"), self, totals=["parameters"])

    __repr__ = __str__


def shape_table(model: nn.Module, input_shape: Sequence[int]) -> ShapeTable:
    """Every layer's output shape and number of parameters, seen while an input of zeros goes through the model.

    Args:
        model: any module; what it computes with functions (such as `F.relu`) instead of modules is not listed.
        input_shape: with the batch axis, such as (1, 1, 28, 28).

    A layer that runs twice stands there twice; its parameters count once.
    """
    layers = [layer for layer in layers_of(model, input_shape) if layer.name]
    return ShapeTable(LayerRow(a.name, type(a.module).__name__, a.output_shape, a.parameters) for a in layers)


class Window(NamedTuple):
    """Where the outputs of a layer look: (height, width) each, in pixels of the picture.

    Output (i, j) sees `size` pixels from `first + (i, j) * step` on. What lies outside the picture is padding.
    """

    first: tuple[int, int]
    size: tuple[int, int]
    step: tuple[int, int]


class FieldRow(NamedTuple):
    """One line of a table of receptive fields."""

    layer: str
    kind: str
    output_shape: tuple[int, ...]  # of one picture
    receptive_field: tuple[int, int]  # height, width
    parameters: int
    multiply_adds: int  # for one picture
    window: Window  # the receptive field with its place, and with the padding that it covers


class FieldTable(list[FieldRow]):
    """The layers of a model in the order in which they ran; prints as a table with two sums."""

    def __str__(self) -> str:
        header = ("layer", "kind", "output", "each output sees", "parameters", "multiply-adds")
        rows = [(r.layer, r.kind, by(r.output_shape), by(r.receptive_field), *r[4:6]) for r in self]
        return as_table(header, rows, totals=["parameters", "multiply-adds"])

    __repr__ = __str__


def receptive_fields(model: nn.Module, input_shape: Sequence[int]) -> FieldTable:
    """For every layer: its output, which part of the picture one output number sees, parameters and multiply-adds.

    A window of kernel k and dilation d sees d * (k - 1) neighbours more than the layer before; a neighbour lies as many
    pixels away as the strides before, multiplied, say. So a field grows by d * (k - 1) * (product of these strides).

    Args:
        model: convolutions, pooling, then linear layers, one after the other, such as `nn.Sequential(nn.Conv2d(...),
            nn.MaxPool2d(2))`. Other layers that keep the shape (ReLU, batch norm, dropout) count as working on each
            number alone, as they do in evaluation.
        input_shape: (pictures, channels, height, width).

    The field is that of an output far from the border, and never more than the picture: what lies outside is padding.
    A linear layer sees all that the outputs before it see together.
    Additions of a bias, pooling and activations are not counted as multiply-adds.

    Raises:
        RuntimeError: the model does not take this shape.
        ValueError: the shape has no height and width, or a step is none of the above.
    """
    if len(input_shape) != 4:
        raise ValueError(f"input_shape is {tuple(input_shape)}: expected (pictures, channels, height, width)")
    table, before, places = FieldTable(), tuple(input_shape), np.array(input_shape[2:])
    start, field, jump = np.zeros(2, int), np.ones(2, int), np.ones(2, int)  # in pixels of the picture: height, width
    for layer in layers_of(model, input_shape):
        module = layer.module
        if math.prod(layer.input_shape) != math.prod(before):
            raise ValueError(
                f"before {layer.name or describe(module)[0]}, something that is no layer turns {before} "
                f"into {layer.input_shape}: make it a layer, such as nn.MaxPool2d"
            )
        if isinstance(module, WINDOWS):
            beside, stride = reach(module), np.array(pair(module.stride))
            named = {"same": beside // 2, "valid": 0 * beside}  # of a convolution
            padding = named[module.padding] if module.padding in named else np.array(pair(module.padding))
            start, field, jump = start - padding * jump, field + beside * jump, jump * stride
        elif isinstance(module, nn.Linear) and len(layer.input_shape) == 2:
            first, last = np.maximum(start, 0), start + field + (places - 1) * jump  # of the windows of all places
            start, field = first, np.minimum(last, input_shape[2:]) - first
        elif layer.output_shape != layer.input_shape and not isinstance(module, nn.Flatten):
            raise ValueError(
                f"{layer.name} is a {type(module).__name__}: what it sees of the picture is not known here"
            )
        if not isinstance(module, nn.Flatten):
            places = np.array(layer.output_shape[2:] or (1, 1))
        counted = math.prod(layer.output_shape[1:]) if isinstance(module, (nn.Conv2d, nn.Linear)) else 0
        products = counted * module.weight[0].numel() if counted else 0  # for each output, one with every weight
        seen = tuple(np.minimum(field, input_shape[2:]).tolist())
        window = Window(*(tuple(pixels.tolist()) for pixels in (start, field, jump)))
        row = (layer.output_shape[1:], seen, layer.parameters, products, window)
        table.append(FieldRow(layer.name or FUNCTION, sentence(module), *row))
        before = layer.output_shape
    return table
