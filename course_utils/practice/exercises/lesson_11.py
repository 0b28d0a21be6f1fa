"""The exercises of lesson 11: eighteen broken pieces of code to mend, in the order of the lesson.

Each is handed out broken. A checker runs the broken code beside the answer: "not done yet" means that the answer still
shows the first symptom, and "correct" comes with what both of them gave.
"""

import math
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim import SGD
from torch.utils.data import DataLoader

from course_utils.data import ImageDataset, load, loader, pad_and_crop
from course_utils.models import LeNet, Mlp
from course_utils.network.health import health
from course_utils.practice.judge import NotDone, Wrong, array, call, same

FASHION = 0.2860, 0.3530  # mean and std of Fashion-MNIST


def _generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _message(function: Callable, *arguments: object) -> str:
    """The error that a call ends with, in one line; "" if it ends well."""
    try:
        function(*arguments)
    except Exception as error:
        return f"{type(error).__name__}: {' '.join(str(error).split())}"
    return ""


def _run(answer: Callable, broken: Callable, *arguments: object) -> object:
    """What the answer returns; NotDone if it stops with the same error as the broken code."""
    symptom = _message(broken, *arguments)
    if symptom and _message(answer, *arguments) == symptom:
        raise NotDone(f"it still stops with {symptom[:150]}")
    return call(answer, *arguments)


def _tensor(value: object, what: str = "the result") -> Tensor:
    if not isinstance(value, Tensor):
        raise Wrong(f"{what} is a {type(value).__name__}, expected a tensor")
    return value.detach()


@cache
def _digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """2,000 training and 1,000 validation pictures of MNIST, standardised, with their labels."""
    mnist = load("mnist")
    return (*mnist.train[torch.arange(2000)], *mnist.validation[torch.arange(1000)])


def _pair(made: object, names: str) -> tuple[object, object]:
    if not (isinstance(made, tuple | list) and len(made) == 2):
        raise Wrong(f"the result is a {type(made).__name__}, expected the pair ({names})")
    return tuple(made)


def _mlp(width: int = 64) -> nn.Module:
    torch.manual_seed(777)
    return Mlp((width,))


def _batches(images: Tensor, labels: Tensor, size: int = 50) -> list[tuple[Tensor, Tensor]]:
    return list(zip(images.split(size), labels.split(size), strict=True))


def _learn(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    """Train for three epochs; the accuracy on the validation pictures."""
    optimizer = SGD(model.parameters(), lr=0.1)
    for _ in range(3):
        for x, y in _batches(images, labels):
            optimizer.zero_grad()
            F.cross_entropy(model(x), y).backward()
            optimizer.step()
    return _accuracy(model)


def _accuracy(model: nn.Module) -> float:
    _, _, images, labels = _digits()
    with torch.no_grad():
        return (model(images).argmax(dim=1) == labels).double().mean().item()


# ---- it stops with an error ----


def pooling(block) -> str:
    """block(x, conv): convolution, ReLU and 2x2 max pooling."""

    def broken(x: Tensor, conv: nn.Module) -> Tensor:
        return F.max_pool2d(F.relu(conv(x)))

    torch.manual_seed(777)
    conv, x = nn.Conv2d(1, 6, kernel_size=5), torch.randn(3, 1, 28, 28)
    got = _run(block, broken, x, conv)
    with torch.no_grad():
        hidden = conv(x)
        positive = F.relu(hidden)
        same(
            got,
            F.max_pool2d(positive, 2),
            example="x of shape (3, 1, 28, 28)",
            mistakes={
                "no pooling": positive,
                "windows that overlap, with a stride of 1": F.max_pool2d(positive, 2, stride=1),
                "a window of 3": F.max_pool2d(positive, 3),
                "a window of 5, the size of the kernel": F.max_pool2d(positive, 5),
                "one window over the whole picture": F.max_pool2d(positive, 24),
                "average pooling": F.avg_pool2d(positive, 2),
                "no ReLU": F.max_pool2d(hidden, 2),
                "every second pixel": positive[..., ::2, ::2],
            },
        )
    return f"broken: TypeError; mended: {tuple(x.shape)} -> {tuple(got.shape)}"


def flattening(head) -> str:
    """head(x, fc): (N, 16, 4, 4) -> (N, 10), each picture by itself."""

    def broken(x: Tensor, fc: nn.Module) -> Tensor:
        return fc(torch.flatten(x))

    torch.manual_seed(777)
    fc = nn.Linear(256, 10)
    for n in (5, 1, 16):
        x = torch.randn(n, 16, 4, 4)
        got = _run(head, broken, x, fc) if n > 1 else call(head, x, fc)
        with torch.no_grad():
            same(
                got,
                fc(x.flatten(1)),
                example=f"{n} pictures of shape (16, 4, 4)",
                mistakes={
                    "numbers of several pictures in one row": fc(x.transpose(0, 1).reshape(n, 256)),
                    "numbers of several pictures in one row (flatten, then cut)": fc(
                        x.permute(1, 2, 3, 0).reshape(n, -1)
                    ),
                    "rows and columns exchanged": fc(x.transpose(2, 3).flatten(1)),
                    "the channels last": fc(x.permute(0, 2, 3, 1).flatten(1)),
                    "the mean of the pictures, for each of them": fc(x.flatten(1).mean(0, keepdim=True)).expand(n, 10),
                    "the first picture only": fc(x.flatten(1)[:1]),
                },
            )
    return "broken: RuntimeError; mended: (5, 16, 4, 4) -> (5, 10), each picture by itself"


def bytes_to_floats(to_input) -> str:
    """to_input(images): uint8 (N, 1, 28, 28) -> float32 in 0..1."""
    images = torch.randint(256, (64, 1, 28, 28), dtype=torch.uint8, generator=_generator())
    images[0, 0, 0, :2] = torch.tensor([0, 255])
    before = images.clone()
    got = _tensor(call(to_input, images))
    if not torch.equal(images, before):
        raise Wrong("your function changed its argument images, expected a new tensor")
    if got.dtype == torch.uint8:
        torch.manual_seed(777)
        raise NotDone(f"the network still stops with {_message(LeNet(), got)}")
    same(
        got,
        images / 255,
        example="pixels from 0 to 255",
        atol=1e-6,
        mistakes={
            "pixels from 0 to 255": images.float(),
            "whole numbers: // rounds down": images // 255,
            "a division by 256": images / 256,
            "pixels from -1 to 1": images / 127.5 - 1,
            "a sign: 200 became -56": images.to(torch.int8),
            "a sign, then a division by 255": images.to(torch.int8) / 255,
            "standardised pixels": (images.float() - images.float().mean()) / images.float().std(),
            "1 - x, a negative": 1 - images / 255,
        },
    )
    if got.dtype != torch.float32:
        raise Wrong(f"the result is {got.dtype}, expected torch.float32, as the weights of a network are")
    targets = torch.arange(64) % 10
    torch.manual_seed(777)
    model = LeNet()
    half, whole = (F.cross_entropy(model(x), targets).item() for x in (images.float(), got))
    return f"first loss: {half:.2f} without the division, mended {whole:.2f}; ln(10) is {math.log(10):.2f}"


def channels_first(to_batch) -> str:
    """to_batch(pictures): numpy (N, H, W, 3) -> tensor (N, 3, H, W)."""
    for shape in ((2, 5, 7, 3), (3, 6, 6, 3)):
        pictures = torch.rand(shape, generator=_generator()).numpy()
        x = torch.from_numpy(pictures)
        got = _tensor(call(to_batch, pictures.copy()))
        n, h, w, c = shape
        if got.shape == x.shape and torch.equal(got, x):
            raise NotDone(f"a convolution still sees {h} channels in {tuple(got.shape)}")
        same(
            got,
            x.permute(0, 3, 1, 2),
            example=f"pictures of shape {shape}",
            mistakes={
                "reshape: the right shape, but the colours are mixed": x.reshape(n, c, h, w),
                "rows and columns exchanged": x.transpose(1, 3),
                "rows and columns exchanged (transpose)": x.permute(0, 3, 2, 1).reshape(n, c, h, w),
                "red and blue exchanged": x.permute(0, 3, 1, 2).flip(1),
                "grey pictures": x.mean(dim=3)[:, None],
                "the pictures along the last axis": x.permute(3, 1, 2, 0),
            },
        )
    return "broken: (2, 5, 7, 3), 5 channels; mended: (2, 3, 5, 7), and every colour at its place"


def on_one_device(step) -> str:
    """step(model, images, targets, optimizer): one step of training, wherever the model is; returns the loss tensor."""
    images, targets = torch.randn(8, 1, 28, 28, generator=_generator()), torch.arange(8)

    def run(device: str, images: Tensor, targets: Tensor) -> tuple[nn.Module, object]:
        model = _mlp(16).to(device)
        return model, call(step, model, images, targets, SGD(model.parameters(), lr=0.1))

    def stops(images: Tensor, targets: Tensor) -> str:
        error = _message(run, "meta", images, targets)
        return error if "on device" in error or "same device" in error else ""

    far = [part.to("meta") for part in (images, targets)]
    model, loss = run("cpu", images, targets)
    reference = _mlp(16)
    optimizer = SGD(reference.parameters(), lr=0.1)
    expected = F.cross_entropy(reference(images), targets)
    expected.backward()
    optimizer.step()
    same(_tensor(loss, "the loss"), expected.detach(), what="the loss")
    if all(torch.equal(a, b) for a, b in zip(model.parameters(), _mlp(16).parameters(), strict=True)):
        raise Wrong("the weights are the same after the step, expected that the optimizer changes them")
    for (name, p), q in zip(model.named_parameters(), reference.parameters(), strict=True):
        same(p, q, what=f"after one step, {name}")
    for_images, for_targets = stops(images, far[1]), stops(far[0], targets)
    if for_images and for_targets:
        raise NotDone(f"with the model on the device meta, it still stops with {for_images[:120]}")
    for what, error in (("images", for_images), ("targets", for_targets)):
        if error:
            raise Wrong(f"with the model on the device meta, the {what} stay on the CPU: {error[:120]}")
    model, _ = run("meta", images, targets)
    if next(model.parameters()).device.type != "meta":
        raise Wrong("your function moved the model off the device meta; move the batch to the model")
    return "with the model on the device meta, broken: RuntimeError; mended: a step, on both devices"


# ---- it stays at chance ----


def the_right_optimizer(prepare) -> str:
    """prepare(make, device) -> model on the device, and an SGD optimizer that holds its weights."""
    for device in ("meta", "cpu"):
        model, optimizer = _pair(call(prepare, LeNet, device), "model, optimizer")
        if not isinstance(model, nn.Module) or not isinstance(optimizer, torch.optim.Optimizer):
            raise Wrong(
                f"the result holds {type(model).__name__} and {type(optimizer).__name__}, expected model, optimizer"
            )
        wrong_place = {p.device.type for p in model.parameters()} - {device}
        if wrong_place:
            raise Wrong(f"device {device!r}: the model is on {', '.join(sorted(wrong_place))}")
        held = {id(p) for group in optimizer.param_groups for p in group["params"]}
        own = [id(p) in held for p in model.parameters()]
        if not any(own):
            raise NotDone(f"device {device!r}: the optimizer still holds 0 of the model's {len(own)} tensors")
        if not all(own) or len(held) != len(own):
            raise Wrong(
                f"device {device!r}: of {len(held)} tensors that the optimizer holds, {sum(own)} are the model's; "
                f"expected all {len(own)} of the model's, and no others"
            )
        for group in optimizer.param_groups:
            if not isinstance(optimizer, SGD) or group["lr"] != 0.1:
                raise Wrong(f"the optimizer is {type(optimizer).__name__} with lr={group['lr']}, expected SGD, lr=0.1")
    images, targets = torch.randn(8, 1, 28, 28, generator=_generator()), torch.arange(8)
    before = [p.detach().clone() for p in model.parameters()]
    F.cross_entropy(model(images), targets).backward()
    optimizer.step()
    changed = sum(not torch.equal(p, q) for p, q in zip(model.parameters(), before, strict=True))
    if changed < len(before):
        raise Wrong(f"one step changes {changed} of {len(before)} tensors, expected all")
    return f"tensors that learn after the move to meta: broken 0 of {len(own)}, mended {len(own)} of {len(own)}"


def learning_rate(lr) -> str:
    """A rate with which LeNet neither dies nor sleeps."""
    if isinstance(lr, bool) or not isinstance(lr, int | float):
        raise Wrong(f"the learning rate is a {type(lr).__name__}, expected a number")
    if not math.isfinite(lr) or lr <= 0:
        raise Wrong(f"a learning rate of {lr} takes no step downhill, expected a number above 0")
    right, dead, finite = _four_epochs(lr)
    if not finite:
        raise Wrong(f"with lr={lr:g} the loss becomes nan or inf: far too high")
    seen = f"{right:.0%} right, {dead:.0%} of the ReLUs dead"
    if right < 0.7:
        if lr == 0.5:
            raise NotDone(f"with lr=0.5 still {seen}")
        reason = "too high: dead units cannot learn" if dead > 0.4 else "too low for four epochs, or a bit too high"
        raise Wrong(f"with lr={lr:g}: {seen}; {reason}")
    broken = _four_epochs(0.5)
    return f"broken: {broken[0]:.0%} right, {broken[1]:.0%} of the ReLUs dead; mended: {seen}"


@cache
def _four_epochs(rate: float) -> tuple[float, float, bool]:
    """LeNet trained with this rate: its accuracy, the share of dead ReLUs, and whether the loss stayed finite."""
    images, labels, _, _ = _digits()
    torch.manual_seed(777)
    model = LeNet()
    optimizer = SGD(model.parameters(), lr=rate, momentum=0.9)
    for _ in range(4):
        for x, y in _batches(images, labels):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(x), y)
            loss.backward()
            optimizer.step()
            if not math.isfinite(loss.item()):
                return 0.0, 1.0, False
    dead = next(line.value for line in health(model, [(images, labels)]) if line.what == "dead ReLUs")
    return _accuracy(model), float(dead.rstrip("%")) / 100, True


def together(shuffle) -> str:
    """shuffle(images, labels, seed): both in one new order."""

    def broken(images: Tensor, labels: Tensor, seed: int) -> tuple[Tensor, Tensor]:
        g = _generator(seed)
        return tuple(part[torch.randperm(len(part), generator=g)] for part in (images, labels))

    n = 500
    images = torch.arange(n, dtype=torch.float32).view(n, 1, 1, 1).expand(n, 1, 2, 2).clone()
    labels = torch.arange(n) // 50  # so that the right label of an image can be told from the image

    def order(seed: int) -> Tensor:
        made = _pair(call(shuffle, images.clone(), labels.clone(), seed), "images, labels")
        x, y = (torch.as_tensor(array(part)) for part in made)
        if x.shape != images.shape or y.shape != labels.shape:
            raise Wrong(
                f"images and labels have the shapes {tuple(x.shape)} and {tuple(y.shape)}, "
                f"expected {tuple(images.shape)} and {tuple(labels.shape)}"
            )
        places = x[:, 0, 0, 0].long()
        belong = (places.clamp(0, n - 1) // 50 == y).double().mean().item()
        if belong < 0.3 and not torch.equal(places, torch.arange(n)) and not torch.equal(y, labels):
            raise NotDone(f"still only {belong:.0%} of the images have their own label")
        if belong < 1:
            raise Wrong(f"{belong:.0%} of the images have their own label, expected all")
        if len(places.unique()) < n:
            raise Wrong(f"{n - len(places.unique())} of {n} images are lost and others are there twice")
        return places

    first, again, other = order(1), order(1), order(2)
    if (first == torch.arange(n)).double().mean() > 0.1:
        raise Wrong("the order is the old one, expected a new one: batches of one class teach badly")
    if (first[:50] // 50).bincount(minlength=10).max() > 25:
        raise Wrong("the images still lie class by class, expected a random order")
    if not torch.equal(first, again):
        raise Wrong("the same seed gives two different orders")
    if torch.equal(first, other):
        raise Wrong("the seeds 1 and 2 give the same order")
    x, y, _, _ = _digits()
    before, after = _learn(_mlp(), *broken(x, y, 1)), _learn(_mlp(), *call(shuffle, x, y, 1))
    return f"accuracy after a short training: broken {before:.0%}, mended {after:.0%}"


def fresh_gradients(train_epoch) -> str:
    """train_epoch(model, batches, optimizer): each step uses the gradient of its own batch alone."""
    images, targets = torch.randn(60, 1, 28, 28, generator=_generator()), torch.arange(60) % 10
    batches = [(x.double(), y) for x, y in _batches(images, targets, 10)]

    def epoch(model, batches, optimizer, order: str) -> None:
        """One epoch; the order of z(ero), b(ackward) and s(tep), lower case once in front, is the fault."""
        if order[0] == "Z":
            optimizer.zero_grad()
        for x, y in batches:
            for what in order.lstrip("Z"):
                if what == "z":
                    optimizer.zero_grad()
                elif what == "b":
                    F.cross_entropy(model(x), y).backward()
                else:
                    optimizer.step()

    def weights(train: Callable) -> Tensor:
        model = _mlp(16).double()
        optimizer = SGD(model.parameters(), lr=0.1)
        for _ in range(2):
            train(model, batches, optimizer)
        return torch.cat([p.detach().flatten() for p in model.parameters()])

    def like(order: str) -> Tensor:
        return weights(lambda model, batches, optimizer: epoch(model, batches, optimizer, order))

    got, expected = weights(train_epoch), like("zbs")
    if torch.allclose(got, like("bs")) or torch.allclose(got, like("Zbs")):
        raise NotDone("the gradients still add up over the batches")
    mistakes = {
        "no step, or one without a gradient: zero_grad stands between backward and step": "bzs",
        "a step before backward: it uses the gradient of the batch before": "szb",
        "two steps in each batch": "zbss",
    }
    if not torch.allclose(got, expected):
        looks = next((f"; this looks like {name}" for name, o in mistakes.items() if torch.allclose(got, like(o))), "")
        raise Wrong(f"after two epochs the weights differ by up to {(got - expected).abs().max():.2g}{looks}")
    images, labels, _, _ = _digits()

    def trained(train: Callable) -> float:
        model = _mlp()
        optimizer = SGD(model.parameters(), lr=0.1)
        for _ in range(3):
            train(model, _batches(images, labels), optimizer)
        return _accuracy(model)

    before, after = trained(lambda m, b, o: epoch(m, b, o, "bs")), trained(train_epoch)
    return f"accuracy after a short training: broken {before:.0%}, mended {after:.0%}"


# ---- it learns, but worse ----


def one_softmax(loss_of) -> str:
    """loss_of(logits, targets): the cross-entropy."""

    def broken(logits: Tensor, targets: Tensor) -> Tensor:
        return F.cross_entropy(logits.softmax(dim=1), targets)

    for n, scale in ((7, 2.0), (10, 5.0)):
        logits = scale * torch.randn(n, 10, generator=_generator(n))
        targets = torch.randint(10, (n,), generator=_generator())
        got = _tensor(call(loss_of, logits.clone(), targets), "the loss")
        p = logits.softmax(dim=1)
        if got.shape == () and torch.isclose(got, broken(logits, targets)):
            raise NotDone("there is still a softmax too many")
        same(
            got,
            F.cross_entropy(logits, targets),
            what="the loss",
            example=f"{n} pictures",
            mistakes={
                "nll_loss of probabilities: it wants their logarithms": F.nll_loss(p, targets),
                "nll_loss of logits: it wants the logarithms of probabilities": F.nll_loss(logits, targets),
                "a softmax over the pictures, not over the classes": F.cross_entropy(logits.softmax(dim=0), targets),
                "a log-softmax over the pictures": F.nll_loss(logits.log_softmax(dim=0), targets),
                "the sum over the pictures": F.cross_entropy(logits, targets, reduction="sum"),
                "one loss for each picture": F.cross_entropy(logits, targets, reduction="none"),
                "the mean squared error": F.mse_loss(p, F.one_hot(targets, 10).float()),
                "a ReLU on the logits": F.cross_entropy(F.relu(logits), targets),
                "a sigmoid in the place of the softmax": F.cross_entropy(logits.sigmoid(), targets),
                "the gain, not the loss: its sign is wrong": -F.cross_entropy(logits, targets),
            },
        )
    big = torch.tensor([[200.0, *[0.0] * 9]])
    large = _tensor(call(loss_of, big, torch.tensor([1])), "the loss")
    if not torch.isfinite(large):
        raise Wrong(f"for a logit of 200 the loss is {large.item()}: first softmax, then log, underflows")
    zero = torch.tensor([0])
    return (
        f"loss for right and certain logits: broken {broken(big, zero):.3f}, "
        f"mended {_tensor(call(loss_of, big, zero)).abs().item():.3f}"
    )


def plain_logits(make_network) -> str:
    """make_network() -> (N, 1, 28, 28) -> logits (N, 10), with one hidden layer."""
    torch.manual_seed(777)
    model = call(make_network)
    if not isinstance(model, nn.Module):
        raise Wrong(f"the result is a {type(model).__name__}, expected an nn.Module")
    x = torch.randn(2000, 1, 28, 28, generator=_generator())
    with torch.no_grad():
        out = model(x)
        if out.shape != (2000, 10):
            raise Wrong(f"the output has the shape {tuple(out.shape)}, expected (2000, 10)")
        far = model(1e4 * x)
        near = (model(0.01 * x) + model(-0.01 * x) - 2 * model(0 * x)).abs().max().item()
        bent = (model(x) + model(-x) - 2 * model(0 * x)).abs().max().item()
    low, high = far.min().item(), far.max().item()
    if out.min() >= 0 and torch.allclose(out.sum(1), torch.ones(2000), atol=1e-3):
        raise Wrong("the ten outputs of each picture add up to 1: a softmax stands at the end")
    if out.min() >= 0 and high > 100:
        raise NotDone("there is still no output below 0")
    if high < 100:
        raise Wrong(
            f"for very large inputs, the outputs lie from {low:.3g} to {high:.3g}: something squeezes the logits"
        )
    if low > -0.05 * high:
        raise Wrong(
            f"for very large inputs, the outputs lie from {low:.3g} to {high:.3g}: the last layer is not a plain Linear"
        )
    if max(bent, near) < 1e-4:
        raise Wrong("f(x) + f(-x) = 2 f(0): no ReLU is left, so the two linear layers are one")
    targets = torch.arange(2000) % 10
    broken = nn.Sequential(nn.Flatten(), nn.Linear(784, 64), nn.ReLU(), nn.Linear(64, 10), nn.ReLU())
    with torch.no_grad():
        before, after = ((m(x)[torch.arange(2000), targets] == 0).double().mean().item() for m in (broken, model))
    return f"pictures whose right class has a score of 0, so no gradient: broken {before:.0%}, mended {after:.0%}"


def numbers_for_normalize(mean_and_std) -> str:
    """mean_and_std(images): of uint8 pictures, for pixels in 0..1."""
    bright = torch.randint(100, 256, (40, 1, 6, 5), generator=_generator()).byte()
    dark = torch.randint(256, (30, 1, 8, 8), generator=_generator(2)).double().div(255).pow(3).mul(255).byte()
    dark[:10] //= 4
    for images in (bright, dark):
        got = array(call(mean_and_std, images.clone()), "the pair").ravel()
        x = images.double() / 255
        m, s = x.mean(), x.std()
        pairs = {
            "pixels from 0 to 255: divide by 255 first": (255 * m, 255 * s),
            "the variance: std is its root": (m, s**2),
            "std, mean: exchange them": (s, m),
            "0.5 and 0.5": (0.5, 0.5),
            "MNIST's numbers, not those of these pictures": (0.1307, 0.3081),
            "the mean of each picture's std": (m, x.flatten(1).std(dim=1).mean()),
            "the std of each picture's mean": (m, x.flatten(1).mean(dim=1).std()),
            "the first picture alone": (x[0].mean(), x[0].std()),
            "the smallest pixel, and the range": (x.min(), x.max() - x.min()),
        }
        if got.shape == (2,) and np.allclose(got, (0, 1)):
            raise NotDone(f"(0, 1) still changes nothing: the mean stays {m:.2f}, the std {s:.2f}")
        same(
            got,
            torch.stack([m, s]),
            what="the pair (mean, std)",
            example=f"pictures of shape {tuple(images.shape)}",
            atol=1e-3,
            mistakes={name: np.array([float(v) for v in pair]) for name, pair in pairs.items()},
        )
    x = dark.double() / 255
    after = (x - got[0]) / got[1]
    return (
        f"after Normalize: broken mean {x.mean():.2f}, std {x.std():.2f}; "
        f"mended mean {abs(after.mean().item()):.2f}, std {after.std():.2f}"
    )


def statistics(standardise) -> str:
    """standardise(train, other): both by mean and std of train."""
    g = _generator()
    train, other = 0.3 + 0.2 * torch.randn(50, 1, 6, 6, generator=g), 0.5 + 0.1 * torch.randn(20, 1, 6, 6, generator=g)

    def by(mean, std) -> Tensor:
        return torch.cat([((part - mean) / std).flatten() for part in (train, other)])

    made = _pair(call(standardise, train.clone(), other.clone()), "train, other")
    for part, expected in zip(made, (train, other), strict=True):
        if array(part).shape != tuple(expected.shape):
            raise Wrong(f"a result has the shape {array(part).shape}, expected {tuple(expected.shape)}")
    got = torch.cat([torch.as_tensor(array(part)).flatten().float() for part in made])
    if torch.allclose(got, by(*FASHION), atol=1e-4):
        raise NotDone(f"the training pictures still have mean {got[:1800].mean():.2f}, std {got[:1800].std():.2f}")
    both = torch.cat([train, other])
    own = torch.cat([((part - part.mean()) / part.std()).flatten() for part in (train, other)])
    each = torch.cat(
        [((p - p.mean((1, 2, 3), True)) / p.std((1, 2, 3), keepdim=True)).flatten() for p in (train, other)]
    )
    right = by(train.mean(), train.std())
    same(
        got,
        right,
        what="the standardised pictures, in one row,",
        atol=2e-3,
        mistakes={
            "each set by its own numbers: the two are then not on one scale": own,
            "mean and std of both sets together: other is not known in training": by(both.mean(), both.std()),
            "mean and std of other": by(other.mean(), other.std()),
            "each picture by its own numbers": each,
            "MNIST's numbers": by(0.1307, 0.3081),
            "train standardised, other as it was": torch.cat([right[:1800], other.flatten()]),
            "train standardised, other still by Fashion-MNIST's numbers": torch.cat(
                [right[:1800], by(*FASHION)[1800:]]
            ),
            "no division by the std": by(train.mean(), 1.0),
            "a division by the variance": by(train.mean(), train.var()),
        },
    )
    before = by(*FASHION)[:1800]
    return (
        f"the training pictures: broken mean {before.mean():.2f}, std {before.std():.2f}; "
        f"mended mean {abs(right[:1800].mean().item()):.2f}, std {right[:1800].std():.2f}"
    )


# ---- the number is wrong ----


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


def in_evaluation_mode(accuracy) -> str:
    """accuracy(model, batches): in evaluation mode."""
    x = torch.randn(130, 20, generator=_generator())
    model = _Watched().eval()
    with torch.no_grad():
        scores = model(x)
    y = torch.where(torch.rand(130, generator=_generator()) < 0.7, scores.argmax(1), scores.argmin(1))
    expected = (scores.argmax(1) == y).double().mean().item()
    batches = _batches(x, y, 50)

    model = _Watched()
    got = call(accuracy, model, batches)
    modes = model.modes
    if not modes:
        raise Wrong("the model was never used")
    if all(d and n for d, n in modes):
        torch.manual_seed(1)
        twice = [float(call(accuracy, _Watched(), batches)) for _ in range(2)]
        raise NotDone(f"the model is still in training mode: two measurements give {twice[0]:.1%} and {got:.1%}")
    for what, i in (("dropout", 0), ("batch norm", 1)):
        if on := sum(mode[i] for mode in modes):
            raise Wrong(f"{what} is in training mode in {on} of {len(modes)} batches, expected in none")
    if not torch.equal(model.norm.running_mean, _Watched().norm.running_mean):
        raise Wrong("batch norm has learned from the batches: its running mean changed")
    n = [(scores[i : i + 50].argmax(1) == y[i : i + 50]).double().mean().item() for i in (0, 50, 100)]
    same(
        got,
        expected,
        what="the accuracy",
        example="130 pictures in batches of 50, 50 and 30",
        atol=1e-4,
        mistakes={
            "percent; a share from 0 to 1 is wanted": 100 * expected,
            "the number of right answers": 130 * expected,
            "the mean of the batch means": float(np.mean(n)),
            "the share of wrong answers": 1 - expected,
            "the last batch alone": n[-1],
        },
    )
    torch.manual_seed(1)
    model = _Watched()
    with torch.no_grad():
        broken = torch.cat([model(part).argmax(1) == z for part, z in batches]).double().mean().item()
    return f"accuracy: broken {broken:.1%}, another number each time; mended {got:.1%}, twice the same"


def mean_by_sample(mean_loss) -> str:
    """mean_loss(model, batches): the loss per picture."""
    x, y = torch.randn(105, 20, generator=_generator()), torch.randint(10, (105,), generator=_generator())
    y[100:] = 3
    torch.manual_seed(777)
    model = nn.Linear(20, 10).eval()
    with torch.no_grad():
        each = F.cross_entropy(model(x), y, reduction="none").double()
    shown = {}
    for size in (50, 104, 105):
        parts = each.split(size)
        means = torch.stack([part.mean() for part in parts])
        got = call(mean_loss, model, _batches(x, y, size))
        if len(parts[-1]) < size and np.allclose(array(got), means.mean().item(), atol=1e-5):
            raise NotDone(
                f"105 pictures in batches of {size}: still the mean of {len(parts)} batch means, {means.mean():.4f} "
                f"instead of {each.mean():.4f}"
            )
        same(
            got,
            each.mean(),
            what="the mean loss",
            example=f"105 pictures in batches of {size}",
            mistakes={
                "the sum of the batch means, divided by the number of pictures": means.sum() / 105,
                "the sum of the batch means": means.sum(),
                "the sum over all pictures": each.sum(),
                "the sum over all pictures, divided by the number of batches": each.sum() / len(parts),
                "the last batch alone": means[-1],
                "the first batch alone": means[0],
                "full batches only": each[: 105 // size * size].mean(),
                "a weight of the full batch size for every batch": (means * size).sum() / 105,
                "a division by batches times batch size": each.sum() / (len(parts) * size),
                "the mean of all but the last batch": means[:-1].mean() if len(means) > 1 else means[0],
            },
        )
        shown[size] = means.mean().item(), float(array(got))
    return (
        f"with batches of 50 and of 104: broken {shown[50][0]:.3f} and {shown[104][0]:.3f}, "
        f"mended {shown[50][1]:.3f} and {shown[104][1]:.3f}"
    )


def right_divisor(accuracy) -> str:
    """accuracy(model, batches): right answers by the pictures that were measured."""
    x = torch.randn(105, 1, 1, 20, generator=_generator())
    y = torch.randint(10, (105,), generator=_generator())
    model = nn.Flatten().eval()  # 20 numbers as scores
    hits = model(x).argmax(1) == y % 20
    y = torch.where(torch.arange(105) % 4 > 0, model(x).argmax(1), 0)
    hits = (model(x).argmax(1) == y).double()
    dataset = torch.utils.data.TensorDataset(x, y)
    for size, drop_last in ((10, False), (10, True), (64, False), (105, False)):
        batches = DataLoader(dataset, batch_size=size, drop_last=drop_last)
        used = hits[: 105 // size * size] if drop_last else hits
        n = len(batches) * size
        got = call(accuracy, model, batches)
        example = f"105 pictures in batches of {size}{', drop_last=True' if drop_last else ''}"
        if n != len(used) and np.allclose(array(got), used.sum().item() / n, atol=1e-5):
            raise NotDone(f"{example}: still divided by {n}, {used.sum() / n:.2%} instead of {used.mean():.2%}")
        same(
            got,
            used.mean(),
            what="the accuracy",
            example=example,
            mistakes={
                f"a division by len(dataset), but only {len(used)} pictures came": used.sum() / 105,
                "a division by the number of batches": used.sum() / len(batches),
                "the mean of the batch means": torch.stack([p.mean() for p in used.split(size)]).mean(),
                "the number of right answers": used.sum(),
                "percent; a share from 0 to 1 is wanted": 100 * used.mean(),
                "full batches only": hits[: 105 // size * size].mean(),
                "a division by one batch less": used.sum() / max(n - size, 1),
                "the last batch alone": used.split(size)[-1].mean(),
                "right answers of full batches, divided by all": hits[: 105 // size * size].sum() / 105,
            },
        )
    n = len(DataLoader(dataset, batch_size=64)) * 64
    return f"105 pictures in batches of 64: broken {hits.sum() / n:.1%}, mended {hits.mean():.1%}"


def augmented_in_training_only(splits) -> str:
    """splits(train, validation, change): data sets; training pictures change each time, validation never."""

    def pictures(n: int, seed: int) -> ImageDataset:
        images = torch.randint(256, (n, 1, 12, 12), generator=_generator(seed)).byte()
        return ImageDataset(images, torch.arange(n) % 10, (0.5,), (0.25,))

    train, validation = pictures(40, 1), pictures(30, 2)
    made = _pair(call(splits, train, validation, pad_and_crop), "train, validation")

    def fetch(dataset, raw: ImageDataset, name: str) -> tuple[bool, bool]:
        """(are the pictures as they were, do they differ from one time to the next)."""
        if len(dataset) != len(raw):
            raise Wrong(f"{name} holds {len(dataset)} pictures, expected {len(raw)}")
        plain = next(iter(loader(raw.with_transform(None), len(raw))))
        images, labels = zip(*(next(iter(loader(dataset, len(raw)))) for _ in range(2)), strict=True)
        if any(not torch.equal(y, plain.labels) for y in labels):
            raise Wrong(f"the labels of {name} have changed")
        if any(x.shape != plain.images.shape for x in images):
            raise Wrong(
                f"{name} gives pictures of shape {tuple(images[0].shape)}, expected {tuple(plain.images.shape)}"
            )
        return torch.equal(images[0], plain.images), not torch.equal(images[0], images[1])

    torch.manual_seed(777)
    (same_train, new_train), (same_valid, new_valid) = (
        fetch(made[0], train, "train"),
        fetch(made[1], validation, "validation"),
    )
    if new_valid and new_train:
        raise NotDone("the validation pictures are still augmented")
    if not same_valid:
        extra = ", and the training pictures are as they were: exchange the two" if same_train else ""
        raise Wrong(f"the validation pictures are {'augmented' if new_valid else 'changed once'}{extra}")
    if same_train:
        raise Wrong("no picture is augmented, expected that the training pictures are")
    if not new_train:
        raise Wrong("the training pictures are changed once and then the same in every epoch")
    if train.transform is not None or validation.transform is not None:
        raise Wrong("your function changed its arguments, expected new data sets")
    return "two passes over the validation pictures: broken, they differ; mended, they are the same"


# ---- too good to be true ----


def no_leak(split) -> str:
    """split(n, k, seed) -> indices for training (n - k) and validation (k), without a common one."""

    def parts(n: int, k: int, seed: int) -> tuple[Tensor, Tensor]:
        made = _pair(call(split, n, k, seed), "training, validation")
        train, valid = (torch.as_tensor(array(part)) for part in made)
        for name, part in (("training", train), ("validation", valid)):
            if part.ndim != 1 or (part.numel() and part.is_floating_point()):
                raise Wrong(f"{name}: expected whole numbers with one axis, got {part.dtype} of {tuple(part.shape)}")
            if len(part) and not (0 <= part.min() and part.max() < n):
                raise Wrong(f"{name}: the indices go from {part.min()} to {part.max()}, expected 0 to {n - 1}")
        return train, valid

    for n, k, seed in ((1000, 200, 1), (500, 50, 2)):
        train, valid = parts(n, k, seed)
        common = int(torch.isin(valid, train).sum())
        if len(valid) and common == len(valid):
            raise NotDone(f"still {common} of {len(valid)} validation pictures are in the training set")
        if common:
            raise Wrong(f"{common} of {len(valid)} validation pictures are in the training set, expected none")
        if (len(train), len(valid)) != (n - k, k):
            raise Wrong(f"n={n}, k={k}: {len(train)} and {len(valid)} pictures, expected {n - k} and {k}")
        if len(train.unique()) < len(train) or len(valid.unique()) < len(valid):
            raise Wrong("an index is there twice, so other pictures are never used")
        middle = valid.double().mean().item() / n
        if (valid.sort().values.diff() == 1).double().mean() > 0.6 or not 0.3 < middle < 0.7:
            raise Wrong("the validation pictures are neighbours in the file, expected a random choice")
        again = parts(n, k, seed)
        if not (torch.equal(train, again[0]) and torch.equal(valid, again[1])):
            raise Wrong("the same seed gives two different splits, so no two trainings can be compared")
        if torch.equal(valid.sort().values, parts(n, k, seed + 1)[1].sort().values):
            raise Wrong(f"the seeds {seed} and {seed + 1} give the same split")
    # A network can learn random labels by heart, but not guess them: here the nearest training picture answers.
    x, y = torch.randn(1000, 30, generator=_generator()), torch.randint(10, (1000,), generator=_generator())

    def by_heart(train: Sequence[int] | Tensor, valid: Sequence[int] | Tensor) -> float:
        nearest = torch.cdist(x[valid], x[train]).argmin(dim=1)
        return (y[train][nearest] == y[valid]).double().mean().item()

    order = torch.randperm(1000, generator=_generator())
    train, valid = parts(1000, 200, 1)
    return (
        f"accuracy on random labels, learned by heart: broken {by_heart(order, order[:200]):.0%}, "
        f"mended {by_heart(train, valid):.0%}; a blind guess has 10%"
    )


CHECKERS = {
    "1": pooling,
    "2": flattening,
    "3": bytes_to_floats,
    "4": channels_first,
    "5": on_one_device,
    "6": the_right_optimizer,
    "7": learning_rate,
    "8": together,
    "9": fresh_gradients,
    "10": one_softmax,
    "11": plain_logits,
    "12": numbers_for_normalize,
    "13": statistics,
    "14": in_evaluation_mode,
    "15": mean_by_sample,
    "16": right_divisor,
    "17": augmented_in_training_only,
    "18": no_leak,
}
