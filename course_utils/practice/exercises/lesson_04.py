"""The exercises of lesson 04: losses, batch normalisation, counting, gradients at the start, steps that are too small.

"a" to "d" are the small tasks inside the lesson.
"""

import math
from collections import Counter
from collections.abc import Iterator
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from course_utils.data import load
from course_utils.models import Mlp
from course_utils.practice.judge import Wrong, advice, array, call, same, the_class_itself
from course_utils.practice.probes import Without, ends_with_a_layer, has_new_weights

SECONDS = {"5": 240}  # it trains


def _one_number(got: object, what: str) -> None:
    """Raise Wrong for a list or tensor of numbers, where one number is asked for."""
    if shape := array(got, what).shape:
        raise Wrong(f"{what} is a {type(got).__name__} of shape {tuple(shape)}, expected one number")


# ---- small tasks ----


def squared_error(error) -> None:
    """error(p, digit) -> the mean squared error of probabilities (K,) against the one-hot target."""
    numbers = torch.Generator().manual_seed(1)
    cases = [(torch.rand(k, generator=numbers) + 0.05, t) for k, t in ((3, 0), (10, 7), (12, 11), (3, 0), (5, 2))]
    for p, digit in (*cases, cases[0]):
        classes, p = len(p), p / p.sum()
        difference = p.double() - F.one_hot(torch.tensor(digit), classes)
        with Without("loss|cross_entropy|kl_div", "a loss function of PyTorch is at work, expected your own lines"):
            got = call(error, p, digit)
        same(
            got,
            (difference**2).mean(),
            what="the error",
            atol=1e-5,
            mistakes={
                "the sum of the squares; the mean is expected": (difference**2).sum(),
                "a division by 10: there may be another number of classes": (difference**2).sum() / 10,
                "the squares of all differences; their mean is expected": difference**2,
                "the square of the right class alone; all classes count": difference[digit] ** 2,
                "the square of the right class alone, divided by all": difference[digit] ** 2 / classes,
                "a mean of the differences; the square is missing": difference.mean(),
                "a mean of the sizes of the differences; the square is missing": difference.abs().mean(),
                "a mean of the squares of p: the target is missing": (p.double() ** 2).mean(),
                "a root of the mean; no root is asked for": (difference**2).mean().sqrt(),
                "the cross-entropy: minus the logarithm": -p[digit].log(),
            },
        )


def gradient_by_chain_rule(gradient) -> None:
    """The gradient of MSE after softmax at the logit of the right digit, all logits equal: -0.018."""
    _one_number(gradient, "the gradient")
    same(
        gradient,
        -0.018,
        what="the gradient",
        atol=1e-5,
        mistakes={
            "a gradient without its sign: a larger logit of the right digit makes the loss smaller": 0.018,
            "one way alone: the logit of the right digit moves the other nine probabilities, too": -0.0162,
            "two ways: there are nine other digits, each with such a way": -0.0164,
            "a wrong sign for the nine: they get less when the logit rises": -0.0144,
            "one way alone, and a first link without its 2 / 10: the derivative of a mean of ten squares": -0.081,
            "the derivative by the probability: the second link, from logit to probability, is missing": -0.18,
            "a square without its factor 2": -0.009,
            "the gradient of cross-entropy on logits": -0.9,
            "the gradient of cross-entropy after softmax": -0.09,
        },
    )


def standardised_columns(standardise) -> None:
    """standardise(x) -> each column of (N, K) with mean 0 and variance 1 (divided by n)."""
    numbers = torch.Generator().manual_seed(2)
    cases = [
        torch.randn(n, k, generator=numbers) * torch.linspace(0.5, 8, k) + torch.linspace(-3, 9, k)
        for n, k in ((5, 3), (40, 1), (2, 7), (5, 3), (300, 4))
    ]
    for x in (*cases, 100 * cases[0], cases[0]):
        z = x.double()
        centred = z - z.mean(0)
        var = (centred**2).mean(0)
        same(
            call(standardise, x),
            centred / var.sqrt(),
            atol=1e-3,
            mistakes={
                "the variance divided by n - 1: unbiased=False divides by n": centred / z.std(0),
                "the statistics of each row: dim=0 goes over the pictures": (z - z.mean(1, keepdim=True))
                / z.var(1, unbiased=False, keepdim=True).sqrt(),
                "one mean and one variance for the whole table: dim=0 gives one for each column": (z - z.mean())
                / z.var(unbiased=False).sqrt(),
                "one mean and one deviation for the whole table: dim=0 gives one for each column": (z - z.mean())
                / z.std(),
                "one mean for the whole table: dim=0 gives one for each column": (z - z.mean()) / var.sqrt(),
                "one variance for the whole table: dim=0 gives one for each column": centred
                / z.var(unbiased=False).sqrt(),
                "a division by the variance: the root is missing": centred / var,
                "columns without their mean, but not divided": centred,
                "a mean that is not subtracted": z / var.sqrt(),
            },
        )


def running_mean(mean) -> None:
    """mean(batch_means) -> the running mean, from 0, after each batch moved it by one tenth of the way."""
    for values in ([5.0, 5.0, 7.0], [10.0], [-2.0, 0.0, 4.0, 80.0], [3.0] * 40, [0.5, 5.0, 7.0], [5.0, 5.0, 7.0]):

        def after(share: float, start: float = 0.0, values: list[float] = values) -> float:
            for value in values:
                start += share * (value - start)
            return start

        got = call(mean, values)
        _one_number(got, "the running mean")
        same(
            got,
            after(0.1),
            what="the running mean",
            mistakes={
                "a move of nine tenths of the way: 0.1 is the share of the new value": after(0.9),
                "the plain mean of all batches": sum(values) / len(values),
                "a start at the first mean instead of 0": after(0.1, values[0]),
                "the first step alone": 0.1 * values[0],
                "the last step alone": 0.1 * values[-1],
                "a tenth of each mean, added up: the old value has to lose a tenth of itself": 0.1 * sum(values),
                "the mean of the last batch": values[-1],
            },
        )


# ---- 1: accuracy ----


def _answering_network(shape: tuple[int, int, int], classes: int, seed: int) -> nn.Module:
    """A small network in training mode whose answers depend on its mode."""
    numbers = torch.Generator().manual_seed(seed)
    layers = [nn.Conv2d(shape[0], 12, shape[1:]), nn.Flatten(), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, classes)]
    model = nn.Sequential(*layers)
    for parameter in model.parameters():
        parameter.data.normal_(generator=numbers)
    model[2].running_mean.normal_(0, 2, generator=numbers)
    model[2].running_var.uniform_(0.2, 4, generator=numbers)
    return model


def accuracy_of_a_loader(accuracy) -> None:
    """accuracy(model, loader) -> share of right answers, in evaluation mode, for batches of any sizes."""
    cases = [  # sizes of the batches, shape of a picture, classes, wrong answers, seed
        ((7, 7, 2), (1, 3, 2), 4, (2, 7, 9, 10), 3),
        ((4, 4, 3), (3, 1, 2), 3, (0, 5, 8, 9, 10), 4),
        ((5,), (1, 2, 3), 12, (1, 3), 9),
        ((6, 6), (2, 3, 1), 5, (0, 1, 2, 3, 4, 5, 7), 6),
        ((2, 5, 3, 2), (1, 6, 1), 7, (0, 4, 9), 7),
    ]
    pairs = [(case, _loader(*case)) for case in cases]
    for (sizes, shape, classes, slips, seed), loader in (*pairs, pairs[0]):
        n, batches = sum(sizes), len(sizes)
        moving = _answering_network(shape, classes, seed)
        moved = sum((moving(x).argmax(1) == y).sum().item() for x, y in loader)
        parts = [part.tolist() for part in torch.arange(n).split(list(sizes))]
        right = [sum(i not in slips for i in part) for part in parts]
        model = _answering_network(shape, classes, seed)  # as after a training: who forgets eval() gets other answers
        with advice(
            {
                "must match": "each row of the logits is one picture, expected argmax(dim=1)",
                "'bool' object|return_types": "max(dim=1) gives a pair, expected its indices alone: argmax(dim=1)",
            }
        ):
            got = call(  # its mode may change
                accuracy,
                model,
                loader,
                changes=[0],
                example=f"{n} pictures in batches of {list(sizes)}, of which {right} are answered right",
            )
        same(
            got,
            sum(right) / n,
            what="the accuracy",
            mistakes={
                "a division by len(loader) * batch_size: the last batch is short": sum(right) / (batches * sizes[0]),
                "the mean of the accuracies of the batches: the short batch counts too much": sum(
                    r / size for r, size in zip(right, sizes, strict=True)
                )
                / batches,
                "the network in training mode: call model.eval() first": moved / n,
                "the accuracy of the last batch alone": right[-1] / sizes[-1],
                "the accuracy of the first batch alone": right[0] / sizes[0],
                "a number of pictures, not a share": sum(right),
                "a number in percent; a share lies in 0..1": 100 * sum(right) / n,
                "the share of wrong answers": 1 - sum(right) / n,
                "a division by the number of batches": sum(right) / batches,
            },
        )
        if left := _left_behind(model, _answering_network(shape, classes, seed)):
            raise Wrong(f"the accuracy is right, but your function {left}")


def _loader(
    sizes: tuple[int, ...], shape: tuple[int, int, int], classes: int, slips: tuple[int, ...], seed: int
) -> DataLoader:
    """Pictures with their right answers, but for the slips."""
    n = sum(sizes)
    images = torch.randn(n, *shape, generator=torch.Generator().manual_seed(seed)) + 1
    with torch.no_grad():
        targets = _answering_network(shape, classes, seed).eval()(images).argmax(1)
    targets[list(slips)] = (targets[list(slips)] + 1) % classes
    pairs = TensorDataset(images, targets)
    if len(set(sizes[:-1])) <= 1:
        return DataLoader(pairs, batch_size=sizes[0])
    return DataLoader(pairs, batch_sampler=[part.tolist() for part in torch.arange(n).split(list(sizes))])


def _left_behind(model: nn.Module, before: nn.Module) -> str:
    """What a function that only measures has changed for good, in words."""
    if not torch.is_grad_enabled():
        return "switches gradients off for all that follows, expected `with torch.no_grad():`"
    if not all(map(torch.equal, model.state_dict().values(), before.state_dict().values())):
        return "changes the running averages or weights of the model, expected model.eval() before the first batch"
    if not all(p.requires_grad for p in model.parameters()):
        return "freezes the model, expected `with torch.no_grad():`, which ends with its block"
    if any(p.grad is not None for p in model.parameters()):
        return "leaves gradients in the model, expected a function that only measures"
    return "leaves a hook in the model, expected that you remove it" if _has_hooks(model) else ""


def _has_hooks(model: nn.Module) -> bool:
    return any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


# ---- 2: cross-entropy ----


FAR_APART = "logits some thousands apart"


def stable_cross_entropy(cross_entropy) -> None:
    """cross_entropy(logits, targets) -> the mean loss of a batch, for logits of any size."""
    numbers = torch.Generator().manual_seed(4)
    cases = []
    for n, classes, seen in ((6, 10, 8), (1, 3, 2), (4, 12, 9), (30, 10, 10)):  # targets below `seen`
        targets = torch.randint(0, seen, (n,), generator=numbers)
        small = 2 * torch.randn(n, classes, generator=numbers)
        cases += [("small logits", small, targets), ("logits far above 0", small + 3000, targets)]
        cases += [("logits far below 0", small - 3000, targets), (FAR_APART, 1000 * small, targets)]
    for what, logits, targets in (*cases, cases[0]):
        n, classes = logits.shape
        z, each = logits.double(), range(n)
        right = z.softmax(1)[each, targets]  # the probability of the right digit
        expected = F.cross_entropy(z, targets)
        per_picture = F.cross_entropy(z, targets, reduction="none")
        largest = z.max(dim=1).values.mean()
        large = "the exponential of large numbers, which is inf: subtract the largest logit of each row first"
        gone = "the logarithm of a probability that became 0: write it as a difference of logits, as the hint does"
        mistakes = {
            (gone if what == FAR_APART else large): math.inf,
            "numbers out of range (inf / inf, or log of 0): work with differences of logits": math.nan,
            "the exponential of very small numbers, which is 0: subtract the largest logit of each row": -math.inf,
            "softmax twice": F.cross_entropy(z.softmax(1), targets),
            "the largest logit subtracted in the sum alone; the right logit needs it too": expected - largest,
            "the largest logit subtracted from the right logit alone; the sum needs it too": expected + largest,
            "a sum over the batch; the mean is expected": per_picture.sum(),
            "one loss for each picture; their mean is expected": per_picture,
            "a mean over all classes: divide by the number of pictures alone": per_picture.mean() / classes,
            "a missing minus sign": -expected,
            "the probability of the right digit; its logarithm is missing": right.mean(),
            "minus the probability of the right digit; the logarithm is missing": -right.mean(),
            "the logarithm to base 2": expected / math.log(2),
            "the logarithm to base 10": expected / math.log(10),
            "a softmax over the pictures (dim=0); each row is one picture": -z.log_softmax(0)[each, targets].mean(),
            "minus the logit of the right digit, without softmax": -z[each, targets].mean(),
        }
        for eps in (1e-6, 1e-7, 1e-8, 1e-9, 1e-10, 1e-12, 1e-15):
            mistakes[f"{eps:g} added before the logarithm: that hides the trouble, and the loss"] = (
                -(right + eps).log().mean()
            )
        with (
            Without("cross_entropy", "cross_entropy of PyTorch is at work, expected your own lines"),
            advice(
                {
                    "return_types|tuple": "max(dim=1) gives a pair (values, indices), expected its values: .values",
                    "must match": "expected keepdim=True beside dim=1; and the classes are logits.shape[1]",
                }
            ),
        ):
            got = call(cross_entropy, logits, targets, example=f"{n} pictures, {classes} classes, {what}")
        atol = 1e-4 if what == "small logits" else 1e-2
        same(got, expected, what="the loss", atol=atol, mistakes=mistakes)


# ---- 3: batch normalisation of pictures ----


def _normalise(x: Tensor, weight: Tensor, bias: Tensor, eps: float, dims=(0, 2, 3), unbiased=False) -> Tensor:
    mean, var = x.mean(dims, keepdim=True), x.var(dims, unbiased=unbiased, keepdim=True)
    return weight[:, None, None] * (x - mean) / (var + eps).sqrt() + bias[:, None, None]


def batch_norm_of_pictures(batch_norm) -> None:
    """batch_norm(x, weight, bias, eps) -> (N, C, H, W): training mode, one mean and variance for each channel."""
    numbers = torch.Generator().manual_seed(5)
    cases = []
    sizes = ((4, 3, 2, 5), 1e-5), ((3, 1, 4, 4), 0.1), ((1, 5, 6, 2), 0.02), ((6, 2, 1, 3), 0.5), ((4, 3, 2, 5), 1e-5)
    for shape, eps in sizes:
        channels = shape[1]
        x = torch.randn(shape, generator=numbers) * torch.linspace(3, 0.5, channels)[:, None, None] + 1
        x[0] += 2  # pictures differ in their level
        weight, bias = (torch.randn(channels, generator=numbers) + sign for sign in (0.3, -1))
        cases.append((x, weight, bias, eps))
    flat = cases[0][0].clone()
    flat[:, 1] = 0.25  # a channel of equal pixels
    cases.insert(1, (flat, *cases[0][1:]))
    for *z, eps in (*cases, cases[0]):
        x, weight, bias = z
        mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
        centred = x - mean[:, None, None]
        w, b, ones, none = weight[:, None, None], bias[:, None, None], torch.ones_like(weight), torch.zeros_like(bias)
        axes = (
            "expected mean, var, weight and bias in the shape (C, 1, 1) or (1, C, 1, 1), for any C: keepdim=True, "
            "weight[:, None, None]"
        )
        with advice({"must match|broadcast|shape|size": axes}):
            got = call(batch_norm, *z, eps)
        same(
            got,
            _normalise(*z, eps),
            mistakes={
                "the unbiased variance: to normalise, divide by n, not by n - 1": _normalise(*z, eps, unbiased=True),
                "an eps of your own: use the argument": _normalise(*z, 1e-5),
                "a root without eps": _normalise(*z, 0),
                "eps added to the standard deviation: it belongs under the root": w
                * centred
                / (var.sqrt() + eps)[:, None, None]
                + b,
                "a division by the variance: the root is missing": w * centred / (var + eps)[:, None, None] + b,
                "a mean over the batch axis alone: that is one for each pixel": _normalise(*z, eps, (0,)),
                "a mean over each picture alone (axes 2 and 3)": _normalise(*z, eps, (2, 3)),
                "a mean over each picture with all its channels (axes 1, 2 and 3)": _normalise(*z, eps, (1, 2, 3)),
                "one mean for all channels together": _normalise(*z, eps, (0, 1, 2, 3)),
                "a result without weight and bias": _normalise(x, ones, none, eps),
                "a result without bias": _normalise(x, weight, none, eps),
                "a result without weight": _normalise(x, ones, bias, eps),
                "a weight that multiplies the bias too: add the bias last": _normalise(x, weight, weight * bias, eps),
                "a mean that is not subtracted": w * x / (var + eps).sqrt()[:, None, None] + b,
            },
        )


# ---- 4: a healthy start ----


def _pictures(n: int = 64) -> tuple[Tensor, Tensor]:
    """Bright spots on black, (n, 1, 28, 28) in 0..1, and random digits."""
    numbers = torch.Generator().manual_seed(0)
    smooth = F.avg_pool2d(torch.randn(n, 1, 34, 34, generator=numbers), 7, stride=1)
    images = (smooth > 0.12).float() * torch.rand(n, 1, 28, 28, generator=numbers)
    return images, torch.randint(0, 10, (n,), generator=numbers)


LOWEST, HIGHEST = 0.05, 20.0


def healthy_start(cls) -> None:
    """A class with at least nine Linear layers, whose gradients at the start all lie from LOWEST to HIGHEST."""
    the_class_itself(cls)
    images, targets = _pictures()
    models: list[nn.Module] = []
    for seed in (0, 1, 2):
        torch.manual_seed(seed)
        model = call(cls, example=f"seed {seed}, {len(images)} pictures")
        if not isinstance(model, nn.Module):
            raise Wrong(f"your class makes a {type(model).__name__}, expected one that is built on nn.Module")
        layers = [m for m in model.modules() if isinstance(m, nn.Linear)]
        logits = _logits(model, images)
        if not isinstance(logits, Tensor) or logits.shape != (len(images), 10):
            shape = tuple(getattr(logits, "shape", ()))
            raise Wrong(f"{tuple(images.shape)} gives {shape}, expected (64, 10)")
        if len(layers) < 9:
            lost = "PyTorch does not look into a plain list; use nn.Sequential or nn.ModuleList: "
            hint = lost if _has_plain_list(model) else ""
            raise Wrong(f"{hint}your network has {len(layers)} Linear layers that PyTorch finds, expected 9 or more")
        if widest := max((m.out_features for m in layers if m.out_features > 64), default=0):
            raise Wrong(f"a layer has {widest} outputs, expected 64 at most")
        has_new_weights(model, models)
        if not logits.requires_grad:
            raise Wrong("no gradient goes back from the logits, expected no detach() or torch.no_grad() in forward")
        loss = F.cross_entropy(logits, targets)
        loss.backward()
        norms = [None if m.weight.grad is None else m.weight.grad.norm().item() for m in layers]
        ends_with_a_layer(model.eval(), images)
        if len(missing := _without_a_step(model, images)) > 1:
            places = ", ".join(f"{i} and {i + 1}" for i in missing[:3])
            raise Wrong(
                f"nothing nonlinear stands between Linear layers {places}: expected a step such as ReLU, at one place "
                "at most it may be missing. Two linear layers in a row do no more than one"
            )
        if not loss < 5:
            raise Wrong(f"the loss at the start is {loss.item():.3g}, expected about ln 10 = 2.303, and below 5")
        for i, norm in enumerate(norms, start=1):
            if norm is None:
                raise Wrong(f"Linear layer {i} gets no gradient, expected that forward uses it, and it is not frozen")
            if not LOWEST <= norm <= HIGHEST:
                raise Wrong(
                    f"the gradient of Linear layer {i} of {len(layers)} has the norm {norm:.2g}, "
                    f"expected {LOWEST:g} to {HIGHEST:g}"
                )
        for n in (1, 5):
            if (shape := tuple(_logits(model, images[:n]).shape)) != (n, 10):
                raise Wrong(f"{n} pictures give {shape}, expected {(n, 10)}")
        models.append(model)


def _logits(model: nn.Module, images: Tensor) -> object:
    with advice({"shapes cannot be mult": "the pictures have to become rows first, expected torch.flatten(x, 1)"}):
        return call(model, images, example=f"pictures of shape {tuple(images.shape)}")


def _without_a_step(model: nn.Module, images: Tensor) -> list[int]:
    """The Linear layers, from 1, whose result reaches the next one by linear steps alone."""
    at_rest, found = _inputs(model, images), []
    torch.manual_seed(0)
    for i, (_, width) in enumerate(at_rest[:-1]):
        shifts = 3 * torch.randn(2, width)
        one, other, both = (_inputs(model, images, i, shift)[i + 1][0] for shift in (*shifts, shifts.sum(0)))
        start = at_rest[i + 1][0]
        bend, effect = (both + start - one - other).abs().max(), (one - start).abs().max()
        if bend < 1e-3 * effect:
            found.append(i + 1)
    return found


def _inputs(model: nn.Module, images: Tensor, place: int = -1, shift: Tensor | float = 0.0) -> list[tuple[Tensor, int]]:
    """What goes into each Linear layer, in order, and its number of outputs; `shift` is added to those of one layer."""
    seen: list[tuple[Tensor, int]] = []
    hooks = []
    for layer in model.modules():
        if isinstance(layer, nn.Linear):
            hooks += [
                layer.register_forward_pre_hook(lambda m, x: seen.append((x[0].clone(), m.out_features))),
                layer.register_forward_hook(lambda _, __, out: out + shift if len(seen) == place + 1 else None),
            ]
    try:
        with torch.no_grad():
            model(images)
    finally:
        for hook in hooks:
            hook.remove()
    return seen


def _has_plain_list(model: nn.Module) -> bool:
    """Does a module keep others in a list, tuple or dict of Python, where PyTorch does not find them?"""
    kept = [value for module in model.modules() for name, value in vars(module).items() if not name.startswith("_")]
    kept = [list(value.values()) if isinstance(value, dict) else value for value in kept]
    return any(isinstance(m, nn.Module) for value in kept if isinstance(value, list | tuple) for m in value)


# ---- 5: steps that are too small ----

STEPS, SIZE, HELD = 200, 100, 1000
GOAL, GOAL_DRAWN = 0.8, 0.6  # accuracy on the held pictures: real ones, and those of the stand-in


@cache
def _digits() -> tuple[Tensor, Tensor, Tensor, Tensor, bool]:
    """20,000 training and 1,000 validation pictures of MNIST in 0..1, with their labels; are they drawn?"""
    mnist = load("mnist", normalize=False)
    return (*mnist.train[torch.arange(STEPS * SIZE)], *mnist.validation[torch.arange(HELD)], mnist.standin)


class _Batches:
    """The batches of one training, which remember which of them were taken."""

    def __init__(self, images: Tensor, labels: Tensor, seed: int):
        self.images, self.labels = images, labels
        self.taken: list[int] = []
        self.order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed)).split(SIZE)

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for i, rows in enumerate(self.order):
            self.taken.append(i)
            yield self.images[rows], self.labels[rows]  # copies

    def all_targets(self) -> Counter:
        return Counter(tuple(self.labels[rows].tolist()) for rows in self.order)


class _CountedMse:
    """Mean squared error after softmax, which knows its values, its targets, and what goes backward to the model."""

    def __init__(self, model: nn.Module):
        self.model, self.last = model, None
        self.values: list[float] = []
        self.targets: list[tuple[int, ...]] = []
        self.gradient = torch.zeros(10)
        self.backward = self.foreign = 0
        self._watch()

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        self._watch()
        with torch.enable_grad():
            z = logits.detach().requires_grad_()
            self.gradient = torch.autograd.grad(self._loss(z, targets), z)[0].sum(0)  # for the last bias
        loss = self._loss(logits, targets)
        self.values.append(loss.item())
        self.targets.append(tuple(targets.tolist()))
        return loss

    def _loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        return F.mse_loss(F.softmax(logits, dim=1), F.one_hot(targets, 10).float())

    def _watch(self) -> None:
        """Count the gradients that reach the last bias; an answer may have put a new one into the model."""
        *_, last = self.model.parameters()
        if last is not self.last and last.requires_grad:
            self.last = last
            last.register_hook(self._count)

    def _count(self, gradient: Tensor) -> None:
        own = self.gradient.to(gradient.dtype)
        factor = (gradient @ own) / (own @ own).clamp_min(1e-30)  # a loss may be multiplied
        if (gradient - factor * own).norm() > 1e-2 * gradient.norm() + 1e-7:
            self.foreign += 1
        self.backward += 1


def fast_with_mse(train) -> None:
    """train(model, batches, loss_fn) -> the losses: V1 learns with MSE in 200 steps, if these are large enough."""
    images, labels, held, held_labels, drawn = _digits()
    goal = GOAL_DRAWN if drawn else GOAL
    for seed in (0, 1, 2):
        torch.manual_seed(seed)
        model = Mlp((128, 64))
        kinds = [str(layer) for layer in model.modules()]
        before = [p.detach().clone() for p in model.parameters()]
        batches, loss_fn = _Batches(images, labels, seed), _CountedMse(model)
        example = f"V1 with seed {seed}, {STEPS} batches of {SIZE}"
        losses = call(train, model, batches, loss_fn, changes=[0], example=example)
        if [str(layer) for layer in model.modules()] != kinds:
            raise Wrong("the layers of the model are other ones now, expected the network as it is, with other numbers")
        if _has_hooks(model):
            raise Wrong("your function leaves a hook in the model, expected its layers as they are")
        if sorted(batches.taken) != list(range(STEPS)):
            n = len(set(batches.taken))
            raise Wrong(f"your function takes {n} batches, {len(batches.taken)} times, expected each of {STEPS} once")
        if len(loss_fn.values) != STEPS:
            raise Wrong(f"loss_fn is called {len(loss_fn.values)} times, expected once for each of {STEPS} batches")
        if Counter(loss_fn.targets) != batches.all_targets():
            raise Wrong("loss_fn gets the targets of some batches twice, or others, expected each batch once")
        if all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True)):
            raise Wrong("the weights are those of the start, expected steps of an optimizer for model.parameters()")
        if loss_fn.backward != STEPS or loss_fn.foreign:
            raise Wrong(
                f"gradients come to the model {loss_fn.backward} times, {loss_fn.foreign} times from another loss, "
                f"expected {STEPS} times from loss_fn alone"
            )
        _list_of_numbers(losses)
        same(losses, loss_fn.values, what="the list of losses", atol=1e-5)
        _fast_enough(_accuracy(model, held, held_labels), goal, loss_fn.values)


def _list_of_numbers(losses: object) -> None:
    if not isinstance(losses, list | tuple) or len(losses) != STEPS:
        n = f"{len(losses)} of them" if isinstance(losses, list | tuple) else f"a {type(losses).__name__}"
        raise Wrong(f"the result is {n}, expected the list of the {STEPS} losses")
    if any(isinstance(loss, Tensor) for loss in losses):
        raise Wrong("the list holds tensors, expected numbers: loss.item()")


def _accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    with torch.no_grad():
        return (model.eval()(images).argmax(dim=1) == labels).double().mean().item()


def _fast_enough(accuracy: float, goal: float, losses: list[float]) -> None:
    if accuracy >= goal:
        return
    first, last = sum(losses[:20]) / 20, sum(losses[-20:]) / 20
    if not math.isfinite(last) or max(losses) > 0.12:
        why = "the loss jumps above that of an undecided network: the steps are too large, or gradients add up"
    else:
        why = "the loss falls too slowly: the steps are too small"
    raise Wrong(
        f"{why}. Mean loss of the first 20 batches {first:.4f}, of the last 20 {last:.4f}; the network reads "
        f"{accuracy:.1%} of the validation digits, expected {goal:.0%}"
    )


CHECKERS = {
    "a": squared_error,
    "b": gradient_by_chain_rule,
    "c": standardised_columns,
    "d": running_mean,
    "1": accuracy_of_a_loader,
    "2": stable_cross_entropy,
    "3": batch_norm_of_pictures,
    "4": healthy_start,
    "5": fast_with_mse,
}
