"""The exercises of lesson 13: a smoothed loss, a schedule, slow weights, an exact step of Muon, a quick training.

The tasks inside the lesson are "a" to "d", the exercises at its end are "1" to "5".
"""

import copy
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.nn.modules.module import register_module_forward_pre_hook
from torch.overrides import TorchFunctionMode

from course_utils.beyond.airbench import initialize, test_time_augmentation, whitening_kernels
from course_utils.data import balanced_sample, load
from course_utils.models import CifarNet
from course_utils.practice.judge import NotDone, Wrong, advice, array, call, same, the_class_itself

SECONDS = {"5": 240}  # it trains two networks


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _gradients_are_on() -> None:
    if not torch.is_grad_enabled():
        raise Wrong("gradients stay switched off after your code, expected them on again: use `with torch.no_grad():`")


# ---- inside the lesson ----


def mirrored_in(answer) -> None:
    """answer(first, epoch) -> (N,) bool: which pictures the alternating flip mirrors in an epoch."""
    cases = ((7, 0), (12, 2), (7, 1), (7, 1), (1, 5), (30, 10), (12, 1_001), (7, 0))
    for (n, epoch), seed in zip(cases, (7, 1, 2, 3, 4, 5, 6, 7), strict=True):
        first = torch.rand(n, generator=_generator(seed)) < 0.5
        odd = epoch % 2 == 1
        same(
            call(answer, first, epoch),
            first ^ odd,
            what="the tensor of mirrored pictures",
            mistakes={
                "first in every epoch: turn it over in the odd ones": first,
                "first, turned over in the wrong epochs: only in the odd ones, not in epoch 0": ~first,
                "the same side for all pictures: ^ turns `first` over, & and | lose it": torch.full((n,), odd),
            },
        )


def step_of_nesterov(step) -> None:
    """step(weights, gradient, velocity, lr, momentum, weight_decay) -> the new weights and the new velocity."""
    cases = [((3, 4), 0.5, 0.9, 0.1), ((5,), 0.1, 0.6, 0.3), ((2, 3, 2), 1.5, 0.3, 0.02), ((1,), 0.02, 0.85, 0.0)]
    cases += [((3, 4), 0.5, 0.9, 0.1), ((3, 4), 1, 0.25, 0.5)]  # of the shape of the first, with other numbers
    for seed, (shape, lr, momentum, decay) in enumerate([*cases, cases[0]]):
        numbers = _generator(11 + seed % len(cases))
        w, g, v = (torch.randn(shape, generator=numbers) for _ in range(3))
        parameter = nn.Parameter(w.clone())
        parameter.grad = g.clone()
        optimizer = torch.optim.SGD([parameter], lr=lr, momentum=momentum, weight_decay=decay, nesterov=True)
        optimizer.state[parameter]["momentum_buffer"] = v.clone()
        optimizer.step()
        weights, velocity = parameter.detach(), optimizer.state[parameter]["momentum_buffer"]
        d = g + decay * w  # the gradient with weight decay
        example = f"shape {shape}, lr={lr}, momentum={momentum}, weight_decay={decay}"
        result = call(step, w, g, v, lr, momentum, decay, example=example)
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise Wrong(f"the result is a {type(result).__name__}, expected a pair: (weights, velocity)")
        same(
            result[1],
            velocity,
            what="the velocity",
            mistakes={
                "the weights: return the weights first, then the velocity": weights,
                "the old velocity": v,
                "the gradient, as in the first step of all: add momentum times the old velocity": d,
                "no weight decay: it is a part of the gradient": momentum * v + g,
                "weight decay with the wrong sign: weight_decay * weights is added to the gradient": (
                    momentum * v + g - decay * w
                ),
                "weight decay times lr: lr comes later, when the weights move": momentum * v + g + lr * decay * w,
                "weight decay of the new weights: the gradient belongs to the old ones": momentum * v
                + g
                + decay * weights,
                "a mean, with the factor 1 - momentum (Adam's): SGD adds the whole gradient": (
                    momentum * v + (1 - momentum) * d
                ),
                "momentum on the gradient: the old velocity is multiplied by it": v + momentum * d,
                "a sum without momentum": v + d,
                "the gradient subtracted: the velocity adds it up, and the weights go against it": momentum * v - d,
                "lr in the velocity: PyTorch takes lr when the weights move": momentum * v + lr * d,
                "lr in the velocity, and a minus sign: PyTorch takes both when the weights move": momentum * v - lr * d,
                "Nesterov's step: it moves the weights, and the velocity stays as it is": d + momentum * velocity,
            },
        )
        same(
            result[0],
            weights,
            what="the array of new weights",
            mistakes={
                "the old weights": w,
                "momentum without Nesterov: the step is the gradient plus momentum times the NEW velocity": w
                - lr * velocity,
                "the gradient alone, without any velocity": w - lr * d,
                "the velocity alone, times momentum: the gradient is missing": w - lr * momentum * velocity,
                "the whole velocity added to the gradient: take momentum times the velocity": w - lr * (d + velocity),
                "a step without lr": w - (d + momentum * velocity),
                "a step along the gradient: the weights go against it": w + lr * (d + momentum * velocity),
                "no weight decay in the step: it is in the velocity and in the gradient": w
                - lr * (g + momentum * velocity),
                "weight decay twice": weights - lr * decay * w,
                "the step itself: subtract it from the weights": lr * (d + momentum * velocity),
            },
        )


def lifted(answer) -> None:
    """answer(x, steps) -> a singular value after so many Newton-Schulz steps."""
    a, b, c = 3.4445, -4.7750, 2.0315

    def after(x: float, steps: int, signs: tuple[float, float, float] = (1, 1, 1)) -> float:
        x = np.float64(x)
        with np.errstate(all="ignore"):  # with a wrong sign it explodes
            for _ in range(steps):
                x = signs[0] * a * x + signs[1] * b * x**3 + signs[2] * c * x**5
        return float(x)

    for x, steps in ((0.1, 1), (0.9, 3), (0.001, 3), (0.5, 0), (0.3, 5), (1, 2), (0.25, 12), (0.0, 4), (0.1, 1)):
        once = after(x, 1)
        same(
            call(answer, x, steps),
            after(x, steps),
            what="the singular value",
            atol=1e-5,
            mistakes={
                "x itself": x,
                "a single step: each step takes what the one before gave": once,
                "one step, times their number: each step takes what the one before gave": steps * once,
                "one step too many": after(x, steps + 1),
                "one step too few": after(x, max(steps - 1, 0)),
                "a plus before 4.7750: b is negative": after(x, steps, (1, -1, 1)),
                "the first part alone, a * x: x**3 and x**5 are missing": a**steps * x,
                "x**5 is missing": after(x, steps, (1, 1, 0)),
            },
        )


def _six_views() -> list[Callable[[Tensor], Tensor]]:
    """The views of the lesson: the picture, moved up and left, moved down and right; and the mirror picture of each."""

    def moved(part: slice) -> Callable[[Tensor], Tensor]:
        return lambda images: F.pad(images, [1] * 4, mode="reflect")[:, :, part, part]

    def mirrored(view: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
        return lambda images: view(images).flip(-1)

    views = [lambda images: images, moved(slice(-2)), moved(slice(2, None))]
    return views + [mirrored(view) for view in views]


@torch.no_grad()
def _logits_of_views(model: nn.Module, images: Tensor, views: list, weights: list) -> dict[str, Tensor]:
    """What a model says about views, with the mistakes by name; the right answer is under "right"."""
    each = torch.stack([model(view(images)) for view in views])  # (views, N, classes)
    parts = torch.tensor(weights, dtype=torch.float32).view(-1, 1, 1)
    pictures = torch.stack([view(images) for view in views])
    shares = parts / parts.sum()
    chained, views_of_views = images, []
    for view in views:
        chained = view(chained)
        views_of_views.append(model(chained))
    right = (shares * each).sum(0)
    return {
        "right": right,
        "the weighted sum: divide it by the sum of the weights": (parts * each).sum(0),
        "the plain mean: the weights are missing": each.mean(0),
        "a division by the number of views: divide by the sum of the weights": (parts * each).mean(0),
        "the logits of the mean picture: ask for each view, and take the mean of the answers": (
            model((shares[..., None, None] * pictures).sum(0))
        ),
        "views of views: each view starts from the images": (shares * torch.stack(views_of_views)).sum(0),
        "the weights in the reverse order": (shares.flip(0) * each).sum(0),
        "the mean of the probabilities: it is the logits that are averaged": (shares * each.softmax(-1)).sum(0),
        "probabilities: the mean of the logits is expected, without a softmax": right.softmax(-1),
        "the classes: the mean of the logits is expected, before argmax": right.argmax(-1),
        "the greatest logit of all views: their mean is expected": each.amax(0),
        "the first view alone": each[0],
        "the last view alone": each[-1],
        "the logits of all views: their mean is expected": each,
        "the logits of the images, without views": model(images),
    }


def mean_of_views(average) -> None:
    """average(model, images, views, weights) -> (N, classes): the weighted mean of the logits for several views."""
    same_picture, mirror = (lambda images: images), (lambda images: images.flip(-1))
    cases = [
        ("the image with weight 3, its mirror picture with weight 1", 5, 4, [same_picture, mirror], [3, 1]),
        ("the six views of the lesson", 5, 4, _six_views(), [2, 1, 1, 2, 1, 1]),
        ("one view, weight 0.5, one picture, 12 classes", 12, 1, [mirror], [0.5]),
        ("three views, weights 0.2, 0.3 and 1.1", 3, 2, [same_picture, mirror, _six_views()[1]], [0.2, 0.3, 1.1]),
        ("the mirror picture with weight 200, the image with weight 500", 5, 4, [mirror, same_picture], [200, 500]),
        ("the image with weight 3, its mirror picture with weight 1, others", 5, 4, [same_picture, mirror], [3, 1]),
    ]
    for seed, (example, classes, n, views, weights) in enumerate([*cases, cases[0]]):
        numbers = _generator(13 + seed % len(cases))
        model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 4 * 5, classes)).eval()
        for parameter in model.parameters():
            parameter.data.normal_(0, 0.25, generator=numbers)
        images = torch.randn(n, 3, 6, 7, generator=numbers)
        expected = _logits_of_views(model, images, views, weights)
        right = test_time_augmentation(model, images) if len(views) == 6 else expected["right"]
        result = call(average, model, images, views, weights, example=example)
        same(result, right, what="the array of logits", mistakes=expected)
        if isinstance(result, Tensor) and result.requires_grad:
            raise Wrong("the logits keep all that a backward needs, expected them without: use torch.no_grad()")
        _gradients_are_on()


# ---- at the end of the lesson ----


class _WithoutArgument(TorchFunctionMode):
    """A block in which the argument label_smoothing of the cross-entropy is refused."""

    def __torch_function__(self, func, types, args=(), kwargs=None):
        if func is F.cross_entropy and (kwargs or {}).get("label_smoothing"):
            raise Wrong("cross_entropy gets its argument label_smoothing, expected your own smoothing without it")
        return func(*args, **(kwargs or {}))


def label_smoothing(loss) -> None:
    """loss(logits, targets, smoothing) -> what F.cross_entropy gives with label_smoothing=smoothing, without it."""
    cases = [(6, 10, 0.2, 2), (5, 4, 0.1, 2), (5, 4, 0.1, 100), (1, 12, 0.5, 3), (8, 3, 0.0, 2), (3, 2, 1, 2)]
    cases += [(6, 10, 0.2, 2)]  # of the shape of the first, with other numbers
    for seed, (n, classes, smoothing, size) in enumerate([*cases, cases[0]]):
        numbers = _generator(10 + seed % len(cases))
        logits = size * torch.randn(n, classes, generator=numbers)
        large = size == 100
        if large:  # rows far above 0, rows far below it, and one with both: no shift but that by its greatest does
            logits[::2] += 700
            logits[1::2] -= 700
            logits[2] = torch.tensor([1000.0, -1000, 1000, -1000])
        targets = torch.randint(classes, (n,), generator=numbers)
        z, hard = logits.double(), F.one_hot(targets, classes).double()
        logs, soft = z.log_softmax(1), (1 - smoothing) * hard + smoothing / classes

        def mean(wanted: Tensor, logs: Tensor = logs) -> Tensor:
            """The mean cross-entropy for these wanted probabilities."""
            return -(wanted * logs).sum(1).mean()

        expected = mean(soft)
        others = (1 - hard) / (classes - 1)
        example = f"{n} pictures, {classes} classes, smoothing {smoothing}{', logits of hundreds' if large else ''}"
        with _WithoutArgument():
            got = call(loss, logits, targets, smoothing, example=example)
        same(
            got,
            expected,
            what="the loss",
            atol=1e-2 if large else 1e-4,
            mistakes={
                "the logarithm of 0, of a probability that is too small: use F.log_softmax": math.inf,
                "the exponential of a logit, out of range: use F.log_softmax": -math.inf,
                "numbers out of range, such as inf / inf or 0 * log(0): use F.log_softmax": math.nan,
                "the loss without smoothing": mean(hard),
                "smoothing for the other classes alone: all classes share it, the right one too": (
                    mean((1 - smoothing) * hard + smoothing * others)
                ),
                "wanted probabilities with a sum below 1: the right class gets smoothing / classes, too": (
                    mean((1 - smoothing) * hard + smoothing / classes * (1 - hard))
                ),
                "wanted probabilities with a sum above 1: the right class keeps 1 - smoothing": (
                    mean(hard + smoothing / classes)
                ),
                "the whole of smoothing for each class: divide it by their number": (
                    mean((1 - smoothing) * hard + smoothing)
                ),
                "the smoothed part alone, without the right class": mean(soft - (1 - smoothing) * hard),
                "the right class alone, times 1 - smoothing: the part of all classes is missing": (
                    mean((1 - smoothing) * hard)
                ),
                "smoothing and 1 - smoothing exchanged": mean(smoothing * hard + (1 - smoothing) / classes),
                "ten classes: take their number from logits.shape": mean((1 - smoothing) * hard + smoothing / 10),
                "a KL divergence: the entropy of the wanted probabilities is subtracted": (
                    expected - torch.special.entr(soft).sum(1).mean()
                ),
                "softmax twice: log_softmax takes the logits": mean(soft, z.softmax(1).log_softmax(1)),
                "a softmax over the pictures (dim=0): each row is one picture": mean(soft, z.log_softmax(0)),
                "logits in the place of log_softmax": mean(soft, z),
                "probabilities: their logarithm is missing": mean(soft, z.softmax(1)),
                "a missing minus sign": -expected,
                "a sum over the pictures: divide by their number": n * expected,
                "a mean over all classes: sum them, and divide by the number of pictures alone": expected / classes,
                "one loss for each picture: their mean is expected": -(soft * logs).sum(1),
            },
        )


def warm_cosine(factor) -> None:
    """factor(step, steps, rise, start, end) -> the rate of a step: a line up, then half a cosine down."""
    cases = (
        (40, 10, 0.2, 0.1),
        (50, 0, 0.5, 0),
        (31, 20, 0.0, 0.5),
        (7, 3, 0.1, 0.01),
        (1, 0, 1, 0.3),
        (390, 1, 0, 1e-3),
    )
    for steps, rise, start, end in (*cases, cases[0]):
        step = np.arange(steps + 1.0)
        part = (step - rise) / (steps - rise)  # of the fall, from 0 to 1
        up = start + (1 - start) * step / max(rise, 1)

        def joined(up: np.ndarray, down: np.ndarray, step: np.ndarray = step, rise: int = rise) -> np.ndarray:
            return np.where(step < rise, up, down)

        def fall(part: np.ndarray, end: float = end) -> np.ndarray:
            return end + (1 - end) * (1 + np.cos(np.pi * part)) / 2

        example = f"steps={steps}, rise={rise}, start={start}, end={end}"
        got = np.zeros(steps + 1)
        for i in torch.randperm(steps + 1, generator=_generator(steps)).tolist():  # not in order: nothing may count
            with advice({"division by zero": "with rise=0 there is no rise, expected the fall from step 0 on"}):
                value = array(call(factor, i, steps, rise, start, end), f"the factor of step {i}")
            if value.shape:
                raise Wrong(f"the factor of step {i} has the shape {value.shape}, expected one number")
            got[i] = value
        same(
            got,
            joined(up, fall(part)),
            what="the list of the factors of all steps",
            example=example,
            atol=1e-5,
            mistakes={
                "a fall in a line: it is half a cosine": joined(up, 1 - (1 - end) * part),
                "a rise from 0: it begins at start": joined(step / max(rise, 1), fall(part)),
                "a fall to 0: it ends at end": joined(up, fall(part, 0.0)),
                "a rise by 1 from start on: it rises by 1 - start": joined(start + step / max(rise, 1), fall(part)),
                "a fall that began at step 0: count its steps from rise on": joined(up, fall(step / steps)),
                "a fall over all steps: it has steps - rise of them": joined(up, fall((step - rise) / steps)),
                "a whole cosine, down and up again: half of it is pi": joined(up, fall(2 * part)),
                "a cosine of degrees or of parts: np.pi is missing": joined(up, fall(part / np.pi)),
                "a quarter of a cosine: half of it is pi": joined(up, end + (1 - end) * np.cos(np.pi * part / 2)),
                "a cosine from 1 to -1: (1 + cos) / 2 goes from 1 to 0": joined(
                    up, end + (1 - end) * np.cos(np.pi * part)
                ),
                "a fall that ends one step too early: step goes up to steps": joined(
                    up, fall((step - rise) / max(steps - 1 - rise, 1))
                ),
                "start and end exchanged": joined(end + (1 - end) * step / max(rise, 1), fall(part, start)),
                "a rise along a cosine, too: it is a line": joined(
                    start + (1 - start) * (1 - np.cos(np.pi * step / max(rise, 1))) / 2, fall(part)
                ),
                "no rise": joined(np.ones_like(step), fall(part)),
                "no fall": joined(up, np.ones_like(step)),
                "the fall alone, also before its begin": fall(part),
            },
        )


class _Walk:
    """Weights that move by the same numbers for an answer and for the checker; what becomes of them."""

    def __init__(self, shapes: tuple[tuple[int, ...], ...], every: int, part: float, beside: tuple, seed: int):
        numbers = _generator(seed)
        self.parameters = nn.ParameterList(nn.Parameter(torch.randn(shape, generator=numbers)) for shape in shapes)
        self.moves = [[torch.randn(shape, generator=numbers) for shape in shapes] for _ in range(12)]
        self.start = [p.detach().clone() for p in self.parameters]
        self.every, self.part, self.beside = every, part, beside
        self.example = f"every={every}, part={part}, shapes {', '.join(map(str, shapes))}"

    def move(self, step: int) -> None:
        with torch.no_grad():
            for p, by in zip(self.parameters, self.moves[step - 1], strict=True):
                p.add_(by)

    def compare(self, steps: int) -> None:
        for k, p in enumerate(self.parameters):
            ends = self.ends(k, steps)
            right = ends.pop("right")
            mistakes = {name: wrong for name, wrong in ends.items() if not torch.allclose(wrong, right, atol=1e-4)}
            same(p, right, what=f"parameter {k} (from 0) after step {steps}", mistakes=mistakes)

    def ends(self, k: int, steps: int) -> dict[str, Tensor]:
        """Parameter k after so many steps: as it should be, and with known mistakes."""

        def walk(
            when: Callable[[int], bool] = lambda step: step % self.every == 0,
            part: float = self.part,
            back: bool = True,
            mean: bool = True,
        ) -> Tensor:
            fast = slow = self.start[k]
            for step in range(1, steps + 1):
                fast = fast + self.moves[step - 1][k]
                if when(step):
                    slow = slow + part * (fast - slow) if mean else slow
                    fast = slow if back else fast
            return fast

        return {
            "right": walk(),
            "weights that only follow the steps: copy the slow weights into them (are those clones?)": walk(back=False),
            "an update after the first step: the first one comes after `every` steps": walk(lambda step: True),
            "an update one step late": walk(lambda step: step > 1 and (step - 1) % self.every == 0),
            "part and 1 - part exchanged: the slow weights go by `part` to the fast ones": walk(part=1 - self.part),
            "weights that go back to where they began: the slow ones have to move, too": walk(mean=False),
            "the numbers of a second object, made later: keep them in self, not in the class": walk(
                lambda step: step % self.beside[0] == 0, part=self.beside[1]
            ),
        }


def slow_weights(kind) -> None:
    """kind(parameters, every, part): after_step() is called after each step; every few of them it averages."""
    cases = [(((2, 3), (4,)), 5, 0.5), (((3,), (1, 1)), 1, 0.2), (((2, 2, 2), (1,), (5,)), 3, 0.8)]
    cases += [(((4,),), 2, 0.3), (((1, 2), (3,)), 4, 1), (((6,),), 13, 0.6), (((2, 1),), 2, 0.0)]
    for seed in (*range(len(cases)), 0):
        shapes, *one = cases[seed]
        two = cases[(seed + 1) % len(cases)][1:]  # every and part of a second object, beside the first
        walks = [_Walk(shapes, *one, beside=two, seed=20 + seed), _Walk(shapes, *two, beside=one, seed=40 + seed)]
        made = []
        for walk in walks:
            weights = (p for p in walk.parameters)  # as of model.parameters(): once only
            made.append(call(kind, weights, walk.every, walk.part, example=walk.example))
            the_class_itself(kind)
            if not getattr(made[-1], "__dict__", True):
                raise NotDone("")  # it keeps nothing: the stub
            if not hasattr(made[-1], "after_step"):
                raise Wrong("your class has no method after_step, expected one")
        for step in range(1, 13):
            for walk, slow in zip(walks, made, strict=True):
                walk.move(step)
                with advice({word: IN_PLACE for word in ("leaf", "requires grad")}):
                    result = call(slow.after_step, example=f"call {step} of after_step, {walk.example}", returns=False)
                _gradients_are_on()
                if not all(p.requires_grad for p in walk.parameters):
                    raise Wrong("a weight has lost requires_grad, expected it as it was: change its numbers alone")
                walk.compare(step)
                if result is not None:
                    raise Wrong(f"after_step returns a {type(result).__name__}, expected nothing")


IN_PLACE = "weights that need gradients are changed, expected that inside `with torch.no_grad():`"


def exact_step(answer) -> None:
    """answer(weight, gradient, lr) -> the kernel after a step whose singular values are all 1."""
    cases = [((4, 3, 3, 3), 0.24), ((12, 1, 2, 3), 0.1), ((1, 2, 3, 3), 1.5), ((5, 5, 1, 1), 0.02)]
    cases += [((4, 3, 3, 3), 0.24), ((6, 4, 2, 1), 1)]  # the shape of the first, with other numbers; a whole rate
    for seed, (shape, lr) in enumerate([*cases, cases[0]]):
        numbers = _generator(30 + seed % len(cases))
        weight, gradient = 0.7 * torch.randn(shape, generator=numbers), 5 * torch.randn(shape, generator=numbers)
        flat = gradient.flatten(1)
        u, values, vh = torch.linalg.svd(flat, full_matrices=False)
        step = (u @ vh).view(shape)
        long = weight * len(weight) ** 0.5 / weight.norm()
        one = weight / weight.norm()
        columns = gradient.flatten(1).T.reshape(len(flat), -1)
        cu, _, cvh = torch.linalg.svd(columns, full_matrices=False)
        wrong_axis = gradient.transpose(0, 1).flatten(1)
        wu, _, wvh = torch.linalg.svd(wrong_axis, full_matrices=False)
        bu, _, bvh = torch.linalg.svd(gradient, full_matrices=False)
        with advice({"cannot be multiplied": SVD_HINT, "not match": SVD_HINT}):
            result = call(answer, weight, gradient, lr, new=True)
        same(
            result,
            long - lr * step,
            what="the array of new weights",
            atol=2e-3 * lr + 1e-4,
            mistakes={
                "a step along the gradient: the weights go against it": long + lr * step,
                "a step without lr": long - step,
                "the weight with its old length: set the length first": weight - lr * step,
                "a weight of length 1: its length has to be the root of the number of outputs": one - lr * step,
                "the length set after the step: set it before": (weight - lr * step)
                * len(weight) ** 0.5
                / (weight - lr * step).norm(),
                "a length of the root of the number of inputs: that of the outputs is asked for": (
                    long * (shape[1] / shape[0]) ** 0.5 - lr * step
                ),
                "each kernel taken apart by itself: ONE matrix with a row for each output, gradient.flatten(1)": (
                    long - lr * bu @ bvh
                ),
                "the gradient itself, whose singular values differ: leave them out": long - lr * gradient,
                "the gradient divided by its length: its singular values still differ": long
                - lr * gradient / gradient.norm(),
                "the gradient divided by its greatest singular value: the others are still below 1": long
                - lr * gradient / values[0],
                "the step itself: subtract lr times it from the weight": lr * step,
                "the weight with its new length, without a step": long,
                "the sign of each number: the matrix as a whole has to be orthogonal": long - lr * gradient.sign(),
                "a matrix with a row for each INPUT: a row for each output, gradient.flatten(1)": long
                - lr * (wu @ wvh).view(gradient.transpose(0, 1).shape).transpose(0, 1),
                "a matrix that was turned over without moving its numbers back": long - lr * (cu @ cvh).view(shape),
            },
        )


SVD_HINT = "expected U @ Vh of torch.linalg.svd(gradient.flatten(1), full_matrices=False)"
STEPS, BATCH = 60, 128
GOALS = {False: 0.34, True: 0.5}  # of real pictures, and of the drawn stand-in, which is easier


@cache
def _pictures() -> tuple[Tensor, Tensor, Tensor, Tensor, Tensor, bool]:
    """2,000 training and 1,000 validation pictures of CIFAR-10 with their labels, whitening kernels, are they drawn."""
    cifar = load("cifar10")
    few = balanced_sample(cifar.train, 2_000 / len(cifar.train))
    images, labels = few[torch.arange(2_000)]
    new, truth = cifar.validation[torch.arange(1_000)]
    return images, labels, new, truth, whitening_kernels(images), cifar.standin


@contextmanager
def _counted() -> Iterator[list[int]]:
    """How many pictures go through a last layer with gradients, each time: also in a copy of the network."""
    batches: list[int] = []

    def count(module: nn.Module, inputs: tuple) -> None:
        if not (isinstance(module, nn.Linear) and module.out_features == 10 and torch.is_grad_enabled()):
            return
        batches.append(len(inputs[0]))
        if len(batches) > STEPS:
            raise Wrong(f"more than {STEPS} batches go through the network with gradients, expected {STEPS} at most")
        if batches[-1] > BATCH:
            raise Wrong(
                f"{batches[-1]} pictures go through the network with gradients, expected batches of at most {BATCH} "
                "(to measure, use torch.no_grad())"
            )

    hook = register_module_forward_pre_hook(count)
    try:
        yield batches
    finally:
        hook.remove()


def quick_training(train) -> str:
    """train(model, images, labels) -> the model, trained within 60 batches to a goal on new pictures.

    Called a second time with another network and classes that have other names.
    """
    images, labels, new, truth, kernels, drawn = _pictures()
    goal, found = GOALS[drawn], []
    for renamed in (0, 3):
        torch.manual_seed(777 + renamed)
        model = initialize(CifarNet((8, 32, 32)), kernels)
        before = copy.deepcopy(model.state_dict())
        given = model, images.clone(), (labels + renamed) % 10  # it may change all three
        with _counted() as batches:
            result = call(train, *given, changes=(0, 1, 2), example=f"{STEPS} batches of at most {BATCH} pictures")
        if result is not model:
            raise Wrong(f"the result is a {type(result).__name__}, expected the network that was handed in, trained")
        if {name: t.shape for name, t in model.state_dict().items()} != {name: t.shape for name, t in before.items()}:
            raise Wrong("the network has other layers now, expected those that it came with")
        accuracy = _accuracy(model, new, (truth + renamed) % 10)
        if accuracy < goal:
            if renamed and _accuracy(model, new, truth) > 0.22:
                raise Wrong(
                    "the network of a second call, where the classes have other names, says what the first has learned;"
                    f" {accuracy:.1%} of 1,000 new pictures are right, expected {goal:.0%} or more"
                )
            raise Wrong(_why(model, before, len(batches), accuracy, goal))
        found.append(accuracy)
    return f"{found[0]:.1%} and {found[1]:.1%} of 1,000 new pictures right"


def _accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    model = copy.deepcopy(model).eval()
    with torch.no_grad():
        return (model(images.clone()).argmax(dim=1) == labels).double().mean().item()


def _why(model: CifarNet, before: dict, batches: int, accuracy: float, goal: float) -> str:
    got = f"{accuracy:.1%} of 1,000 new pictures are right, expected {goal:.0%} or more"
    if not all(p.isfinite().all() for p in model.parameters()):
        return f"the weights are nan or infinite: is the rate far too large? {got}"
    if all(torch.equal(p, before[name]) for name, p in model.named_parameters()):
        return f"no weight has changed: is optimizer.step() or backward() missing? {got}"
    if batches < STEPS / 2:
        return f"only {batches} of {STEPS} batches are used. {got}"
    if accuracy < 0.22:
        return (
            f"hardly better than guessing: is zero_grad() missing, or is the rate far too small or too large, "
            f"also in the last steps? {got}"
        )
    return (
        f"it learns, but not enough in {batches} batches: is the rate large at first and low at last? {got}. "
        "If it is so already: moved pictures, fast biases or Muon bring the rest"
    )


CHECKERS = {
    "a": mirrored_in,
    "b": step_of_nesterov,
    "c": lifted,
    "d": mean_of_views,
    "1": label_smoothing,
    "2": warm_cosine,
    "3": slow_weights,
    "4": exact_step,
    "5": quick_training,
}
