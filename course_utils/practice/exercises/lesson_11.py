"""The tasks and exercises of lesson 11: patients to name, and broken code to mend.

Broken code is run beside the answer: "not done yet" means that the answer still shows a first symptom, and "correct"
comes with what both of them gave.
"""

import copy
import math
from collections.abc import Callable
from functools import cache, partial

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD
from torch.utils.data import DataLoader, TensorDataset

from course_utils.data import load
from course_utils.models import LeNet, Mlp
from course_utils.network.health import health
from course_utils.practice.judge import NotDone, Wrong, array, call, same
from course_utils.practice.patients import PATIENTS, SUSPECTS


def _generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _message(function: Callable, *arguments: object) -> str:
    """The error that a call ends with; "" if it ends well."""
    try:
        function(*arguments)
    except Exception as error:
        return _text(error)
    return ""


def _text(error: Exception) -> str:
    return f"{type(error).__name__}: {' '.join(str(error).split())}"


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
    if isinstance(made, Tensor | np.ndarray) and made.shape == (count,):  # one number for each name
        made = array(made).tolist()
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


def _has_hooks(model: nn.Module) -> bool:
    return any(module._forward_hooks or module._forward_pre_hooks for module in model.modules())


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
    barely = -torch.ones(200, 40)  # ten units answer to one picture, and hardly
    barely[5, :10] = 1e-6
    channel = -torch.ones(1, 1, 3, 2)
    for sums in (flat, -flat, maps, one, barely, channel, flat):
        zero = sums <= 0
        by_unit, below = (x.transpose(0, 1).flatten(1) for x in (zero, sums < 0))
        share = by_unit.all(1).double().mean()
        same(
            _number(call(answer, sums), "the share"),
            share,
            what="the share of dead units",
            mistakes={
                "the share of all numbers that are 0": zero.double().mean(),
                "the share of units that are alive": 1 - share,
                "the share of units that are 0 for some picture": by_unit.any(1).double().mean(),
                "each place of a channel for itself; the unit is the channel": zero.all(0).double().mean(),
                "only sums below 0; a sum of 0 is 0 after ReLU, too": below.all(1).double().mean(),
                "the number of dead units": by_unit.all(1).sum(),
                "the share in percent": 100 * share,
                "the share of pictures for which all units are 0": zero.flatten(1).all(1).double().mean(),
            },
        )
    return "2 of 4 units, 3 of 5 channels, 2 of 3 units"


def bad_pictures(answer) -> str:
    """bad_pictures(batch): the places of the pictures that hold nan or inf, in any order."""
    cases = (  # the first and the last number of some pictures; each is above 0, below 0, infinite or nan
        ((6, 1, 4, 5), {1: (0.0, math.nan), 2: (1e30, -1e30), 4: (math.inf, 0.0)}),
        ((6, 1, 4, 5), {5: (0.0, math.inf)}),
        ((3, 3, 2, 2), {0: (1.0, -math.inf)}),
        ((12, 2, 3, 3), {}),
        ((1, 1, 5, 4), {0: (math.nan, math.nan)}),
        ((5, 3, 6, 4), {0: (math.nan, math.inf), 3: (math.inf, -math.inf), 4: (-math.inf, 1.0)}),
    )
    for shape, given in (*cases, cases[0]):
        batch = torch.randn(shape, generator=_generator())
        for i, ends in given.items():
            batch[i].view(-1)[[0, -1]] = torch.tensor(ends)
        nan, inf = batch.isnan().flatten(1).any(1), batch.isinf().flatten(1).any(1)
        got = call(answer, batch)
        found = array(list(got) if isinstance(got, set | range) else got, "the result")
        if found.ndim != 1:
            raise Wrong(
                f"the result has the shape {found.shape}, expected one list of places: flatten() what nonzero() gives, "
                "and take [0] of what np.where gives"
            )
        expected, found = _places(nan | inf), sorted(found.tolist())
        mistakes = {
            "True and False for each picture, and no places": sorted((nan | inf).tolist()),
            "the pictures that are finite": _places(~(nan | inf)),
            "the pictures with nan alone": _places(nan),
            "the pictures with inf alone": _places(inf),
            "a picture once for each bad number in it": sorted((~torch.isfinite(batch)).nonzero()[:, 0].tolist()),
            "large numbers, too: they are finite": _places((batch.abs() > 10).flatten(1).any(1) | nan),
        }
        if found != expected:
            looks = next((f"this looks like {name}: " for name, wrong in mistakes.items() if found == wrong), "")
            raise Wrong(f"{looks}the places are {found}, expected {expected}")
    return "found with nan, with inf and with -inf"


def _places(mask: Tensor) -> list[int]:
    return mask.nonzero().flatten().tolist()


def floor(answer) -> str:
    """floor(classes): the smallest cross-entropy of a softmax of logits."""
    for classes in (2, 10, 100, 3, 1000, 2):
        expected = math.log(math.e + classes - 1) - 1
        same(
            _number(call(answer, classes), "the floor"),
            expected,
            what="the floor",
            mistakes={
                "the loss of a blind guess": math.log(classes),
                "the floor of 10 classes": math.log(math.e + 9) - 1,
                "the 1 of the right class, counted among the others, too": math.log(math.e + classes) - 1,
                "the loss without the softmax": 0.0,
                "the logarithm of the sum alone": math.log(math.e + classes - 1),
                "its sign": -expected,
                "the probability, without its logarithm": math.e / (math.e + classes - 1),
            },
        )
    return "0.313 for 2 classes, 1.461 for 10, 3.622 for 100"


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

    grey, fewer, colour = case(20, 7, (1, 4, 5), [3, 11, 19]), case(20, 7, (1, 4, 5), [5]), case(8, 5, (3, 2, 2), [0])
    twice = case(6, 4, (1, 3, 3), [2, 2])  # one training picture, twice in the validation set
    twice[0][4:] = twice[0][2]  # and three times in the training set
    almost = case(9, 5, (3, 28, 28), [4, 4, 4, 4, 4])
    for i, place in enumerate(((0, 0, 0), (2, -1, -1))):
        almost[1][i][place] ^= 1  # one pixel, by 1
    almost[1][2] = almost[1][2].flip(2)  # the same numbers at other places
    almost[1][3] = almost[1][3].flip(0)
    more = case(1, 9, (1, 2, 2), [0, 0])
    cases = ((grey, 3), (fewer, 1), (colour, 1), (twice, 2), (almost, 1), (more, 2), (grey, 3))
    for (training, validation), expected in cases:
        equal = training[:, None] == validation[None]
        pairs = equal.flatten(2).all(2)
        sums = torch.isin(validation.flatten(1).sum(1), training.flatten(1).sum(1))
        same(
            _number(call(answer, training, validation), "the count"),
            expected,
            what="the count",
            mistakes={
                "pairs: a picture that is there twice counts twice": pairs.sum(),
                "training pictures: validation pictures are asked for": pairs.any(1).sum(),
                "different pictures: one that is there twice counts once": len(_kinds(training) & _kinds(validation)),
                "pictures with one equal pixel; all pixels must be equal": equal.flatten(2).any(2).any(0).sum(),
                "pictures with the same sum; all pixels must be equal": sums.sum(),
                "a share; the number is asked for": expected / len(validation),
                "the pictures that are not in both": len(validation) - expected,
            },
        )
    return "3 of 7, 1 of 5, 2 of 4, 1 of 5"


# ---- patients ----

GUESS = "ln(10) = 2.303; here it stays near it (read the numbers at the axis)"
AGAINST = {
    "rate too high": "then most units would be dead after it, and one batch would not be learned by heart",
    "rate too low": "then the weights would hardly change; look at the line of their change",
    "training labels apart": {
        "E": "then the weights would change by some percent; here they hardly do",
        "F": "then new labels could not be guessed; here validation has every picture right",
    },
    "validation labels apart": {
        "DE": f"then the training loss would fall far below {GUESS}",
        "F": "then validation would be at chance",
    },
    "softmax twice": "the floor of its loss is 1.461: the loss would fall to it, and never below",
    "ReLU on the logits": "then no output of the new network would be below 0; `outputs` says ok",
    "optimizer of another model": "then the weights would not change at all, by 0.00% of their size",
    "no zero_grad": "then the loss would rise far above its start, and most units would be dead on the batch after it",
    "pixels from 0 to 255": "then `input` and `first loss` of the new network would say LOOK",
    "augmented validation": {
        "DE": f"then the training loss would fall far below {GUESS}",
        "F": "then validation would be lower than training; here it is as good",
    },
    "validation leak": "then validation would be as good as training, and both very good; here nothing is learned",
    "overfitting": {
        "DE": f"then the training loss would fall far below {GUESS}",
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
            raise Wrong(f"{answer[:40]!r} is none of SUSPECTS, expected one of them, such as {SUSPECTS[0]!r}")
        if suspect == PATIENTS[name].fault:
            return PROOF[name]
        reason = AGAINST[suspect]
        if isinstance(reason, dict):
            reason = next(text for patients, text in reason.items() if name in patients)
        raise Wrong(f"{suspect}: {reason}; expected another suspect")

    return check


# ---- code that stops ----


def from_files_to_scores(scores) -> str:
    """scores(pictures, conv, fc): bytes (N, H, W, C) through convolution, ReLU, 2x2 pooling, flatten, linear layer."""

    def broken(pictures: np.ndarray, conv: nn.Module, fc: nn.Module) -> Tensor:
        return fc(torch.flatten(F.max_pool2d(F.relu(conv(torch.from_numpy(pictures))))))

    cases = []
    for n, side, channels, kernel, padding, classes, most in (
        (5, (28, 28), 3, 5, 0, 10, 255),
        (5, (28, 28), 3, 5, 0, 10, 254),
        (1, (12, 16), 1, 3, 0, 4, 255),
        (16, (9, 8), 2, 2, 0, 12, 90),
        (3, (10, 7), 5, 3, 1, 2, 255),
    ):
        torch.manual_seed(most)
        pictures = np.random.default_rng(most).integers(0, most + 1, (n, *side, channels), dtype=np.uint8)
        conv = nn.Conv2d(channels, 6, kernel, padding=padding)
        left = math.prod((length + 2 * padding - kernel + 1) // 2 for length in side)
        cases.append((pictures, conv, nn.Linear(6 * left, classes)))
    for pictures, conv, fc in (*cases, cases[0]):
        symptom = _message(broken, pictures, conv, fc)
        try:
            got = _tensor(call(scores, pictures, conv, fc))
        except Exception as error:
            if _text(error) == symptom:
                raise NotDone(f"it still stops with {symptom[:150]}") from error
            raise
        x = torch.from_numpy(pictures).permute(0, 3, 1, 2).float() / 255
        n, c, h, w = x.shape

        def end(x: Tensor, conv=conv) -> Tensor:
            return F.max_pool2d(F.relu(conv(x)), 2)

        with torch.no_grad():
            mixed = torch.from_numpy(pictures).reshape(n, c, h, w).float() / 255
            same(
                got,
                fc(end(x).flatten(1)),
                mistakes={
                    "pixels from 0 to 255: a conversion without a division": fc(end(255 * x).flatten(1)),
                    "a division by 256": fc(end(x * 255 / 256).flatten(1)),
                    "a division by the brightest pixel; expected 255": fc(end(x / x.max()).flatten(1)),
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


@cache
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
            model = call(train_epoch, make, device, batches, lr, example=example)
        except RuntimeError as error:
            if "device" in str(error):
                raise NotDone(f"it still stops with {_text(error)[:150]} (for {example})") from error
            raise
        if not isinstance(model, nn.Module):
            raise Wrong(f"the result is a {type(model).__name__}, expected the trained model")
        if _has_hooks(model):
            raise Wrong("your hooks are still on the layers, expected none: call remove() on each handle")
        return model

    cases = [(60, 10, 0.1, 16, 1), (35, 10, 0.5, 9, 1), (8, 8, 0.02, 16, 1), (6, 1, 0.01, 3, 3)]
    for n, size, lr, width, scale in (*cases, cases[0]):  # large pixels have large gradients
        make = _made(width=width)
        images = scale * torch.randn(n, 1, 28, 28, generator=_generator(n))
        batches = _batches(images, torch.arange(n) % 10, size)
        example = f"the device cpu, {len(batches)} batches, lr={lr}"
        got, start = _row(train(make, "cpu", batches, lr, example)), _row(make())
        if got.shape != start.shape:
            raise Wrong(
                f"the weights have the shape {tuple(got.shape)}, expected {tuple(start.shape)}: call make() anew"
            )
        if torch.equal(got, start):
            if torch.equal(_row(train(_made(Mlp, width), "cpu", batches, lr, example)), _row(_made(Mlp, width)())):
                raise Wrong(
                    "this looks like no step, or one without a gradient: is zero_grad between backward and step? The "
                    "model is as it was made, expected a trained one"
                )
            why = "the optimizer holds tensors from before the move"
            raise NotDone(f"the model is still as it was made: {why} (for {example})")
        expected, added = (_row(_epoch(order, make, batches, lr)) for order in ("zbs", "bs"))
        if len(batches) > 1 and torch.allclose(got, added, atol=1e-6):
            raise NotDone(f"the gradients still add up over the batches (for {example})")
        if not torch.allclose(got, expected, atol=1e-5):
            early = "a step before backward, or no last batch: a step uses the gradient of the batch before"
            mistakes = {
                early: ("szb", batches, lr),
                "two steps in each batch": ("zbss", batches, lr),
                "another rate": ("zbs", batches, 0.01),
                "two passes": ("zbs", 2 * batches, lr),
                "the first batch alone": ("zbs", batches[:1], lr),
                "batches in another order": ("zbs", batches[::-1], lr),
            }
            looks = ""
            for name, (order, pairs, rate) in mistakes.items():
                if torch.allclose(got, _row(_epoch(order, make, pairs, rate)), atol=1e-5):
                    looks = f"this looks like {name}: "
                    break
            difference = (got - expected).abs().max()
            raise Wrong(f"{looks}the weights differ by up to {difference:.2g} from those expected after plain SGD")
    model = train(_made(), "meta", _batches(images, torch.arange(n) % 10, size), lr, "the device meta")
    if (found := next(model.parameters()).device.type) != "meta":
        raise Wrong(f"the model is on {found}, expected meta: move the model there, and each batch, too")
    x, y, _, _ = _digits()
    after = train(_made(width=64), "cpu", _batches(x, y), 0.1, "2,000 digits")
    before = _accuracy(_made(width=64)())
    return f"accuracy after one epoch on digits: broken {before:.0%}, mended {_accuracy(after):.0%}"


# ---- a rate ----


def learning_rate(lr) -> str:
    """A rate with which LeNet reaches 70 % in four short epochs."""
    if isinstance(lr, bool | list | tuple):
        raise Wrong(f"the learning rate is a {type(lr).__name__}, expected a number")
    lr = _number(lr, "the learning rate")
    if not math.isfinite(lr) or lr <= 0:
        raise Wrong(f"a learning rate of {lr:g} takes no step downhill, expected a number above 0")
    right, dead, losses = _four_epochs(lr)
    if not all(map(math.isfinite, losses)):
        raise Wrong(f"with lr={lr:g} the loss becomes nan or inf, expected at least 70% right: far too high")
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

    def compare(z: Tensor, y: Tensor, example: str = "") -> None:
        leaf = z.clone().requires_grad_()
        loss = call(loss_of, 1 * leaf, y, example=example)  # the copy of a leaf would keep the gradient to itself
        got = _tensor(loss, "the loss")
        if got.shape == () and not torch.isfinite(got):
            if not torch.isfinite(broken(z, y)):
                raise NotDone(f"the loss is still {got.item()} for {example}")
            right = F.cross_entropy(z, y)
            raise Wrong(f"the loss is {got.item()}, expected {right:.6g}: has each row its own largest logit?")
        rows, p = torch.arange(len(y)), z.softmax(dim=1)
        same(
            got,
            F.cross_entropy(z, y),
            what="the loss",
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
        (gradient,) = torch.autograd.grad(loss, leaf, allow_unused=True) if loss.requires_grad else (None,)
        if gradient is None:
            raise Wrong(
                "the loss has no gradient, expected one: compute it from the logits, without item() or detach()"
            )
        same(gradient, expected / len(y), what="the gradient of the logits")

    cases = [(7, 10, 2.0), (1, 3, 5.0), (20, 12, 0.1)]
    for n, classes, scale in (*cases, cases[0]):
        z = scale * torch.randn(n, classes, generator=_generator(n))
        compare(z, torch.randint(classes, (n,), generator=_generator()))
    for z in ([200.0, 0.0, 0.0], [-500.0, 0.0, 300.0], [1000.0, -1000.0, 0.0], [-1000.0, -3000.0, -999.0]):
        compare(torch.tensor([z]), torch.tensor([1]), f"the logits {z}, class 1")
    far = torch.tensor([[1000.0, 999.0], [-1000.0, -999.0], [0.0, 1.0]])
    compare(far, torch.tensor([1, 0, 1]), f"the logits {far.tolist()}, classes 1, 0, 1")
    return "loss for the logits 200, 0, 0, class 1: broken inf, mended 200"


# ---- a guard ----


class _Frail(Mlp):
    """A network whose loss or gradient is not finite when `fault` says so. Its other numbers are those of an Mlp.

    fault: a loss, "nan" or "inf"; or the place of a parameter, whose last number gets an infinite gradient.
    """

    fault: str | int = ""

    def forward(self, x: Tensor) -> Tensor:
        z = super().forward(x)
        if self.fault == "nan":
            return z * math.inf
        if self.fault == "inf":
            return z.index_fill(1, torch.tensor(0), -math.inf)
        if self.fault == "":
            return z
        p = list(self.parameters())[self.fault]
        root = (p - p.detach()).flatten()[-1].sqrt()  # 0, with an infinite slope
        return z + root * F.one_hot(torch.tensor(1), 10)


def careful_step(step) -> str:
    """step(model, images, targets, optimizer): "ok" after a step, or what is not finite, and then no step.

    A twin of the model gets the healthy batches alone, each with a normal step.
    """
    good, y = torch.randn(12, 1, 28, 28, generator=_generator()), torch.arange(12) % 10
    with_nan, with_inf, bright = good.clone(), good.clone(), good.clone()
    with_nan[3, 0, 5, 6], with_inf[-1, 0, 0, 0], bright[0, 0, 27, 27] = math.nan, -math.inf, math.inf
    batches = (  # (what it is, its pictures, the fault of the network, what a step says)
        ("a healthy batch", good, "", "ok"),
        ("a batch with one nan", with_nan, "", "images"),
        ("a batch with one -inf", with_inf, "", "images"),
        ("a batch with one inf", bright, "", "images"),
        ("a batch whose loss is nan", good, "nan", "loss"),
        ("a batch whose loss is inf", good[:11], "inf", "loss"),
        ("a healthy batch, after the bad ones", 2 * good[:7], "", "ok"),
        ("a batch with a bad gradient in the first layer", good, 0, "gradient"),
        ("a healthy batch, after a bad gradient: is it still in .grad?", good[:7], "", "ok"),
        ("a batch with a bad gradient in a bias in the middle", good[:5], 1, "gradient"),
        ("a batch with a bad gradient in the last layer", good[:1], -1, "gradient"),
        ("a healthy batch of one picture, after a bad gradient", good[:1], "", "ok"),
        ("a healthy batch with large pixels", 1000 * good, "", "ok"),
    )
    optimizers = partial(SGD, lr=0.1), partial(SGD, lr=0.01, momentum=0.9), partial(SGD, lr=0.1, weight_decay=0.1)
    for make_optimizer, width in zip(optimizers, (16, 5, 1), strict=True):
        model = _made(_Frail, width)()
        twin = copy.deepcopy(model)
        optimizer, other = make_optimizer(model.parameters()), make_optimizer(twin.parameters())
        for example, images, model.fault, expected in batches:
            _one_step(step, (model, images, y[: len(images)], optimizer), expected, example)
            if expected == "ok":
                other.zero_grad()
                F.cross_entropy(twin(images), y[: len(images)]).backward()
                other.step()
                if not torch.allclose(_row(model), _row(twin), atol=1e-5):
                    raise Wrong(
                        "the weights are not those expected after one step with this batch alone: is zero_grad first, "
                        "and has the optimizer seen a bad batch?"
                    )
    return "broken: one bad batch, and all weights are nan; mended: they stay, and the culprit has a name"


def _one_step(step: Callable, arguments: tuple, expected: str, example: str) -> None:
    """Raise Wrong unless a step says what is expected, and changes weights only when it says ok."""
    model, before = arguments[0], _row(arguments[0])
    got = call(step, *arguments, example=example, changes=[0, 3])
    changed, finite = not torch.equal(_row(model), before), torch.isfinite(_row(model)).all()
    if not isinstance(got, str) or got not in ("ok", "images", "loss", "gradient"):
        raise Wrong(f"the result is {str(got)[:40]!r}, expected 'ok', 'images', 'loss' or 'gradient'")
    if expected != "ok" and got == "ok" and not finite:
        raise NotDone(f"after {example} the weights are still not finite, and your step says 'ok'")
    if got != expected:
        raise Wrong(f"your step says {got!r}, expected {expected!r}")
    if expected != "ok" and changed:
        raise Wrong(f"your step says {got!r}, but it changes the weights, expected none")
    if expected == "ok" and not changed:
        raise Wrong("your step says 'ok', but it changes no weight, expected a step")
    if not all(module.training for module in model.modules()):
        raise Wrong("your step leaves the model in evaluation mode, expected training mode, as it came")


# ---- a number that changes ----


class _Watched(nn.Module):
    """A network with dropout and batch normalisation that notes in which mode its layers are used."""

    def __init__(self, classes: int = 10) -> None:
        super().__init__()
        torch.manual_seed(777)
        self.dropout, self.norm, self.fc = nn.Dropout(0.5), nn.BatchNorm1d(20), nn.Linear(20, classes)
        self.norm.running_mean.normal_()
        self.modes: list[tuple[bool, bool]] = []

    def forward(self, x: Tensor) -> Tensor:
        self.modes.append((self.dropout.training, self.norm.training))
        return self.fc(self.norm(self.dropout(x)))


def honest_measurement(measure) -> str:
    """measure(model, batches): (loss, accuracy) per picture, in evaluation mode; the mode is put back."""

    def case(n: int, classes: int, size: int, drop_last: bool = False, mode: bool = True) -> tuple:
        x = torch.randn(n, 20, generator=_generator())
        with torch.no_grad():
            scores = _Watched(classes).eval()(x)
        wrong = torch.randint(1, classes, (n,), generator=_generator())
        rank = torch.where(torch.rand(n, generator=_generator()) < 0.7, 0, wrong)  # 0: the largest logit is right
        rank[-5:] = classes - 1  # the short last batches are all wrong
        y = scores.argsort(dim=1, descending=True)[torch.arange(n), rank]
        return scores, y, DataLoader(TensorDataset(x, y), size, drop_last=drop_last), mode

    cases = [
        case(105, 10, 50),
        case(105, 10, 100, drop_last=True),
        case(105, 10, 64, mode=False),
        case(105, 10, 1),
        case(8, 3, 8),
        case(130, 12, 25, drop_last=True, mode=False),
    ]
    for scores, y, batches, mode in (*cases, cases[0]):
        n, size, classes = len(y), batches.batch_size, scores.shape[1]
        example = f"{n} pictures, {classes} classes, batches of {size}{', drop_last=True' * batches.drop_last}"
        model, before = _Watched(classes).train(mode), _Watched(classes).state_dict()
        made = _several(_measured(measure, model, batches, example), "loss, accuracy")
        if not model.modes:
            raise Wrong("the model was never used, expected its logits for each batch")
        if all(d and b for d, b in model.modes):
            two = " and ".join(_two(cases[0]))
            raise NotDone(f"the model is still in training mode: measured twice, {two} are right")
        for what, i in (("dropout", 0), ("batch norm", 1)):
            if on := sum(modes[i] for modes in model.modes):
                raise Wrong(f"{what} is in training mode in {on} of {len(model.modes)} batches, expected in none")
        if any(module.training != mode for module in model.modules()):
            was, now = ("training", "evaluation") if mode else ("evaluation", "training")
            raise Wrong(f"the model is left in {now} mode, expected {was} mode, in which it came: put it back")
        if any(not torch.equal(value, before[key]) for key, value in model.state_dict().items()):
            raise Wrong("your function changes the model's numbers, expected a measurement alone")
        if _has_hooks(model):
            raise Wrong("your hooks are still on the layers, expected none: call remove() on each handle")
        if not all(p.requires_grad for p in model.parameters()):
            raise Wrong("a weight of the model can no longer be trained, expected requires_grad as before")
        used = n // size * size if batches.drop_last else n
        losses, hits = F.cross_entropy(scores, y, reduction="none").double(), (scores.argmax(1) == y).double()
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
    return f"accuracy: broken {_two(cases[0])[0]}, another number each time; mended {hits.mean():.1%}"


SLIPS = {  # what a message of PyTorch holds, and the slip that leads there
    "The size of tensor a": "argmax over the pictures: argmax(dim=1) gives one class for each picture",
    "'bool' object has no attribute": "max(dim=1) without indices: it gives a pair, and argmax(dim=1) the places alone",
}


def _measured(measure: Callable, model: nn.Module, batches: DataLoader, example: str) -> object:
    """What a measurement returns; the two usual slips at the right answers get a plain word."""
    try:
        with torch.no_grad():
            return call(measure, model, batches, example=example, changes=[0])  # modes have messages of their own
    except Exception as error:
        for part, slip in SLIPS.items():
            if part in str(error):
                raise Wrong(f"this looks like {slip}; expected numbers, but it stops with {_text(error)}") from error
        raise


def _two(case: tuple) -> list[str]:
    """The accuracy in training mode, measured until two numbers differ."""
    x, y = case[2].dataset.tensors
    model, found = _Watched(), []
    with torch.no_grad():
        while len(found) < 2:
            text = f"{(model(x).argmax(1) == y).double().mean():.1%}"
            found += [text] * (text not in found)
    return found


# ---- too good to be true ----


def _each_by_itself(x: Tensor) -> Tensor:
    return (x - x.mean((1, 2, 3), keepdim=True)) / x.std((1, 2, 3), keepdim=True)


def _by_channel(x: Tensor, seen: Tensor) -> Tensor:
    return (x - seen.mean((0, 2, 3), keepdim=True)) / seen.std((0, 2, 3), keepdim=True)


def two_honest_sets(two_sets) -> str:
    """two_sets(images, labels, k, seed): a random split without common pictures, both standardised by the first."""
    cases = [(60, 20, 1, (1, 4, 5)), (25, 5, 2, (3, 3, 4)), (200, 50, 2**31, (1, 2, 2)), (60, 20, 5, (1, 4, 5))]
    cases += [(9, 1, 0, (2, 5, 3)), cases[0]]
    splits: dict[tuple[int, ...], list[int]] = {}
    for n, k, seed, shape in cases:
        brightness = (
            torch.rand(n, shape[0], 1, 1, generator=_generator()) * torch.linspace(1, 0.3, shape[0])[:, None, None]
        )
        images = (torch.randint(256, (n, *shape), generator=_generator(n)) * brightness).byte()
        labels = 100 + torch.randperm(n, generator=_generator(n))  # one for each picture, so that each can be told
        example = f"{n} pictures of shape {shape}, k={k}, seed={seed}"
        train, valid = _split_of(two_sets, (images, labels, k, seed), example)
        pixels = images.double()
        seen = pixels[train[1]]
        mean, std = seen.mean(), seen.std()
        for (part, own), name in ((train, "training"), (valid, "validation")):
            raw = pixels[own]
            if name == "validation" and len(own) > 1 and part.shape == raw.shape:
                if torch.allclose(part.double(), (raw - raw.mean()) / raw.std(), atol=1e-3):
                    raise NotDone(f"the validation images are still standardised by their own numbers (for {example})")
            same(
                part,
                (raw - mean) / std,
                what=f"the {name} images",
                atol=1e-2,
                mistakes={
                    "mean and std of both sets together": (raw - pixels.mean()) / pixels.std(),
                    "each picture by its own numbers": _each_by_itself(raw),
                    "each channel by its own numbers; one pair for all is expected": _by_channel(raw, seen),
                    "pixels as they are": raw,
                    "pixels from 0 to 1, not standardised": raw / 255,
                    "a division by the variance": (raw - mean) / std**2,
                    "images in another order than their labels": ((raw - mean) / std).flip(0),
                    "MNIST's numbers": (raw / 255 - 0.1307) / 0.3081,
                },
            )
        places = sorted(valid[1].tolist())
        if splits.setdefault((n, k, seed), places) != places:
            raise Wrong("the same seed gives two different splits, expected one: no two trainings can be compared")
    _is_random(two_sets)
    return "validation pictures that are training pictures, too: broken all, mended 0; one scale for both sets"


def _split_of(two_sets: Callable, arguments: tuple, example: str) -> list[tuple[Tensor, Tensor]]:
    """(images, places in the file) of the training set, and of the validation set; Wrong where this is no split."""
    images, labels, k, _ = arguments
    n, file = len(images), labels.argsort()
    made = call(two_sets, *arguments, example=example)
    made = _several(made, "training images, training labels, validation images, validation labels")
    train_x, train_y, valid_x, valid_y = (torch.as_tensor(array(part)) for part in made)
    for own, name in ((train_y, "training"), (valid_y, "validation")):
        if own.dtype.is_floating_point or own.ndim != 1 or not torch.isin(own, labels).all():
            raise Wrong(
                f"the {name} labels are {own.flatten()[:3].tolist()} ... of shape {tuple(own.shape)}, expected some of "
                f"the given ones, {labels[:3].tolist()} ..., as they are"
            )
    train_at, valid_at = (file[own.long() - 100] for own in (train_y, valid_y))
    common = int(torch.isin(valid_at, train_at).sum())
    if common and common == len(valid_at):
        raise NotDone(f"still all {common} validation pictures are training pictures, too (for {example})")
    if common:
        raise Wrong(f"{common} of {len(valid_at)} validation pictures are training pictures, too, expected none")
    if (len(train_at), len(valid_at)) != (n - k, k):
        raise Wrong(f"{len(train_at)} and {len(valid_at)} pictures, expected {n - k} and {k}")
    if len(train_at.unique()) < n - k or len(valid_at.unique()) < k:
        raise Wrong("a picture is there twice, so others are never used, expected each one once")
    return [(train_x, train_at), (valid_x, valid_at)]


def _is_random(two_sets: Callable, n: int = 40, k: int = 10, seeds: int = 100) -> None:
    """Raise Wrong unless each picture, and each pair at any distance, is chosen about as often, for many seeds."""
    images = torch.randint(256, (n, 1, 2, 2), generator=_generator(), dtype=torch.uint8)
    chosen = torch.zeros(seeds, n)
    for seed in range(seeds):
        example = f"{n} pictures, k={k}, seed={seed}"
        chosen[seed, _split_of(two_sets, (images, torch.arange(n) + 100, k, seed), example)[1][1]] = 1
    if (chosen == chosen[0]).all():
        raise Wrong("all seeds give the same split, expected another one for another seed")
    share, pairs = k / n, seeds * k * (k - 1) / (n - 1)
    counts = chosen.sum(0)
    if (counts - seeds * share).abs().max() > 5 * (seeds * share * (1 - share)) ** 0.5:
        i = int((counts - seeds * share).abs().argmax())
        raise Wrong(f"picture {i} is chosen by {counts[i]:.0f} of {seeds} seeds, expected about {seeds * share:.0f}")
    for distance in range(1, n // 2):
        if abs((chosen * chosen.roll(distance, 1)).sum() - pairs) > 6 * pairs**0.5:
            raise Wrong(
                f"pictures {distance} apart are chosen together too often or too seldom, expected a random choice"
            )
    if abs((chosen[1:] * chosen[:-1]).sum() - (seeds - 1) * k * share) > 6 * ((seeds - 1) * k * share) ** 0.5:
        raise Wrong("the choices of neighbouring seeds are alike or opposite, expected independent ones")
    for seed, row in enumerate(chosen):
        if seed != (other := int((chosen == row).all(1).nonzero()[0])):
            raise Wrong(f"the seeds {other} and {seed} give the same split, expected another one for another seed")


SECONDS = {"5": 240, "6": 240}
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
