"""The exercises of lesson 04: losses, batch normalisation, counting, gradients at the start, steps that are too small.

"a" to "d" are the small tasks inside the lesson.
"""

import copy
import math
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from course_utils.data import load
from course_utils.models import Mlp
from course_utils.practice.judge import NotDone, Wrong, array, call, same, the_class_itself


def _equal(a: object, b: object) -> bool:
    return torch.equal(a, b) if isinstance(a, Tensor) else isinstance(a, nn.Module | DataLoader) or a == b


def _ask(function: Callable, *arguments: object, example: str, hints: Sequence[tuple[str, str]] = ()) -> object:
    """What an answer gives for these arguments. It has to leave them, and the gradient mode, as they were.

    hints: pairs (regular expression, text): the text comes first where Python's own message fits.
    """
    before = copy.deepcopy(arguments)
    try:
        got = call(function, *arguments)
    except (Wrong, NotDone):
        raise
    except Exception as error:
        text = " ".join(str(error).split())[:110]
        hint = next((f"{hint}: " for pattern, hint in hints if re.search(pattern, text)), "")
        raise Wrong(f"{hint}your code stops with {type(error).__name__}: {text} (for {example})") from error
    finally:
        enabled = torch.is_grad_enabled()
        torch.set_grad_enabled(True)
    if not enabled:
        raise Wrong("your function switches gradients off for all that follows: use `with torch.no_grad():`")
    if not all(_equal(a, b) for a, b in zip(arguments, before, strict=True)):
        raise Wrong(f"your function changes its arguments: make new tensors, do not write into the old (for {example})")
    return got.detach().clone() if isinstance(got, Tensor) else got


def _one_number(got: object, what: str, example: str = "") -> None:
    """Raise Wrong for a list or tensor of numbers, where one number is asked for."""
    if shape := array(got, what).shape:
        seen = f" (for {example})" if example else ""
        raise Wrong(f"{what} is a {type(got).__name__} of shape {tuple(shape)}, expected one number{seen}")


def _twice(cases: Sequence) -> list:
    """All cases, and the first one once more: an answer must not depend on what was asked before."""
    return [*cases, cases[0]]


# ---- small tasks ----


def squared_error(error) -> None:
    """error(p, digit) -> the mean squared error of probabilities (K,) against the one-hot target."""
    numbers = torch.Generator().manual_seed(1)
    for classes, digit in _twice([(3, 0), (10, 7), (12, 4), (5, 4)]):
        p = torch.rand(classes, generator=numbers) + 0.05
        p = p / p.sum()
        difference = p.double() - F.one_hot(torch.tensor(digit), classes)
        same(
            _ask(error, p, digit, example=f"{classes} classes, digit {digit}"),
            (difference**2).mean(),
            what="the error",
            atol=1e-5,
            example=f"p = {[round(value, 3) for value in p.tolist()[:5]]}{'...' * (classes > 5)}, digit {digit}",
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
    for n, k in _twice([(5, 3), (40, 1), (2, 7), (300, 4)]):
        x = torch.randn(n, k, generator=numbers) * torch.linspace(0.5, 8, k) + torch.linspace(-3, 9, k)
        z = x.double()
        centred = z - z.mean(0)
        var = (centred**2).mean(0)
        same(
            _ask(standardise, x, example=f"x of shape ({n}, {k})"),
            centred / var.sqrt(),
            atol=1e-3,
            example=f"x of shape ({n}, {k})",
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
    for values in _twice([[5.0, 5.0, 7.0], [10.0], [-2.0, 0.0, 4.0, 8.0], [3.0] * 40]):

        def after(share: float, start: float = 0.0, values: list[float] = values) -> float:
            for value in values:
                start += share * (value - start)
            return start

        shown = f"{values[:4]}{'...' * (len(values) > 4)}, {len(values)} batches"
        got = _ask(mean, list(values), example=shown)
        _one_number(got, "the running mean", shown)
        same(
            got,
            after(0.1),
            what="the running mean",
            example=shown,
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


def _answering_network(classes: int, seed: int) -> nn.Module:
    """A small network whose answers depend on its mode."""
    numbers = torch.Generator().manual_seed(seed)
    model = nn.Sequential(nn.Linear(6, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Linear(12, classes))
    for parameter in model.parameters():
        parameter.data.normal_(generator=numbers)
    model[1].running_mean.normal_(0, 2, generator=numbers)
    model[1].running_var.uniform_(0.2, 4, generator=numbers)
    return model


ONE_ROW = "must match|broadcast|not equal|shape|size"


def accuracy_of_a_loader(accuracy) -> None:
    """accuracy(model, loader) -> share of right answers, in evaluation mode, with a short last batch."""
    cases = [  # pictures, batch, classes, wrong answers
        (16, 7, 4, (2, 7, 9, 10)),
        (11, 4, 3, (0, 5, 8, 9, 10)),
        (5, 8, 12, (1, 3)),
        (12, 6, 5, (0, 1, 2, 3, 4, 5, 7)),
    ]
    for seed, (n, size, classes, slips) in zip((3, 4, 5, 6, 3), _twice(cases), strict=True):
        model = _answering_network(classes, seed)
        images = torch.randn(n, 6, generator=torch.Generator().manual_seed(seed)) + 1
        with torch.no_grad():
            targets = model.eval()(images).argmax(1)
            targets[list(slips)] = (targets[list(slips)] + 1) % classes
            pairs = zip(images.split(size), targets.split(size), strict=True)
            moving = [model.train()(x).argmax(1) == y for x, y in pairs]
        model = _answering_network(classes, seed).train()  # as after a training: who forgets eval() gets other answers
        before = copy.deepcopy(model.state_dict())
        parts = [part.tolist() for part in torch.arange(n).split(size)]
        right, lengths = [sum(i not in slips for i in part) for part in parts], [len(part) for part in parts]
        batches = len(parts)
        example = f"{n} pictures in batches of {lengths}, of which {right} are answered right"
        got = _ask(
            accuracy,
            model,
            DataLoader(TensorDataset(images, targets), batch_size=size),
            example=example,
            hints=((ONE_ROW, "each row of the logits is one picture, so the answers are argmax(dim=1)"),),
        )
        same(
            got,
            sum(right) / n,
            what="the accuracy",
            example=example,
            mistakes={
                "a division by len(loader) * batch_size: the last batch is short": sum(right) / (batches * size),
                "the mean of the accuracies of the batches: the short batch counts too much": sum(
                    r / length for r, length in zip(right, lengths, strict=True)
                )
                / batches,
                "the network in training mode: call model.eval() first": sum(m.sum().item() for m in moving) / n,
                "the accuracy of the last batch alone": right[-1] / lengths[-1],
                "the accuracy of the first batch alone": right[0] / lengths[0],
                "a number of pictures, not a share": sum(right),
                "a number in percent; a share lies in 0..1": 100 * sum(right) / n,
                "the share of wrong answers": 1 - sum(right) / n,
                "a division by the number of batches": sum(right) / batches,
            },
        )
        if not all(torch.equal(value, before[name]) for name, value in model.state_dict().items()):
            raise Wrong(
                "the accuracy is right, but your function changes the running averages or weights of the model: "
                f"call model.eval() before the first batch (for {example})"
            )


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
    for what, logits, targets in _twice(cases):
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
        example = f"{n} pictures, {classes} classes, {what}"
        same(
            _ask(
                cross_entropy,
                logits,
                targets,
                example=example,
                hints=((ONE_ROW, "tensors of other shapes meet; there may be any number of classes, and of pictures"),),
            ),
            expected,
            what="the loss",
            atol=1e-4 if what == "small logits" else 1e-2,
            example=example,
            mistakes=mistakes,
        )


# ---- 3: batch normalisation of pictures ----


def _normalise(x: Tensor, weight: Tensor, bias: Tensor, eps: float, dims=(0, 2, 3), unbiased=False) -> Tensor:
    mean, var = x.mean(dims, keepdim=True), x.var(dims, unbiased=unbiased, keepdim=True)
    return weight[:, None, None] * (x - mean) / (var + eps).sqrt() + bias[:, None, None]


def batch_norm_of_pictures(batch_norm) -> None:
    """batch_norm(x, weight, bias, eps) -> (N, C, H, W): training mode, one mean and variance for each channel."""
    numbers = torch.Generator().manual_seed(5)
    cases = []
    for shape, eps in (((4, 3, 2, 5), 1e-5), ((3, 1, 4, 4), 0.1), ((1, 5, 6, 2), 0.02), ((6, 2, 1, 3), 0.5)):
        channels = shape[1]
        x = torch.randn(shape, generator=numbers) * torch.linspace(3, 0.5, channels)[:, None, None] + 1
        x[0] += 2  # pictures differ in their level
        weight, bias = (torch.randn(channels, generator=numbers) + sign for sign in (1.5, -1))
        cases.append((f"pictures of shape {shape}, eps={eps:g}", x, weight, bias, eps))
    flat = cases[0][1].clone()
    flat[:, 1] = 0.25
    cases.insert(1, ("a channel of equal pixels", flat, *cases[0][2:]))
    for what, *z, eps in _twice(cases):
        x, weight, bias = z
        mean, var = x.mean((0, 2, 3)), x.var((0, 2, 3), unbiased=False)
        centred = x - mean[:, None, None]
        w, b, ones, none = weight[:, None, None], bias[:, None, None], torch.ones_like(weight), torch.zeros_like(bias)
        same(
            _ask(
                batch_norm,
                *z,
                eps,
                example=what,
                hints=(
                    (
                        ONE_ROW,
                        "weight and bias have one number for each channel: weight[:, None, None] has the shape "
                        "(C, 1, 1), for any C",
                    ),
                ),
            ),
            _normalise(*z, eps),
            example=what,
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
AT_THE_END = {
    "ReLU": F.relu,
    "leaky ReLU": F.leaky_relu,
    "tanh": torch.tanh,
    "sigmoid": torch.sigmoid,
    "softmax": lambda z: F.softmax(z, dim=1),
    "log-softmax": lambda z: F.log_softmax(z, dim=1),
}


def _no_function_on_the_logits(logits: Tensor, outputs: list[Tensor]) -> None:
    """Raise Wrong if the result is a known function of what the last Linear layer gave."""
    for last in outputs:
        if last.shape == logits.shape and not torch.allclose(last, logits, atol=1e-5):
            for name, function in AT_THE_END.items():
                if torch.allclose(function(last), logits, atol=1e-5):
                    raise Wrong(f"your network ends with {name}, expected logits: return what the last Linear gives")


def healthy_start(cls) -> None:
    """A class with at least nine Linear layers, whose gradients at the start all lie from LOWEST to HIGHEST."""
    the_class_itself(cls)
    images, targets = _pictures()
    for seed in (0, 1, 2):
        torch.manual_seed(seed)
        model = cls()
        layers = [m for m in model.modules() if isinstance(m, nn.Linear)] if isinstance(model, nn.Module) else []
        outputs: list[Tensor] = []
        for layer in layers:
            layer.register_forward_hook(lambda _, __, out, seen=outputs: seen.append(out))
        logits = _ask_model(model, images, seed)
        if not isinstance(logits, Tensor) or logits.shape != (len(images), 10):
            shape = tuple(getattr(logits, "shape", ()))
            raise Wrong(f"{tuple(images.shape)} gives {shape}, expected (64, 10)")
        if len(layers) < 9 and _has_plain_list(model):
            raise Wrong(
                f"PyTorch does not look into a plain list: it finds {len(layers)} Linear layers, expected 9 or more. "
                "Use nn.Sequential or nn.ModuleList"
            )
        if len(layers) < 9:
            raise Wrong(f"your network has {len(layers)} Linear layers, expected 9 or more")
        if widest := max((m.out_features for m in layers if m.out_features > 64), default=0):
            raise Wrong(f"a layer has {widest} outputs, expected 64 at most")
        _no_function_on_the_logits(logits, outputs)
        if (logits >= 0).all() and torch.allclose(logits.sum(1), torch.ones(len(logits)), atol=1e-3):
            raise Wrong("each row of the result adds up to 1: these are probabilities, expected logits")
        loss = F.cross_entropy(logits, targets)
        if not loss < 5:
            raise Wrong(f"the loss at the start is {loss.item():.3g}, expected about ln 10 = 2.303, and below 5")
        loss.backward()
        for i, layer in enumerate(layers, start=1):
            if layer.weight.grad is None:
                raise Wrong(f"Linear layer {i} gets no gradient: forward does not use it, or it is frozen")
            size = layer.weight.grad.norm().item()
            if not LOWEST <= size <= HIGHEST:
                side, bound = ("below", LOWEST) if size < LOWEST else ("above", HIGHEST)
                raise Wrong(
                    f"the gradient of Linear layer {i} of {len(layers)} has the norm {size:.2g}, {side} {bound:g} "
                    f"(seed {seed})"
                )
        one, other = images[:32], images[32:]
        with torch.no_grad():
            model.eval()
            a, b, both, none = (model(x) for x in (one, other, one + other, 0 * one))
        if (both + none - a - b).abs().max() < 1e-3 * (a - b).abs().max():
            raise Wrong(
                "your network is linear: f(a + b) + f(0) equals f(a) + f(b). Nine such layers do no more than one"
            )


def _has_plain_list(model: nn.Module) -> bool:
    """Does a module keep others in a list, tuple or dict of Python, where PyTorch does not find them?"""
    kept = [value for module in model.modules() for name, value in vars(module).items() if not name.startswith("_")]
    kept = [list(value.values()) if isinstance(value, dict) else value for value in kept]
    return any(isinstance(m, nn.Module) for value in kept if isinstance(value, list | tuple) for m in value)


def _ask_model(model: nn.Module, images: Tensor, seed: int) -> object:
    """The logits for the pictures, with a word about the input where the network stops."""
    try:
        return call(model, images)
    except (Wrong, NotDone):
        raise
    except Exception as error:
        text = " ".join(str(error).split())[:120]
        hint = "the pictures have to become rows first, torch.flatten(x, 1): " if "shapes cannot be" in text else ""
        raise Wrong(
            f"{hint}your code stops with {type(error).__name__}: {text} (for pictures of shape {tuple(images.shape)})"
        ) from error


# ---- 5: steps that are too small ----

STEPS, SIZE, HELD = 200, 100, 1000
GOAL, GOAL_DRAWN = 0.8, 0.6  # accuracy on the held pictures: real ones, and those of the stand-in


@cache
def _digits() -> tuple[Tensor, Tensor, Tensor, Tensor, bool]:
    """20,000 training and 1,000 validation pictures of MNIST in 0..1, with their labels; are they drawn?"""
    mnist = load("mnist", normalize=False)
    return (*mnist.train[torch.arange(STEPS * SIZE)], *mnist.validation[torch.arange(HELD)], mnist.standin)


class _Batches:
    """The batches of one training, which count how many of them were taken."""

    def __init__(self, images: Tensor, labels: Tensor, seed: int):
        self.images, self.labels, self.taken = images, labels, 0
        self.order = torch.randperm(len(images), generator=torch.Generator().manual_seed(seed)).split(SIZE)

    def __len__(self) -> int:
        return len(self.order)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        for rows in self.order:
            self.taken += 1
            yield self.images[rows], self.labels[rows]  # copies


class _CountedMse:
    """Mean squared error after softmax, which knows its values and how often it went backward."""

    def __init__(self):
        self.values, self.backward = [], 0

    def __call__(self, logits: Tensor, targets: Tensor) -> Tensor:
        loss = F.mse_loss(F.softmax(logits, dim=1), F.one_hot(targets, 10).float())
        self.values.append(loss.item())
        if loss.requires_grad:
            loss.register_hook(self.count)
        return loss

    def count(self, _: Tensor) -> None:
        self.backward += 1


def fast_with_mse(train) -> None:
    """train(model, batches, loss_fn) -> the losses: V1 learns with MSE in 200 steps, if these are large enough."""
    images, labels, held, held_labels, drawn = _digits()
    goal = GOAL_DRAWN if drawn else GOAL
    for seed in (0, 1, 2):
        torch.manual_seed(seed)
        model = Mlp((128, 64))
        kinds = [str(layer) for layer in model.modules()]
        before = copy.deepcopy(list(model.parameters()))
        batches, loss_fn = _Batches(images, labels, seed), _CountedMse()
        example = f"V1 with seed {seed}, {STEPS} batches of {SIZE}"
        losses = _ask_training(train, model, batches, loss_fn, example)
        if [str(layer) for layer in model.modules()] != kinds:
            raise Wrong("the layers of the model are other ones now: train the network as it is")
        if batches.taken != STEPS:
            raise Wrong(f"your function takes {batches.taken} batches, expected each of the {STEPS} once ({example})")
        if len(loss_fn.values) != STEPS:
            raise Wrong(f"loss_fn is called {len(loss_fn.values)} times, expected once for each of {STEPS} batches")
        if loss_fn.backward != STEPS:
            raise Wrong(
                f"backward() goes through the result of loss_fn {loss_fn.backward} times, expected {STEPS}: this loss "
                f"has to train the network, no other ({example})"
            )
        if all(torch.equal(a, b) for a, b in zip(before, model.parameters(), strict=True)):
            raise Wrong("the weights are those of the start: give model.parameters() to the optimizer, and call step()")
        if not isinstance(losses, list | tuple | Tensor) or len(losses) != STEPS:
            n = len(losses) if hasattr(losses, "__len__") else type(losses).__name__
            raise Wrong(f"the result holds {n}, expected the list of the {STEPS} losses")
        losses = [loss.detach().tolist() if isinstance(loss, Tensor) else loss for loss in losses]
        same(losses, loss_fn.values, what="the list of losses", atol=1e-5, example=example)
        _fast_enough(_accuracy(model, held, held_labels), goal, loss_fn.values, example)


def _ask_training(train: Callable, *arguments: object) -> object:
    *arguments, example = arguments
    try:
        return call(train, *arguments)
    except (Wrong, NotDone):
        raise
    except Exception as error:
        text = " ".join(str(error).split())[:120]
        raise Wrong(f"your code stops with {type(error).__name__}: {text} (for {example})") from error


def _accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    with torch.no_grad():
        return (model.eval()(images).argmax(dim=1) == labels).double().mean().item()


def _fast_enough(accuracy: float, goal: float, losses: list[float], example: str) -> None:
    if accuracy >= goal:
        return
    first, last = sum(losses[:20]) / 20, sum(losses[-20:]) / 20
    if not math.isfinite(last) or max(losses) > 0.12:
        why = "the loss jumps above that of an undecided network: the steps are too large, or gradients add up"
    else:
        why = "the loss falls too slowly: the steps are too small"
    raise Wrong(
        f"{why}. Mean loss of the first 20 batches {first:.4f}, of the last 20 {last:.4f}; the network reads "
        f"{accuracy:.0%} of the validation digits, expected {goal:.0%} ({example})"
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
