"""The exercises of lesson 05: shapes, the training loop, LeNet, a network of one's own."""

import copy
import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.practice.judge import Wrong, call, same, the_class_itself

LN_10 = math.log(10)


def _follow(n: int, layers: list, side) -> list:
    """The side after each layer; `side` computes one of them."""
    found = []
    for kernel, padding, stride in layers:
        n = side(n, kernel, padding, stride)
        found.append(n)
    return found


def sides_of_a_network(sides) -> None:
    """sides(n, layers) -> the side of the picture after each (kernel, padding, stride)."""
    for n, layers in (
        (28, [(5, 0, 1), (2, 0, 2), (5, 0, 1), (2, 0, 2)]),
        (28, [(5, 2, 1)]),
        (32, [(3, 1, 2), (4, 1, 2), (3, 0, 1)]),
        (29, [(2, 0, 2), (3, 0, 2), (3, 1, 3)]),
    ):
        expected = _follow(n, layers, lambda n, k, p, s: (n + 2 * p - k) // s + 1)
        same(
            call(sides, n, list(layers)),
            expected,
            what="the list of sides",
            example=f"n={n}, layers={layers}",
            mistakes={
                "padding on one side alone; it is added on both": _follow(
                    n, layers, lambda n, k, p, s: (n + p - k) // s + 1
                ),
                "a formula without padding": _follow(n, layers, lambda n, k, p, s: (n - k) // s + 1),
                "a formula without the + 1 at its end": _follow(n, layers, lambda n, k, p, s: (n + 2 * p - k) // s),
                "a formula without stride": _follow(n, layers, lambda n, k, p, s: n + 2 * p - k + 1),
                "rounding up: a window must fit in whole": _follow(
                    n, layers, lambda n, k, p, s: -(-(n + 2 * p - k) // s) + 1
                ),
                "a division with /: round down with //": _follow(n, layers, lambda n, k, p, s: (n + 2 * p - k) / s + 1),
                "padding and stride exchanged": _follow(n, layers, lambda n, k, s, p: (n + 2 * p - k) // max(s, 1) + 1),
                "every layer on the first picture: each works on the result of the one before": [
                    (n + 2 * p - k) // s + 1 for k, p, s in layers
                ],
                "a list that holds the first side too": [n, *expected],
                "the last side alone": expected[-1],
                "the first side alone: does return stand inside the loop?": expected[:1],
            },
        )


def mean_over_samples(mean_loss) -> None:
    """mean_loss(losses, sizes) -> the mean loss of all samples, from the batches' mean losses and sizes."""
    for losses, sizes in (([2.5, 1.5, 0.25], [64, 64, 8]), ([1.0, 4.0], [3, 1]), ([0.75], [5])):
        total = sum(a * n for a, n in zip(losses, sizes, strict=True))
        same(
            call(mean_loss, list(losses), list(sizes)),
            total / sum(sizes),
            what="the mean loss",
            example=f"losses {losses} of batches of {sizes}",
            mistakes={
                "the mean of the batches: a short batch counts as much as a full one": sum(losses) / len(losses),
                "the post's way: the means are added, and divided by the number of samples": sum(losses) / sum(sizes),
                "a sum over all samples; it is not divided": total,
                "a sum over the batches": sum(losses),
                "a division by the number of batches": total / len(losses),
                "a division by len(loader) * batch_size: the last batch is short": total / (len(sizes) * max(sizes)),
                "the loss of the last batch": losses[-1],
            },
        )


def _tiny() -> tuple[nn.Module, list[tuple[Tensor, Tensor]]]:
    """A small network for pictures of 3x3 pixels, and two batches."""
    numbers = torch.Generator().manual_seed(6)
    model = nn.Sequential(nn.Flatten(), nn.Linear(9, 10))
    for parameter in model.parameters():
        parameter.data.normal_(generator=numbers)
    batches = [
        (torch.randn(n, 1, 3, 3, generator=numbers), torch.randint(0, 10, (n,), generator=numbers)) for n in (6, 4)
    ]
    return model, batches


def _weights(model: nn.Module) -> np.ndarray:
    return torch.cat([p.detach().flatten() for p in model.parameters()]).numpy()


def _train(steps: int, *, loss_fn=F.cross_entropy, forget=False, ascend=False, plain=False) -> np.ndarray:
    """The weights of the tiny network after some steps, done right or with one mistake."""
    model, batches = _tiny()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0 if plain else 0.5, maximize=ascend)
    for images, targets in batches[:steps]:
        if not forget:
            optimizer.zero_grad()
        loss_fn(model(images), targets).backward()
        optimizer.step()
    return _weights(model)


def _softmax_first(z: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(z.softmax(1), y)


def _sum(z: Tensor, y: Tensor) -> Tensor:
    return F.cross_entropy(z, y, reduction="sum")


def one_training_step(train_step) -> None:
    """train_step(model, optimizer, images, targets) -> the loss before the step, as a number; the weights change."""
    model, batches = _tiny()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.5)
    for step, (images, targets) in enumerate(batches, start=1):
        start, before = copy.deepcopy(model), _weights(model)
        loss = train_step(model, optimizer, images, targets)
        changed = not np.array_equal(before, _weights(model))
        if loss is None and changed:
            raise Wrong("the weights change, but your function returns None: return the loss, loss.item()")
        call(lambda answer: answer, loss)
        if isinstance(loss, Tensor) and loss.requires_grad:
            raise Wrong("the loss that you return still holds its graph, which keeps memory: return loss.item()")
        with torch.no_grad():
            z = start(images)
            same(
                loss,
                F.cross_entropy(z, targets),
                what=f"the loss of step {step}",
                mistakes={
                    "softmax before F.cross_entropy, which contains one": _softmax_first(z, targets),
                    "a sum over the batch; the mean is expected": _sum(z, targets),
                    "the loss after the step: return the one from the forward pass": F.cross_entropy(
                        model(images), targets
                    ),
                },
            )
        if not changed:
            why = "the optimizer makes no step"
            if all(p.grad is None or not p.grad.any() for p in model.parameters()):
                why = "there are no gradients: loss.backward() is missing, or zero_grad stands between it and the step"
            raise Wrong(f"the loss is right, but the weights do not change: {why}")
        same(
            _weights(model),
            _train(step),
            what=f"the vector of weights after step {step}",
            mistakes={
                "old gradients that are not forgotten: optimizer.zero_grad() is missing": _train(step, forget=True),
                "a step uphill: the loss grows": _train(step, ascend=True),
                "gradients of a sum over the batch": _train(step, loss_fn=_sum),
                "gradients of a softmax before F.cross_entropy": _train(step, loss_fn=_softmax_first),
                "an optimizer of your own: use the one that you are given": _train(step, plain=True),
            },
        )


PADDED = {
    "conv1": (6, 1, 5, 5),
    "conv2": (16, 6, 5, 5),
    "fc1": (120, 16 * 7 * 7),
    "fc2": (84, 120),
    "fc3": (10, 84),
}


def _count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def _logits(
    p: dict[str, tuple[Tensor, Tensor]], x: Tensor, activation=F.relu, pool=F.max_pool2d, without: tuple[str, ...] = ()
) -> Tensor:
    """The padded LeNet as functions; no activation after the layers in `without`."""

    def active(name: str, x: Tensor) -> Tensor:
        return x if name in without else activation(x)

    x = pool(active("conv1", F.conv2d(x, *p["conv1"], padding=2)), 2)  # (N, 1, 28, 28) -> (N, 6, 14, 14)
    x = pool(active("conv2", F.conv2d(x, *p["conv2"], padding=2)), 2)  # (N, 6, 14, 14) -> (N, 16, 7, 7)
    x = active("fc1", F.linear(torch.flatten(x, 1), *p["fc1"]))  # (N, 16, 7, 7) -> (N, 120)
    x = active("fc2", F.linear(x, *p["fc2"]))  # (N, 120) -> (N, 84)
    return F.linear(x, *p["fc3"])  # (N, 84) -> (N, 10)


def padded_lenet(cls) -> None:
    """A class: the lesson's LeNet with padding=2 in both convolutions; its logits are compared for its own weights."""
    the_class_itself(cls)
    model = cls()
    x = torch.randn(3, 1, 28, 28, generator=torch.Generator().manual_seed(7))
    with torch.no_grad():
        got = call(model.eval(), x)
    n, expected_n = _count(model), 107_786
    known = {
        44_426: "the network without padding",
        61_706: "padding in the first convolution alone, or padding=1 in both",
        82_826: "padding in the second convolution alone",
        107_550: "a network without biases",
    }
    shapes = {tuple(p.shape): p for p in model.parameters()}
    if n != expected_n:
        looks = f"; this looks like {known[n]}" if n in known else ""
        raise Wrong(f"your network has {n:,} parameters, expected {expected_n:,}{looks}")
    missing = [f"{name}.weight {shape}" for name, shape in PADDED.items() if shape not in shapes]
    if missing:
        raise Wrong(f"the number of parameters is right, but there is no {missing[0]} among them")
    parameters = {name: (shapes[shape], shapes[shape[:1]]) for name, shape in PADDED.items()}
    with torch.no_grad():
        expected = _logits(parameters, x)
        same(
            got,
            expected,
            what="the batch of logits",
            example="3 pictures of shape (1, 28, 28), with the weights of your network",
            mistakes={
                "a ReLU after the last layer: logits may be negative": F.relu(expected),
                "a softmax at the end: logits are expected": expected.softmax(1),
                "a log-softmax at the end: logits are expected": expected.log_softmax(1),
                "a network without ReLU": _logits(parameters, x, activation=lambda x: x),
                "convolutions without ReLU": _logits(parameters, x, without=("conv1", "conv2")),
                "linear layers without ReLU": _logits(parameters, x, without=("fc1", "fc2")),
                "no ReLU after the first convolution": _logits(parameters, x, without=("conv1",)),
                "no ReLU after the second convolution": _logits(parameters, x, without=("conv2",)),
                "no ReLU after the first linear layer": _logits(parameters, x, without=("fc1",)),
                "no ReLU after the second linear layer": _logits(parameters, x, without=("fc2",)),
                "average pooling": _logits(parameters, x, pool=F.avg_pool2d),
                "tanh in place of ReLU": _logits(parameters, x, activation=torch.tanh),
                "sigmoid in place of ReLU": _logits(parameters, x, activation=torch.sigmoid),
            },
        )


MOST_PARAMETERS = 20_000


def small_network(cls) -> None:
    """Any class: two convolutions or more, 20,000 parameters at most, first loss near ln 10, learns 20 pictures."""
    the_class_itself(cls)
    numbers = torch.Generator().manual_seed(8)
    smooth = F.avg_pool2d(torch.randn(64, 1, 34, 34, generator=numbers), 7, stride=1)
    images = (smooth > 0.12).float() * torch.rand(64, 1, 28, 28, generator=numbers)
    images, targets = (images - images.mean()) / images.std(), torch.arange(64) % 10
    for seed in (2, 1, 0):
        torch.manual_seed(seed)
        model = cls()
        for n in (64, 1):
            with torch.no_grad():
                logits = call(model.train(n > 1), images[:n])
            if not isinstance(logits, Tensor) or logits.shape != (n, 10):
                shape = tuple(getattr(logits, "shape", ()))
                raise Wrong(f"{(n, 1, 28, 28)} gives {shape}, expected {(n, 10)}")
            if n > 1:
                _near_ln_10(logits, targets, seed)
    convolutions = sum(isinstance(m, nn.Conv2d) for m in model.modules())
    if convolutions < 2:
        raise Wrong(f"Conv2d layers that PyTorch finds in your network: {convolutions}, expected 2 or more")
    if (n := _count(model)) > MOST_PARAMETERS:
        raise Wrong(f"your network has {n:,} parameters, expected {MOST_PARAMETERS:,} at most")
    optimizer = torch.optim.Adam(model.train().parameters(), lr=0.005)
    for _ in range(80):
        optimizer.zero_grad()
        loss = F.cross_entropy(model(images[:20]), targets[:20])
        loss.backward()
        optimizer.step()
        if loss < 1:
            return
    raise Wrong(
        "the start is right, but your network does not learn: "
        f"after 80 steps on the same 20 pictures the loss is {loss.item():.3g}, expected below 1"
    )


def _near_ln_10(logits: Tensor, targets: Tensor, seed: int) -> None:
    if (logits >= 0).all():
        one = torch.allclose(logits.sum(1), torch.ones(len(logits)), atol=1e-3)
        what = "each row adds up to 1: these are probabilities" if one else "no logit is negative: there is a ReLU"
        raise Wrong(f"{what} at the end, expected logits, which have any sign")
    loss = F.cross_entropy(logits, targets).item()
    if not abs(loss - LN_10) < 0.3:
        raise Wrong(f"the loss of a new network is {loss:.3g} (seed {seed}), expected near ln 10 = {LN_10:.3f}")


CHECKERS = {
    "1": sides_of_a_network,
    "2": mean_over_samples,
    "3": one_training_step,
    "4": padded_lenet,
    "5": small_network,
}
