"""The exercises of lesson 12: luck, FLOP, sides, variances, kernels that pass on, and a network that learns quickly."""

import copy
from collections.abc import Callable, Sequence
from functools import cache
from statistics import mean, pvariance, stdev, variance
from unittest.mock import patch

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.module import _global_forward_hooks
from torch.optim.optimizer import register_optimizer_step_post_hook
from torch.utils.flop_counter import FlopCounterMode

from course_utils.data import load
from course_utils.practice.judge import Wrong, array, call, same


def _random(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


# ---- tasks inside the lesson ---------------------------------------------------------------------------------------


def pictures_needed(needed) -> None:
    """needed(p, points) -> how many pictures give a standard deviation of so many points."""
    for p, points in ((0.63, 0.68), (0.5, 1), (0.9, 0.1), (0.25, 2.5), (0.004, 7), (0.63, 0.68)):
        share = points / 100
        expected = p * (1 - p) / share**2
        same(
            call(needed, p, points),
            expected,
            what="the number of pictures",
            atol=1e-6 * expected,
            mistakes={
                "points taken as a share: divide them by 100": p * (1 - p) / points**2,
                "a root: solve sqrt(p (1 - p) / n) = share for n": (p * (1 - p)) ** 0.5 / share,
                "a share that is not squared": p * (1 - p) / share,
                "p in the place of p (1 - p)": p / share**2,
                "1 - p in the place of p (1 - p)": (1 - p) / share**2,
                "the share of right answers alone: 1 / share**2": 1 / share**2,
            },
        )


def conv_flop(count) -> None:
    """count(inputs, outputs, kernel, padding, side) -> the FLOP of a convolution for one picture."""
    cases = ((2, 6, 5, 2, 28), (64, 128, 3, 1, 16), (3, 24, 2, 0, 32), (24, 16, 1, 0, 7), (1, 2, 3, 0, 9))
    for inputs, outputs, kernel, padding, side in (*cases, cases[0]):
        out, products = side + 2 * padding - kernel + 1, inputs * kernel**2 * outputs
        same(
            call(count, inputs, outputs, kernel, padding, side),
            2 * products * out**2,
            what="the number of FLOP",
            mistakes={
                "the multiplications alone: there are as many additions": products * out**2,
                "the places of the input: the window fits at others": 2 * products * side**2,
                "padding on one side only: it comes twice": 2 * products * (out - padding) ** 2,
                "a missing + 1 in the output side": 2 * products * (out - 1) ** 2,
                "one side of the output: its places are side * side": 2 * products * out,
                "a kernel of kernel numbers: it has kernel * kernel": 2 * inputs * kernel * outputs * out**2,
                "one output channel": 2 * inputs * kernel**2 * out**2,
                "one input channel": 2 * kernel**2 * outputs * out**2,
                "the weights, without the places": 2 * products,
                "a bias for each output: it is left out": (2 * products + outputs) * out**2,
            },
        )


def sides_of(sides) -> None:
    """sides(side, blocks) -> the sides after the first convolution and after each block."""
    for side, blocks in ((32, 3), (33, 3), (64, 4), (48, 2), (29, 1), (20, 0), (32, 3)):

        def chain(first: int, step: Callable[[int], float], blocks: int = blocks) -> list:
            found = [first]
            for _ in range(blocks):
                found.append(step(found[-1]))
            return found

        right = chain(side - 1, lambda n: n // 2)
        same(
            call(sides, side, blocks),
            right,
            what="the list of sides",
            mistakes={
                "no 2x2 convolution: it takes one place off the side": chain(side, lambda n: n // 2),
                "a 2x2 window that takes two places off": chain(side - 2, lambda n: n // 2),
                "halves that are not rounded down": chain(side - 1, lambda n: n / 2),
                "halves that are rounded up": chain(side - 1, lambda n: -(-n // 2)),
                "pooling after both convolutions of a block": chain(side - 1, lambda n: n // 4),
                "the picture itself at the start of the list": [side, *right],
                "a list without the first convolution": right[1:],
                "the last side alone": right[-1],
            },
        )


def variance_along(along) -> None:
    """along(covariance, direction) -> the variance of the data along a direction of any length."""
    simple = torch.tensor([[1.0, 0.9], [0.9, 1.0]])
    cases = [(simple, torch.tensor([1.0, 1.0]))]
    for seed, size in enumerate((2, 3, 12)):
        cases.append((torch.cov(_random(size, 40, seed=seed)), 3 * _random(size, seed=10 + seed)))
    for covariance, direction in (*cases, (simple, torch.tensor([-4.0, 0.5])), cases[0]):
        made = covariance @ direction
        whole, length = direction @ made, direction.norm()
        same(
            call(along, covariance, direction),
            whole / length**2,
            what="the variance",
            mistakes={
                "a direction that still has its own length: divide it by direction.norm()": whole,
                "a division by the length, once: the direction stands there twice": whole / length,
                "the length of covariance @ direction": made.norm() / length,
                "what the matrix makes of the direction: multiply it by the direction once more": made / length,
                "the standard deviation: its square is expected": (whole / length**2).sqrt(),
                "the variances alone, without the covariances": (direction**2 * covariance.diagonal()).sum()
                / length**2,
                "the greatest eigenvalue": torch.linalg.eigvalsh(covariance)[-1],
            },
        )


def moving(weight_of) -> None:
    """weight_of(channels) -> a weight (channels, channels, 3, 3) that moves each channel to the right by a pixel."""
    for channels in (1, 3, 2, 5, 1):
        weight = array(call(weight_of, channels), "the weight")
        expected = np.zeros((channels, channels, 3, 3), dtype=np.float32)
        steps = {"to the left": (1, 2), "up": (2, 1), "down": (0, 1), "not at all": (1, 1)}
        mistakes = {}
        for direction, (row, column) in steps.items():
            wrong = expected.copy()
            for i in range(channels):
                wrong[i, i, row, column] = 1
            mistakes[f"a weight that moves {direction}: the output has to take its left neighbour"] = wrong
        mixed = expected.copy()
        mixed[:, :, 1, 0] = 1
        first = expected.copy()
        first[0, 0, 1, 0] = 1
        for i in range(channels):
            expected[i, i, 1, 0] = 1
        mistakes["a sum of all channels: output i takes input i alone"] = mixed
        mistakes["a weight that moves the first channel alone"] = first
        mistakes["a kernel that takes the same place in every row"] = np.repeat(expected[:, :, 1:2], 3, axis=2)
        same(weight, expected, what="the weight", mistakes=mistakes)


# ---- 1: white rows -------------------------------------------------------------------------------------------------


def white_rows(whitening) -> None:
    """whitening(rows, eps) -> matrix (D, D): the columns of rows @ matrix are uncorrelated, of variance 1.

    All right answers, from eigenvectors or from a Cholesky factor, turned or not, make covariance + eps white; each of
    the mistakes makes another matrix white, and so gets its name.
    """
    cases = ((600, 5, 0.0), (600, 5, 0.1), (400, 3, 0.5), (1_500, 12, 0.02), (300, 2, 1.0), (600, 5, 0.0))
    for n, size, eps in cases:
        mixed = torch.linalg.qr(_random(size, size, seed=size)).Q
        spreads = torch.linspace(0.2, 2, size)
        rows = _random(n, size, seed=n) * spreads @ mixed + 3 * _random(size, seed=1)
        _is_white_for(whitening, rows, eps)


def _is_white_for(whitening: Callable, rows: Tensor, eps: float) -> None:
    n, size = rows.shape
    covariance, products = np.cov(rows.numpy().T), rows.double().numpy().T @ rows.double().numpy() / n
    result = call(whitening, rows, eps)
    if isinstance(result, tuple):
        raise Wrong(f"the result is a {type(result).__name__} of {len(result)} parts, expected the matrix alone")
    matrix = array(result, "the matrix").astype(float)
    if matrix.shape != (size, size):
        looks = {
            (n, size): "this looks like the rows themselves, not the matrix that makes them white: ",
            (n, n): "this looks like torch.cov(rows), which takes one variable in each ROW; take rows.T: ",
            (size,): "this looks like one number for each direction, without the directions: ",
        }.get(matrix.shape, "")
        raise Wrong(f"{looks}the matrix has the shape {matrix.shape}, expected {size, size}")
    if not np.isfinite(matrix).all():
        raise Wrong("the matrix holds nan or inf, expected finite numbers")
    one = np.eye(size)
    whole = covariance + eps * one
    if _makes_white(matrix, whole):
        return
    variances, directions = np.linalg.eigh(covariance)
    deviations = np.sqrt(variances)
    spread = np.sqrt(np.diag(covariance))
    whitened = {
        "eps is missing": covariance,
        "eps is added to the root, and not to the variance": directions * (deviations + eps) ** 2 @ directions.T,
        "the means of the columns are not subtracted from the rows": products + eps * one,
        "a sum takes the place of a mean: divide the products by the number of rows": n * covariance + eps * one,
        "these are the directions alone: divide each by the root of its variance": one,
        "the division is by the variance: take its square root": whole @ whole,
        "the directions are multiplied by the root of their variance: divide by it": np.linalg.inv(whole),
        "each number of a row is divided by its own standard deviation: they stay correlated": np.diag(spread**2)
        + eps * one,
        "this looks like the matrix for rows that were standardised before": covariance / np.outer(spread, spread)
        + eps * one,
        "the division goes along the wrong axis: each COLUMN of the eigenvectors has its own variance": np.diag(
            variances + eps
        ),
    }
    looks = next((f"{name}: " for name, other in whitened.items() if _makes_white(matrix, other)), "")
    if _makes_white(matrix.T, whole):
        looks = "its transpose is right; for rows @ matrix, each COLUMN is a direction: "
    out = matrix.T @ whole @ matrix
    least, most = np.diag(out).min(), np.diag(out).max()
    crossed = np.abs(out - np.diag(np.diag(out))).max()
    raise Wrong(
        f"{looks}with eps added to each variance, rows @ matrix has variances from {least:.3g} to {most:.3g} and "
        f"covariances up to {crossed:.3g}, expected 1 and 0"
    )


def _makes_white(matrix: np.ndarray, covariance: np.ndarray) -> bool:
    """True if rows with this covariance, times the matrix, are white; division by n and by n - 1 are both right."""
    return np.allclose(matrix.T @ covariance @ matrix, np.eye(len(matrix)), atol=0.01)


# ---- 2: the FLOP of a network --------------------------------------------------------------------------------------


def _used(network: nn.Module) -> nn.Module:
    """The network as after some training: its batch norm has numbers of its own."""
    with torch.no_grad():
        for layer in network.modules():
            if isinstance(layer, nn.BatchNorm2d):
                for numbers in (layer.weight, layer.bias, layer.running_mean):
                    numbers.normal_()
                layer.running_var.uniform_(0.5, 2)
                layer.num_batches_tracked.fill_(7)
    return network


def _has_hooks(model: nn.Module) -> bool:
    return any(m._forward_hooks or m._forward_pre_hooks or "forward" in vars(m) for m in model.modules())


class _Twice(nn.Module):
    """One convolution that runs twice, and a linear layer that never runs."""

    def __init__(self):
        super().__init__()
        self.conv, self.idle = nn.Conv2d(4, 4, kernel_size=3), nn.Linear(7, 7)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(F.relu(self.conv(x)))  # (N, 4, H, W) -> (N, 4, H - 4, W - 4)


def _networks() -> list[tuple[str, nn.Module, tuple[int, ...]]]:
    """Networks to be counted, by name, with the shape of a batch."""
    torch.manual_seed(0)
    conv = nn.Sequential(nn.Conv2d(3, 8, kernel_size=3, padding=1))
    strided = nn.Sequential(nn.Conv2d(2, 5, (3, 5), stride=2, padding=1, bias=False), nn.BatchNorm2d(5), nn.ReLU())
    linear = nn.Sequential(nn.Flatten(), nn.Linear(24, 7), nn.ReLU(), nn.Linear(7, 10, bias=False))
    inner = nn.Sequential(nn.Sequential(nn.Conv2d(4, 6, kernel_size=2), nn.GELU()), nn.MaxPool2d(2))
    deep = nn.Sequential(nn.Conv2d(1, 4, kernel_size=5), nn.BatchNorm2d(4), inner, nn.Flatten(), nn.Linear(96, 3))
    rows = nn.Sequential(nn.Conv2d(2, 6, (1, 3)), nn.Linear(6, 4))
    pair = nn.Sequential(nn.Conv2d(3, 4, kernel_size=5), nn.ReLU(), nn.Conv2d(4, 2, kernel_size=1))
    return [
        ("one convolution", conv, (1, 3, 16, 16)),
        ("two convolutions", pair, (1, 3, 16, 16)),
        ("one convolution with stride 2, a kernel (3, 5), and batch norm", _used(strided), (4, 2, 11, 18)),
        ("two linear layers", linear, (5, 2, 3, 4)),
        ("a network with blocks in it", _used(deep), (2, 1, 14, 14)),
        ("a linear layer for each row of a map", rows, (2, 2, 5, 8)),
        ("a convolution that runs twice, and a linear layer that never runs", _Twice(), (3, 4, 9, 8)),
    ]


def network_flop(count) -> None:
    """count(model, shape) -> the FLOP of one forward pass, from its convolutions and linear layers."""
    cases = [(*network, training) for network in _networks() for training in (True, False)]
    for name, model, shape, training in (*cases, cases[0]):
        before = copy.deepcopy(model.train(training))
        with FlopCounterMode(display=False) as counter:
            copy.deepcopy(model)(torch.zeros(shape))
        right = counter.get_total_flops()

        def refuse(*_: object) -> None:
            raise Wrong("you call FlopCounterMode, expected a count with forward hooks of your own")

        example = f"{name}, batch {shape}, in {'training' if training else 'evaluation'} mode"
        with patch.object(FlopCounterMode, "__enter__", refuse), patch.dict(_global_forward_hooks):
            got = call(count, model, shape, example=example, changes=[0])  # what it changes has a message of its own
            same(got, right, what="the number of FLOP", mistakes=_miscounted(model, shape, right))
            _is_as_before(model, before)


def _is_as_before(model: nn.Module, before: nn.Module) -> None:
    if _global_forward_hooks or _has_hooks(model):
        raise Wrong("your hooks are still on the layers, expected none: call remove() on each handle")
    now, then = model.state_dict(), before.state_dict()
    if changed := [key for key in then if not torch.equal(now[key], then[key])]:
        looks = (
            "this looks like batch norm in training mode, count after model.eval(): " if "num" in changed[-1] else ""
        )
        raise Wrong(f"{looks}the running averages or weights have changed, expected them as before: {changed[-1]}")
    if [m.training for m in model.modules()] != [m.training for m in before.modules()]:
        was = "training" if before.training else "evaluation"
        raise Wrong(f"the model is no longer in {was} mode, expected it as it came: keep `model.training` first")
    if [p.requires_grad for p in model.parameters()] != [p.requires_grad for p in before.parameters()]:
        raise Wrong("requires_grad of a weight has changed, expected it as before")


def _miscounted(model: nn.Module, shape: Sequence[int], right: int) -> dict[str, int]:
    """The usual wrong counts, by name."""
    seen: list[tuple[nn.Module, Tensor, Tensor]] = []
    twin = copy.deepcopy(model).eval()
    for module in twin.modules():
        if isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(lambda module, inputs, output: seen.append((module, inputs[0], output)))
    with torch.no_grad():
        twin(torch.zeros(shape))

    def total(each: Callable[[nn.Module, Tensor, Tensor], int]) -> int:
        return sum(each(*layer) for layer in seen)

    def usual(module: nn.Module, _x: Tensor, out: Tensor) -> int:
        return 2 * out.numel() * module.weight[0].numel()

    return {
        "the multiplications alone: there are as many additions": right // 2,
        "one picture: the batch has more": right // shape[0],
        "the convolutions alone": total(lambda m, x, out: usual(m, x, out) * isinstance(m, nn.Conv2d)),
        "the linear layers alone": total(lambda m, x, out: usual(m, x, out) * isinstance(m, nn.Linear)),
        "biases too: they are left out": total(lambda m, x, out: usual(m, x, out) + out.numel() * (m.bias is not None)),
        "the weights, each used once: it is used at every place": total(lambda m, x, out: 2 * m.weight.numel()),
        "the places of the input: count those of the output": total(
            lambda m, x, out: 2 * m.weight.numel() * x.numel() // x.shape[1]
        ),
        "a linear layer once for each picture: here it runs for each row of a map": total(
            lambda m, x, out: usual(m, x, out) if isinstance(m, nn.Conv2d) else 2 * len(x) * m.weight.numel()
        ),
        "one input channel": total(lambda m, x, out: 2 * out.numel() * m.weight[0, 0].numel()),
        "each layer once, though one runs twice": sum(
            {id(m): usual(m, x, out) for m, x, out in reversed(seen)}.values()
        ),
        "nothing: do the hooks run?": 0,
    }


# ---- 3: a gain, and its luck ---------------------------------------------------------------------------------------


def gain_and_luck(gain) -> None:
    """gain(before, after) -> (difference of the means, its standard deviation)."""
    cases = (
        ([62.0, 63.0, 64.0], [66.0, 66.5, 68.5]),
        ([60.5, 63.0, 64.5], [71.0, 66.5, 67.5]),
        ([70.1, 72.3, 69.0], [70.0, 71.0, 69.5, 73.5, 71.2]),
        ([93.9, 94.1], [94.2, 94.05, 94.6, 94.3]),
        ([50.0, 52.0, 51.0, 53.0, 47.0, 50.5], [49.0, 44.0, 47.0]),
        ([0.3, 9.9], [100.0, 80.5]),
    )
    for before, after in (*cases, cases[0]):
        result = call(gain, before, after)
        result = array(result).tolist() if isinstance(result, Tensor | np.ndarray) else result
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise Wrong(f"the result is a {type(result).__name__}, expected a pair: the gain and its luck")
        difference = mean(after) - mean(before)
        parts = [(variance(x), pvariance(x), len(x)) for x in (before, after)]
        luck = sum(v / n for v, _, n in parts) ** 0.5
        same(
            result[0],
            difference,
            what="the gain",
            mistakes={
                "before minus after": -difference,
                "the best of each: take the means": max(after) - max(before),
                "sums in the place of means": sum(after) - sum(before),
                "a share: the difference in points is expected": difference / mean(before),
            },
        )
        same(
            result[1],
            luck,
            what="the standard deviation of the gain",
            mistakes={
                "variances divided by n: one of n - 1 is expected": sum(p / n for _, p, n in parts) ** 0.5,
                "the luck of one training: a mean of n seeds has 1 / sqrt(n) of it": sum(v for v, _, _ in parts) ** 0.5,
                "variances divided by n * n": sum(v / n**2 for v, _, n in parts) ** 0.5,
                "a sum of standard deviations: their squares add up": sum((v / n) ** 0.5 for v, _, n in parts),
                "a difference of squares: they add up": abs(parts[1][0] / parts[1][2] - parts[0][0] / parts[0][2])
                ** 0.5,
                "a square: take the root": luck**2,
                "the luck of before alone": (parts[0][0] / parts[0][2]) ** 0.5,
                "the luck of after alone": (parts[1][0] / parts[1][2]) ** 0.5,
                "the spread of all numbers together": stdev([*before, *after]),
            },
        )


# ---- 4: first weights that pass on ---------------------------------------------------------------------------------


def _passing() -> list[tuple[str, nn.Module]]:
    torch.manual_seed(1)
    inner = nn.Sequential(nn.Conv2d(5, 9, kernel_size=1), nn.Conv2d(9, 4, (3, 5), padding=(1, 2)))
    return [
        ("3 -> 8, kernel 3", nn.Sequential(nn.Conv2d(3, 8, kernel_size=3, padding=1))),
        ("6 -> 2, kernel 5, no bias", nn.Sequential(nn.Conv2d(6, 2, kernel_size=5, padding=2, bias=False))),
        ("5 -> 9 -> 4, kernels 1 and (3, 5), in a block", _used(nn.Sequential(inner, nn.BatchNorm2d(4)))),
        ("4 -> 4, kernel 7, and a linear layer", nn.Sequential(nn.Conv2d(4, 4, 7, padding=3), nn.Linear(5, 5))),
        ("1 -> 5, kernel (5, 1), in evaluation mode", nn.Sequential(nn.Sequential(nn.Conv2d(1, 5, (5, 1)))).eval()),
    ]


def pass_on(start) -> None:
    """start(network) -> the network, whose convolutions copy their inputs to their first outputs."""
    for name, network in (*_passing(), *_passing()):
        before, old = copy.deepcopy(network), list(network.parameters())
        result = call(start, network, example=name, changes=[0])
        if result is not network:
            raise Wrong("the result is not the network that came in, expected the same one: change it, and return it")
        if len(old) != len(new := list(network.parameters())) or any(a is not b for a, b in zip(old, new, strict=True)):
            raise Wrong("a weight was replaced by a new one, expected other numbers in it, with torch.no_grad()")
        if not all(p.requires_grad for p in old):
            raise Wrong("a weight is no longer trained, expected requires_grad to stay True")
        if _has_hooks(network):
            raise Wrong("there is a hook on a layer, expected other numbers in its weight alone")
        for (part, layer), first in zip(network.named_modules(), before.modules(), strict=True):
            if layer.training != first.training:
                raise Wrong("the mode of the network has changed, expected it as it came")
            if isinstance(layer, nn.Conv2d):
                _copies(layer, first, part)
            elif not list(layer.children()) and any(
                not torch.equal(a, b)
                for a, b in zip(layer.state_dict().values(), first.state_dict().values(), strict=True)
            ):
                raise Wrong(f"the layer {type(layer).__name__} has changed, expected changes of convolutions alone")


def _copies(conv: nn.Conv2d, first: nn.Conv2d, part: str) -> None:
    copies, middle = min(conv.in_channels, conv.out_channels), tuple(k // 2 for k in conv.kernel_size)
    weight, new = first.weight.detach(), first.weight.detach().clone()
    new[:copies] = 0
    for i in range(copies):
        new[i, i, middle[0], middle[1]] = 1
    rest, all_zero, added, corner, full = (x.clone() for x in (weight, new, weight, new, new))
    all_zero[copies:] = 0
    corner[:copies] = 0
    full[:copies] = 1
    for i in range(copies):
        rest[i, i, middle[0], middle[1]] = 1
        added[i, i, middle[0], middle[1]] += 1
        corner[i, i, 0, 0] = 1
    same(
        conv.weight,
        new,
        what=f"the weight of layer {part}",
        atol=1e-6,
        mistakes={
            "the first weights, unchanged": weight,
            "a 1 in the middle, and random numbers around it": rest,
            "a 1 that is added to random numbers": added,
            "zeros for the other outputs, too: they stay random": all_zero,
            "a 1 in the corner of the kernel": corner,
            "ones everywhere: output i takes the middle of input i alone": full,
        },
    )
    if conv.bias is not None:
        bias = first.bias.detach().clone()
        bias[:copies] = 0
        mistakes = {
            "the first biases: an output that copies has the bias 0": first.bias.detach(),
            "zeros for the other outputs, too: they stay as they are": torch.zeros_like(bias),
        }
        same(conv.bias, bias, what=f"the bias of layer {part}", atol=1e-6, mistakes=mistakes)


# ---- 5: a network that learns quickly ------------------------------------------------------------------------------

MOST_MFLOP, STEPS, BATCH, RATE, GOAL = 26, 50, 128, 0.01, 0.37
STANDIN_GOAL = 0.6  # drawn pictures are easier


@cache
def _pictures() -> tuple[Tensor, Tensor, Tensor, Tensor, bool]:
    """6,400 training and 1,000 validation pictures of CIFAR-10, standardised, with their labels. Hand out copies."""
    cifar = load("cifar10")
    return (
        *cifar.train[torch.arange(STEPS * BATCH)],
        *cifar.validation[torch.arange(1000)],
        bool(cifar.standin),
    )


def _make(build: Callable, images: Tensor, seed: int) -> nn.Module:
    """A new network of the answer; Wrong where it does not fit."""
    torch.manual_seed(seed)
    steps: list[int] = []
    hook = register_optimizer_step_post_hook(lambda *_: steps.append(1))
    try:
        model = call(build, images)
    finally:
        hook.remove()
    if steps:
        raise Wrong(f"your function trains: an optimizer made {len(steps)} steps, expected an untrained network")
    if not isinstance(model, nn.Module):
        raise Wrong(f"the result is a {type(model).__name__}, expected a network")
    twin = copy.deepcopy(model).eval()
    with torch.no_grad(), FlopCounterMode(display=False) as counter:
        logits = twin(images[:1].clone())
    work = counter.get_total_flops() / 1e6
    if not isinstance(logits, Tensor) or logits.shape != (1, 10):
        shape = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise Wrong(f"the network gives {shape} for one picture, expected logits of the shape (1, 10)")
    if work > MOST_MFLOP:
        raise Wrong(
            f"your network needs {work:.1f} MFLOP for a picture, forward, expected {MOST_MFLOP} at most: fewer channels"
        )
    with torch.no_grad():
        _are_logits(twin(images[:200].clone()))
    if not any(p.requires_grad for p in model.parameters()):
        raise Wrong("no weight of your network can be trained, expected some: requires_grad is False for all of them")
    return model


def _are_logits(out: Tensor) -> None:
    """Raise Wrong for what stands after the logits: a softmax, its logarithm, a ReLU."""
    positive = bool((out >= 0).all())
    ends = {
        "log_softmax": torch.allclose(out.logsumexp(1), torch.zeros(len(out)), atol=1e-4),
        "softmax": positive and torch.allclose(out.sum(1), torch.ones(len(out)), atol=1e-4),
        "ReLU": positive and bool((out == 0).any() and (out > 0).any()),
    }
    for name, is_there in ends.items():
        if is_there:
            raise Wrong(f"this looks like a network with {name} at its end, expected logits, whatever their size")


def _train(model: nn.Module) -> float:
    """50 steps of Adam, whose rate falls in a line to 0; the accuracy on the validation pictures."""
    images, labels, new, truth, _ = _pictures()
    model.train()
    optimizer = torch.optim.Adam([p for p in model.parameters() if p.requires_grad], lr=RATE)
    for step, (x, y) in enumerate(zip(images.split(BATCH), labels.split(BATCH), strict=True)):
        optimizer.param_groups[0]["lr"] = RATE * (1 - step / STEPS)
        optimizer.zero_grad()
        loss = F.cross_entropy(model(x.clone()), y)
        if not torch.isfinite(loss):
            raise Wrong(
                f"the loss is {loss.item()} at step {step + 1}, expected a number: are your first outputs large?"
            )
        loss.backward()
        optimizer.step()
    model.eval()
    with torch.no_grad():
        return (model(new.clone()).argmax(dim=1) == truth).double().mean().item()


def quick_network(build) -> str:
    """build(images) -> an untrained network within the budget, which learns enough in 50 steps."""
    images, *_, standin = _pictures()
    goal = GOAL if not standin else STANDIN_GOAL
    models, reached = [], []
    for seed in (777, 778):
        models.append(model := _make(build, images[:2000], seed))
        first, last = ({p.data_ptr() for p in m.parameters() if p.requires_grad} for m in (models[0], model))
        if len(models) > 1 and first & last:
            raise Wrong(
                "the second call returns the same weights, already trained, expected a new network in each call"
            )
        reached.append(_train(model))
        if reached[0] < goal - 0.12:
            break  # far off: a second training would not help
    average = sum(reached) / len(reached)
    each = ", ".join(f"{accuracy:.1%}" for accuracy in reached)
    if average < goal:
        raise Wrong(
            f"{average:.1%} of 1,000 validation pictures are right after {STEPS} steps, expected {goal:.0%}: where "
            f"does your network spend its work, and with which first weights does it begin? (seeds from 777 on: {each})"
        )
    return f"{average:.1%} of 1,000 validation pictures right after {STEPS} steps; two seeds: {each}"


SECONDS = {"5": 240}
CHECKERS = {
    "a": pictures_needed,
    "b": conv_flop,
    "c": sides_of,
    "d": variance_along,
    "e": moving,
    "1": white_rows,
    "2": network_flop,
    "3": gain_and_luck,
    "4": pass_on,
    "5": quick_network,
}
