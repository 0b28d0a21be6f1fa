"""The exercises of lesson 03: scores, loss, gradients by hand, learning rates, and two trainings.

Tasks a to g stand inside the lesson, exercises 1 to 5 at its end.
"""

import math
from collections.abc import Callable, Iterator
from functools import cache
from unittest import mock

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from course_utils.data import load
from course_utils.practice.judge import NotDone, Wrong, advice, array, call, is_stub, same
from course_utils.practice.probes import ends_with_a_layer, has_new_weights, is_linear

SECONDS = {"3": 240, "5": 240}  # these train


def _numbers(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _parts(result: object, names: str) -> list[object]:
    """The parts of a result such as (W, b); NotDone while one of them is still a stub."""
    n = names.count(",") + 1
    if not isinstance(result, tuple | list) or len(result) != n:
        raise Wrong(f"the result is a {type(result).__name__}, expected {n} values ({names}): return {names}")
    if any(is_stub(part) for part in result):
        raise NotDone("")
    return list(result)


# ---- tasks of the lesson ----


def change_of_a_score(change) -> None:
    """change(W, digit, pixel, by): how much a score changes when one pixel gets brighter."""
    cases = [((10, 784), 7, 300, 0.5), ((3, 5), 0, 4, -0.25), ((6, 6), 2, 5, 40.0), ((10, 784), 0, 12, 1)]
    for (shape, digit, pixel, by), seed in zip((*cases, cases[0], cases[0]), (0, 1, 2, 3, 4, 0), strict=True):
        W = torch.randn(shape, generator=_numbers(seed))
        mistakes = {
            "the weight alone: the pixel changes by `by`": W[digit, pixel],
            "the size of the change without the weight": by,
            "the change of all scores; one score is asked for": by * W[:, pixel],
            "the weights of the whole digit; one pixel is asked for": by * W[digit],
            "a division by `by`": W[digit, pixel] / by,
            "a size without its sign: a score can fall, too": abs(by * W[digit, pixel]),
        }
        if max(digit, pixel) < min(shape):
            mistakes["row and column exchanged: W has a row for each digit"] = by * W[pixel, digit]
        same(call(change, W, digit, pixel, by), by * W[digit, pixel], what="the change", mistakes=mistakes)


def first_loss(loss) -> None:
    """first_loss(classes): the cross-entropy when each class gets the same probability."""
    for classes in (2, 10, 1000, 1, 2):
        same(
            call(loss, classes),
            math.log(classes),
            what="the loss",
            mistakes={
                "the loss for ten classes, written out: the number of classes is an argument": math.log(10),
                "the loss for ten classes, as the lesson prints it: the number of classes is an argument": 2.303,
                "a missing minus sign": -math.log(classes),
                "the logarithm to base 10; torch.log and math.log use base e": math.log10(classes),
                "the logarithm to base 2; torch.log and math.log use base e": math.log2(classes),
                "the probability of one class; its logarithm is missing": 1 / classes,
                "the sum over the classes; only the right class counts": classes * math.log(classes),
            },
        )


def gradient_of_the_biases(gradient) -> None:
    """bias_gradient(probabilities, targets): the mean of probability minus one-hot target."""
    classes = "expected as many classes as probabilities.shape[1], likely F.one_hot took another number"
    for n, k, seed in ((4, 3, 0), (1, 2, 1), (9, 10, 2), (5, 5, 3), (4, 3, 4), (4, 3, 0)):
        p = (2 * torch.randn(n, k, generator=_numbers(seed))).softmax(1)
        targets = torch.randint(0, k, (n,), generator=_numbers(seed))
        error = p - F.one_hot(targets, k)
        with advice({"must match|Class values|out of bounds": classes}):
            got = call(gradient, p, targets)
        same(
            got,
            error.mean(0),
            what="the gradient",
            atol=1e-5,
            mistakes={
                "a sum over the pictures: the loss of a batch is a mean": error.sum(0),
                "a division by the number of classes: divide by the number of pictures": error.sum(0) / k,
                "target minus probability: the sign is the other way": -error.mean(0),
                "the probabilities alone: subtract the one-hot targets": p.mean(0),
                "a second softmax: these are probabilities already": (p.softmax(1) - F.one_hot(targets, k)).mean(0),
                "a mean over the classes (dim=1): there is one bias for each class": error.mean(1),
                "a mean over all numbers: there is one bias for each class": error.mean(),
                "one row for each picture: their mean is missing": error,
                "the error of the first picture alone": error[0],
            },
        )


def number_of_steps(steps) -> None:
    """steps(pictures, batch_size, epochs): a short last batch is a step, too."""
    cases = [(55_000, 100, 3), (60_000, 256, 2), (5_000, 300, 7), (7, 10, 4), (201, 100, 1), (1_281_167, 256, 90)]
    for n, size, epochs in (*cases, cases[0]):
        each = -(-n // size)
        same(
            call(steps, n, size, epochs),
            each * epochs,
            what="the number of steps",
            mistakes={
                "the steps of one epoch": each,
                "full batches only: the short last batch is a step, too": n // size * epochs,
                "a division without rounding up: the short last batch is one whole step": n / size * epochs,
                "a rounding to the nearest number: round up": round(n / size) * epochs,
                "one row of all epochs: each epoch ends with its own short batch": -(-n * epochs // size),
                "one batch more than there is": (n // size + 1) * epochs,
            },
        )


def factor_of_a_step(factor) -> None:
    """factor(a, learning_rate): by which a step multiplies w, when the loss is a * w ** 2."""
    for a, rate in ((1, 0.1), (3, 0.5), (0.5, 2.5), (2.0, 0.25), (40, 0.001), (1, 0.1)):
        same(
            call(factor, a, rate),
            1 - 2 * a * rate,
            what="the factor",
            mistakes={
                "the slope of w ** 2: that of a * w ** 2 is 2 * a * w": 1 - 2 * rate,
                "a slope of a * w: the 2 is missing": 1 - a * rate,
                "a step up the slope: subtract it": 1 + 2 * a * rate,
                "the step alone: it is subtracted from w": 2 * a * rate,
                "the change of w, in parts of w: this is the change, not the factor": -2 * a * rate,
                "the size without its sign": abs(1 - 2 * a * rate),
            },
        )


def merged_layers(merge) -> None:
    """merge(W1, b1, W2, b2): the one linear layer that does what two do."""
    for d, h, k, seed in ((3, 3, 3, 2), (3, 4, 2, 0), (5, 1, 3, 1), (4, 2, 1, 3), (3, 3, 3, 4), (3, 3, 3, 2)):
        g = _numbers(seed)
        W1, b1, W2, b2 = (torch.randn(s, generator=g) for s in ((h, d), (h,), (k, h), (k,)))
        with advice({"shapes|size|must match": "expected W2 @ W1, in this order, and W2 @ b1: look at the shapes"}):
            W, b = _parts(call(merge, W1, b1, W2, b2), "W, b")
        mistakes = {"the transpose": (W2 @ W1).T, "the second layer alone": W2, "the first layer alone": W1}
        if h == d == k:
            mistakes["W1 @ W2: the first layer comes first, so W1 stands right, beside x"] = W1 @ W2
            mistakes["a product number by number: a matrix product is `@`"] = W2 * W1
        same(W, W2 @ W1, what="W", mistakes=mistakes)
        mistakes = {
            "b2 alone: the second layer multiplies b1, too": b2,
            "W2 @ b1 alone: b2 is missing": W2 @ b1,
            "b1 alone": b1,
        }
        if h == k:
            mistakes["b1 + b2: the second layer multiplies b1 first"] = b1 + b2
        same(b, W2 @ b1 + b2, what="b", mistakes=mistakes)


def two_weights(gradients) -> None:
    """gradients(x, target, w1, w2): of (w2 * relu(w1 * x) - target) ** 2."""
    cases = [
        (2.0, 1.0, 0.5, 3.0),
        (2.0, 1.0, -0.5, 3.0),
        (-1.5, 2.0, -1.0, 0.5),
        (0.5, -3.0, 4.0, -2.0),
        (10.0, 0.0, 0.25, -0.5),
        (-3.0, 1.5, 0.1, 2.0),
    ]
    for x, target, w1, w2 in (*cases, cases[0]):
        z = w1 * x
        h = max(z, 0.0)
        d_y = 2 * (w2 * h - target)
        right = (d_y * w2 * x * (z > 0), d_y * h)
        d1, d2 = _parts(call(gradients, x, target, w1, w2), "d_w1, d_w2")
        same(
            [float(array(d1)), float(array(d2))],
            right,
            what="(d_w1, d_w2)",
            mistakes={
                "the two in the other order": right[::-1],
                "no ReLU on the way back: where z is not positive, nothing passes": (d_y * w2 * x, d_y * h),
                "no ReLU at all": (2 * (w2 * z - target) * w2 * x, 2 * (w2 * z - target) * z),
                "no ReLU on the way forward": (2 * (w2 * z - target) * w2 * x * (z > 0), 2 * (w2 * z - target) * z),
                "a slope of (y - target) where it is 2 * (y - target)": (right[0] / 2, right[1] / 2),
                "the way back to w1 without w2": (d_y * x * (z > 0), d_y * h),
                "the way back to w1 without x": (d_y * w2 * (z > 0), d_y * h),
                "the opposite signs: y - target, not target - y": (-right[0], -right[1]),
            },
        )


# ---- 1: a gradient by small changes ----


def numerical_gradient(gradient) -> None:
    """numerical_gradient(f, w, h): (f(w + h) - f(w - h)) / 2h for each number of w."""
    targets = torch.tensor([2, 0])

    def cubes(w: Tensor) -> Tensor:
        return (w**3).sum()

    def loss(w: Tensor) -> Tensor:
        return F.cross_entropy(30 * w, targets)

    def product(w: Tensor) -> float:
        return float((w**4).prod())

    cases = [
        ("the sum of the cubes", cubes, torch.tensor([1.0, -2.0, 0.5], dtype=torch.double), 0.1),
        ("a steep loss of two rows", loss, 0.05 * torch.randn(2, 4, generator=_numbers(1), dtype=torch.double), 1e-4),
        ("a product of fourth powers, as a float", product, torch.tensor([[3.0], [-0.5]], dtype=torch.double), 0.01),
        ("the sum of the cubes", cubes, torch.tensor([[[-1.5]]], dtype=torch.double), 2.0),
        ("the sum of the cubes", cubes, torch.tensor([30.0, 0.0, -4.0], dtype=torch.double), 0.1),
    ]
    for name, f, w, h in (*cases, cases[0]):
        up, down, base = torch.zeros_like(w), torch.zeros_like(w), float(f(w))
        for place in range(w.numel()):
            unit = torch.zeros(w.numel(), dtype=w.dtype)
            unit[place] = h
            up.view(-1)[place] = float(f(w + unit.view(w.shape)))
            down.view(-1)[place] = float(f(w - unit.view(w.shape)))
        right = (up - down) / (2 * h)
        all_at_once = torch.full_like(w, (float(f(w + h)) - float(f(w - h))) / (2 * h))
        same(
            call(gradient, f, w, h, example=f"f: {name}; w of shape {tuple(w.shape)}, h = {h}"),
            right,
            what="the gradient",
            atol=1e-6 * max(1, right.abs().max().item()),
            mistakes={
                "a step to one side: go h up and h down": (up - base) / h,
                "a step to one side, down: go h up and h down": (base - down) / h,
                "a division by h: up and down are 2 * h apart": (up - down) / h,
                "a missing division by 2 * h": up - down,
                "down minus up": -right,
                "the exact slope, not that of a change by h": 3 * w**2,
                "all numbers of w changed together: change one, and keep the others": all_at_once,
                "changes that stay: put each number back before you change the next": _that_stay(f, w, h),
            },
        )


def _that_stay(f: Callable, w: Tensor, h: float) -> Tensor:
    """The wrong gradient of who does not put the numbers back."""
    w, result = w.clone(), []
    for place in range(w.numel()):
        w.view(-1)[place] += h
        up = float(f(w))
        w.view(-1)[place] -= 2 * h
        result.append((up - float(f(w))) / (2 * h))
    return torch.tensor(result, dtype=w.dtype).view(w.shape)


# ---- 2: five curves ----

CAUSES = ("sound", "rate too small", "rate too large", "wrong sign", "labels shuffled")
SETTINGS = {"A": "rate too large", "B": "labels shuffled", "C": "sound", "D": "wrong sign", "E": "rate too small"}


@cache
def _five_trainings() -> dict[str, tuple[tuple[float, ...], tuple[float, ...]]]:
    g = _numbers(3)
    centres = torch.randn(10, 20, generator=g, dtype=torch.double)
    labels = torch.arange(1000) % 10
    inputs = centres[labels] + 1.4 * torch.randn(1000, 20, generator=g, dtype=torch.double)
    training, validation = slice(0, 500), slice(500, 1000)
    rates = {"rate too small": 0.0005, "rate too large": 200.0, "wrong sign": -0.02}
    found = {}
    for letter, cause in SETTINGS.items():
        x, y = inputs[training], labels[training]
        if cause == "labels shuffled":
            y = y[torch.randperm(500, generator=g)]
        W = torch.zeros(20, 10, dtype=torch.double)
        losses = []
        for _ in range(20):
            for rows in torch.randperm(500, generator=g).split(50):
                error = (x[rows] @ W).softmax(1) - F.one_hot(y[rows], 10)
                W -= rates.get(cause, 0.1) * x[rows].T @ error / len(rows)
            pairs = (x, y), (inputs[validation], labels[validation])
            losses.append([F.cross_entropy(a @ W, b).item() for a, b in pairs])
        found[letter] = tuple(zip(*losses, strict=True))
    return found


def five_trainings() -> dict[str, tuple[list[float], list[float]]]:
    """For A to E: the loss on training and on validation samples, after each of 20 epochs. Ten classes."""
    return {letter: tuple(map(list, both)) for letter, both in _five_trainings().items()}


SIGNS = {
    "sound": "both losses fall far below ln 10",
    "rate too small": "the loss falls, but so slowly that after 20 epochs it is still near its first value",
    "rate too large": "the loss is far above ln 10 at once, and jumps up and down",
    "wrong sign": "the loss grows in every epoch, smoothly, without a jump",
    "labels shuffled": "the training loss falls a little, while the validation loss rises above ln 10",
}


def five_causes(answer) -> None:
    """A dictionary: what happened in each of the trainings A to E."""
    if not isinstance(answer, dict):
        raise Wrong(f'expected a dictionary such as {{"A": "sound", ...}}, got a {type(answer).__name__}')
    if other := set(answer) - set(SETTINGS):
        raise Wrong(f"your dictionary also has {sorted(map(str, other))}, expected the trainings A to E alone")
    if missing := [letter for letter in SETTINGS if is_stub(answer.get(letter, ...))]:
        raise NotDone("" if len(missing) == len(SETTINGS) else f"nothing yet for {', '.join(missing)}")
    for letter, cause in answer.items():
        if cause not in CAUSES:
            raise Wrong(f"{letter} is {cause!r}, expected one of {', '.join(CAUSES)}")
    wrong = [letter for letter in SETTINGS if answer[letter] != SETTINGS[letter]]
    if wrong:
        cause = answer[wrong[0]]
        raise Wrong(
            f"{wrong[0]} is not {cause!r}. With that cause, expected: {SIGNS[cause]}. Look again at both curves of "
            f"{wrong[0]}, and at the numbers on the axis. {len(SETTINGS) - len(wrong)} of 5 are right"
        )


# ---- 3: a classifier for points ----

SHELLS_GOAL = 0.95


def shells(n: int, dimensions: int, classes: int, seed: int) -> tuple[Tensor, Tensor]:
    """Points (n, dimensions) in shells around 0, one inside the other, and the number (n,) of the shell of each."""
    g = _numbers(seed)
    labels = torch.randint(0, classes, (n,), generator=g)
    directions = F.normalize(torch.randn(n, dimensions, generator=g), dim=1)
    return directions * (0.5 + labels + 0.12 * torch.randn(n, generator=g))[:, None], labels


def classifier_of_points(train) -> None:
    """train(points, labels) -> a new network that gives a score for each class; 95 % of new points right."""
    models = []
    for n, dimensions, classes, seed in ((600, 3, 2, 0), (750, 2, 3, 10), (500, 4, 2, 20), (600, 3, 2, 0)):
        points, labels = shells(n, dimensions, classes, seed)
        torch.manual_seed(seed)
        with advice({"shapes cannot be multiplied": "expected a first layer of points.shape[1] inputs"}):
            model = call(train, points, labels, example=f"{n} points with {dimensions} numbers each, {classes} classes")
        new_points, new_labels = shells(1000, dimensions, classes, seed + 1)
        scores = _scores(model, new_points, classes, models)
        right = (scores.argmax(1) == new_labels).float().mean().item()
        if right < SHELLS_GOAL:
            hint = "more steps, or another learning rate"
            if is_linear(model, new_points):
                hint = "your model is linear, and no line divides a ring from its middle: put a ReLU between two layers"
            raise Wrong(f"{right:.1%} of 1,000 new points are right, expected {100 * SHELLS_GOAL:.0f} %: {hint}")
        models.append(model)


def _scores(model: object, inputs: Tensor, classes: int, earlier: list[nn.Module]) -> Tensor:
    """The scores of a new network for the inputs, together and for one alone. Nothing comes after its last layer."""
    if not isinstance(model, nn.Module):
        raise Wrong(f"your function returns a {type(model).__name__}, expected the trained model, an nn.Module")
    if not any(p.ndim > 1 for p in model.parameters()):
        raise Wrong("PyTorch finds no weights in your network, expected its layers as attributes, not in a plain list")
    has_new_weights(model, earlier)
    model.eval()
    for some in (inputs[:1], inputs):
        with torch.no_grad(), advice({"shapes cannot be multiplied": "expected a network for these inputs"}):
            scores = model(some.clone())
        if not isinstance(scores, Tensor) or scores.shape != (len(some), classes):
            got = tuple(scores.shape) if isinstance(scores, Tensor) else type(scores).__name__
            raise Wrong(f"the model gives {got} for {len(some)} inputs, expected scores of shape {len(some), classes}")
        if not torch.isfinite(scores).all():
            raise Wrong("the scores hold nan or inf, expected numbers: has the training diverged? Try a smaller rate")
    ends_with_a_layer(model, inputs)
    return scores


# ---- 4: backwards through tanh ----


def backwards_through_tanh(backward) -> None:
    """backward(x, targets, W1, b1, W2, b2) -> the four gradients of the mean cross-entropy."""
    cases = [(4, 5, 3, 2, 0, 1), (1, 3, 6, 4, 1, 1), (7, 4, 4, 4, 2, 1e5), (4, 5, 3, 2, 3, 0.1)]
    for n, d, h, k, seed, size in (*cases, cases[0]):  # the numbers in x are as large as `size`
        g = _numbers(seed)
        shapes = {"W1": (h, d), "b1": (h,), "W2": (k, h), "b2": (k,)}
        x = size * torch.randn(n, d, generator=g)
        targets = torch.randint(0, k, (n,), generator=g)
        W1, b1, W2, b2 = (torch.randn(shape, generator=g) for shape in shapes.values())
        W1 /= size
        with torch.no_grad(), saved_tensors_hooks(_no_autograd, _no_autograd):
            got = _parts(call(backward, x, targets, W1, b1, W2, b2), "d_W1, d_b1, d_W2, d_b2")
        z = x @ W1.T + b1
        hidden = z.tanh()
        error = (hidden @ W2.T + b2).softmax(1) - F.one_hot(targets, k)
        back = error / n @ W2

        def first(gate: Tensor, back: Tensor = back, x: Tensor = x) -> tuple[Tensor, Tensor]:
            return (back * gate).T @ x, (back * gate).sum(0)

        right = (*first(1 - hidden**2), error.T @ hidden / n, error.mean(0))
        wrong = {
            "the slope of ReLU: that of tanh is 1 - tanh(z) ** 2": first((z > 0).float()),
            "a slope of 1 - tanh(z): the square is missing": first(1 - hidden),
            "a way back without the slope of tanh": first(torch.ones_like(z)),
            "one tanh too many: with h = tanh(z), the slope is 1 - h ** 2": first(1 - hidden.tanh() ** 2),
            "a slope of 1 - z ** 2: use tanh(z)": first(1 - z**2),
        }
        for i, name in enumerate(shapes):
            mistakes = {text: value[i] for text, value in wrong.items()} if i < 2 else {}
            if n > 1:
                mistakes["a sum over the pictures: the loss of a batch is a mean"] = right[i] * n
            mistakes["target minus probability"] = -right[i]
            if right[i].ndim == 2:
                mistakes["the transpose"] = right[i].T
            same(
                got[i],
                right[i],
                what=f"d_{name}",
                atol=1e-5 * max(1, right[i].abs().max().item()),
                mistakes=mistakes,
            )


def _no_autograd(_: Tensor) -> Tensor:
    raise Wrong("autograd writes your steps down, expected the backward pass by hand, inside torch.no_grad()")


# ---- 5: digits, in one pass ----

GOAL, BATCHES, BATCH = 0.92, 400, 50


class OnePass:
    """Batches that can be gone through once: pairs of images (50, 1, 28, 28) in 0..1 and labels (50,)."""

    def __init__(self, images: Tensor, labels: Tensor, batch: int = BATCH) -> None:
        self.images, self.labels, self.batch, self.started = images, labels, batch, False

    def __len__(self) -> int:
        return -(-len(self.labels) // self.batch)

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        if self.started:
            raise Wrong("your function goes through the batches a second time, expected one pass, a step for each")
        self.started = True
        for images, labels in zip(self.images.split(self.batch), self.labels.split(self.batch), strict=True):
            yield images.clone(), labels.clone()


@cache
def _digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """20,000 training and 2,000 validation pictures of MNIST in 0..1, with their labels."""
    mnist = load("mnist", normalize=False)
    return (*mnist.train[torch.arange(BATCHES * BATCH)], *mnist.validation[torch.arange(2000)])


def _counted(name: str) -> mock._patch:
    return mock.patch.object(torch.autograd, name, side_effect=getattr(torch.autograd, name))


def digits_in_one_pass(train) -> str:
    """train(batches) -> a new network with a hidden layer, trained in one pass."""
    models, shares = [], []
    for turned in (False, True):  # the second time, every digit d is called 9 - d
        images, labels, new_images, new_labels = _digits()
        if turned:
            labels, new_labels = 9 - labels, 9 - new_labels
        torch.manual_seed(777)
        batches = OnePass(images, labels)
        example = f"{len(batches)} batches of {BATCH} pictures{', each digit d is called 9 - d' * turned}"
        with _counted("backward") as backward, _counted("grad") as grad:
            model = call(train, batches, example=example)
        if (ran := backward.call_count + grad.call_count) > len(batches):
            raise Wrong(
                f"backward() ran {ran:,} times, expected one step for each of {len(batches)} batches, also when you "
                "keep the batches in a list"
            )
        scores = _scores(model, new_images, 10, models)
        if not batches.started:
            raise Wrong("your function does not look at the batches, expected `for images, labels in batches:`")
        if is_linear(model, new_images):
            raise Wrong("your network is linear, expected a ReLU between two layers: f(a + b) + f(0) is f(a) + f(b)")
        if _tables_of_weights(model, new_images[:2]) < 2:
            raise Wrong("the scores depend on fewer than two layers with weights, expected a hidden one and the last")
        right = (scores.argmax(1) == new_labels).double().mean().item()
        if right < GOAL:
            why = ": does each batch make a step? Is the learning rate right? Are there enough units?"
            if right < 0.2:
                why = ": the network has learned nothing. Look at zero_grad, backward, step, and at the learning rate"
            if turned:
                why = " in a second call, where each digit d is called 9 - d: make a new model in each call"
            raise Wrong(f"{right:.2%} of 2,000 validation pictures are right, expected at least {GOAL:.0%}{why}")
        models.append(model)
        shares.append(right)
    return f"{shares[0]:.1%} of the validation pictures are right"


def _tables_of_weights(model: nn.Module, images: Tensor) -> int:
    """How many of the model's tables of weights its scores depend on."""
    tables = [p.requires_grad_() for p in model.parameters() if p.ndim > 1]
    found = torch.autograd.grad(model(images).square().sum(), tables, allow_unused=True)
    return sum(gradient is not None for gradient in found)


CHECKERS = {
    "a": change_of_a_score,
    "b": first_loss,
    "c": gradient_of_the_biases,
    "d": number_of_steps,
    "e": factor_of_a_step,
    "f": merged_layers,
    "g": two_weights,
    "1": numerical_gradient,
    "2": five_causes,
    "3": classifier_of_points,
    "4": backwards_through_tanh,
    "5": digits_in_one_pass,
}
