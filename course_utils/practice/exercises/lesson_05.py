"""The exercises of lesson 05: shapes, a convolution by hand, a fair score, LeNet, a network that is trained.

The tasks inside the lesson are "a" to "d", the exercises at its end are "1" to "5".
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from course_utils.data import load
from course_utils.network.layers import FunctionCalls
from course_utils.practice.judge import NotDone, Wrong, array, call, same, the_class_itself

# ---- what several checkers need ----


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _answer(function: Callable, *arguments: object, example: str, hint: str = "") -> object:
    """What an answer returns; if it stops with an error, Wrong says for which input."""
    try:
        return call(function, *arguments)
    except (NotDone, Wrong):
        raise
    except Exception as error:
        text = " ".join(str(error).split())[:110]
        if "cannot be multiplied" in text:
            hint = "does the first linear layer fit? How large is one side after each layer? "
        elif "must match the size" in text and "is model.eval" in hint:
            hint = "is there one answer for each picture, argmax(dim=1)? "
        raise Wrong(f"{hint}your code stops with {type(error).__name__}: {text} (for {example})") from error


def _unchanged(after: object, before: object, example: str) -> None:
    """Raise Wrong if an argument is not what it was before the call."""
    if isinstance(before, Tensor):
        changed = not torch.equal(after, before)
    elif isinstance(before, list | tuple) and any(isinstance(part, Tensor) for part in before):
        changed = any(isinstance(a, Tensor) and not torch.equal(a, b) for a, b in zip(after, before, strict=True))
    else:
        changed = after != before
    if changed:
        raise Wrong(f"your function changes one of its arguments; make new values instead (for {example})")


# ---- inside the lesson ----


def one_place(answer) -> None:
    """answer(window, weight, bias) -> (O,): what a convolution gives at one place, for all output channels."""
    shapes = ((3, 5, 2), (1, 5, 6), (5, 3, 4), (2, 2, 1), (3, 5, 2))
    for i, (c, k, o) in enumerate(shapes):
        numbers = _generator(i % 4)
        arguments = [torch.randn(shape, generator=numbers) for shape in ((c, k, k), (o, c, k, k), (o,))]
        window, weight, bias = arguments
        example = f"window {(c, k, k)}, weight {(o, c, k, k)}, bias {(o,)}"
        given = [part.clone() for part in arguments]
        got = _answer(answer, *given, example=example)
        products = weight * window
        sums = products.sum(dim=(1, 2, 3))
        same(
            got,
            sums + bias,
            what="the tensor of outputs",
            example=example,
            mistakes={
                "sums without the bias": sums,
                "a bias that is added for each input channel; it is added once": sums + c * bias,
                "a bias inside the sum, added to each product": sums + c * k * k * bias,
                "one sum over all output channels: keep axis 0": products.sum() + bias,
                "one number for all output channels": products.sum() + bias.sum(),
                "sums for each input channel: they are added, too": products.sum(dim=(2, 3)) + bias[:, None],
                "means in place of sums": products.mean(dim=(1, 2, 3)) + bias,
                "the first input channel alone": products[:, 0].sum(dim=(1, 2)) + bias,
            },
        )
        _unchanged(given, arguments, example)


def numbers_left(answer) -> None:
    """How many numbers are left of a 3x32x32 picture after two blocks: 20 channels of 6x6."""
    same(
        answer,
        720,
        what="the number",
        mistakes={
            "one channel: there are 20": 36,
            "one row: the picture has height and width": 120,
            "the channels of the first block": 8 * 36,
            "two convolutions of 5x5: the second has a window of 3": 20 * 25,
            "convolutions that keep the side: these have no padding": 20 * 64,
            "the numbers before the last pooling": 20 * 144,
            "a network without pooling": 20 * 26 * 26,
            "the numbers after the first block": 8 * 14 * 14,
            "two batches or pictures: one is asked for": 1440,
        },
    )


def transform_to_two(transform) -> None:
    """A transform: a grey PIL picture -> a float tensor (1, H, W) in which 0 became -2 and 255 became 2."""
    numbers = _generator(3)
    pictures = [
        torch.randint(0, 256, shape, generator=numbers).to(torch.uint8).numpy() for shape in ((28, 28), (9, 14))
    ]
    pictures += [np.zeros((5, 6), np.uint8), np.full((4, 4), 255, np.uint8), pictures[0]]
    for pixels in pictures:
        height, width = pixels.shape
        example = f"a picture of {height} rows and {width} columns, pixels from {pixels.min()} to {pixels.max()}"
        hint = "does Normalize come before ToTensor? It wants a tensor: "
        got = _answer(transform, Image.fromarray(pixels), example=example, hint=hint)
        if not isinstance(got, Tensor):
            raise Wrong(f"the result is a {type(got).__name__}: is ToTensor missing? Expected a tensor (for {example})")
        x = torch.from_numpy(pixels)[None] / 255
        same(
            got,
            4 * x - 2,
            what="the tensor",
            example=example,
            mistakes={
                "ToTensor alone: pixels from 0 to 1": x,
                "Normalize(0.5, 0.5): pixels from -1 to 1": 2 * x - 1,
                "mean and standard deviation exchanged": (x - 0.25) / 0.5,
                "Normalize(0, 1), which changes nothing": x,
                "a division without the subtraction": 4 * x,
                "a subtraction without the division": x - 0.5,
                "Normalize(0.5, 4): it divides by its second number": (x - 0.5) / 4,
                "`Normalize(smallest, range)`; it computes (x - first) / second": (x + 2) / 4,
                "`Normalize(smallest, largest)`; it computes (x - first) / second": (x + 2) / 2,
                "mean 127.5: ToTensor has already divided by 255": (x - 127.5) / 63.75,
            },
        )
        if not got.is_floating_point():
            raise Wrong(f"the tensor has the type {got.dtype}, expected floats (for {example})")


def mean_over_samples(mean_loss) -> None:
    """mean_loss(losses, sizes) -> the mean loss of all samples, from the batches' mean losses and sizes."""
    cases = (
        ([2.5, 1.5, 0.25], [64, 64, 8]),
        ([1.0, 4.0], [3, 1]),
        ([0.75], [5]),
        ([0.5, 2.0, 1.0, 7.25], [10, 640, 1, 33]),
        ([2.5, 1.5, 0.25], [64, 64, 8]),
    )
    for losses, sizes in cases:
        total = sum(a * n for a, n in zip(losses, sizes, strict=True))
        example = f"losses {losses} of batches of {sizes}"
        given = list(losses), list(sizes)
        same(
            _answer(mean_loss, *given, example=example),
            total / sum(sizes),
            what="the mean loss",
            example=example,
            mistakes={
                "the mean of the batches: a short batch counts as much as a full one": sum(losses) / len(losses),
                "the slip of the lesson: the means are added, and divided by the number of samples": sum(losses)
                / sum(sizes),
                "a sum over all samples; it is not divided": total,
                "a sum over the batches": sum(losses),
                "a division by the number of batches": total / len(losses),
                "a division by len(loader) * batch_size: a batch may be short": total / (len(sizes) * max(sizes)),
                "all batches but the last as large as the first": (sizes[0] * sum(losses[:-1]) + losses[-1] * sizes[-1])
                / (sizes[0] * (len(sizes) - 1) + sizes[-1]),
                "the loss of the last batch": losses[-1],
            },
        )
        _unchanged(given, (list(losses), list(sizes)), example)


# ---- 1: a network on paper ----


def _follow(
    channels: int,
    side: int,
    layers: Sequence[tuple],
    *,
    biases=(1, 1),
    inputs=True,
    pads=2,
    plus=1,
    strides=True,
    up=False,
) -> list[tuple[int, int]]:
    """(numbers, parameters) after each layer, done right or with one mistake."""
    found = []
    numbers = channels * side * side
    for kind, *settings in layers:
        if kind == "conv":
            out, kernel, padding, stride = settings
            parameters = out * (channels if inputs else 1) * kernel * kernel + biases[0] * out
            gap = side + pads * padding - kernel
            stride = stride if strides else 1
            side, channels = (-(-gap // stride) if up else gap // stride) + plus, out
            numbers = channels * side * side
        elif kind == "pool":
            side, parameters = -(-side // settings[0]) if up else side // settings[0], 0
            numbers = channels * side * side
        else:
            parameters = (numbers + biases[1]) * settings[0]
            numbers = settings[0]
        found.append((numbers, parameters))
    return found


LENET = (
    [("conv", 6, 5, 0, 1), ("pool", 2), ("conv", 16, 5, 0, 1), ("pool", 2)]
    + [("linear", 120), ("linear", 84), ("linear", 10)]
)  # fmt: skip


def a_network_on_paper(follow) -> None:
    """follow(channels, side, layers) -> for each layer the pair (numbers of one picture after it, its parameters)."""
    cases = (
        (1, 28, LENET),
        (3, 32, [("conv", 7, 3, 1, 2), ("conv", 4, 4, 1, 2), ("linear", 3)]),
        (2, 29, [("pool", 2), ("conv", 5, 3, 2, 3), ("pool", 3), ("linear", 12)]),
        (5, 9, [("linear", 300)]),
        (1, 28, LENET),
    )
    for channels, side, layers in cases:
        example = f"channels={channels}, side={side}, {len(layers)} layers, the first is {layers[0]}"
        given = list(layers)
        got = _answer(follow, channels, side, given, example=example)
        right = _follow(channels, side, layers)
        mistakes = _slips_on_paper(channels, side, layers)
        pairs = array(got, "the list of pairs")
        if pairs.shape != (len(layers), 2):
            same(got, right, what="the list of pairs", example=example, mistakes=mistakes)
        looks = [name for name, slip in mistakes.items() if np.array_equal(pairs, slip)][:1]
        for i, (layer, mine, theirs) in enumerate(zip(layers, right, pairs, strict=True), 1):
            for what, expected, number in zip(("numbers of the picture", "parameters"), mine, theirs, strict=True):
                example = f"channels={channels}, side={side}, layer {i} of {len(layers)} is {layer}"
                named = {name: number for name in looks}
                same(number, expected, what=f"layer {i}, {what}: it", example=example, mistakes=named)
        _unchanged(given, list(layers), example)


def _slips_on_paper(channels: int, side: int, layers: Sequence[tuple]) -> dict[str, object]:
    def slip(**change: object) -> list[tuple[int, int]]:
        return _follow(channels, side, layers, **change)

    right = slip()
    return {
        "layers without their biases": slip(biases=(0, 0)),
        "convolutions without their biases: one for each output channel": slip(biases=(0, 1)),
        "linear layers without their biases: one for each output": slip(biases=(1, 0)),
        "kernels that see one input channel: there is one for each": slip(inputs=False),
        "padding on one side alone; it is added on both": slip(pads=1),
        "a formula without padding": slip(pads=0),
        "a formula without the + 1 at its end": slip(plus=0),
        "a formula without stride": slip(strides=False),
        "rounding up: a window must fit in whole": slip(up=True),
        "pairs in the other order: first the numbers, then the parameters": [(p, n) for n, p in right],
        "a list without the parameters": [n for n, _ in right],
        "a list without the numbers": [p for _, p in right],
        "the last layer alone": right[-1],
        "the first layer alone: does return stand inside the loop?": right[:1],
    }


# ---- 2: a convolution by hand ----


def convolution_by_hand(convolution) -> None:
    """convolution(x, weight, bias, padding, stride) -> what F.conv2d gives, without calling it."""
    cases = (
        ((2, 3, 7, 9), (4, 3, 3, 3), 0, 1),
        ((1, 1, 6, 6), (1, 1, 5, 5), 1, 1),
        ((3, 5, 8, 6), (2, 5, 2, 2), 2, 3),
        ((2, 2, 9, 5), (3, 2, 4, 4), 0, 2),
        ((2, 3, 7, 9), (4, 3, 3, 3), 0, 1),
    )
    for i, (shape, kernels, padding, stride) in enumerate(cases):
        numbers = _generator(i % 4)
        arguments = [torch.randn(size, generator=numbers) for size in (shape, kernels, kernels[:1])]
        example = f"x {shape}, weight {kernels}, padding {padding}, stride {stride}"
        given = [part.clone() for part in arguments]
        called: set[str] = set()
        with FunctionCalls(lambda function, *_, seen=called: seen.add(getattr(function, "__name__", ""))):
            got = _answer(convolution, *given, padding, stride, example=example)
        if library := sorted(name for name in called if "conv" in name):
            raise Wrong(
                f"your function calls {library[0]}, which is what you are asked to write: use sums and products"
            )
        same(
            got,
            F.conv2d(*arguments, padding=padding, stride=stride),
            what="the result",
            example=example,
            atol=1e-3,
            mistakes=_slips(*arguments, padding, stride),
        )
        _unchanged(given, arguments, example)


def _slips(x: Tensor, weight: Tensor, bias: Tensor, padding: int, stride: int) -> dict[str, object]:
    def conv(x: Tensor = x, w: Tensor = weight, b: Tensor = bias, p: int = padding, s: int = stride) -> object:
        try:
            return F.conv2d(x, w, b, padding=p, stride=s)
        except RuntimeError:  # the kernel is larger than the picture
            return np.nan

    channels = weight.shape[1]
    return {
        "a result without the bias": conv(b=None),
        "a bias that is added for each input channel": conv(b=channels * bias),
        "the first input channel alone: all are added": conv(x[:, :1], weight[:, :1]),
        "the last input channel alone: all are added, does = stand for +=?": conv(x[:, -1:], weight[:, -1:]),
        "a mean over the input channels: they are added": conv(w=weight / channels),
        "a kernel that is turned by half a turn": conv(w=weight.flip(2, 3)),
        "rows and columns of the kernel exchanged": conv(w=weight.transpose(2, 3)),
        "a result without padding": conv(p=0),
        "a result without stride": conv(s=1),
        "the first picture alone": conv(x[:1]),
        "one output channel, the first": conv(w=weight[:1], b=bias[:1]),
    }


# ---- 3: a fair score ----


def _scored(classes: int, sizes: Sequence[int], seed: int) -> tuple[nn.Module, list[tuple[Tensor, Tensor]]]:
    """A small network with batch normalisation, and batches of pictures of 3x4 pixels."""
    numbers = _generator(seed)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, classes), nn.BatchNorm1d(classes))
    for tensor in (*model.parameters(), model[2].running_mean):
        tensor.data.normal_(generator=numbers)
    model[2].running_var.uniform_(0.2, 3, generator=numbers)
    return model, [
        (torch.randn(n, 1, 3, 4, generator=numbers), torch.randint(0, classes, (n,), generator=numbers)) for n in sizes
    ]


def fair_score(score) -> None:
    """score(model, batches) -> (mean loss of a sample, share that is right); the model stays as it was."""
    cases = ((10, (6, 4), 1, True), (3, (5, 5, 1), 2, False), (12, (2, 9, 3, 7), 3, True), (10, (6, 4), 1, False))
    for classes, sizes, seed, training in cases:
        model, batches = _scored(classes, sizes, seed)
        model.train(training)
        model[2].train(training)
        state = copy.deepcopy(model.state_dict())
        example = f"a model in {'training' if training else 'evaluation'} mode, batches of {list(sizes)}"
        graphs: list[bool] = []
        hook = model.register_forward_hook(lambda _model, _x, out, seen=graphs: seen.append(out.requires_grad))
        try:
            got = _answer(score, model, batches, example=example, hint=_eval_hint(training))
        finally:
            hook.remove()
        if not isinstance(got, tuple | list) or len(got) != 2:
            raise Wrong(f"the result is a {type(got).__name__}, expected the pair (loss, accuracy) (for {example})")
        if any(isinstance(part, Tensor) and part.requires_grad for part in got):
            raise Wrong("your loss still holds its graph, which keeps memory: use torch.no_grad()")
        now = model.state_dict()
        if any(not torch.equal(now[name], tensor) for name, tensor in state.items()):
            raise Wrong(
                f"the running averages of the batch normalisation changed: is model.eval() missing? (for {example})"
            )
        same(got, _right_score(model, batches), "(loss, accuracy)", example=example, mistakes=_scores(model, batches))
        if any(p.grad is not None for p in model.parameters()):
            raise Wrong("the weights have gradients now: a score needs no backward()")
        if any(part.training != training for part in model.modules()):
            left = "evaluation" if training else "training"
            raise Wrong(f"the model is left in {left} mode: put it back into the mode that it had (for {example})")
        if any(graphs):
            raise Wrong(f"the logits are computed with gradients: is torch.no_grad() missing? (for {example})")


def _eval_hint(training: bool) -> str:
    return "is model.eval() missing? " if training else ""


def _logits_of(model: nn.Module, batches: list, training: bool = False) -> list[tuple[Tensor, Tensor]]:
    twin = copy.deepcopy(model).train(training)
    with torch.no_grad():
        return [(twin(x), y) for x, y in batches]


def _right_score(model: nn.Module, batches: list) -> tuple[float, float]:
    logits, targets = (torch.cat(parts) for parts in zip(*_logits_of(model, batches), strict=True))
    return F.cross_entropy(logits, targets).item(), (logits.argmax(1) == targets).double().mean().item()


def _scores(model: nn.Module, batches: list) -> dict[str, object]:
    """Known slips, as pairs."""
    given = _logits_of(model, batches)
    losses = np.array([F.cross_entropy(z, y).item() for z, y in given])
    hits = np.array([(z.argmax(1) == y).sum().item() for z, y in given])
    sizes = np.array([len(y) for _, y in given])
    loss, accuracy = _right_score(model, batches)
    soft = sum(F.cross_entropy(z.softmax(1), y).item() * len(y) for z, y in given) / sizes.sum()
    slips = {
        "means over the batches: a short batch counts as much as a full one": (losses.mean(), (hits / sizes).mean()),
        "a mean over the batches, in the loss": (losses.mean(), accuracy),
        "a mean over the batches, in the accuracy": (loss, (hits / sizes).mean()),
        "the batches' mean losses, divided by the number of samples": (losses.sum() / sizes.sum(), accuracy),
        "an accuracy in percent; expected a share from 0 to 1": (loss, 100 * accuracy),
        "a number of right answers; expected their share": (loss, hits.sum()),
        "a sum of the losses": ((losses * sizes).sum(), accuracy),
        "the pair in the other order": (accuracy, loss),
        "the last batch alone": (losses[-1], hits[-1] / sizes[-1]),
        "a softmax before F.cross_entropy, which contains one": (soft, accuracy),
        "a division by the number of batches times the size of the first": (
            (losses * sizes).sum() / (len(sizes) * sizes[0]),
            hits.sum() / (len(sizes) * sizes[0]),
        ),
    }
    return {name: np.array(pair) for name, pair in slips.items()}


# ---- 4: LeNet with padding ----

PADDED = {
    "conv1": (6, 1, 5, 5),
    "conv2": (16, 6, 5, 5),
    "fc1": (120, 16 * 7 * 7),
    "fc2": (84, 120),
    "fc3": (10, 84),
}


def _count(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def _logits(
    p: dict[str, tuple[Tensor, Tensor]], x: Tensor, activation=F.relu, pool=F.max_pool2d, without: tuple[str, ...] = ()
) -> Tensor:
    """The padded LeNet as functions; no activation after the layers in `without`."""

    def active(name: str, x: Tensor) -> Tensor:
        return x if name in without else activation(x)

    x = pool(active("conv1", F.conv2d(x, *p["conv1"], padding=2)), 2)  # (N, 1, 28, 28) -> (N, 6, 14, 14)
    x = pool(active("conv2", F.conv2d(x, *p["conv2"], padding=2)), 2)  # (N, 6, 14, 14) -> (N, 16, 7, 7)
    x = active("fc1", F.linear(torch.flatten(x, 1), *p["fc1"]))  # (N, 16, 7, 7) -> (N, 120)
    x = active("fc2", F.linear(x, *p["fc2"]))  # (N, 120) -> (N, 84)
    return F.linear(x, *p["fc3"])  # (N, 84) -> (N, 10)


def padded_lenet(cls) -> None:
    """A class: the lesson's LeNet with padding=2 in both convolutions; its logits are compared for its own weights.

    Two objects live side by side, each is called with 3, 1 and 5 pictures and again after its weights have changed.
    """
    the_class_itself(cls)
    pictures = "pictures of shape (1, 28, 28)"
    models = [_answer(cls, example=f"{cls.__name__}()") for _ in range(2)]
    if not isinstance(models[0], nn.Module):
        raise Wrong(f"{cls.__name__}() is a {type(models[0]).__name__}, expected an nn.Module")
    numbers = _generator(7)
    batches = [torch.randn(n, 1, 28, 28, generator=numbers) for n in (3, 1, 5)]
    with torch.no_grad():
        _answer(models[0].eval(), batches[0].clone(), example=f"3 {pictures}")
    named = [_padded_parameters(model) for model in models]
    if set(map(id, models[0].parameters())) & set(map(id, models[1].parameters())):
        raise Wrong("two networks of your class share their weights: make the layers in __init__, with self.")
    for model, parameters in (*zip(models, named, strict=True), (models[0], named[0])):
        for x in batches:
            _compare_padded(model, parameters, x, f"{len(x)} {pictures}, with the weights of your network")
        with torch.no_grad():
            for p in model.parameters():
                p.add_(0.1 * torch.randn(p.shape, generator=numbers))


def _padded_parameters(model: nn.Module) -> dict[str, tuple[Tensor, Tensor]]:
    """Weight and bias of each layer, found by their shapes."""
    n, expected_n = _count(model), 107_786
    known = {
        0: "layers in a list, where PyTorch does not find them: set them with self.",
        44_426: "the network without padding",
        61_706: "padding in the first convolution alone, or padding=1 in both",
        82_826: "padding in the second convolution alone",
        107_550: "a network without biases",
    }
    if n != expected_n:
        looks = f"; this looks like {known[n]}" if n in known else ""
        raise Wrong(f"your network has {n:,} parameters, expected {expected_n:,}{looks}")
    shapes = {tuple(p.shape): p for p in model.parameters()}
    missing = [f"{name}.weight {shape}" for name, shape in PADDED.items() if shape not in shapes]
    if missing:
        raise Wrong(f"the number of parameters is right, but there is no {missing[0]} among them")
    return {name: (shapes[shape], shapes[shape[:1]]) for name, shape in PADDED.items()}


def _compare_padded(model: nn.Module, parameters: dict, x: Tensor, example: str) -> None:
    with torch.no_grad():
        given = x.clone()
        got = _answer(model, given, example=example)
        expected = _logits(parameters, x)
        first = {**parameters, "conv1": (torch.zeros(6, 1, 5, 5), parameters["conv1"][1])}
        same(
            got,
            expected,
            what="the batch of logits",
            example=example,
            mistakes={
                "a ReLU after the last layer: logits may be negative": F.relu(expected),
                "a leaky ReLU after the last layer": F.leaky_relu(expected, 0.1),
                "a tanh after the last layer": torch.tanh(expected),
                "a softmax at the end: logits are expected": expected.softmax(1),
                "a log-softmax at the end: logits are expected": expected.log_softmax(1),
                "a network without ReLU": _logits(parameters, x, activation=lambda x: x),
                "convolutions without ReLU": _logits(parameters, x, without=("conv1", "conv2")),
                "linear layers without ReLU": _logits(parameters, x, without=("fc1", "fc2")),
                "no ReLU after the first convolution": _logits(parameters, x, without=("conv1",)),
                "no ReLU after the second convolution": _logits(parameters, x, without=("conv2",)),
                "no ReLU after the first linear layer": _logits(parameters, x, without=("fc1",)),
                "no ReLU after the second linear layer": _logits(parameters, x, without=("fc2",)),
                "average pooling": _logits(parameters, x, pool=F.avg_pool2d),
                "a leaky ReLU in place of ReLU": _logits(parameters, x, activation=lambda x: F.leaky_relu(x, 0.1)),
                "tanh in place of ReLU": _logits(parameters, x, activation=torch.tanh),
                "sigmoid in place of ReLU": _logits(parameters, x, activation=torch.sigmoid),
                "a first convolution that is made but not used": _logits(first, x),
            },
        )
        if not torch.equal(given, x):
            raise Wrong(f"forward changes the pictures that it gets; make a new tensor instead (for {example})")


# ---- 5: a small network, trained ----

MOST_PARAMETERS, STEPS, BATCH, GOAL = 20_000, 200, 64, 0.88
ENDS = ("relu", "leaky_relu", "softmax", "log_softmax", "sigmoid", "logsigmoid", "tanh", "elu", "gelu", "relu6")


@cache
def _digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """12,800 training and 1,000 validation pictures of MNIST, standardised, with their labels. Hand out copies."""
    mnist = load("mnist")
    return (*mnist.train[torch.arange(STEPS * BATCH)], *mnist.validation[torch.arange(1000)])


class _Batches:
    """The batches, in order, for one pass. A second pass is refused."""

    def __init__(self, images: Tensor, labels: Tensor):
        self.images, self.labels, self.passes = images, labels, 0

    def __len__(self) -> int:
        return STEPS

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        self.passes += 1
        if self.passes > 1:
            raise Wrong(f"your function goes through the batches a second time; the {STEPS} batches are for one pass")
        for i in range(STEPS):
            part = slice(i * BATCH, (i + 1) * BATCH)
            yield self.images[part].clone(), self.labels[part].clone()


def small_network(train_small) -> str:
    """train_small(batches) -> a network that it made and trained: small, with convolutions, and good enough.

    Called a second time with digits that have other names: what it returns has to be a new network.
    """
    images, labels, new, truth = _digits()
    found = []
    for renamed in (0, 3):
        batches = _Batches(images, (labels + renamed) % 10)
        steps: list[int] = []
        hook = register_optimizer_step_post_hook(lambda *_, seen=steps: seen.append(1))
        try:
            model = _answer(train_small, batches, example=f"{STEPS} batches of {BATCH} pictures (1, 28, 28)")
        finally:
            hook.remove()
        if not isinstance(model, nn.Module):
            raise Wrong(f"the result is a {type(model).__name__}, expected the trained network")
        if len(steps) > STEPS:
            raise Wrong(f"the optimizer made {len(steps)} steps, expected {STEPS} at most: one for each batch")
        _is_small_and_convolutional(model, new[:BATCH])
        accuracy = _accuracy(model, new, (truth + renamed) % 10)
        if accuracy < GOAL:
            raise Wrong(_why(model, accuracy, renamed, steps, new, truth))
        found.append(accuracy)
    return f"{_count(model):,} parameters, {found[0]:.1%} of 1,000 new pictures right"


def _accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    model = copy.deepcopy(model).eval()
    with torch.no_grad():
        return (model(images.clone()).argmax(dim=1) == labels).double().mean().item()


def _is_small_and_convolutional(model: nn.Module, images: Tensor) -> None:
    """Few parameters; logits for many pictures and for one; two convolutions that the answer depends on."""
    if (n := _count(model)) > MOST_PARAMETERS:
        raise Wrong(f"your network has {n:,} parameters, expected {MOST_PARAMETERS:,} at most")
    twin = copy.deepcopy(model).eval()
    last: dict[str, object] = {}

    def see(function: Callable, _args: tuple, _kwargs: dict, output: object) -> None:
        if isinstance(output, Tensor):
            last["name"], last["output"] = getattr(function, "__name__", ""), output

    for x in (images, images[:1]):
        example = f"pictures of shape {tuple(x.shape)}"
        with torch.no_grad(), FunctionCalls(see):
            logits = _answer(twin, x.clone(), example=example)
        shape = tuple(getattr(logits, "shape", ()))
        if shape != (len(x), 10):
            raise Wrong(f"your network gives the shape {shape}, expected {(len(x), 10)} (for {example})")
        end = str(last.get("name", "")).rstrip("_")
        if end in ENDS and last["output"] is logits:
            raise Wrong(f"a {end} stands at the end of your network, expected logits, which have any sign")
    convolutions = [m for m in twin.modules() if isinstance(m, nn.Conv2d)]
    if len(convolutions) < 2:
        raise Wrong(f"Conv2d layers that PyTorch finds in your network: {len(convolutions)}, expected 2 or more")
    before = twin(images)
    used = 0
    for layer in convolutions:
        with torch.no_grad():
            kept = layer.weight.clone()
            layer.weight.zero_()
            used += not torch.allclose(twin(images), before, atol=1e-6)
            layer.weight.copy_(kept)
    if used < 2:
        raise Wrong(
            f"your network makes {len(convolutions)} convolutions, but its answer depends on {used} of them: "
            "does forward call them all?"
        )


def _why(model: nn.Module, accuracy: float, renamed: int, steps: list, new: Tensor, truth: Tensor) -> str:
    if renamed and _accuracy(model, new, truth) >= GOAL:
        return (
            "in a second call, where the digits have other names, it returns the network of the first: make a new one"
        )
    got = f"{accuracy:.0%} of 1,000 new pictures are right, expected {GOAL:.0%}"
    if not steps:
        return f"{got}. No optimizer made a step: is optimizer.step() missing?"
    if len(steps) < STEPS / 2:
        return f"{got}. The optimizer made {len(steps)} steps; there are {STEPS} batches"
    if accuracy < 0.2:
        return f"{got}. That is guessing: is the learning rate far too large or small, or zero_grad() missing?"
    return f"{got}. It learns, but slowly: try a larger learning rate, or momentum"


CHECKERS = {
    "a": one_place,
    "b": numbers_left,
    "c": transform_to_two,
    "d": mean_over_samples,
    "1": a_network_on_paper,
    "2": convolution_by_hand,
    "3": fair_score,
    "4": padded_lenet,
    "5": small_network,
}
