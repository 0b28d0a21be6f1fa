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
from course_utils.practice.judge import Wrong, advice, array, call, same, the_class_itself

SECONDS = {"5": 240}  # it trains two networks

# ---- what several checkers need ----


def _generator(seed: int) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _tensor(value: object) -> Tensor:
    """The value, which has to be a tensor."""
    if not isinstance(value, Tensor):
        hint = "; torch.stack makes one of a list of tensors" if isinstance(value, list) else ""
        raise Wrong(f"the result is a {type(value).__name__}, expected a tensor{hint}")
    return value


# ---- inside the lesson ----


def one_place(answer) -> None:
    """answer(window, weight, bias) -> (O,): what a convolution gives at one place, for all output channels."""
    cases = ((3, 5, 2, 0), (1, 5, 6, 1), (5, 3, 4, 2), (2, 2, 1, 3), (3, 5, 2, 4), (3, 5, 2, 0))
    for c, k, o, seed in cases:
        numbers = _generator(seed)
        window, weight, bias = (torch.randn(shape, generator=numbers) for shape in ((c, k, k), (o, c, k, k), (o,)))
        got = call(answer, window, weight, bias)
        products = weight * window
        sums = products.sum(dim=(1, 2, 3))
        same(
            got,
            sums + bias,
            what="the tensor of outputs",
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
        _tensor(got)


def numbers_left(answer) -> None:
    """How many numbers are left of a 3x32x32 picture after two blocks: 20 channels of 6x6."""
    same(
        answer,
        720,
        what="the number",
        mistakes={
            "one channel: there are 20": 36,
            "one row: the picture has height and width": 120,
            "the shape; multiply its numbers": (20, 6, 6),
            "the shape of a batch; multiply its numbers": (1, 20, 6, 6),
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
    if isinstance(transform, list | tuple):
        raise Wrong("expected one transform, got several: transforms.Compose makes one of a list of them")
    numbers = _generator(3)
    sizes = ((28, 28), (9, 14), (28, 28), (1, 3), (40, 33))
    pictures = [torch.randint(0, 256, size, generator=numbers).to(torch.uint8).numpy() for size in sizes]
    pictures += [np.zeros((5, 6), np.uint8), np.full((4, 4), 255, np.uint8), np.full((7, 2), 51, np.uint8), pictures[0]]
    for pixels in pictures:
        height, width = pixels.shape
        example = f"a picture of {height} rows and {width} columns, pixels from {pixels.min()} to {pixels.max()}"
        with advice(
            {
                "Tensor Image": "Normalize gets a picture, expected a tensor: ToTensor comes first",
                "ToTensor": "ToTensor stands there without its brackets, expected ToTensor()",
            }
        ):
            got = call(transform, Image.fromarray(pixels), example=example)
        if not isinstance(got, Tensor):
            raise Wrong(f"the result is a {type(got).__name__}, expected a tensor: is ToTensor missing?")
        x = torch.from_numpy(pixels)[None] / 255
        same(
            got,
            4 * x - 2,
            what="the tensor",
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


def mean_over_samples(mean_loss) -> None:
    """mean_loss(losses, sizes) -> the mean loss of all samples, from the batches' mean losses and sizes."""
    cases = (
        ([2.5, 1.5, 0.25], [64, 64, 8]),
        ([1.0, 4.0], [3, 1]),
        ([0.75], [5]),
        ([0.5, 2.0, 1.0, 7.25], [10, 640, 1, 33]),
        ([120.0, 0.0, 3.25], [70_000, 1, 2]),
        ([0.5, 1.75, 0.5], [64, 64, 8]),
        ([2.5, 1.5, 0.25], [64, 64, 8]),
    )
    for losses, sizes in cases:
        total = sum(a * n for a, n in zip(losses, sizes, strict=True))
        all_but_the_last = sizes[0] * (len(sizes) - 1) + sizes[-1]
        same(
            call(mean_loss, losses, sizes),
            total / sum(sizes),
            what="the mean loss",
            atol=2e-5,
            mistakes={
                "the mean of the batches: a short batch counts as much as a full one": sum(losses) / len(losses),
                "the slip of the lesson: the means are added, and divided by the number of samples": sum(losses)
                / sum(sizes),
                "a sum over all samples; it is not divided": total,
                "a sum over the batches": sum(losses),
                "a division by the number of batches": total / len(losses),
                "a division by len(loader) * batch_size: a batch may be short": total / (len(sizes) * max(sizes)),
                "all batches but the last as large as the first": (sizes[0] * sum(losses[:-1]) + losses[-1] * sizes[-1])
                / all_but_the_last,
                "the loss of the last batch": losses[-1],
            },
        )


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
        (4, 301, [("pool", 4), ("conv", 30, 2, 3, 1), ("pool", 2), ("pool", 2), ("conv", 1, 1, 0, 1)]),
        (3, 28, LENET),
        (1, 28, LENET),
    )
    for channels, side, layers in cases:
        got = call(follow, channels, side, layers)
        right = _follow(channels, side, layers)
        mistakes = _slips_on_paper(channels, side, layers)
        pairs = array(got, "the list of pairs")
        if pairs.shape != (len(layers), 2):
            same(got, right, what="the list of pairs", mistakes=mistakes)
        looks = [name for name, slip in mistakes.items() if np.array_equal(pairs, slip)][:1]
        for i, (layer, mine, theirs) in enumerate(zip(layers, right, pairs, strict=True), 1):
            for what, expected, number in zip(("numbers of the picture", "parameters"), mine, theirs, strict=True):
                example = f"channels = {channels}, side = {side}, layer {i} of {len(layers)} is {layer}"
                named = {name: number for name in looks}
                same(number, expected, what=f"layer {i}, {what}: it", example=example, mistakes=named)


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
        ((2, 3, 7, 9), (4, 3, 3, 3), 0, 1, 0),
        ((1, 1, 6, 6), (1, 1, 5, 5), 1, 1, 1),
        ((3, 5, 8, 6), (2, 5, 2, 2), 2, 3, 2),
        ((2, 2, 9, 5), (3, 2, 4, 4), 0, 2, 3),
        ((1, 4, 3, 5), (2, 4, 1, 1), 3, 2, 4),
        ((2, 3, 7, 9), (4, 3, 3, 3), 0, 1, 5),
        ((2, 3, 7, 9), (4, 3, 3, 3), 0, 1, 0),
    )
    for shape, kernels, padding, stride, seed in cases:
        numbers = _generator(seed)
        arguments = [torch.randn(size, generator=numbers) for size in (shape, kernels, kernels[:1])]
        called: set[str] = set()
        with FunctionCalls(lambda function, *_, seen=called: seen.add(getattr(function, "__name__", ""))):
            got = call(convolution, *arguments, padding, stride, new=True)
        if library := sorted(name for name in called if "conv" in name):
            raise Wrong(f"your function calls {library[0]}, expected sums and products of your own")
        same(
            got,
            F.conv2d(*arguments, padding=padding, stride=stride),
            what="the result",
            mistakes=_slips(*arguments, padding, stride),
        )
        _tensor(got)


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


def _scored(classes: int, sizes: Sequence[int], seed: int, scale: float) -> tuple[nn.Module, list]:
    """A small network with batch normalisation and gradients, and batches of pictures of 3x4 pixels."""
    numbers = _generator(seed)
    model = nn.Sequential(nn.Flatten(), nn.Linear(12, classes), nn.BatchNorm1d(classes))
    for tensor in (*model.parameters(), model[2].running_mean):
        tensor.data.normal_(generator=numbers)
    model[2].weight.data.mul_(scale)
    model[2].running_var.uniform_(0.2, 3, generator=numbers)
    for p in model.parameters():
        p.grad = torch.ones_like(p)
    return model, [
        (torch.randn(n, 1, 3, 4, generator=numbers), torch.randint(0, classes, (n,), generator=numbers)) for n in sizes
    ]


ONE_FOR_EACH = {
    "must match the size": "expected one answer for each picture, argmax(dim=1)",
    "'bool' object has no attribute": "max(1) gives a pair, expected its second part, as argmax(dim=1) gives it",
}


def fair_score(score) -> None:
    """score(model, batches) -> (mean loss of a sample, share that is right); the model stays as it was."""
    cases = (
        (10, (6, 4), 1, 1, True),
        (3, (5, 5, 1), 2, 1, False),
        (12, (2, 9, 3, 7), 3, 60, True),  # large logits: the logarithm of a softmax is -inf there
        (5, (1,), 4, 1, True),
        (10, (6, 4), 5, 1, True),
        (10, (6, 4), 1, 1, False),
        (10, (6, 4), 1, 1, True),
    )
    for classes, sizes, seed, scale, training in cases:
        model, batches = _scored(classes, sizes, seed, scale)
        model.train(training)
        modes = "evaluation", "training"
        before = _kept(model)
        with model[1].register_forward_pre_hook(_evaluates), model[1].register_forward_hook(_needs_no_gradients):
            example = f"a model in {modes[training]} mode, batches of {list(sizes)}"
            with advice(ONE_FOR_EACH):
                got = call(score, model, batches, changes=[0], example=example)  # the model is looked at below
        if not isinstance(got, tuple | list) or len(got) != 2:
            raise Wrong(f"the result is a {type(got).__name__}, expected the pair (loss, accuracy)")
        after = _kept(model)
        if after["mode"] != before["mode"]:
            raise Wrong(
                f"the model is left in {modes[not training]} mode, expected {modes[training]}, as it was before"
            )
        if changed := [name for name in before if after[name] != before[name]]:
            raise Wrong(f"the model has changed in its {changed[0]}, expected it as it was: a score only measures")
        same(got, _right_score(model, batches), "(loss, accuracy)", mistakes=_scores(model, batches))
        if not torch.is_grad_enabled():
            raise Wrong("gradients are left switched off, expected them on again: use `with torch.no_grad():`")


def _evaluates(layer: nn.Module, _inputs: tuple) -> None:
    if layer.training:
        raise Wrong("the model runs in training mode, expected evaluation mode: is model.eval() missing?")


def _needs_no_gradients(_layer: nn.Module, _inputs: tuple, output: Tensor) -> None:
    if output.requires_grad:
        raise Wrong("the logits are computed with gradients, expected none: is torch.no_grad() missing?")


def _kept(model: nn.Module) -> dict[str, list]:
    """All that a measurement leaves as it is."""
    return {
        "mode": [part.training for part in model.modules()],
        "layers": [str(model)],
        "weights or running averages": [(str(t.dtype), t.tolist()) for t in model.state_dict().values()],
        "gradients": [None if p.grad is None else p.grad.tolist() for p in model.parameters()],
        "requires_grad": [p.requires_grad for p in model.parameters()],
        "hooks": [len(part._forward_hooks) + len(part._forward_pre_hooks) for part in model.modules()],
    }


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


MUST_FIT = {
    "cannot be multiplied": "a linear layer does not fit, expected as many inputs as one picture has numbers there "
    "(how large is one side after each layer?)"
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
    models = [call(cls, example=f"{cls.__name__}()") for _ in range(2)]
    if not isinstance(models[0], nn.Module):
        raise Wrong(f"{cls.__name__}() is a {type(models[0]).__name__}, expected an nn.Module")
    numbers = _generator(7)
    batches = [scale * torch.randn(n, 1, 28, 28, generator=numbers) for n, scale in ((3, 1), (1, 1), (5, 20))]
    for model in models:
        _run(model, batches[0])
    named = [_padded_parameters(model) for model in models]
    if set(map(id, models[0].parameters())) & set(map(id, models[1].parameters())):
        raise Wrong("two networks share weights, expected weights of its own for each: make the layers in __init__")
    if any(p.dim() > 1 and p.min() == p.max() for p in models[0].parameters()):
        raise Wrong(
            "all weights of a layer start at one number, expected random ones: its channels could only stay alike"
        )
    models[0].eval()
    for model, parameters in (*zip(models, named, strict=True), (models[0], named[0])):
        for x in batches:
            _compare_padded(parameters, x, _run(model, x))
        _can_be_trained(model, batches[0])
        with torch.no_grad():
            for p in model.parameters():
                p.add_(0.1 * torch.randn(p.shape, generator=numbers))


def _run(model: nn.Module, x: Tensor) -> Tensor:
    """What a network gives, which may change neither the pictures nor the network."""

    def forward(network: nn.Module, x: Tensor) -> object:
        return network(x)

    lazy = any(map(nn.parameter.is_lazy, model.parameters()))  # its first call makes the weights
    with advice(MUST_FIT):
        got = call(forward, model, x, changes=[0] if lazy else [], example=f"pictures of shape {tuple(x.shape)}")
    return _tensor(got)


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
        looks = f"this looks like {known[n]}: " if n in known else ""
        raise Wrong(f"{looks}your network has {n:,} parameters, expected {expected_n:,}")
    shapes = {tuple(p.shape): p for p in model.parameters()}
    missing = [f"{name}.weight of shape {shape}" for name, shape in PADDED.items() if shape not in shapes]
    if missing:
        raise Wrong(f"the number of parameters is right, but none of them is {missing[0]}, as expected")
    return {name: (shapes[shape], shapes[shape[:1]]) for name, shape in PADDED.items()}


def _compare_padded(parameters: dict, x: Tensor, got: Tensor) -> None:
    with torch.no_grad():
        expected = _logits(parameters, x)
        first = {**parameters, "conv1": (torch.zeros(6, 1, 5, 5), parameters["conv1"][1])}
        same(
            got,
            expected,
            what="the batch of logits, with the weights of your network,",
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


def _can_be_trained(model: nn.Module, x: Tensor) -> None:
    logits = _run(model, x)
    if logits.requires_grad:
        logits.sum().backward()
    if without := [name for name, p in model.named_parameters() if p.grad is None]:
        raise Wrong(
            f"the logits give no gradient to {without[0]}, expected one for each parameter: a network is trained"
        )


# ---- 5: a small network, trained ----

MOST_PARAMETERS, STEPS, BATCH, GOAL = 20_000, 200, 64, 0.88
ENDS = "relu leaky_relu softmax log_softmax sigmoid logsigmoid tanh elu gelu silu relu6 hardtanh softplus clamp".split()


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
            raise Wrong(f"your function goes through the {STEPS} batches a second time, expected one pass")
        for i in range(STEPS):
            part = slice(i * BATCH, (i + 1) * BATCH)
            yield self.images[part].clone(), self.labels[part].clone()


def small_network(train_small) -> str:
    """train_small(batches) -> a network that it made and trained: small, with convolutions, and good enough.

    Called a second time with digits that have other names: what it returns has to be a new network.
    """
    images, labels, new, truth = _digits()
    models, found = [], []
    for renamed in (0, 3):
        batches = _Batches(images, (labels + renamed) % 10)
        steps: list[int] = []
        hook = register_optimizer_step_post_hook(lambda *_, seen=steps: seen.append(1))
        example = f"{STEPS} batches of {BATCH} pictures (1, 28, 28)" + ", the digits with other names" * bool(renamed)
        try:
            with advice(MUST_FIT):
                model = call(train_small, batches, example=example)
        finally:
            hook.remove()
        if not isinstance(model, nn.Module):
            raise Wrong(f"the result is a {type(model).__name__}, expected the trained network")
        models.append(model)
        if len(steps) > STEPS:
            raise Wrong(f"the optimizer made {len(steps)} steps, expected {STEPS} at most: one for each batch")
        if any(p is q for p in models[0].parameters() for q in models[-1].parameters()) and renamed:
            raise Wrong("the second call returns weights of the first, expected a new network: make it in the function")
        _is_small_and_convolutional(model, new[:BATCH])
        accuracy = _accuracy(model, new, (truth + renamed) % 10)
        if accuracy < GOAL or not steps:
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
    known, hidden, last = set(map(id, twin.parameters())), [], {}

    def see(function: Callable, args: tuple, _kwargs: dict, output: object) -> None:
        if isinstance(output, Tensor):
            last["name"], last["output"] = getattr(function, "__name__", ""), output
        given = (part for part in args if isinstance(part, Tensor) and part.is_leaf and part.requires_grad)
        hidden.extend(part for part in given if id(part) not in known)

    def forward(x: Tensor) -> object:
        with FunctionCalls(see):
            return twin(x)

    for x in (images, images[:1]):
        logits = _tensor(call(forward, x, example=f"pictures of shape {tuple(x.shape)}"))
        if hidden:
            raise Wrong(
                f"your network computes with weights of shape {tuple(hidden[0].shape)} that its parameters() do not "
                "hold, expected all there: set layers with self., or in nn.ModuleList"
            )
        if logits.shape != (len(x), 10):
            raise Wrong(f"your network gives the shape {tuple(logits.shape)}, expected {(len(x), 10)}")
        end = str(last.get("name", "")).rstrip("_")
        if end in ENDS and last["output"] is logits:
            raise Wrong(f"a {end} stands at the end of your network, expected logits, which have any sign")
        if len(x) > 1 and not logits.min() < 0 < logits.max():
            sign = "negative" if logits.min() >= 0 else "positive"
            raise Wrong(f"your network gives no {sign} number, expected logits: is it a softmax or ReLU at the end?")
    convolutions = [m for m in twin.modules() if isinstance(m, nn.Conv2d)]
    if len(convolutions) < 2:
        raise Wrong(f"Conv2d layers that PyTorch finds in your network: {len(convolutions)}, expected 2 or more")
    used = 0
    with torch.no_grad():
        before = twin(images)
        for layer in convolutions:
            kept = layer.weight.clone()
            layer.weight.zero_()
            used += not torch.allclose(twin(images), before, atol=1e-6)
            layer.weight.copy_(kept)
    if used < 2:
        raise Wrong(
            f"the answer of your network depends on {used} of its {len(convolutions)} convolutions, expected 2 or "
            "more: does forward call them all?"
        )


def _why(model: nn.Module, accuracy: float, renamed: int, steps: list, new: Tensor, truth: Tensor) -> str:
    got = f"{accuracy:.1%} of 1,000 new pictures are right, expected {GOAL:.0%}"
    if renamed and _accuracy(model, new, truth) >= GOAL:
        return f"{got}. It gives the digits their old names: does it learn from the batches of this call alone?"
    if not steps:
        return f"{got}, with an optimizer of torch.optim. None made a step: is optimizer.step() missing?"
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
