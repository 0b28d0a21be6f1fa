"""For exercises whose answer is a trained network: its batches, its steps, whether it gives logits, how good it is."""

from collections.abc import Callable, Iterator
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from course_utils.network.layers import FunctionCalls
from course_utils.practice.judge import Wrong, call

ENDS = set(
    "abs celu clamp clip elu exp gelu hardsigmoid hardswish hardtanh leaky_relu log_softmax logsigmoid mish prelu relu "
    "relu6 rrelu selu sigmoid silu softmax softmin softplus softsign sqrt square tanh threshold".split()
)


class Batches:
    """The batches, in order, for one pass. A second pass is refused."""

    def __init__(self, images: Tensor, labels: Tensor, size: int):
        self.images, self.labels, self.size, self.passes = images, labels, size, 0

    def __len__(self) -> int:
        return len(self.images) // self.size

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        self.passes += 1
        if self.passes > 1:
            raise Wrong(f"your function goes through the batches a second time, expected one pass of {len(self)}")
        for i in range(len(self)):
            part = slice(i * self.size, (i + 1) * self.size)
            yield self.images[part].clone(), self.labels[part].clone()


def trained_twice(
    learn: Callable, pictures: tuple[Tensor, ...], size: int, goal: float, limits: Callable[[nn.Module], None]
) -> tuple[nn.Module, float]:
    """A network that learn(batches) made and trained, in evaluation mode, and its share of new pictures right.

    It is called a second time with classes that have other numbers: what it returns has to be a new network.

    Args:
        pictures: images and labels to train on, new images and labels.
        limits: raises Wrong for a network that is too large.
    """
    images, labels, new, truth = pictures
    found: list[tuple[nn.Module, float]] = []
    for renamed in (0, 3):
        model, steps = _trained(learn, Batches(images, (labels + renamed) % 10, size))
        if found and {p.data_ptr() for p in found[0][0].parameters()} & {p.data_ptr() for p in model.parameters()}:
            raise Wrong("a second call returns the network of the first, expected a new one: make it in your function")
        gives_logits(model, new[:64])
        limits(model)
        right = _share_right(model, new, (truth + renamed) % 10)
        if right < goal:
            if renamed and _share_right(model, new, truth) >= goal:
                raise Wrong("in a second call, where the classes have other numbers, it returns what it learned in the "
                            "first, expected a new network")  # fmt: skip
            raise Wrong(f"in evaluation mode {right:.1%} of 1,000 new pictures are right, expected {goal:.0%}"
                        + _why(model, right, steps, len(images) // size, new, (truth + renamed) % 10)
                        + f" (for {len(images) // size} batches)")  # fmt: skip
        found.append((model, right))
    return found[0]


def _trained(learn: Callable, batches: Batches) -> tuple[nn.Module, int]:
    """A trained network, in evaluation mode, and how many steps a PyTorch optimizer made."""
    n, steps, gradients = len(batches), [], []

    def counted(function: Callable) -> Callable:
        return lambda *args, **kwargs: (gradients.append(1), function(*args, **kwargs))[1]

    hook = register_optimizer_step_post_hook(lambda *_: steps.append(1))
    counting = {name: counted(getattr(torch.autograd, name)) for name in ("backward", "grad")}
    try:
        with patch.multiple(torch.autograd, **counting):
            shape = tuple(batches.images.shape[1:])
            model = call(learn, batches, example=f"{n} batches of {batches.size} pictures {shape}")
    finally:
        hook.remove()
    if not isinstance(model, nn.Module):
        raise Wrong(f"the result is a {type(model).__name__}, expected the trained network itself")
    for made, what in ((steps, "the optimizer makes {} steps"), (gradients, "gradients are computed {} times")):
        if len(made) > n:
            raise Wrong(f"{what.format(len(made))}, expected {n} at most: one for each batch")
    return model.eval(), len(steps)


def gives_logits(model: nn.Module, images: Tensor) -> None:
    """Wrong unless a network in evaluation mode gives 10 logits for each picture, whatever else is in the batch."""
    known, makers, logits = set(map(id, model.parameters())), [], []

    def see(function: Callable, args: tuple, kwargs: dict, output: object) -> None:
        lost = [p for p in (*args, *kwargs.values()) if isinstance(p, nn.Parameter) and id(p) not in known]
        if lost:
            raise Wrong(
                f"your network uses a weight of shape {tuple(lost[0].shape)} that model.parameters() does not give, "
                "expected all of them there: are layers in a plain list? Use nn.Sequential or nn.ModuleList"
            )
        makers.append((getattr(function, "__name__", "").strip("_"), output))

    for n in (len(images), 1):
        with torch.no_grad(), FunctionCalls(see):
            example = f"{n} picture{'s' * (n > 1)} of shape {tuple(images.shape[1:])}"
            got = call(model, images[:n], example=example)
        if not isinstance(got, Tensor) or tuple(got.shape) != (n, 10):
            what = f"the shape {tuple(got.shape)}" if isinstance(got, Tensor) else f"a {type(got).__name__}"
            raise Wrong(f"your network gives {what}, expected logits of shape {(n, 10)}")
        logits.append(got.double())
        end = next((name for name, output in makers if output is got and name in ENDS), "")
        if end:
            raise Wrong(f"a {end} stands at the end of your network, expected logits, which have any sign and size")
    many, one = logits
    if (many >= 0).all():
        raise Wrong("no output of your network is negative, expected logits: is there a ReLU or a softmax at its end?")
    if torch.allclose(many.exp().sum(1), torch.ones(len(many), dtype=torch.double), atol=1e-3):
        raise Wrong("a log-softmax seems to stand at the end of your network, expected logits")
    if not torch.allclose(many[:1], one, atol=1e-3 * (1 + many.abs().max().item())):
        raise Wrong(
            "in evaluation mode a picture gives other logits alone than in a batch, expected the same: do layers use "
            "the statistics of the batch, or does dropout go on?"
        )


def _share_right(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    with torch.no_grad():
        hits = [model(x.clone()).argmax(1) == y for x, y in zip(images.split(250), labels.split(250), strict=True)]
    return torch.cat(hits).double().mean().item()


def _why(model: nn.Module, right: float, steps: int, batches: int, new: Tensor, truth: Tensor) -> str:
    """The likely reason of a low accuracy."""
    if not steps:
        return ". No optimizer made a step: is optimizer.step() missing?"
    if (with_batch := _share_right(model.train(), new, truth)) > right + 0.06:
        return f"; with the batch's own statistics {with_batch:.0%}. So the running averages of batch norm lag"
    if steps < batches / 2:
        return f". The optimizer made {steps} steps; there are {batches} batches"
    if right < 0.2:
        return ". That is guessing: is the learning rate far too large or small, or zero_grad() missing?"
    return ". It learns, but slowly: look at the rate and its plan, and at the widths"
