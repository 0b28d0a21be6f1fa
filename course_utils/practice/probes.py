"""What checkers of several lessons ask of code and of networks, beside their values."""

import re
from collections.abc import Callable, Sequence

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from course_utils.practice.judge import Wrong

AT_THE_END: dict[str, Callable[[Tensor], Tensor]] = {
    "ReLU": F.relu,
    "leaky ReLU": F.leaky_relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softmax": lambda z: F.softmax(z, dim=1),
    "log-softmax": lambda z: F.log_softmax(z, dim=1),
}


class Without(TorchFunctionMode):
    """A block in which no function of PyTorch with such a name (a regular expression) may be called."""

    def __init__(self, names: str, text: str) -> None:
        super().__init__()
        self.names, self.text = names, text

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if re.search(self.names, getattr(func, "__name__", "")):
            raise Wrong(self.text)
        return func(*args, **(kwargs or {}))


def has_new_weights(model: nn.Module, earlier: Sequence[nn.Module]) -> None:
    """Raise Wrong if two networks are one, or share a layer."""
    seen = {id(p) for other in earlier for p in other.parameters()}
    if any(model is other for other in earlier) or any(id(p) in seen for p in model.parameters()):
        raise Wrong("two networks share their weights, expected new layers each time: make them where they are used")


def ends_with_a_layer(model: nn.Module, inputs: Tensor) -> None:
    """Raise Wrong if anything comes after the last layer with weights. The model is in evaluation mode."""
    outputs: list[Tensor] = []
    layers = [m for m in model.modules() if any(p.ndim > 1 for p in m.parameters(recurse=False))]
    hooks = [m.register_forward_hook(lambda _, __, out: outputs.append(out)) for m in layers]
    try:
        with torch.no_grad():
            scores = model(inputs)
    finally:
        for hook in hooks:
            hook.remove()
    name = _seen_in(scores)
    if outputs and not _close(outputs[-1], scores):
        name = next((name for name, end in AT_THE_END.items() if _close(end(outputs[-1]), scores)), "something else")
    if name:
        raise Wrong(f"your network ends with {name}, expected scores that come straight from the last layer")


def _close(one: Tensor, other: Tensor) -> bool:
    return one.numel() == other.numel() and torch.allclose(one.flatten(), other.flatten(), atol=1e-5)


def _seen_in(scores: Tensor) -> str:
    """The function at the end of a network, where its result shows it."""
    ones = torch.ones(len(scores))
    if (scores >= 0).all() and torch.allclose(scores.sum(1), ones, atol=1e-4):
        return "softmax"
    if torch.allclose(scores.exp().sum(1), ones, atol=1e-4):
        return "log-softmax"
    return "ReLU" if (scores >= 0).all() and (scores == 0).any() else ""


def is_linear(model: Callable[[Tensor], Tensor], inputs: Tensor) -> bool:
    """Does f(a + b) + f(0) equal f(a) + f(b)?"""
    half = len(inputs) // 2
    one, other = inputs[:half], inputs[half : 2 * half]
    with torch.no_grad():
        a, b, both, none = (model(x) for x in (one, other, one + other, 0 * one))
    return bool((both + none - a - b).abs().max() < 1e-3 * (a - b).abs().max() + 1e-6)
