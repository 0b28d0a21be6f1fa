"""The exercises of lesson 07: LeNet-5's layers, log-softmax, a training in one pass, and splits of the data.

The small tasks inside the lesson are called a, b, c, d.
"""

from collections import Counter, OrderedDict
from collections.abc import Sequence
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from course_utils.data import load
from course_utils.models import LeNet5
from course_utils.practice.judge import Wrong, advice, array, call, same


def _random(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def _storages(model: nn.Module) -> set[int]:
    """Where the numbers of a model lie: two models that share none have none of these in common."""
    return {p.untyped_storage().data_ptr() for p in model.parameters()}


# ---- the tasks of the lesson ----


def side_by_side(function) -> None:
    """side_by_side(batch): (N, 1, H, W) -> (H, N * W), the pictures in a row."""
    first = torch.arange(24).reshape(4, 1, 2, 3)
    one, thin, large = torch.arange(10.0).reshape(1, 1, 5, 2), _random(7, 1, 3, 1), 1000 * _random(3, 1, 4, 4)
    squeezed = "squeeze() without a number removes every axis of length 1, expected squeeze(1)"
    causes = {
        "range of [-1, 0]": squeezed,
        "range of [-2, 1]": "expected pictures of shape (H, W), whose width is their axis 1, one beside the other",
    }
    for batch in (first, one, thin, large, first.flip(0, 3), first):
        n, _, h, w = batch.shape
        rows = batch.squeeze(1)
        with advice(causes):
            got = call(function, batch)
        same(
            got,
            torch.cat(list(rows), dim=1),
            mistakes={
                "a reshape alone, which mixes the rows of different pictures": batch.reshape(h, n * w),
                "the pictures one below the other": torch.cat(list(rows), dim=0),
                "pictures that lie on their sides: height and width exchanged": torch.cat(list(rows.mT), dim=1),
                "the pictures from right to left": torch.cat(list(rows.flip(0)), dim=1),
                "the pixels of different pictures in turn": rows.permute(1, 2, 0).reshape(h, n * w),
                "a channel axis too many: squeeze it": torch.cat(list(rows), dim=1)[None],
                "the first picture only": rows[0],
                "squeeze() without a number, which removes every axis of length 1": torch.hstack(list(batch.squeeze())),
            },
        )


def difference_spread(function) -> None:
    """spread_of_difference(p, n): the standard deviation of the difference of two scores."""
    first = (0.835, 400)
    for p, n in (first, (0.5, 10), (0.99, 10_000), (0.2, 1), (0.5, 400), (0.07, 123), (1.0, 50), first):
        variance = p * (1 - p) / n
        same(
            call(function, p, n),
            (2 * variance) ** 0.5,
            what="the spread",
            atol=1e-6,
            mistakes={
                "the spread of one score": variance**0.5,
                "the sum of both spreads: add their squares, then take the root": 2 * variance**0.5,
                "a missing root": 2 * variance,
                "the spread of one score, squared": variance,
                "the spreads subtracted": 0.0,
                "the spread of the mean of two scores": (variance / 2) ** 0.5,
                "a missing division by n": (2 * variance * n) ** 0.5,
                "a division by n - 1, which belongs to a spread that is measured": (2 * variance * n / (n - 1)) ** 0.5
                if n > 1
                else None,
                "a division by the root of n, outside the root that belongs to p (1 - p)": 2**0.5
                * p
                * (1 - p)
                / n**0.5,
            },
        )


def _named(channels: int, kernels: int, size: int, **before: nn.Module) -> nn.Sequential:
    """A network with a layer C3, and other layers before it than in the lesson."""
    layers = OrderedDict(C1=nn.Conv2d(1, channels, size), **before)
    layers |= {"C3": nn.Conv2d(channels, kernels, size), "C5": nn.Conv2d(kernels, 4, size)}
    return nn.Sequential(layers)


def kernel_by_name(function) -> None:
    """kernel_of(net, source, target): the kernel of C3 from an input channel to an output channel."""
    torch.manual_seed(1)
    lessons = {"relu1": nn.ReLU(), "S2": nn.MaxPool2d(2)}
    first, other = (_named(6, 16, 5, **lessons) for _ in range(2))
    short, normed = _named(9, 12, 5), _named(12, 12, 3, norm1=nn.BatchNorm2d(12))
    causes = {
        "out of range": "expected the layer by its name, net.C3: its place, as in net[3], changes",
        "has no attribute 'weight'": "expected the layer by its name, net.C3: another layer stands at that place",
        "too many indices": "expected the weight of net.C3, which has four axes",
        "out of bounds": "expected C3's weight, whose shape is (out, in, height, width): target comes before source",
    }
    for net, source, target in (
        (first, 2, 5),
        (short, 0, 8),
        (normed, 11, 4),
        (short, 2, 5),
        (first, 5, 3),
        (other, 2, 5),
        (first, 2, 5),
    ):
        weight = net.C3.weight.detach()
        example = f"source {source}, target {target}, in a network whose C3 is {net.C3}"
        with advice(causes):
            got = call(function, net, source, target, example=example)
        if not isinstance(got, Tensor):
            raise Wrong(f"the kernel is a {type(got).__name__}, expected a tensor")
        mistakes = {
            "all kernels of the target channel": weight[target],
            "the kernels of the source channel": weight[:, source],
            "a kernel of C5: read the layer by its name, net.C3": net.C5.weight.detach()[min(target, 3), source],
            "the transposed kernel": weight[target, source].T,
        }
        if target < weight.shape[1]:
            exchanged = "source and target exchanged: the shape is (out, in, height, width)"
            mistakes = {exchanged: weight[source, target]} | mistakes
        same(got, weight[target, source], what="the kernel", mistakes=mistakes, atol=1e-7)


def mean_nll(nll) -> None:
    """mean_nll(log_p, targets) -> one number: the mean over the batch of minus the entry of the right class."""
    for n, k, size, seed in ((6, 4, 2, 1), (1, 10, 2, 2), (5, 12, 100, 3), (12, 3, 2, 4), (6, 4, 5, 5), (6, 4, 2, 1)):
        log_p = F.log_softmax(size * _random(n, k, seed=seed), dim=1)
        targets = torch.randint(k, (n,), generator=torch.Generator().manual_seed(seed))
        right = log_p[torch.arange(n), targets]
        same(
            call(nll, log_p, targets, example=f"log_p of shape {(n, k)} and the targets {targets.tolist()}"),
            -right.mean(),
            what="the loss",
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


# ---- 1: LeNet-5 for other pictures ----

LAYERS = ("C1", "S2", "C3", "S4", "C5", "F6", "F7")
RELUS = ("C1", "C3", "C5", "F6")
SETTINGS = ("in_channels", "out_channels", "in_features", "out_features", "kernel_size", "stride", "padding")
SETTINGS += ("padding_mode", "dilation", "groups")


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


def _setting(layer: nn.Module, name: str) -> object:
    """One setting of a layer; what stands for both directions at once as a pair, and a padding in numbers."""
    value = getattr(layer, name, None)
    if name == "padding" and isinstance(value, str):
        value = tuple(side // 2 if value == "same" else 0 for side in layer.kernel_size)
    return (
        (value, value) if name in ("kernel_size", "stride", "padding", "dilation") and isinstance(value, int) else value
    )


def _check_layers(net: nn.Module, case: tuple[int, int, int]) -> dict[str, nn.Module]:
    """The layers by their names; Wrong if one of them is missing, or is another than the text names."""
    found = {name.rpartition(".")[2]: m for name, m in net.named_modules() if name and not list(m.children())}
    wanted = _expected_layers(*case)
    for name, expected in wanted.items():
        layer = found.get(name)
        if layer is None:
            raise Wrong(f"there is no layer with the name {name}, expected {', '.join(LAYERS)}; found: {list(found)}")
        if type(layer) is not type(expected):
            raise Wrong(f"{name} is a {type(layer).__name__}, expected {type(expected).__name__}")
        for what in SETTINGS:
            if (got := _setting(layer, what)) != (right := _setting(expected, what)):
                raise Wrong(f"{name} has {what}={got}, expected {right}")
    parameters, right = (
        sum(p.numel() for m in modules for p in m.parameters()) for modules in ([net], wanted.values())
    )
    if parameters != right:
        raise Wrong(
            f"there are {parameters:,} parameters, expected {right:,}: does a layer stand there twice, or without its "
            "bias?"
        )
    return found


def _logits(layers: dict[str, nn.Module], x: Tensor, relus: Sequence[str] = RELUS) -> Tensor:
    """The logits that these layers' numbers lead to."""
    for name in LAYERS:
        layer = layers[name]
        if isinstance(layer, nn.MaxPool2d):
            x = F.max_pool2d(x, 2)
        elif isinstance(layer, nn.Conv2d):
            x = F.conv2d(x, layer.weight, layer.bias, padding=2 if name == "C1" else 0)
        else:
            x = F.linear(x.flatten(1), layer.weight, layer.bias)
        x = F.relu(x) if name in relus else x
    return x


def lenet5_for(make) -> None:
    """lenet5_for(side, channels, classes) -> LeNet-5 with its names, for other pictures."""
    if isinstance(make, nn.Module):
        raise Wrong(
            "expected the function that makes a network: write its name alone (for an answer that is a network)"
        )
    made = []
    for seed, case in enumerate(((28, 1, 10), (32, 3, 12), (16, 2, 3), (48, 1, 2), (20, 5, 1), (28, 1, 10))):
        torch.manual_seed(seed)
        net = call(make, *case)
        if not isinstance(net, nn.Module):
            raise Wrong(f"the result is a {type(net).__name__}, expected a network")
        layers = _check_layers(net, case)
        if any(_storages(net) & _storages(other) for other in made):
            raise Wrong("two calls share their weights, expected new layers in each call")
        made.append(net)
        net.train()
        for number, n in enumerate((4, 1, 4)):
            _same_logits(net, layers, 30 * _random(n, case[1], case[0], case[0], seed=10 * seed + number), case)
        if frozen := [name for name, p in net.named_parameters() if p.grad is None]:
            raise Wrong(f"backward() from the logits leaves no gradient in {frozen[0]}, expected one in each layer")


def _same_logits(net: nn.Module, layers: dict[str, nn.Module], x: Tensor, case: tuple[int, int, int]) -> None:
    side, channels, classes = case
    got = call(net, x, example=f"side={side}, channels={channels}, classes={classes}, {len(x)} pictures")
    with torch.no_grad():
        logits = _logits(layers, x)
        mistakes = {f"no ReLU after {name}": _logits(layers, x, [r for r in RELUS if r != name]) for name in RELUS} | {
            "a ReLU on the logits": F.relu(logits),
            "log-softmax at the end: return logits": logits.log_softmax(1),
            "softmax at the end: return logits": logits.softmax(1),
            "no ReLU at all": _logits(layers, x, ()),
            "squeeze() without a number, which also removes the axis of one picture": logits.squeeze(),
        }
    same(got, logits, what="the output", mistakes=mistakes)
    if isinstance(got, Tensor) and got.requires_grad:
        got.sum().backward()


# ---- 2: log-softmax along any axis ----


def _log_softmax(log_softmax, logits: Tensor, dim: int, example: str) -> object:
    causes = {
        "return_types": "max(dim=...) and min give a pair (values, indices), expected its .values: or take amax",
        "must match": "keepdim=True is missing, or it is another axis than dim; expected a sum with the axis dim still",
        "Dimension out of range": "expected the axis dim that the function gets, not an axis of your own",
    }
    with advice(causes):
        return call(log_softmax, logits, dim, example=example)


def stable_log_softmax(log_softmax) -> None:
    """log_softmax(logits, dim) -> the same shape: along any axis, for logits of any size."""
    first = (3 * _random(4, 3), 1)
    for logits, dim in (
        first,
        (2 * _random(2, 5, 3, 4), 1),
        (_random(1, 12), -1),
        (5 * _random(7, 2).double(), 0),
        (_random(3, 4, 2, 5), 2),
        (3 * _random(6), 0),
        (_random(2, 3, 3, 3), -3),
        (2 * _random(4, 4), 1),
        (2 * _random(2, 5, 3, 4, seed=2), 3),
        (3 * _random(4, 3, seed=2), 1),
        (3 * _random(4, 3), 0),
        first,
    ):
        same(
            _log_softmax(log_softmax, logits, dim, f"ordinary logits of shape {tuple(logits.shape)}, dim={dim}"),
            F.log_softmax(logits, dim=dim),
            mistakes=_log_softmax_mistakes(logits, dim),
        )
    _huge_logits(log_softmax)


def _log_softmax_mistakes(logits: Tensor, dim: int) -> dict[str, Tensor]:
    right = logits.log_softmax(dim)
    shifted = logits - logits.amax(dim, keepdim=True)
    others = [axis for axis in range(logits.ndim) if axis != dim % logits.ndim]

    def log_sum_of(z: Tensor) -> Tensor:
        return z - z.exp().sum(dim, keepdim=True).log()

    mistakes = (
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
            "one sum over everything, expected sum(dim, keepdim=True)": shifted - shifted.exp().sum().log(),
            "the mean subtracted, and nothing more": logits - logits.mean(dim, keepdim=True),
        }
    )
    if len(set(logits.shape)) == 1:  # only then does it fit without an error
        mistakes |= {"a missing keepdim=True, so that the sums meet other rows": logits - logits.logsumexp(dim)}
    return mistakes


def _huge_logits(log_softmax) -> None:
    extreme = torch.tensor([[1000.0, 0.0, 999.0], [-1000.0, -1001.0, -1003.0], [0.0, 0.0, 0.0], [90.0, -90.0, 0.0]])
    larger = torch.tensor([[-3e6, 2e6, 0.0], [5000.0, -40_000.0, 4000.0]])
    for row in (*extreme, *larger, *extreme.double()):
        got = array(_log_softmax(log_softmax, row[None], 1, f"the logits {row.tolist()}"))
        if not np.isfinite(got).all():
            raise Wrong(
                "the result holds nan or inf, expected numbers: exp() overflows or becomes 0; subtract the largest "
                "logit along dim first, and never take the logarithm of a softmax"
            )
        try:
            same(got, F.log_softmax(row[None], dim=1), atol=1e-3)
        except Wrong as wrong:
            raise Wrong(
                "ordinary logits are right; a small number added inside the logarithm, or a limit, hides inf but "
                f"gives a wrong number: {wrong}"
            ) from wrong
    pixels = extreme.reshape(1, 4, 3, 1)
    for logits, dim in ((extreme, 1), (extreme.T, 0), (pixels, 2), (pixels.permute(0, 2, 1, 3), -3)):
        example = f"a batch of very different rows, {extreme[:2].tolist()} and two more, dim={dim}"
        mixed = _log_softmax(log_softmax, logits, dim, example)
        if not np.isfinite(array(mixed)).all():
            raise Wrong(
                "single rows are right, but very different rows together give nan or inf, expected numbers: subtract "
                "the maximum along dim, not that of everything"
            )
        same(mixed, F.log_softmax(logits, dim=dim), atol=1e-3)


# ---- 3: learn in one pass ----

STEPS, BATCH, STARTS = 80, 32, (777, 778, 779)
SECONDS = {"3": 240}


@cache
def _digits() -> tuple[Tensor, Tensor, Tensor, Tensor, bool]:
    """2,560 training and 1,000 validation pictures of MNIST, standardised, with their labels. Hand out copies."""
    mnist = load("mnist")
    return (*mnist.train[torch.arange(STEPS * BATCH)], *mnist.validation[torch.arange(1000)], bool(mnist.standin))


def _train_once(learn, seed: int, pictures: int, size: int = BATCH) -> nn.Module:
    """One training by the answer; Wrong where it is not one pass over all batches, or where its losses are others."""
    images, targets, *_ = _digits()
    batches = list(zip(images[:pictures].split(size), targets[:pictures].split(size), strict=True))
    torch.manual_seed(seed)
    model = LeNet5()
    before = {name: p.detach().clone() for name, p in model.named_parameters()}
    seen: list[tuple[Tensor, Tensor]] = []  # the pictures and logits of each pass that can be trained with
    steps: Counter[int] = Counter()  # of each optimizer

    def see(_module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
        if output.requires_grad:
            seen.append((inputs[0].detach().clone(), output.detach()))

    hooks = [
        model.register_forward_hook(
            lambda _, inputs, output: (
                seen.append((inputs[0].detach(), output.detach())) if output.requires_grad else None
            )
        ),
        register_optimizer_step_post_hook(lambda optimizer, *_: steps.update([id(optimizer)])),
    ]
    try:
        losses = call(learn, model, batches, changes=[0])
    finally:
        for hook in hooks:
            hook.remove()
    first = [name for name, p in model.named_parameters() if torch.equal(p, before[name])]
    if len(first) == len(before):
        raise Wrong("the model has its first weights still, expected that you train the model that you are given")
    _one_pass(seen, batches, steps)
    if first:
        raise Wrong(f"{first[0]} has its first numbers still, expected an optimizer of all model.parameters()")
    if any(len(m._forward_hooks) for m in model.modules()) or not all(p.requires_grad for p in model.parameters()):
        raise Wrong("your function leaves hooks or frozen weights in the model, expected a model to train on with")
    _right_losses(losses, seen, batches)
    return model


def _place(pictures: Tensor, batches: Sequence[tuple[Tensor, Tensor]]) -> int:
    """Which batch holds just these pictures; -1 if none does."""
    return next((i for i, (own, _) in enumerate(batches) if torch.equal(own, pictures)), -1)


def _one_pass(seen: list, batches: list, steps: Counter) -> None:
    n, order = len(batches), [_place(pictures, batches) for pictures, _ in seen]
    if -1 in order:
        raise Wrong("the model saw pictures that are no batch of the list, expected each batch as it is")
    if len(order) != n or len(set(order)) != n:
        raise Wrong(
            f"the model saw {len(order)} batches, {len(set(order))} of them different, expected each of the {n} once: "
            "one forward pass, one step"
        )
    if steps and (max(steps.values()) > n or steps.total() < n):
        raise Wrong(f"the optimizer made {steps.total()} steps, expected {n}: one for each batch")


def _right_losses(losses: object, seen: list, batches: list) -> None:
    kept = losses if isinstance(losses, list | tuple) else [losses]
    if any(isinstance(loss, Tensor) and loss.requires_grad for loss in kept):
        raise Wrong("the losses are tensors that keep all that backward() needs, expected numbers: append loss.item()")
    got = array(losses, "the list of losses")
    if got.shape == (len(batches),) and not np.isfinite(got).all():
        step = int((~np.isfinite(got)).argmax())
        raise Wrong(f"the loss becomes nan or inf at step {step}, expected numbers: take a smaller rate")
    targets = [batches[_place(pictures, batches)][1] for pictures, _ in seen]
    pairs = [(logits, t) for (_, logits), t in zip(seen, targets, strict=True)]
    right = torch.stack([F.cross_entropy(logits, t) for logits, t in pairs])
    mistakes = {
        "softmax before cross_entropy": torch.stack([F.cross_entropy(logits.softmax(1), t) for logits, t in pairs]),
        "nll_loss of logits": torch.stack([F.nll_loss(logits, t) for logits, t in pairs]),
        "a sum over the batch": torch.stack([F.cross_entropy(logits, t, reduction="sum") for logits, t in pairs]),
        "the mean of all losses so far": right.cumsum(0) / torch.arange(1, len(right) + 1),
        "the losses in another order": right.sort().values,
        "the last loss alone": right[-1],
    }
    same(got, right, what="the list of losses", atol=1e-3, mistakes=mistakes)


def learn_in_one_pass(learn) -> str:
    """learn(model, batches) -> the loss of each step; on average 77 % of the validation pictures are right."""
    _train_once(learn, 1, 7 * 20 - 3, size=20)
    _, _, images, targets, standin = _digits()
    goal = 0.58 if standin else 0.77  # drawn digits are harder here
    reached = []
    for seed in STARTS:
        model = _train_once(learn, seed, STEPS * BATCH).eval()
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
            f"{mean:.1%} of the validation pictures are right, expected {goal:.0%}: {advice} (for three first "
            f"weights, {STEPS} steps each: {each})"
        )
    return f"{mean:.0%} right; three first weights: {each}"


# ---- 4: C5 is a linear layer ----


def convolution_as_linear(as_linear) -> None:
    """as_linear(conv) -> nn.Linear with the same numbers, for a convolution whose window covers its whole input."""
    causes = {
        "a leaf Variable": "expected that you write into a layer inside `with torch.no_grad():`",
        "cannot assign": "expected nn.Parameter(...) with clone(), or copy_ inside `with torch.no_grad():`",
        "'NoneType' object": "this convolution has no bias: conv.bias is None; expected nn.Linear(..., bias=False)",
        "must be Tensor, not NoneType": "this convolution has no bias, conv.bias is None; expected bias=False",
    }
    made = []
    for seed, channels, outputs, kernel, bias in (
        (0, 3, 4, (2, 2), True),
        (1, 16, 120, (5, 5), True),
        (2, 2, 3, (3, 4), False),
        (3, 1, 5, (1, 6), True),
        (4, 3, 4, (2, 2), True),
        (5, 5, 1, (1, 1), False),
        (0, 3, 4, (2, 2), True),
    ):
        torch.manual_seed(seed)
        conv = nn.Conv2d(channels, outputs, kernel, bias=bias)
        if bias:
            nn.init.normal_(conv.bias)
        with advice(causes):
            linear = call(as_linear, conv, example=str(conv))
        if not isinstance(linear, nn.Linear):
            raise Wrong(f"the result is a {type(linear).__name__}, expected an nn.Linear")
        sizes = (channels * kernel[0] * kernel[1], outputs)
        if (linear.in_features, linear.out_features) != sizes:
            raise Wrong(f"the layer is {linear}, expected {sizes[0]} to {sizes[1]}")
        if not bias and linear.bias is not None and linear.bias.any():
            raise Wrong("the convolution has no bias, but your linear layer adds one, expected bias=False")
        _same_numbers(linear, conv)
        if _storages(linear) & _storages(conv):
            raise Wrong(
                "the new layer shares the numbers of the convolution, so that to train one would change the other; "
                "expected copies, made with copy_ or clone()"
            )
        if any(_storages(linear) & _storages(other) for other in made):
            raise Wrong("two calls return layers that share their numbers, expected a new layer in each call")
        made.append(linear)


def _same_numbers(linear: nn.Linear, conv: nn.Conv2d) -> None:
    outputs, channels, *kernel = conv.weight.shape
    x = _random(6, channels, *kernel)
    got = call(linear, x.flatten(1), example=f"{conv} and 6 random inputs")
    with torch.no_grad():
        expected, weight = conv(x).flatten(1), conv.weight
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
            same(got, expected, what="the output", mistakes=mistakes)
        except Wrong as wrong:
            known = "this looks like" in str(wrong)
            numbers = [p.detach().flatten().sort().values for p in (linear.weight, weight)]
            if known or torch.allclose(*numbers, atol=1e-4):
                raise
            raise Wrong(f"linear.weight holds other numbers: copy the weights of the convolution; {wrong}") from wrong
    if not got.requires_grad or not all(p.requires_grad for p in linear.parameters()):
        raise Wrong("no gradient gets to a parameter of the new layer, expected a layer that can be trained")


# ---- 5: splits for k-fold ----


def _folds(k_fold, n: int, k: int, seed: int) -> list[tuple[list[int], list[int]]]:
    """What k_fold returns, as lists of int; Wrong if it has another form."""
    result = call(k_fold, n, k, seed)
    if not isinstance(result, list | tuple):
        raise Wrong(f"the result is a {type(result).__name__}, expected a list of pairs (train, validation)")
    if len(result) != k:
        raise Wrong(f"there are {len(result)} splits, expected {k}")
    return [(_indices(train, i), _indices(validation, i)) for i, (train, validation) in enumerate(map(_pair, result))]


def _pair(split: object) -> Sequence:
    if not isinstance(split, list | tuple) or len(split) != 2:
        length = f" of {len(split)}" if hasattr(split, "__len__") else ""
        raise Wrong(f"a split is a {type(split).__name__}{length}, expected a pair (train, validation)")
    return split


def _indices(part: object, i: int) -> list[int]:
    part = array(list(part) if isinstance(part, Sequence) else part, f"a part of split {i}")
    if part.ndim != 1 or (part.size and not np.issubdtype(part.dtype, np.integer)):
        raise Wrong(f"split {i} holds an array of {part.dtype} with shape {part.shape}, expected a list of int")
    return part.tolist()


def k_fold_splits(k_fold) -> None:
    """k_fold(n, k, seed) -> k pairs (train, validation) of indices; every good way to draw them is right."""
    first = _folds(k_fold, 12, 3, 0)
    _complete(first, 12)
    for n, k in ((10, 2), (103, 5), (6, 4), (7, 7), (2, 2), (50, 49), (1000, 3)):
        _complete(_folds(k_fold, n, k, n), n)
    if first != _folds(k_fold, 12, 3, 0):
        raise Wrong("the same seed gives two different splits, expected the same ones again")
    _random_parts(k_fold)


def _complete(splits: list[tuple[list[int], list[int]]], n: int) -> None:
    everything = list(range(n))
    for i, (train, validation) in enumerate(splits):
        if stray := sorted(set(train + validation) - set(everything)):
            raise Wrong(f"split {i} holds the index {stray[0]}, expected 0 to {n - 1}")
        if both := sorted(set(train) & set(validation)):
            raise Wrong(f"split {i} has {both[0]} in train and in validation, expected it in one: the mock exam leaks")
        if sorted(train + validation) != everything:
            raise Wrong(
                f"split {i} holds {len(set(train + validation))} different indices in "
                f"{len(train)} + {len(validation)} places, expected each of the {n} once"
            )
    counts = np.bincount([i for _, validation in splits for i in validation], minlength=n)
    if (counts != 1).any():
        i = int((counts != 1).argmax())
        exchanged = (counts == len(splits) - 1).all()
        advice = "are train and validation exchanged?" if exchanged else "cut one order into k parts"
        raise Wrong(f"index {i} is in {counts[i]} validation parts, expected 1: {advice}")
    sizes = [len(validation) for _, validation in splits]
    if max(sizes) - min(sizes) > 1:
        raise Wrong(f"the validation parts have the sizes {sizes[:12]}, expected sizes that differ by at most 1")


def _random_parts(k_fold, n: int = 240, k: int = 4) -> None:
    """Neither one split, nor all of them together, nor two of them show a pattern.

    All limits are so many spreads from what chance gives that one right answer in a million is refused.
    """
    seeds = (*range(56), 100, 1000, 12345, 2**31)
    folds = np.zeros((len(seeds), n), dtype=int)
    for row, seed in zip(folds, seeds, strict=True):
        splits = _folds(k_fold, n, k, seed)
        _complete(splits, n)
        for i, (_, validation) in enumerate(splits):
            row[validation] = i
        _no_steps(row[None], 6.5)
    _seeds_differ(folds, k, seeds)
    _no_steps(folds, 6.5)
    _places_differ(folds, k)


def _no_steps(folds: np.ndarray, spreads: float) -> None:
    """Wrong if two indices with one distance are in one part more or less often than by chance."""
    n = folds.shape[1]
    share = (np.bincount(folds[0])[0] - 1) / (n - 1)
    mean, spread = folds.size * share, (folds.size * share * (1 - share)) ** 0.5
    for step in range(1, n // 2 + 1):
        together = int((folds == np.roll(folds, step, axis=1)).sum())
        if abs(together - mean) > spreads * spread:
            what = "are neighbours in the file" if step == 1 and together > mean else "follow a pattern"
            raise Wrong(
                f"the validation parts {what}, expected a random order: shuffle before you cut. {together} of "
                f"{folds.size} indices share their part with the index {step} further; chance gives about {mean:.0f}"
            )


def _places_differ(folds: np.ndarray, k: int) -> None:
    """Wrong if, over all seeds, an index keeps its part, or two indices stay together."""
    n, limit = len(folds), len(folds) / k + 8 * (len(folds) / k * (1 - 1 / k)) ** 0.5
    often = np.stack([(folds == part).sum(0) for part in range(k)])
    if often.max() > limit:
        part, i = np.unravel_index(often.argmax(), often.shape)
        raise Wrong(f"index {i} is in part {part} for {often.max()} of {n} seeds, expected about {n / k:.0f}")
    together = (folds[:, :, None] == folds[:, None, :]).sum(0)
    np.fill_diagonal(together, 0)
    if together.max() > limit:
        i, j = np.unravel_index(together.argmax(), together.shape)
        raise Wrong(
            f"the parts follow a pattern: {i} and {j} are in one part for {together.max()} of {n} seeds, expected "
            f"about {n / k:.0f}"
        )
    for name, group in {"the first half": slice(folds.shape[1] // 2), "the even indices": slice(None, None, 2)}.items():
        counts = (folds[:, group] == 0).sum(1)
        if counts.min() == counts.max():
            raise Wrong(f"part 0 always has {counts[0]} of {name}, expected other numbers with other seeds")


def _seeds_differ(folds: np.ndarray, k: int, seeds: Sequence[int]) -> None:
    """Wrong if a part of one seed is a part of another, or that part moved or mirrored (tried for the first seeds)."""
    n = folds.shape[1]
    parts = np.float32(folds[:, None, :] == np.arange(k)[:, None]).reshape(-1, n)
    few = parts[: 8 * k]
    moved = [np.roll(way, turn, axis=1) for way in (few, few[:, ::-1]) for turn in range(n)]
    for one, other in ((parts, parts), *((few, way) for way in moved)):
        overlap = one @ other.T
        own = np.arange(len(one)) // k
        overlap[own[:, None] == own] = 0
        if overlap.max() > n / k**2 + 6.5 * (n / k**2) ** 0.5:
            i, j = sorted(own[k] for k in np.unravel_index(overlap.argmax(), overlap.shape))
            how = "the same parts, or nearly" if one is other else "the same parts, moved or mirrored"
            raise Wrong(
                f"the seeds {seeds[i]} and {seeds[j]} give {how}, expected different ones: does the seed "
                f"reach the shuffle? Two parts share {overlap.max():.0f} of {n // k} indices (for n = {n}, k = {k})"
            )


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
