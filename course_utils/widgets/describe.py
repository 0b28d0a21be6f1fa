"""A trained network as plain data, so that a browser can run it (network.js).

The weights are those of the model, as float32: nothing is rounded. A description is small enough to be stored in a
notebook up to about 60,000 weights.
"""

from collections.abc import Callable
from operator import getitem

import torch
import torch.nn.functional as F
from torch import Tensor, fx, nn

from course_utils.data import DataSets
from course_utils.widgets.live import packed

FUNCTIONS = {  # what a `forward` may call, and the layer that does the same
    F.relu: nn.ReLU,
    torch.relu: nn.ReLU,
    torch.tanh: nn.Tanh,
    torch.sigmoid: nn.Sigmoid,
    torch.flatten: nn.Flatten,
    F.max_pool2d: nn.MaxPool2d,
    F.avg_pool2d: nn.AvgPool2d,
    F.dropout: nn.Dropout,
    F.log_softmax: nn.LogSoftmax,
    torch.log_softmax: nn.LogSoftmax,
    F.softmax: nn.Softmax,
    torch.softmax: nn.Softmax,
}
METHODS = {"relu": nn.ReLU, "tanh": nn.Tanh, "sigmoid": nn.Sigmoid}
RESHAPE = ("flatten", "view", "reshape")


def describe(model: nn.Module, data: DataSets) -> dict:
    """The layers of a network in their order, with their numbers and weights, as network.js reads them.

    Args:
        model: a chain of layers, each used for one picture (1, 28, 28) at a time; the last gives logits, or
            log-probabilities. It may call functions such as `F.relu` between its layers.
        data: what `load("mnist")` returned; the browser scales a drawing as its training images are.

    Returns:
        {"mean", "std", "layers"}: JSON as it stands.

    Raises:
        ValueError: the model is no chain, or has a layer that network.js does not know. The message says which.
    """
    try:
        graph = fx.symbolic_trace(model).graph
    except Exception as error:  # the model's own code runs with stand-ins for numbers, and may fail anywhere
        raise ValueError(f"{type(model).__name__} decides while it runs what it computes next: {error}") from error
    layers, last = [], None
    for node in graph.nodes:
        if node.op == "placeholder":
            last = node
        elif node.op != "output" and not _is_size(node):
            parents = [parent for parent in node.all_input_nodes if not _is_size(parent)]
            if parents != [last]:
                raise ValueError(f"{type(model).__name__} is no chain of layers: {node.name} needs other inputs, too.")
            layers.append(_layer(model, node))
            last = node
    layers = [layer for layer in layers if layer["kind"] != "Identity"]
    while layers and layers[-1]["kind"] == "LogSoftmax":  # the softmax of log-probabilities is that of their logits
        layers.pop()
    for layer in layers:
        if layer["kind"] not in KINDS:
            raise ValueError(f"The browser cannot compute {layer['name']} ({layer['kind']}), only {', '.join(KINDS)}.")
    mean, std = (None if value is None else float(value[0]) for value in (data.train.mean, data.train.std))
    return {"mean": mean, "std": std, "layers": layers}


def _is_size(node: fx.Node) -> bool:
    """Does it only read a size, as in `x.view(x.size(0), -1)`? The layers do not need it."""
    if node.op == "call_method":
        return node.target == "size"
    return node.op == "call_function" and (
        (node.target is getattr and node.args[1] == "shape") or (node.target is getitem and _is_size(node.args[0]))
    )


def _layer(model: nn.Module, node: fx.Node) -> dict:
    """One step of the model as data, with a name that a reader finds in the model where it has one there."""
    if node.op == "call_module":
        layer, name = model.get_submodule(node.target), node.target
    else:
        layer, name = _as_module(node), None
    kind = "BatchNorm" if isinstance(layer, nn.BatchNorm1d | nn.BatchNorm2d) else type(layer).__name__
    described = {"kind": kind, "name": name or kind.removesuffix("2d")}
    return described | KINDS.get(kind, lambda _: {})(layer)


def _as_module(node: fx.Node) -> nn.Module:
    """The layer that does what a function or a method of the `forward` does."""
    if node.op == "call_method" and node.target in RESHAPE:
        return nn.Flatten()
    make = METHODS.get(node.target) if node.op == "call_method" else FUNCTIONS.get(node.target)
    if make is None:
        name = node.target if isinstance(node.target, str) else getattr(node.target, "__name__", node.name)
        raise ValueError(f"The browser cannot compute {name} in the model's forward.")
    if make in (nn.MaxPool2d, nn.AvgPool2d):
        names = ("kernel_size", "stride", "padding")
        given = dict(zip(names, node.args[1:], strict=False)) | {k: v for k, v in node.kwargs.items() if k != "input"}
        given.pop("return_indices", None)
        return make(**given)
    return make()


# ---- the numbers of each kind of layer -----------------------------------------------------------------------------


def _array(weights: Tensor | None) -> dict | None:
    return None if weights is None else packed(weights.detach().float().cpu().contiguous().numpy())


def _pair(size: int | tuple[int, int]) -> list[int]:
    return [size, size] if isinstance(size, int) else list(size)


def _convolution(layer: nn.Conv2d) -> dict:
    if isinstance(layer.padding, str) or layer.padding_mode != "zeros" or layer.groups != 1 or layer.dilation != (1, 1):
        raise ValueError(f"The browser cannot compute {layer}: only a number as padding, one group, no dilation.")
    numbers = {"stride": list(layer.stride), "padding": list(layer.padding)}
    return numbers | {"weight": _array(layer.weight), "bias": _array(layer.bias)}


def _pooling(layer: nn.MaxPool2d | nn.AvgPool2d) -> dict:
    if layer.ceil_mode or getattr(layer, "dilation", 1) != 1 or not getattr(layer, "count_include_pad", True):
        raise ValueError(f"The browser cannot compute {layer}: no ceil_mode, no dilation, and zeros count in a mean.")
    return {key: _pair(getattr(layer, key)) for key in ("kernel_size", "stride", "padding")}


def _batch_norm(layer: nn.BatchNorm1d | nn.BatchNorm2d) -> dict:
    if layer.running_mean is None:
        raise ValueError("The browser cannot compute a batch normalisation that keeps no running mean.")
    weights = {"mean": layer.running_mean, "variance": layer.running_var, "weight": layer.weight, "bias": layer.bias}
    return {"eps": layer.eps} | {key: _array(value) for key, value in weights.items()}


def _nothing(_layer: nn.Module) -> dict:
    return {}


KINDS: dict[str, Callable[[nn.Module], dict]] = {
    "Conv2d": _convolution,
    "MaxPool2d": _pooling,
    "AvgPool2d": _pooling,
    "BatchNorm": _batch_norm,
    "Linear": lambda layer: {"weight": _array(layer.weight), "bias": _array(layer.bias)},
    **dict.fromkeys(("ReLU", "Tanh", "Sigmoid", "Softmax", "Flatten", "Dropout"), _nothing),
}
