"""The tasks and exercises of lesson 11: patients to name, and broken code to mend.

Broken code is run beside the answer: "not done yet" means that the answer still shows a first symptom, and "correct"
comes with what both of them gave.
"""

import copy
import math
from collections.abc import Callable
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD
from torch.utils.data import DataLoader, TensorDataset

from course_utils.data import load
from course_utils.models import LeNet, Mlp
from course_utils.network.health import health
from course_utils.practice.judge import NotDone, Wrong, array, call, call_on_copies, same
from course_utils.practice.patients import PATIENTS, SUSPECTS


def _generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _message(function: Callable, *arguments: object) -> str:
    """The error that a call ends with, in one line; "" if it ends well."""
    try:
        function(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())}"
    return ""


def _tensor(value: object, what: str = "the result") -> Tensor:
    if not isinstance(value, Tensor):
        raise Wrong(f"{what} is a {type(value).__name__}, expected a tensor")
    return value.detach()


def _number(value: object, what: str) -> float:
    got = array(value, what)
    if got.size != 1:
        raise Wrong(f"{what} has the shape {got.shape}, expected one number")
    return float(got.reshape(()))


def _several(made: object, names: str) -> tuple:
    count = names.count(",") + 1
    if not (isinstance(made, tuple | list) and len(made) == count):
        raise Wrong(f"the result is a {type(made).__name__}, expected {count} values: ({names})")
    return tuple(made)


@cache
def _stored_digits() -> tuple[Tensor, ...]:
    mnist = load("mnist")
    return (*mnist.train[torch.arange(2000)], *mnist.validation[torch.arange(1000)])


def _digits() -> tuple[Tensor, ...]:
    """Copies of 2,000 training and 1,000 validation pictures of MNIST, standardised, with their labels."""
    return tuple(part.clone() for part in _stored_digits())


def _batches(images: Tensor, labels: Tensor, size: int = 50) -> list[tuple[Tensor, Tensor]]:
    return list(zip(images.split(size), labels.split(size), strict=True))


def _accuracy(model: nn.Module) -> float:
    _, _, images, labels = _digits()
    with torch.no_grad():
        return (model(images).argmax(dim=1) == labels).double().mean().item()


# ---- tasks ----


def dead_share(answer) -> str:
    """dead_share(sums): the share of units that are 0 after ReLU for every picture of the batch."""
    flat = torch.tensor([[1.0, -1.0, -2.0, 0.0], [2.0, 3.0, -0.5, 0.0], [1.0, -1.0, -0.5, -1.0]])
    maps = -torch.rand(3, 5, 2, 4, generator=_generator()) - 0.1
    maps[0, 1, 1, 3] = 1.0
    maps[:, 3] = 0.5
    one = torch.tensor([[0.5, -0.5, -1.0]])
    for sums in (flat, maps, one, flat):
        dead = (sums <= 0).transpose(0, 1).flatten(1).all(dim=1)
        got = call_on_copies(answer, sums, changed="your function changed its argument sums, expected a new result")
        per_number = (sums <= 0).all(dim=0).double().mean()
        same(
            _number(got, "the share"),
            dead.double().mean(),
            what="the share of dead units",
            example=f"sums of shape {tuple(sums.shape)}",
            mistakes={
                "the share of all numbers that are 0": (sums <= 0).double().mean(),
                "the share of units that are 0 for some picture": (sums <= 0)
                .transpose(0, 1)
                .flatten(1)
                .any(1)
                .double()
                .mean(),
                "each place of a channel for itself; the unit is the channel": per_number,
                "only sums below 0; a sum of 0 is 0 after ReLU, too": (sums < 0)
                .transpose(0, 1)
                .flatten(1)
                .all(1)
                .double()
                .mean(),
                "the number of dead units": dead.sum(),
                "the share of units that are alive": 1 - dead.double().mean(),
                "the share of pictures for which all units are 0": (sums <= 0).flatten(1).all(dim=1).double().mean(),
            },
        )
    return "2 of 4 units, 3 of 5 channels, 2 of 3 units"


def bad_pictures(answer) -> str:
    """bad_pictures(batch): the places of the pictures that hold nan or inf."""
    for shape, bad in (
        ((6, 1, 4, 5), {1: math.nan, 4: math.inf}),
        ((3, 3, 2, 2), {0: -math.inf}),
        ((12, 2, 3, 3), {}),
        ((1, 1, 5, 4), {0: math.nan}),
        ((6, 1, 4, 5), {1: math.nan, 4: math.inf}),
    ):
        batch = torch.randn(shape, generator=_generator())
        for i, value in bad.items():
            batch[i, -1, 1, -1] = value
        got = call(answer, batch.clone())
        found = [int(i) for i in array(list(got) if isinstance(got, set | range) else got).ravel()]
        seen = f"(for {shape[0]} pictures of shape {shape[1:]})"
        if found == sorted(bad):
            continue
        if found == [i for i in range(shape[0]) if i not in bad]:
            raise Wrong(f"these are the pictures that are finite: {found}, expected the others, {sorted(bad)} {seen}")
        only = {"nan": [i for i, v in bad.items() if v != v], "inf": [i for i, v in bad.items() if v == v]}
        for kind, part in only.items():
            if bad and found == sorted(part):
                raise Wrong(f"you find only pictures with {kind}: {found}, expected {sorted(bad)} {seen}")
        raise Wrong(f"the places are {found}, expected {sorted(bad)} {seen}")
    return "found with nan, with inf and with -inf"


def floor(answer) -> str:
    """floor(classes): the smallest cross-entropy of a softmax of logits."""
    for classes in (2, 10, 100, 3, 2):
        expected = math.log(math.e + classes - 1) - 1
        same(
            _number(call(answer, classes), "the floor"),
            expected,
            what="the floor",
            example=f"{classes} classes",
            mistakes={
                "the loss of a blind guess": math.log(classes),
                "the floor of 10 classes": math.log(math.e + 9) - 1,
                "the 1 of the right class is counted among the others, too": math.log(math.e + classes) - 1,
                "the loss without the softmax": 0.0,
                "the logarithm of the sum alone": math.log(math.e + classes - 1),
                "its sign": -expected,
                "the probability, without its logarithm": math.e / (math.e + classes - 1),
            },
        )
    return "0.313 for 2 classes, 1.461 for 10, 3.625 for 100"


def _kinds(pictures: Tensor) -> set[bytes]:
    return {picture.numpy().tobytes() for picture in pictures}


def in_both(answer) -> str:
    """in_both(training, validation): how many validation pictures stand in the training set, too."""

    def case(n: int, k: int, shape: tuple[int, ...], common: list[int]) -> tuple[Tensor, Tensor]:
        pictures = torch.randint(256, (n + k, *shape), generator=_generator(n), dtype=torch.uint8)
        training, validation = pictures[:n].clone(), pictures[n:].clone()
        for place, i in enumerate(common):
            validation[(2 * place) % k] = training[i]
        return training, validation

    grey, colour = case(20, 7, (1, 4, 5), [3, 11, 19]), case(8, 5, (3, 2, 2), [0])
    twice = case(6, 4, (1, 3, 3), [2, 2])  # one training picture, twice in the validation set
    twice[0][4:] = twice[0][2]  # and three times in the training set
    almost = case(9, 3, (1, 2, 2), [])
    almost[1][0] = almost[0][4]
    almost[1][0, 0, 0, 0] ^= 1
    for (training, validation), expected in ((grey, 3), (colour, 1), (twice, 2), (almost, 0), (grey, 3)):
        got = call_on_copies(
            answer, training, validation, changed="your function changed its arguments, expected a number"
        )
        equal = training[:, None] == validation[None]
        pairs = equal.flatten(2).all(2)
        same(
            _number(got, "the count"),
            expected,
            what="the count",
            example=f"{len(training)} training and {len(validation)} validation pictures",
            mistakes={
                "pairs: a picture that is there twice counts twice": pairs.sum(),
                "training pictures: validation pictures are asked for": pairs.any(1).sum(),
                "different pictures: one that is there twice counts once": len(_kinds(training) & _kinds(validation)),
                "pictures with one equal pixel; all pixels must be equal": equal.flatten(2).any(2).any(0).sum(),
                "a share; the number is asked for": expected / len(validation),
                "the pictures that are not in both": len(validation) - expected,
            },
        )
    return "3 of 7, 1 of 5, 2 of 4, 0 of 3"


# ---- patients ----

AGAINST = {
    "rate too high": "then most units would be dead after it, and one batch would not be learned by heart",
    "rate too low": "then the weights would hardly change; look at the line of their change",
    "training labels apart": {
        "E": "then the weights would change by some percent; here they hardly do",
        "F": "then new labels could not be guessed; here validation has every picture right",
    },
    "validation labels apart": {
        "DE": "then the training loss would fall; here it does not",
        "F": "then validation would be at chance",
    },
    "softmax twice": "the floor of its loss is 1.461: the loss would fall to it, and never below",
    "ReLU on the logits": "then no output of the new network would be below 0; `outputs` says ok",
    "optimizer of another model": "then the weights would not change at all, by 0.00% of their size",
    "no zero_grad": "then the loss would rise far above its start, and most units would be dead on the batch after it",
    "pixels from 0 to 255": "then `input` and `first loss` of the new network would say LOOK",
    "augmented validation": {
        "DE": "then the training loss would fall, and validation would be a little lower; here nothing is learned",
        "F": "then validation would be lower than training; here it is as good",
    },
    "validation leak": "then validation would be as good as training, and both very good; here nothing is learned",
    "overfitting": {
        "DE": "then the training loss would fall; here it does not",
        "F": "then the validation loss would rise while the training loss falls; here both fall to 0",
    },
}
"""What speaks against a suspect: one sentence, or one for each of some patients."""
PROOF = {
    "D": "the weights change, few units are dead, one batch is learned, and the loss stays: only the data is left. "
    "Test: show pictures with their labels",
    "E": "all is healthy, and the weights have hardly changed. Test: ten times the rate",
    "F": "1,000 pictures are never enough for 100% on new ones. Test: count the pictures in both sets",
}


def diagnosis(name: str) -> Callable[[object], str]:
    def check(answer) -> str:
        if not isinstance(answer, str):
            raise Wrong(f"the answer is a {type(answer).__name__}, expected the text of one of SUSPECTS")
        known = {suspect.lower(): suspect for suspect in SUSPECTS}
        suspect = known.get(" ".join(answer.lower().split()))
        if suspect is None:
            raise Wrong(f"{answer[:40]!r} is none of SUSPECTS, such as {SUSPECTS[0]!r}: copy one of them")
        if suspect == PATIENTS[name].fault:
            return PROOF[name]
        reason = AGAINST[suspect]
        if isinstance(reason, dict):
            reason = next(text for patients, text in reason.items() if name in patients)
        raise Wrong(f"{suspect}: {reason}")

    return check


# ---- code that stops ----


def from_files_to_scores(scores) -> str:
    """scores(pictures, conv, fc): bytes (N, H, W, C) through convolution, ReLU, 2x2 pooling, flatten, linear layer."""

    def broken(pictures: np.ndarray, conv: nn.Module, fc: nn.Module) -> Tensor:
        return fc(torch.flatten(F.max_pool2d(F.relu(conv(torch.from_numpy(pictures))))))

    cases = []
    for n, side, channels, kernel, classes in ((5, (28, 28), 3, 5, 10), (1, (12, 16), 1, 3, 4), (16, (9, 8), 2, 2, 12)):
        torch.manual_seed(n)
        pictures = np.random.default_rng(n).integers(0, 256, (n, *side, channels), dtype=np.uint8)
        conv = nn.Conv2d(channels, 6, kernel)
        left = 6 * ((side[0] - kernel + 1) // 2) * ((side[1] - kernel + 1) // 2)
        cases.append((pictures, conv, nn.Linear(left, classes)))
    for pictures, conv, fc in (*cases, cases[0]):
        symptom = _message(broken, pictures, conv, fc)
        if _message(scores, pictures.copy(), conv, fc) == symptom:
            raise NotDone(f"it still stops with {symptom[:150]}")
        example = f"pictures of shape {pictures.shape}"
        got = _tensor(
            call_on_copies(scores, pictures, conv, fc, changed="your function changed the pictures", example=example)
        )
        x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
        n, c, h, w = x.shape

        def end(x: Tensor, conv=conv) -> Tensor:
            return F.max_pool2d(F.relu(conv(x)), 2)

        with torch.no_grad():
            mixed = torch.from_numpy(pictures).reshape(n, c, h, w).float() / 255
            same(
                got,
                fc(end(x).flatten(1)),
                example=example,
                mistakes={
                    "pixels from 0 to 255: a conversion without a division": fc(end(255 * x).flatten(1)),
                    "a division by 256": fc(end(x * 255 / 256).flatten(1)),
                    "whole numbers: // rounds down": fc(end((x == 1).float()).flatten(1)),
                    "reshape: the right shape, but the colours are mixed": fc(end(mixed).flatten(1)),
                    "red and blue exchanged": fc(end(x.flip(1)).flatten(1)),
                    "no ReLU": fc(F.max_pool2d(conv(x), 2).flatten(1)),
                    "average pooling": fc(F.avg_pool2d(F.relu(conv(x)), 2).flatten(1)),
                    "every second pixel in place of pooling": fc(
                        F.relu(conv(x))[..., ::2, ::2][..., : end(x).shape[-2], : end(x).shape[-1]].flatten(1)
                    ),
                    "numbers of several pictures in one row": fc(end(x).transpose(0, 1).reshape(n, -1)),
                    "the mean of the pictures, for each of them": fc(
                        end(x).flatten(1).mean(0, keepdim=True).expand(n, -1)
                    ),
                },
            )
    return "broken: stops at the first line; mended: (5, 28, 28, 3) -> (5, 10), each picture by itself"


# ---- a training that stays at chance ----


class _Moves(Mlp):
    """A small network whose `.to(...)` makes new tensors, as a move to some devices does."""

    def _apply(self, fn, recurse=True):
        super()._apply(fn, recurse)
        for module in self.modules():
            for name, p in list(module.named_parameters(recurse=False)):
                setattr(module, name, nn.Parameter(p.detach().clone()))
        return self


def _made(kind: type = _Moves, width: int = 16) -> Callable[[], nn.Module]:
    def make() -> nn.Module:
        torch.manual_seed(777)
        return kind((width,))

    return make


def _epoch(order: str, make: Callable, batches: list, lr: float) -> nn.Module:
    """One epoch; the order of z(ero), b(ackward) and s(tep)."""
    model = make()
    optimizer = SGD(model.parameters(), lr=lr)
    for x, y in batches:
        for what in order:
            if what == "z":
                optimizer.zero_grad()
            elif what == "b":
                F.cross_entropy(model(x), y).backward()
            else:
                optimizer.step()
    return model


def _row(model: nn.Module) -> Tensor:
    return torch.cat([p.detach().flatten() for p in model.parameters()])


def one_epoch(train_epoch) -> str:
    """train_epoch(make, device, batches, lr): a new model on the device, after one pass; returns the model."""

    def train(make: Callable, device: str, batches: list, lr: float, example: str) -> nn.Module:
        try:
            model = call(train_epoch, make, device, batches, lr)
        except RuntimeError as error:
            if "device" in str(error):
                raise NotDone(f"{example}, it still stops with {' '.join(str(error).split())[:120]}") from error
            raise
        if not isinstance(model, nn.Module):
            raise Wrong(f"the result is a {type(model).__name__}, expected the trained model")
        return model

    cases = [(60, 10, 0.1), (35, 10, 0.5), (8, 8, 0.02)]
    for n, size, lr in (*cases, cases[0]):
        images = torch.randn(n, 1, 28, 28, generator=_generator(n))
        batches = _batches(images, torch.arange(n) % 10, size)
        example = f"{len(batches)} batches, lr={lr}"
        got = _row(train(_made(), "cpu", [(x.clone(), y.clone()) for x, y in batches], lr, example))
        if torch.equal(got, _row(_made()())):
            if torch.equal(_row(train(_made(Mlp), "cpu", batches, lr, example)), _row(_made(Mlp)())):
                why = "no step, or one without a gradient: zero_grad stands between backward and step"
                raise Wrong(f"{example}: the model is as it was made; this looks like {why}")
            raise NotDone(
                f"{example}: the model is still as it was made; the optimizer holds tensors from before the move"
            )
        if len(batches) > 1 and torch.allclose(got, _row(_epoch("bs", _made(), batches, lr)), atol=1e-6):
            raise NotDone(f"{example}: the gradients still add up over the batches")
        expected = _row(_epoch("zbs", _made(), batches, lr))
        if not torch.allclose(got, expected, atol=1e-5):
            mistakes = {
                "a step before backward: it uses the gradient of the batch before": "szb",
                "two steps in each batch": "zbss",
            }
            looks = [
                name
                for name, o in mistakes.items()
                if torch.allclose(got, _row(_epoch(o, _made(), batches, lr)), atol=1e-5)
            ]
            looks += ["another rate"] * torch.allclose(got, _row(_epoch("zbs", _made(), batches, 0.01)), atol=1e-5)
            looks += ["two passes"] * torch.allclose(got, _row(_epoch("zbs", _made(), 2 * batches, lr)), atol=1e-5)
            why = f"; this looks like {looks[0]}" if looks else ""
            raise Wrong(f"{example}: the weights differ by up to {(got - expected).abs().max():.2g}{why}")
    far = "with the device meta"
    model = train(_made(), "meta", _batches(images, torch.arange(n) % 10, size), lr, far)
    if (found := next(model.parameters()).device.type) != "meta":
        raise Wrong(f"{far}, the model is on {found}: move the model there, and each batch, too")
    x, y, _, _ = _digits()
    after = train(_made(width=64), "cpu", _batches(x, y), 0.1, "2,000 digits")
    before = _accuracy(_made(width=64)())
    return f"accuracy after one epoch on digits: broken {before:.0%}, mended {_accuracy(after):.0%}"


# ---- a rate ----


def learning_rate(lr) -> str:
    """A rate with which LeNet reaches 70 % in four short epochs."""
    if isinstance(lr, bool) or not isinstance(lr, int | float):
        raise Wrong(f"the learning rate is a {type(lr).__name__}, expected a number")
    if not math.isfinite(lr) or lr <= 0:
        raise Wrong(f"a learning rate of {lr} takes no step downhill, expected a number above 0")
    right, dead, losses = _four_epochs(float(lr))
    if not all(map(math.isfinite, losses)):
        raise Wrong(f"with lr={lr:g} the loss becomes nan or inf: far too high")
    seen = f"{right:.0%} right, {dead:.0%} of the ReLUs dead on 64 pictures"
    if right < 0.7:
        if lr == 0.5:
            raise NotDone(f"with lr=0.5 still {seen}")
        falls = dead < 0.4 and all(b < a + 0.001 for a, b in zip(losses, losses[1:], strict=False))
        slowly = f"too low: the loss falls at every epoch, but only from {losses[0]:.3f} to {losses[-1]:.3f}"
        jumps = f"too high: the loss does not fall steadily, it ends at {losses[-1]:.3f}"
        raise Wrong(f"{slowly if falls else jumps} (with lr={lr:g}: {seen}; expected at least 70% right)")
    broken = _four_epochs(0.5)
    return f"broken: {broken[0]:.0%} right, {broken[1]:.0%} of the ReLUs dead; mended: {seen}"


@cache
def _four_epochs(rate: float) -> tuple[float, float, list[float]]:
    """LeNet trained with this rate: its accuracy, the share of dead ReLUs, the mean loss of each epoch."""
    images, labels, _, _ = _digits()
    torch.manual_seed(777)
    model, losses = LeNet(), []
    optimizer = SGD(model.parameters(), lr=rate, momentum=0.9)
    for _ in range(4):
        found = []
        for x, y in _batches(images, labels):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            found.append(loss.item())
            if not math.isfinite(loss.item()):
                return 0.0, 1.0, [math.nan]
        losses.append(sum(found) / len(found))
    dead = next(line.value for line in health(model, [(images, labels)]) if line.what == "dead ReLUs")
    return _accuracy(model), float(dead.rstrip("%")) / 100, losses


# ---- a loss that is not a number ----


def finite_loss(loss_of) -> str:
    """loss_of(logits, targets): the mean cross-entropy, for logits of any size."""

    def broken(z: Tensor, y: Tensor) -> Tensor:
        return -z.softmax(dim=1)[torch.arange(len(y)), y].log().mean()

    def compare(z: Tensor, y: Tensor, example: str) -> None:
        logits = z.clone().requires_grad_()
        loss = call(loss_of, logits, y.clone())
        got = _tensor(loss, "the loss")
        if not torch.isfinite(broken(z, y)) and got.shape == () and not torch.isfinite(got):
            raise NotDone(f"the loss is still {got.item()} for {example}")
        rows, p = torch.arange(len(y)), z.softmax(dim=1)
        same(
            got,
            F.cross_entropy(z, y),
            what="the loss",
            example=example,
            mistakes={
                "0 for a loss that is not finite": torch.nan_to_num(broken(z, y), posinf=0.0),
                "a small number inside the logarithm: it hides large losses": -(p[rows, y] + 1e-12).log().mean(),
                "a small number inside the logarithm: it hides large losses (1e-8)": -(p[rows, y] + 1e-8).log().mean(),
                "a probability that is cut off (1e-7)": -p[rows, y].clamp(min=1e-7).log().mean(),
                "a probability that is cut off (1e-12)": -p[rows, y].clamp(min=1e-12).log().mean(),
                "a softmax too many": F.cross_entropy(p, y),
                "nll_loss of probabilities: it wants their logarithms": F.nll_loss(p, y),
                "nll_loss of logits: it wants the logarithms of probabilities": F.nll_loss(z, y),
                "a softmax over the pictures, not over the classes": F.nll_loss(z.log_softmax(dim=0), y),
                "the sum over the pictures": F.cross_entropy(z, y, reduction="sum"),
                "one loss for each picture": F.cross_entropy(z, y, reduction="none"),
                "the mean squared error": F.mse_loss(p, F.one_hot(y, z.shape[1]).float()),
                "a ReLU on the logits": F.cross_entropy(F.relu(z), y),
                "the gain, not the loss: its sign is wrong": -F.cross_entropy(z, y),
            },
        )
        expected = p.clone()
        expected[rows, y] -= 1
        if not loss.requires_grad:
            raise Wrong("the loss has no gradient: compute it from the logits, without item() or detach()")
        (gradient,) = torch.autograd.grad(loss, logits)
        same(gradient, expected / len(y), what="the gradient of the logits", example=example)

    cases = [(7, 10, 2.0), (1, 3, 5.0), (20, 12, 0.1)]
    for n, classes, scale in (*cases, cases[0]):
        z = scale * torch.randn(n, classes, generator=_generator(n))
        compare(z, torch.randint(classes, (n,), generator=_generator()), f"{n} pictures, {classes} classes")
    for z in ([200.0, 0.0, 0.0], [-500.0, 0.0, 300.0], [1000.0, 999.0, -1000.0]):
        compare(torch.tensor([z]), torch.tensor([1]), f"the logits {z}, class 1")
    return "loss for the logits 200, 0, 0, class 1: broken inf, mended 200"


# ---- a guard ----


class _Root(nn.Module):
    """A network with a square root: its gradient at 0 is infinite, its value is not."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(777)
        self.hidden, self.out, self.healthy = nn.Linear(784, 8), nn.Linear(8, 10), False

    def forward(self, x: Tensor) -> Tensor:
        h = self.hidden(x.flatten(1))
        return self.out(h if self.healthy else h + (0 * h).sqrt())


class _Loud(Mlp):
    """A network whose logits overflow for pictures that are brighter than usual."""

    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * (1.0 if x.abs().max() < 50 else float("inf"))


def careful_step(step) -> str:
    """step(model, images, targets, optimizer): "ok" after a step, or what is not finite, and then no step."""
    good, y = torch.randn(12, 1, 28, 28, generator=_generator()), torch.arange(12) % 10
    with_nan, with_inf = good.clone(), good.clone()
    with_nan[3, 0, 5, 6], with_inf[-1, 0, 0, 0] = math.nan, -math.inf
    batches = {
        "a healthy batch": (good, "ok"),
        "a batch with one nan": (with_nan, "images"),
        "a batch with one -inf": (with_inf, "images"),
        "a batch whose loss is not finite": (60 * good, "loss"),
        "a healthy batch, after the bad ones": (2 * good[:7], "ok"),
    }

    def run(model: nn.Module, x: Tensor, optimizer: SGD, example: str, expected: str) -> None:
        targets, before = y[: len(x)], _row(model)
        got = call(step, model, x.clone(), targets.clone(), optimizer)
        changed, finite = not torch.equal(_row(model), before), torch.isfinite(_row(model)).all()
        if not isinstance(got, str) or got not in ("ok", "images", "loss", "gradient"):
            raise Wrong(
                f"the result is {str(got)[:40]!r}, expected 'ok', 'images', 'loss' or 'gradient' (for {example})"
            )
        if expected != "ok" and got == "ok" and not finite:
            raise NotDone(f"after {example} the weights are still not finite, and your step says 'ok'")
        if got != expected:
            raise Wrong(f"your step says {got!r}, expected {expected!r} (for {example})")
        if expected != "ok" and changed:
            raise Wrong(f"your step says {got!r}, but it changes the weights, expected none (for {example})")
        if expected == "ok":
            if not changed:
                raise Wrong(f"your step says 'ok', but it changes no weight (for {example})")
            reference = _copy_of(model, before)
            optimizer = SGD(reference.parameters(), lr=0.1)
            F.cross_entropy(reference(x), targets).backward()
            optimizer.step()
            if not torch.allclose(_row(model), _row(reference), atol=1e-5):
                raise Wrong(
                    f"the weights are not those of one step with this batch alone: is zero_grad first? (for {example})"
                )

    for width in (16, 5):
        model = _made(_Loud, width)()
        optimizer = SGD(model.parameters(), lr=0.1)
        for example, (x, expected) in batches.items():
            run(model, x, optimizer, example, expected)
    root = _Root()
    optimizer = SGD(root.parameters(), lr=0.1)
    run(root, good, optimizer, "a network with a square root of 0", "gradient")
    root.healthy = True
    run(root, good[:7], optimizer, "a healthy batch after a bad gradient: is its nan still in .grad?", "ok")
    return "broken: one bad batch, and all weights are nan; mended: they stay, and the culprit has a name"


def _copy_of(model: nn.Module, row: Tensor) -> nn.Module:
    """Another model of this kind, with these numbers, and without gradients."""
    other = copy.deepcopy(model)
    other.zero_grad()
    nn.utils.vector_to_parameters(row.clone(), other.parameters())
    return other


# ---- a number that changes ----


class _Watched(nn.Module):
    """A network with dropout and batch normalisation that notes in which mode its layers are used."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(777)
        self.dropout, self.norm, self.fc = nn.Dropout(0.5), nn.BatchNorm1d(20), nn.Linear(20, 10)
        self.norm.running_mean.normal_()
        self.modes: list[tuple[bool, bool]] = []

    def forward(self, x: Tensor) -> Tensor:
        self.modes.append((self.dropout.training, self.norm.training))
        return self.fc(self.norm(self.dropout(x)))


def honest_measurement(measure) -> str:
    """measure(model, batches): (loss, accuracy) per picture, in evaluation mode; the mode is put back."""
    n = 105
    x = torch.randn(n, 20, generator=_generator())
    with torch.no_grad():
        scores = _Watched().eval()(x)
    y = torch.where(torch.rand(n, generator=_generator()) < 0.7, scores.argmax(1), scores.argmin(1))
    y[100:] = scores[100:].argmin(1)  # the short last batches are all wrong
    losses, hits = F.cross_entropy(scores, y, reduction="none").double(), (scores.argmax(1) == y).double()
    shown = ""
    for size, drop_last, mode in (
        (50, False, True),
        (100, True, True),
        (64, False, False),
        (1, False, True),
        (50, False, True),
    ):
        batches = DataLoader(TensorDataset(x, y), batch_size=size, drop_last=drop_last)
        example = f"{n} pictures in batches of {size}{', drop_last=True' if drop_last else ''}"
        model = _Watched().train(mode)
        with torch.no_grad():
            made = _several(call(measure, model, batches), "loss, accuracy")
        if not model.modes:
            raise Wrong("the model was never used")
        if all(d and b for d, b in model.modes):
            raise NotDone(f"the model is still in training mode: measured twice, {' and '.join(_two(x, y))} are right")
        for what, i in (("dropout", 0), ("batch norm", 1)):
            if on := sum(modes[i] for modes in model.modes):
                raise Wrong(f"{what} is in training mode in {on} of {len(model.modes)} batches, expected in none")
        if model.training != mode or model.dropout.training != mode:
            was, now = ("training", "evaluation") if mode else ("evaluation", "training")
            raise Wrong(f"the model came in {was} mode and is left in {now} mode: put it back")
        used = n // size * size if drop_last else n
        for name, got, each in (("loss", made[0], losses), ("accuracy", made[1], hits)):
            parts = each[:used].split(size)
            means = torch.stack([part.mean() for part in parts])
            divided = each[:used].sum() / (len(parts) * size)
            got, right = _number(got, f"the {name}"), each[:used].mean().item()
            for wrong, fault in (
                (means.mean(), "the mean of the batch means"),
                (divided, "divided by batches times size"),
            ):
                if abs(wrong - right) > 1e-3 and abs(got - wrong) < 1e-5:
                    raise NotDone(f"the {name} is still {fault}, {got:.4f} instead of {right:.4f} (for {example})")
            same(
                got,
                right,
                what=f"the {name}",
                example=example,
                mistakes={
                    "a division by len(dataset), but fewer pictures came": each[:used].sum() / n,
                    "the sum over all pictures": each[:used].sum(),
                    "percent; a share from 0 to 1 is wanted": 100 * each[:used].mean(),
                    "the last batch alone": parts[-1].mean(),
                    "the sum of the batch means, divided by the number of pictures": means.sum() / used,
                    "the sum over all pictures, divided by the number of batches": each[:used].sum() / len(parts),
                    "full batches only": each[: n // size * size].mean(),
                    "the share of wrong answers": 1 - right,
                    "the other of the two: loss, then accuracy": (hits if name == "loss" else losses)[:used].mean(),
                },
            )
        shown = shown or f"accuracy: broken {_two(x, y)[0]}, another number each time; mended {hits.mean():.1%}"
    return shown


def _two(x: Tensor, y: Tensor) -> list[str]:
    """The accuracy in training mode, measured until two numbers differ."""
    model, found = _Watched(), []
    with torch.no_grad():
        while len(found) < 2:
            text = f"{(model(x).argmax(1) == y).double().mean():.1%}"
            found += [text] * (text not in found)
    return found


# ---- too good to be true ----


def _each_by_itself(x: Tensor) -> Tensor:
    return (x - x.mean((1, 2, 3), keepdim=True)) / x.std((1, 2, 3), keepdim=True)


def two_honest_sets(two_sets) -> str:
    """two_sets(images, labels, k, seed): a random split without common pictures, both standardised by the first."""
    cases = [(60, 20, 1, (1, 4, 5)), (25, 5, 2, (3, 3, 3)), (200, 50, 1, (1, 2, 2))]
    splits = {}
    for n, k, seed, shape in (*cases, cases[0], (60, 20, 5, (1, 4, 5))):
        images = (
            torch.randint(256, (n, *shape), generator=_generator(n))
            .mul(torch.rand(n, 1, 1, 1, generator=_generator()))
            .byte()
        )
        labels = torch.arange(n)  # a class for each picture, so that each can be told
        example = f"{n} pictures of shape {shape}, k={k}, seed={seed}"
        made = call_on_copies(
            two_sets,
            images,
            labels,
            k,
            seed,
            changed="your function changed its arguments, expected new tensors",
            example=example,
        )
        made = _several(made, "training images, training labels, validation images, validation labels")
        train_x, train_y, valid_x, valid_y = (torch.as_tensor(array(part)) for part in made)
        if any(
            part.ndim != 1 or part.numel() and not (0 <= part.min() and part.max() < n) for part in (train_y, valid_y)
        ):
            raise Wrong(
                f"the labels have the shapes {tuple(train_y.shape)} and {tuple(valid_y.shape)}, "
                f"expected the given ones (for {example})"
            )
        train_y, valid_y = train_y.long(), valid_y.long()
        common = int(torch.isin(valid_y, train_y).sum())
        if common and common == len(valid_y):
            raise NotDone(f"still all {common} validation pictures are training pictures, too (for {example})")
        if common:
            raise Wrong(
                f"{common} of {len(valid_y)} validation pictures are training pictures, too, "
                f"expected none (for {example})"
            )
        if (len(train_y), len(valid_y)) != (n - k, k):
            raise Wrong(f"{len(train_y)} and {len(valid_y)} pictures, expected {n - k} and {k} (for {example})")
        if len(train_y.unique()) < n - k or len(valid_y.unique()) < k:
            raise Wrong(f"a picture is there twice, so others are never used (for {example})")
        if n > 50 and (valid_y.sort().values.diff() == 1).double().mean() > 0.7:
            raise Wrong(f"the validation pictures are neighbours in the file, expected a random choice (for {example})")
        for part, name, own in ((train_x, "training", train_y), (valid_x, "validation", valid_y)):
            if tuple(part.shape) != (len(own), *shape):
                raise Wrong(f"the {name} images have the shape {tuple(part.shape)}, expected {(len(own), *shape)}")
        pixels = images.double()
        mean, std = pixels[train_y].mean(), pixels[train_y].std()
        for part, name, own in ((train_x, "training", train_y), (valid_x, "validation", valid_y)):
            raw = pixels[own]
            by_itself = (raw - raw.mean()) / raw.std()
            if name == "validation" and torch.allclose(part.double(), by_itself, atol=1e-3):
                raise NotDone(f"the validation images are still standardised by their own numbers (for {example})")
            same(
                part,
                (raw - mean) / std,
                what=f"the {name} images",
                example=example,
                atol=1e-2,
                mistakes={
                    "mean and std of both sets together": (raw - pixels.mean()) / pixels.std(),
                    "each picture by its own numbers": _each_by_itself(raw),
                    "pixels as they are": raw,
                    "pixels from 0 to 1, not standardised": raw / 255,
                    "a division by the variance": (raw - mean) / std**2,
                    "images in another order than their labels": ((raw - mean) / std).flip(0),
                    "MNIST's numbers": (raw / 255 - 0.1307) / 0.3081,
                },
            )
        if splits.setdefault((n, k, seed), valid_y.tolist()) != valid_y.tolist():
            raise Wrong(
                f"the same seed gives two different splits, so no two trainings can be compared (for {example})"
            )
    if sorted(splits[60, 20, 1]) == sorted(splits[60, 20, 5]):
        raise Wrong("the seeds 1 and 5 give the same split of 60 pictures")
    return "validation pictures that are training pictures, too: broken all, mended 0; one scale for both sets"


CHECKERS = {
    "a": dead_share,
    "b": bad_pictures,
    "c": floor,
    "d": in_both,
    "1": diagnosis("D"),
    "2": diagnosis("E"),
    "3": diagnosis("F"),
    "4": from_files_to_scores,
    "5": one_epoch,
    "6": learning_rate,
    "7": finite_loss,
    "8": careful_step,
    "9": honest_measurement,
    "10": two_honest_sets,
}
