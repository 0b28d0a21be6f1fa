"""The exercises of lesson 07: LeNet-5's layers, log-softmax, a training in one pass, and splits of the data.

The small tasks inside the lesson are called a, b, c, d.
"""

from collections import OrderedDict
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from course_utils.data import load
from course_utils.models import LeNet5
from course_utils.practice.judge import Wrong, array, call, same


def _random(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _call(function: Callable, *arguments: object, example: str) -> object:
    """`call` with copies of the tensors: an error names the example, and a changed argument is refused."""
    given = [a.clone() if isinstance(a, Tensor) else a for a in arguments]
    try:
        result = call(function, *given)
    except (TypeError, AttributeError) as error:
        if "return_types" in str(error):
            raise Wrong(
                "max(dim=1) and min(dim=1) return a pair (values, indices): take its .values, or use amax and amin "
                f"(for {example}; {' '.join(str(error).split())[:110]})"
            ) from error
        raise Wrong(f"your code stops with {type(error).__name__} for {example}: {str(error)[:150]}") from error
    except (RuntimeError, IndexError, ValueError) as error:
        text = " ".join(str(error).split())[:150]
        raise Wrong(f"your code stops with {type(error).__name__} for {example}: {text}") from error
    for i, (before, after) in enumerate(zip(arguments, given, strict=True)):
        if isinstance(before, Tensor) and not torch.equal(before, after):
            raise Wrong(f"your function changes its argument {i + 1} (for {example}): compute with new tensors")
    return result


# ---- the tasks of the lesson ----


def side_by_side(function) -> None:
    """side_by_side(batch): (N, 1, H, W) -> (H, N * W), the pictures in a row."""
    first = torch.arange(24).reshape(4, 1, 2, 3)
    for batch in (first, torch.arange(10.0).reshape(1, 1, 5, 2), _random(7, 1, 3, 1), _random(3, 1, 4, 4), first):
        n, _, h, w = batch.shape
        rows = batch.squeeze(1)
        try:
            got = _call(function, batch, example=f"a batch of shape {tuple(batch.shape)}")
        except Wrong as wrong:
            if n == 1 and "stops with" in str(wrong):
                raise Wrong(
                    "did squeeze() without a number also remove the axis of the pictures? With one picture it does: "
                    f"write squeeze(1); {wrong}"
                ) from wrong
            raise
        same(
            got,
            torch.cat(list(rows), dim=1),
            example=f"a batch of shape {tuple(batch.shape)}",
            mistakes={
                "a reshape alone, which mixes the rows of different pictures": batch.reshape(h, n * w),
                "the pictures one below the other": torch.cat(list(rows), dim=0),
                "pictures that lie on their sides: height and width exchanged": torch.cat(list(rows.mT), dim=1),
                "the pictures from right to left": torch.cat(list(rows.flip(0)), dim=1),
                "the pixels of different pictures in turn": rows.permute(1, 2, 0).reshape(h, n * w),
                "a channel axis too many: squeeze it": torch.cat(list(rows), dim=1)[None],
                "the first picture only": rows[0],
            },
        )


def difference_spread(function) -> None:
    """spread_of_difference(p, n): the standard deviation of the difference of two scores."""
    for p, n in ((0.835, 400), (0.5, 10), (0.99, 10_000), (0.2, 1), (0.835, 400)):
        variance = p * (1 - p) / n
        same(
            _call(function, p, n, example=f"p={p}, n={n}"),
            (2 * variance) ** 0.5,
            what="the spread",
            example=f"p={p}, n={n}",
            atol=1e-6,
            mistakes={
                "the spread of one score": variance**0.5,
                "the sum of both spreads: add their squares, then take the root": 2 * variance**0.5,
                "a missing root": 2 * variance,
                "the spread of one score, squared": variance,
                "the spreads subtracted": 0.0,
                "the spread of the mean of two scores": (variance / 2) ** 0.5,
                "a missing division by n": (2 * variance * n) ** 0.5,
                "a division by the root of n, outside the root that belongs to p (1 - p)": 2**0.5
                * p
                * (1 - p)
                / n**0.5,
            },
        )


def _names(channels: int, kernels: int, size: int) -> nn.Sequential:
    """A network with a layer C3 that stands at another place than in the lesson."""
    layers = OrderedDict(C1=nn.Conv2d(1, channels, size), S2=nn.MaxPool2d(2), C3=nn.Conv2d(channels, kernels, size))
    layers["C5"] = nn.Conv2d(kernels, 4, size)
    return nn.Sequential(layers)


def kernel_by_name(function) -> None:
    """kernel_of(net, source, target): the kernel of C3 from an input channel to an output channel."""
    torch.manual_seed(1)
    nets = [_names(6, 16, 5), _names(9, 12, 5), _names(12, 12, 3)]
    for net, source, target in ((nets[0], 2, 5), (nets[1], 0, 8), (nets[2], 11, 4), (nets[0], 5, 3), (nets[0], 2, 5)):
        weight = net.C3.weight.detach().clone()
        example = f"source {source}, target {target}, in a network whose C3 is {net.C3}"
        try:
            got = _call(function, net, source, target, example=example)
        except Wrong as wrong:
            if "IndexError" in str(wrong):
                raise Wrong(f"read the layer by its name, net.C3: its place, as in net[3], changes; {wrong}") from wrong
            raise
        same(
            got,
            weight[target, source],
            what="the kernel",
            example=example,
            mistakes={
                "source and target exchanged: the shape is (out, in, height, width)": weight[source, target]
                if source < len(weight) and target < weight.shape[1]
                else torch.zeros(0),
                "all kernels of the target channel": weight[target],
                "the kernels of the source channel": weight[:, source],
                "a kernel of C5: read the layer by its name, net.C3": net.C5.weight.detach()[min(target, 3), source],
                "the transposed kernel": weight[target, source].T,
            },
        )
        if not torch.equal(weight, net.C3.weight.detach()):
            raise Wrong(f"your function changes the network (for {example})")


def mean_nll(nll) -> None:
    """mean_nll(log_p, targets) -> one number: the mean over the batch of minus the entry of the right class."""
    for n, k in ((6, 4), (1, 10), (5, 12), (12, 3), (6, 4)):
        log_p = F.log_softmax(2 * _random(n, k), dim=1)
        targets = torch.randint(k, (n,), generator=torch.Generator().manual_seed(n))
        right = log_p[torch.arange(n), targets]
        example = f"log_p of shape {(n, k)} and the targets {targets.tolist()}"
        same(
            _call(nll, log_p, targets, example=example),
            -right.mean(),
            what="the loss",
            example=example,
            mistakes={
                "the wrong sign": right.mean(),
                "the sum over the batch, not the mean": -right.sum(),
                "the sum with the wrong sign": right.sum(),
                "each picture's loss; take their mean": -right,
                "all pairs of a picture and a target: log_p[:, targets]": -log_p[:, targets].mean(),
                "the mean of all entries": -log_p.mean(),
                "the sum divided by the number of classes": -right.sum() / k,
                "the sum divided by the number of entries": -right.sum() / (n * k),
                "the most probable class instead of the right one": -log_p.amax(1).mean(),
                "minus the mean probability: the logarithm is missing": -right.exp().mean(),
                "a second logarithm: log_p holds logarithms already": -right.log().mean(),
                "a second log-softmax over the batch": -F.log_softmax(log_p, dim=0)[torch.arange(n), targets].mean(),
            },
        )


# ---- the exercises ----

LAYERS = ("C1", "S2", "C3", "S4", "C5", "F6", "F7")


def _expected_layers(side: int, channels: int, classes: int) -> dict[str, nn.Module]:
    """What each named layer has to be, on the device meta: shapes without numbers."""
    with torch.device("meta"):
        return {
            "C1": nn.Conv2d(channels, 6, 5, padding=2),
            "S2": nn.MaxPool2d(2),
            "C3": nn.Conv2d(6, 16, 5),
            "S4": nn.MaxPool2d(2),
            "C5": nn.Conv2d(16, 120, side // 4 - 2),
            "F6": nn.Linear(120, 84),
            "F7": nn.Linear(84, classes),
        }


def _check_layers(found: dict[str, nn.Module], case: tuple[int, int, int], example: str) -> None:
    for name, expected in _expected_layers(*case).items():
        layer = found.get(name)
        if layer is None:
            raise Wrong(f"there is no layer with the name {name} (for {example}): the names are {', '.join(found)}")
        if type(layer) is not type(expected):
            raise Wrong(f"{name} is a {type(layer).__name__}, expected {type(expected).__name__} (for {example})")
        for what in ("in_channels", "out_channels", "in_features", "out_features"):
            if getattr(layer, what, 0) != getattr(expected, what, 0):
                raise Wrong(
                    f"{name} has {what}={getattr(layer, what)}, expected {getattr(expected, what)} (for {example})"
                )
        for what in ("kernel_size", "padding", "stride"):
            got, wanted = (np.broadcast_to(getattr(x, what, 0), 2).tolist() for x in (layer, expected))
            if got != wanted:
                raise Wrong(f"{name} has {what} {got}, expected {wanted} (for {example})")


def _logits(layers: dict[str, nn.Module], x: Tensor, relus: Sequence[str] = ("C1", "C3", "C5", "F6")) -> Tensor:
    for name in LAYERS:
        x = layers[name](x.flatten(1) if name == "F6" else x)
        x = F.relu(x) if name in relus else x
    return x


def lenet5_for(make) -> None:
    """lenet5_for(side, channels, classes) -> LeNet-5 with its names, for other pictures."""
    cases = ((28, 1, 10), (32, 3, 12), (16, 2, 3), (48, 1, 2), (28, 1, 10))
    seen: set[int] = set()
    kept = []  # so that no memory is given to the next network
    for seed, case in enumerate(cases):
        example = f"side={case[0]}, channels={case[1]}, classes={case[2]}"
        torch.manual_seed(seed)
        net = _call(make, *case, example=example)
        if not isinstance(net, nn.Module):
            raise Wrong(f"the result is a {type(net).__name__}, expected a network (for {example})")
        layers = {name.rpartition(".")[2]: m for name, m in net.named_modules() if name and not list(m.children())}
        _check_layers(layers, case, example)
        parameters = sum(p.numel() for p in net.parameters())
        if parameters != (wanted := sum(p.numel() for m in _expected_layers(*case).values() for p in m.parameters())):
            raise Wrong(
                f"there are {parameters:,} parameters, expected {wanted:,} (for {example}): does a layer stand there "
                "twice, or without its bias?"
            )
        if seen & (new := {p.data_ptr() for p in net.parameters()}):
            raise Wrong(f"two calls share their weights (for {example}): make new layers in each call")
        seen |= new
        kept.append(net)
        for n in (4, 1):
            x = 3 * _random(n, case[1], case[0], case[0], seed=seed)
            with torch.no_grad():
                got = _call(net, x, example=f"{example}, {n} pictures")
                logits = _logits(layers, x)
                mistakes = {
                    f"no ReLU after {name}": _logits(layers, x, [r for r in ("C1", "C3", "C5", "F6") if r != name])
                    for name in ("C1", "C3", "C5", "F6")
                } | {
                    "a ReLU on the logits": F.relu(logits),
                    "log-softmax at the end: return logits": logits.log_softmax(1),
                    "softmax at the end: return logits": logits.softmax(1),
                    "no ReLU at all": _logits(layers, x, ()),
                }
                same(got, logits, what="the output", example=f"{example}, {n} pictures", atol=1e-3, mistakes=mistakes)


def stable_log_softmax(log_softmax) -> None:
    """log_softmax(logits, dim) -> the same shape: along any axis, for logits of any size."""
    first = 3 * _random(4, 3)
    cases = (
        (first, 1),
        (2 * _random(2, 5, 3, 4), 1),
        (_random(1, 12), -1),
        (5 * _random(7, 2).double(), 0),
        (_random(3, 4, 2, 5), 2),
        (3 * _random(6), 0),
        (_random(2, 3, 3, 3), -3),
        (first, 1),
    )
    for logits, dim in cases:
        example = f"ordinary logits of shape {tuple(logits.shape)}, dim={dim}"
        same(
            _call(log_softmax, logits, dim, example=example),
            F.log_softmax(logits, dim=dim),
            example=example,
            mistakes=_log_softmax_mistakes(logits, dim),
        )
    _huge_logits(log_softmax)


def _log_softmax_mistakes(logits: Tensor, dim: int) -> dict[str, Tensor]:
    right = logits.log_softmax(dim)
    shifted = logits - logits.amax(dim, keepdim=True)
    others = [axis for axis in range(logits.ndim) if axis != dim % logits.ndim]

    def log_sum_of(z: Tensor) -> Tensor:
        return z - z.exp().sum(dim, keepdim=True).log()

    return (
        {f"log-softmax along axis {axis}, not along dim": logits.log_softmax(axis) for axis in others}
        | {
            f"a sum along axis {axis}, not along dim": shifted - shifted.exp().sum(axis, keepdim=True).log()
            for axis in others
        }
        | {
            f"the maximum along axis {axis}, not along dim": log_sum_of(logits - logits.amax(axis, keepdim=True))
            for axis in others
        }
        | {
            "softmax: the logarithm is missing": logits.softmax(dim),
            "the sum without its logarithm": logits - logits.exp().sum(dim, keepdim=True),
            "the wrong sign": -right,
            "a logarithm to the base 2": right / np.log(2),
            "a logarithm to the base 10": right / np.log(10),
            "the maximum subtracted from one term only": logits - shifted.exp().sum(dim, keepdim=True).log(),
            "the maximum subtracted, and nothing more": shifted,
            "one sum over everything: sum(dim, keepdim=True)": logits - logits.exp().sum().log(),
            "one sum over everything: sum(dim, keepdim=True) ": shifted - shifted.exp().sum().log(),
            "the mean subtracted, and nothing more": logits - logits.mean(dim, keepdim=True),
        }
    )


def _huge_logits(log_softmax) -> None:
    extreme = torch.tensor([[1000.0, 0.0, 999.0], [-1000.0, -1001.0, -1003.0], [0.0, 0.0, 0.0], [90.0, -90.0, 0.0]])
    for row in (*extreme, *extreme.double()):
        example = f"the logits {row.tolist()}"
        got = array(_call(log_softmax, row[None], 1, example=example))
        if not np.isfinite(got).all():
            raise Wrong(
                f"the result holds nan or inf for the logits {row.tolist()}: exp() overflows or becomes 0; subtract "
                "the largest logit along dim first, and never take the logarithm of a softmax"
            )
        try:
            same(got, F.log_softmax(row[None], dim=1), atol=1e-3, example=example)
        except Wrong as wrong:
            raise Wrong(
                "ordinary logits are right; a small number added inside the logarithm, or a limit, hides inf but "
                f"gives a wrong number: {wrong}"
            ) from wrong
    pixels = extreme.reshape(1, 4, 3, 1)
    for logits, dim in ((extreme, 1), (extreme.T, 0), (pixels, 2), (pixels.permute(0, 2, 1, 3), -3)):
        example = f"a batch of very different rows, shape {tuple(logits.shape)}, dim={dim}"
        mixed = _call(log_softmax, logits, dim, example=example)
        if not np.isfinite(array(mixed)).all():
            raise Wrong(
                "single rows are right, but very different rows together give nan or inf: subtract the maximum along "
                f"dim, not that of everything (for {extreme[:2].tolist()} and two more rows, dim={dim})"
            )
        same(mixed, F.log_softmax(logits, dim=dim), atol=1e-3, example=example)


STEPS, BATCH, STARTS = 80, 32, (777, 778, 779)


@cache
def _digits() -> tuple[Tensor, Tensor, Tensor, Tensor, bool]:
    """2,560 training and 1,000 validation pictures of MNIST, standardised, with their labels. Hand out copies."""
    mnist = load("mnist")
    return (*mnist.train[torch.arange(STEPS * BATCH)], *mnist.validation[torch.arange(1000)], bool(mnist.standin))


class _Batches(list):
    """Batches that count how often somebody begins to go through them."""

    passes = 0

    def __iter__(self):
        self.passes += 1
        return super().__iter__()


def _train_once(learn, seed: int, steps: int) -> tuple[nn.Module, list[float]]:
    """One training by the answer; Wrong where it is not one pass over all batches."""
    images, targets, *_ = _digits()
    pictures = images[: steps * BATCH].clone().split(BATCH), targets[: steps * BATCH].clone().split(BATCH)
    batches = _Batches(zip(*pictures, strict=True))
    torch.manual_seed(seed)
    model, example = LeNet5(), f"{steps} batches"
    before = [p.detach().clone() for p in model.parameters()]
    with torch.no_grad():
        logits, answers = model(batches[0][0]), batches[0][1]
        first, twice = F.cross_entropy(logits, answers), F.cross_entropy(logits.softmax(1), answers)
    sizes: list[int] = []
    hook = model.register_forward_hook(lambda _, inputs, output: sizes.append(len(inputs[0])))
    losses = _call(learn, model, batches, example=example)
    hook.remove()
    if all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True)):
        raise Wrong(f"the model has its first weights still (for {example}): train the model that you are given")
    if len(sizes) != steps or batches.passes > 1:
        raise Wrong(
            f"the model saw {len(sizes)} batches, and the list of batches was gone through {batches.passes} times; "
            f"expected each of {example} once: one forward pass, one step"
        )
    kept = losses if isinstance(losses, list | tuple) else [losses]
    if any(isinstance(loss, Tensor) and loss.requires_grad for loss in kept):
        raise Wrong("the losses are tensors that keep all that backward() needs: append loss.item(), a number")
    losses = array(losses, "the list of losses")
    if losses.shape != (steps,):
        raise Wrong(f"the losses have the shape {losses.shape}, expected one number for each of {example}")
    if not np.isfinite(losses).all():
        raise Wrong(f"the loss becomes nan or inf at step {int((~np.isfinite(losses)).argmax())}: a smaller rate")
    mistakes = {
        "softmax before cross_entropy": twice,
        "nll_loss of logits": F.nll_loss(logits, answers),
        "a sum over the batch": first * BATCH,
    }
    given = f"{example}, before any step"
    same(losses[0], first, what="the first loss", atol=1e-3, example=given, mistakes=mistakes)
    return model, losses.tolist()


def learn_in_one_pass(learn) -> str:
    """learn(model, batches) -> the loss of each step; on average 77 % of the validation pictures are right."""
    _train_once(learn, 1, 7)
    _, _, images, targets, standin = _digits()
    goal = 0.58 if standin else 0.77  # drawn digits are harder here
    reached = []
    for seed in STARTS:
        model, _ = _train_once(learn, seed, STEPS)
        model.eval()
        with torch.no_grad():
            reached.append((model(images.clone()).argmax(dim=1) == targets).double().mean().item())
    mean = sum(reached) / len(reached)
    each = ", ".join(f"{r:.0%}" for r in reached)
    if mean < goal:
        advice = "one training failed: is the rate too large?" if min(reached) < 0.2 and max(reached) > 0.6 else ""
        advice = advice or (
            "does each step follow zero_grad() and backward()? Then look at the losses: if they hardly fall, take "
            "longer steps; if they jump, shorter ones"
        )
        raise Wrong(
            f"{mean:.0%} of the validation pictures are right, expected {goal:.0%}: {advice} (three first weights, "
            f"{STEPS} steps each: {each})"
        )
    return f"{mean:.0%} right; three first weights: {each}"


def convolution_as_linear(as_linear) -> None:
    """as_linear(conv) -> nn.Linear with the same numbers, for a convolution whose window covers its whole input."""
    made = []
    for channels, outputs, kernel, bias in (
        (3, 4, (2, 2), True),
        (16, 120, (5, 5), True),
        (2, 3, (3, 4), False),
        (1, 5, (1, 6), True),
        (3, 4, (2, 2), True),
    ):
        torch.manual_seed(len(made))
        conv = nn.Conv2d(channels, outputs, kernel, bias=bias)
        if bias:
            nn.init.normal_(conv.bias)
        before = [p.detach().clone() for p in conv.parameters()]
        linear = _call(as_linear, conv, example=str(conv))
        if not isinstance(linear, nn.Linear):
            raise Wrong(f"the result is a {type(linear).__name__}, expected an nn.Linear (for {conv})")
        sizes = (linear.in_features, linear.out_features)
        if sizes != (channels * kernel[0] * kernel[1], outputs):
            raise Wrong(f"for {conv} the layer is {linear}, expected {channels * kernel[0] * kernel[1]} to {outputs}")
        if not bias and linear.bias is not None and linear.bias.any():
            raise Wrong(f"{conv} has no bias, but your linear layer adds one: give it bias=False")
        _same_numbers(linear, conv)
        _own_memory(linear, conv, before, made)
        made.append(linear)


def _same_numbers(linear: nn.Linear, conv: nn.Conv2d) -> None:
    outputs, channels, *kernel = conv.weight.shape
    x = _random(6, channels, *kernel)
    with torch.no_grad():
        expected, weight, got = conv(x).flatten(1), conv.weight, linear(x.flatten(1))
        shift = expected - x.flatten(1) @ weight.flatten(1).T

        def with_weight(rows: Tensor) -> Tensor:
            return x.flatten(1) @ rows.reshape(outputs, -1).T + shift

        mistakes = {
            "the bias is missing": expected - shift,
            "the weights with the channels last": with_weight(weight.permute(0, 2, 3, 1)),
            "the weights read column by column": with_weight(weight.mT),
            "the flipped kernel": with_weight(weight.flip(2, 3)),
            "the wrong sign": with_weight(-weight),
        }
        try:
            same(got, expected, what="the output", example=f"{conv} and 6 random inputs", mistakes=mistakes)
        except Wrong as wrong:
            known = "this looks like" in str(wrong)
            numbers = [p.detach().flatten().sort().values for p in (linear.weight, weight)]
            if known or torch.allclose(*numbers, atol=1e-4):
                raise
            raise Wrong(f"linear.weight holds other numbers: copy the weights of the convolution; {wrong}") from wrong


def _own_memory(linear: nn.Linear, conv: nn.Conv2d, before: list[Tensor], made: list[nn.Linear]) -> None:
    """The layer is new: to change it changes neither the convolution nor a layer that was made before."""
    others = [p.detach().clone() for layer in made for p in layer.parameters()]
    kept = [p.detach().clone() for p in linear.parameters()]
    with torch.no_grad():
        for p in linear.parameters():
            p.add_(1)
    if not all(torch.equal(a, b) for a, b in zip(before, conv.parameters(), strict=True)):
        raise Wrong(
            "the new layer shares the numbers of the convolution, or changes them: to train one would change the "
            f"other (for {conv}); copy them, with copy_ or clone()"
        )
    if not all(torch.equal(a, b) for a, b in zip(others, (p for m in made for p in m.parameters()), strict=True)):
        raise Wrong(f"two calls return layers that share their numbers (for {conv}): make a new layer in each call")
    with torch.no_grad():
        for p, value in zip(linear.parameters(), kept, strict=True):
            p.copy_(value)


def _folds(k_fold, n: int, k: int, seed: int) -> list[tuple[list[int], list[int]]]:
    """What k_fold returns, as lists of int; Wrong if it has another form."""
    result = _call(k_fold, n, k, seed, example=f"n={n}, k={k}, seed={seed}")
    try:
        result = list(result)
        pairs = [tuple(array(list(part) if isinstance(part, Sequence) else part) for part in pair) for pair in result]
    except TypeError as error:
        raise Wrong(f"the result is a {type(result).__name__}, expected a list of pairs (train, validation)") from error
    if len(pairs) != k:
        raise Wrong(f"there are {len(pairs)} splits for n={n}, k={k}, expected {k}")
    for i, pair in enumerate(pairs):
        if len(pair) != 2:
            raise Wrong(f"split {i} has {len(pair)} parts, expected a pair (train, validation) (for n={n}, k={k})")
        for part in pair:
            if part.ndim != 1 or (part.size and not np.issubdtype(part.dtype, np.integer)):
                raise Wrong(f"split {i} holds an array of {part.dtype} with shape {part.shape}, expected a list of int")
    return [(train.tolist(), validation.tolist()) for train, validation in pairs]


def k_fold_splits(k_fold) -> None:
    """k_fold(n, k, seed) -> k pairs (train, validation) of indices; every good way to draw them is right."""
    for n, k in ((12, 3), (10, 2), (103, 5), (6, 4), (7, 7), (12, 3)):
        _complete(_folds(k_fold, n, k, 0), n, f"n={n}, k={k}")
    first = _folds(k_fold, 103, 5, 0)
    _folds(k_fold, 40, 4, 3)
    if first != _folds(k_fold, 103, 5, 0):
        raise Wrong("the same seed gives two different splits, expected the same one again (n=103, k=5, seed=0)")
    _random_parts(k_fold)


def _complete(splits: list[tuple[list[int], list[int]]], n: int, given: str) -> None:
    everything = list(range(n))
    for i, (train, validation) in enumerate(splits):
        if stray := sorted(set(train + validation) - set(everything)):
            raise Wrong(f"split {i} of {given} holds the index {stray[0]}, expected 0 to {n - 1}")
        if both := sorted(set(train) & set(validation)):
            raise Wrong(f"split {i} of {given} has {both[0]} in train and in validation: the mock exam leaks")
        if sorted(train + validation) != everything:
            raise Wrong(
                f"split {i} of {given} holds {len(set(train + validation))} different indices in "
                f"{len(train)} + {len(validation)} places, expected each of the {n} once"
            )
    counts = np.bincount([i for _, validation in splits for i in validation], minlength=n)
    if (counts != 1).any():
        i = int((counts != 1).argmax())
        exchanged = (counts == len(splits) - 1).all()
        advice = "are train and validation exchanged?" if exchanged else "cut one order into k parts"
        raise Wrong(f"{given}: index {i} is in {counts[i]} validation parts, expected 1: {advice}")
    sizes = [len(validation) for _, validation in splits]
    if max(sizes) - min(sizes) > 1:
        raise Wrong(f"{given}: the validation parts have the sizes {sizes}, expected sizes that differ by at most 1")


def _random_parts(k_fold, n: int = 240, k: int = 4) -> None:
    """Neither one split nor two of them together show a pattern: counts lie within 6.5 of their own spreads."""
    seen: list[tuple[int, np.ndarray]] = []
    mean, spread = n / k, (n / k * (1 - 1 / k)) ** 0.5
    for seed in (0, 1, 2, 12345):
        fold = np.zeros(n, dtype=int)
        for i, (_, validation) in enumerate(_folds(k_fold, n, k, seed)):
            fold[validation] = i
        for step in range(1, n // 2 + 1):
            together = int((fold == np.roll(fold, step)).sum())
            if abs(together - mean) > 6.5 * spread:
                what = "are neighbours in the file" if step == 1 and together > mean else "follow a pattern"
                raise Wrong(
                    f"the validation parts {what}, expected a random order: shuffle before you cut (for n={n}, k={k}, "
                    f"seed={seed}, {together} of {n} indices share their part with the index {step} further; chance "
                    f"gives about {mean:.0f})"
                )
        for other, parts in seen:
            overlap = np.bincount(fold * k + parts, minlength=k * k).max()
            if overlap > n / k**2 + 6.5 * (n / k**2) ** 0.5:
                raise Wrong(
                    f"the seeds {other} and {seed} give the same parts, or nearly, expected different ones: does the "
                    f"seed reach the shuffle? (n={n}, k={k}: two parts share {overlap} of {n // k} indices)"
                )
        seen.append((seed, fold))


CHECKERS = {
    "a": side_by_side,
    "b": difference_spread,
    "c": kernel_by_name,
    "d": mean_nll,
    "1": lenet5_for,
    "2": stable_log_softmax,
    "3": learn_in_one_pass,
    "4": convolution_as_linear,
    "5": k_fold_splits,
}
