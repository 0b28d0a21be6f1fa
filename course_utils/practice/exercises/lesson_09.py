"""The exercises of lesson 09: what an output sees, first weights, Adam, costs, and a network for a small budget.

The tasks inside the lesson are "a" to "f", the exercises at its end are "1" to "4".
"""

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from course_utils.data import load
from course_utils.network.layers import FunctionCalls
from course_utils.practice.judge import NotDone, Wrong, array, call, is_stub, same, the_class_itself

# ---- what several checkers need ----


def _generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _answer(function: Callable, *arguments: object, example: str) -> object:
    """What an answer returns; if it stops with an error, Wrong says for which input."""
    try:
        return call(function, *arguments)
    except (NotDone, Wrong):
        raise
    except Exception as error:
        text = " ".join(str(error).split())[:130]
        raise Wrong(f"your code stops with {type(error).__name__} for {example}: {text}") from error


def _pair(got: object, names: str, example: str) -> None:
    if not isinstance(got, tuple | list) or len(got) != 2:
        raise Wrong(f"the result is a {type(got).__name__}, expected the pair ({names}) (for {example})")
    if any(map(is_stub, got)):
        raise NotDone


# ---- inside the lesson ----


def windows_in_a_row(windows) -> None:
    """windows(n, channels) -> (side, weights) of n 3x3 convolutions one after the other, without biases."""
    for n, channels in ((2, 64), (3, 64), (1, 1), (5, 12), (2, 64)):
        example = f"n={n}, channels={channels}"
        got = _answer(windows, n, channels, example=example)
        _pair(got, "side, weights", example)
        side, weights = 2 * n + 1, n * 9 * channels**2
        same(
            got[0],
            side,
            what="the side of the receptive field",
            example=example,
            mistakes={
                "the sum of the kernels: neighbouring windows overlap": 3 * n,
                "the product of the kernels": 3**n,
                "one pixel more for each convolution: a window reaches one pixel to each side": n + 2,
                "a start at 0: before the first convolution, an output sees 1 pixel": 2 * n,
                "the area; its side is wanted": side**2,
            },
        )
        same(
            got[1],
            weights,
            what="the number of weights",
            example=example,
            mistakes={
                "the weights of one convolution: there are n": weights // n,
                "one input channel: each output channel has a kernel for each of them": n * 9 * channels,
                "one kernel for each convolution": n * 9,
                "weights and biases: these convolutions have none": weights + n * channels,
                "one convolution with a window as large as the field": side**2 * channels**2,
                "3 weights for each kernel: it has 3 rows and 3 columns": n * 3 * channels**2,
            },
        )


def bound_of_he(he_bound) -> None:
    """he_bound(shape) -> the bound of He's rule for uniform weights of this shape."""
    for shape in ((10, 3136), (64, 32, 3, 3), (8, 1, 5, 5), (3, 7, 1, 4), (1, 5), (10, 3136)):
        window = math.prod(shape[2:])
        fan_in, fan_out = shape[1] * window, shape[0] * window
        same(
            _answer(he_bound, tuple(shape), example=f"shape {shape}"),
            math.sqrt(6 / fan_in),
            what="the bound",
            example=f"shape {shape}, fan-in {fan_in}",
            atol=1e-4,
            mistakes={
                "the standard deviation, sqrt(2 / fan-in); the bound is larger": math.sqrt(2 / fan_in),
                "a rule without the factor 2 for ReLU": math.sqrt(3 / fan_in),
                "PyTorch's default, 1 / sqrt(fan-in)": math.sqrt(1 / fan_in),
                "a forgotten root": 6 / fan_in,
                "Xavier's bound": math.sqrt(6 / (fan_in + fan_out)),
                "fan-out in place of fan-in": math.sqrt(6 / fan_out),
                "a fan-in without the window: each of its places is an input": math.sqrt(6 / shape[1]),
                "the number of output channels in place of the inputs": math.sqrt(6 / shape[0]),
                "a fan-in of all weights": math.sqrt(6 / math.prod(shape)),
                "a fan-in with one side of the window alone": math.sqrt(
                    6 / (shape[1] * (shape[-1] if window > 1 else 1))
                ),
            },
        )


def corrected_average(corrected) -> None:
    """corrected(numbers, beta) -> the running average after the last number, with bias correction."""
    cases = (
        ([2.0, 2.0], 0.9),
        ([30.0], 0.999),
        ([1.0, -3.0, 4.0, 0.5], 0.5),
        ([-1e4, 0.0, 250.0, 3.0, 7.0], 0.99),
        ([2.0, 2.0], 0.9),
    )
    for numbers, beta in cases:
        example = f"numbers {numbers}, beta={beta}"
        given = list(numbers)
        got = _answer(corrected, given, beta, example=example)

        def average(beta: float, start: float = 0.0, numbers: list = numbers) -> float:
            m = start
            for x in numbers:
                m = beta * m + (1 - beta) * x
            return m

        n, right = len(numbers), average(beta) / (1 - beta ** len(numbers))
        sums = 0.0
        for x in numbers:
            sums = beta * sums + x
        same(
            got,
            right,
            what="the corrected average",
            example=example,
            atol=1e-4 * (1 + abs(right)),
            mistakes={
                "no bias correction": average(beta),
                "a correction of the first step in every step: beta to the power of the number of steps": average(beta)
                / (1 - beta),
                "a power of one too few: after n numbers the power is n": average(beta) / (1 - beta ** max(n - 1, 0.5)),
                "a power of one too many: after n numbers the power is n": average(beta) / (1 - beta ** (n + 1)),
                "a multiplication: the correction divides": average(beta) * (1 - beta**n),
                "beta and 1 - beta exchanged": average(1 - beta) / (1 - (1 - beta) ** n),
                "the mean of the numbers: later ones count more": sum(numbers) / n,
                "a start at the first number": average(beta, numbers[0]),
                "a sum without the share 1 - beta": sums,
                "the last number alone": numbers[-1],
            },
        )
        if given != numbers:
            raise Wrong(f"your function changes its list of numbers (for {example}): keep the average in its own name")


def products_of_a_layer(products) -> None:
    """products(in_channels, out_channels, kernel, side) -> multiply-adds for one picture; padding keeps the side."""
    for case in ((1, 32, 3, 28), (32, 64, 3, 14), (3, 5, 7, 10), (6, 1, 1, 33), (2, 2, 5, 6), (1, 32, 3, 28)):
        inputs, outputs, kernel, side = case
        weights = inputs * outputs * kernel**2
        same(
            _answer(products, *case, example=f"products{case}"),
            weights * side**2,
            what="the number of products",
            atol=0.5,
            example=f"in_channels={inputs}, out_channels={outputs}, kernel={kernel}, side={side}",
            mistakes={
                "the weights alone: each is used at every place": weights,
                "the places of one row: there are side rows of them": weights * side,
                "one input channel: each output adds up all of them": outputs * kernel**2 * side**2,
                "one output channel": inputs * kernel**2 * side**2,
                "one number of each kernel": inputs * outputs * side**2,
                "one row of each kernel": inputs * outputs * kernel * side**2,
                "a smaller output: padding keeps the side": weights * max(side - kernel + 1, 0) ** 2,
                "weights and biases times the places: adding a bias is no product": (weights + outputs) * side**2,
                "the numbers that come out": outputs * side**2,
                "products and additions counted apart": 2 * weights * side**2,
            },
        )


def strides_of_channels_last(strides) -> None:
    """strides(shape) -> the four strides of a tensor (N, C, H, W) in the order channels last."""
    for shape in ((100, 32, 14, 14), (2, 3, 5, 7), (4, 6, 9, 2), (7, 2, 3, 4), (100, 32, 14, 14)):
        n, c, h, w = shape
        got = _answer(strides, tuple(shape), example=f"shape {shape}")
        same(
            array(got, "the strides"),
            (c * h * w, 1, w * c, c),
            what="the tuple of strides",
            example=f"shape {shape}",
            mistakes={
                "the usual order": (c * h * w, h * w, w, 1),
                "the strides in the order N, H, W, C; the shape stays (N, C, H, W)": (c * h * w, w * c, c, 1),
                "one row for the other axis: one pixel further right are C numbers": (c * h * w, 1, c, w * c),
                "a row without its channels": (c * h * w, 1, w, 1),
                "H in place of W: below a row come its W pixels": (c * h * w, 1, h * c, c),
                "the shape itself": shape,
                "the tensor's size as first stride: from picture to picture are C * H * W": (
                    n * c * h * w,
                    1,
                    w * c,
                    c,
                ),
                "the three strides without that of the pictures": (1, w * c, c),
            },
        )


def number_of_batches(batches) -> None:
    """batches(n, batch_size, drop_last) -> int: how many batches a loader gives."""
    for n, size in ((60_000, 100), (55_000, 128), (60_000, 256), (100, 100), (5, 8), (1, 1), (60_000, 100)):
        for drop_last in (True, False):
            example = f"n={n}, batch_size={size}, drop_last={drop_last}"
            got = array(_answer(batches, n, size, drop_last, example=example), "the number of batches")
            if got.ndim == 0 and float(got) != int(got):
                raise Wrong(f"the result is {float(got):.6g}, expected a whole number (for {example})")
            low, high = n // size, -(-n // size)
            same(
                got,
                low if drop_last else high,
                what="the number of batches",
                example=example,
                mistakes={
                    "dropping the last batch although drop_last is False": -1 if drop_last else low,
                    "keeping the last batch although drop_last is True": high if drop_last else -1,
                    "one batch too many: n divides evenly here": n // size + 1,
                    "the nearest whole number: a part of a batch is a batch, or none": round(n / size),
                    "the number of pictures left out": n - low * size,
                    "the number of pictures in the batches": low * size,
                },
            )


# ---- 1: what an output sees ----


def _fields(layers: list[tuple[int, int]]) -> list[int]:
    """The receptive field behind each layer, from 1 before the first."""
    field, jump, fields = 1, 1, [1]
    for kernel, stride in layers:
        field += (kernel - 1) * jump
        jump *= stride
        fields.append(field)
    return fields


def receptive_field_of_layers(receptive_field) -> None:
    """receptive_field(layers) -> int: the side of what one output sees, for [(kernel, stride), ...]."""
    for layers in (
        [(5, 1)],
        [(3, 1), (3, 1)],
        [(3, 1), (2, 2), (3, 1), (2, 2)],
        [(5, 1), (2, 2), (5, 1), (2, 2)],
        [(3, 2), (3, 2), (3, 1)],
        [(7, 3), (3, 2), (1, 1), (4, 2)],
        [],
        [(5, 1)],
    ):
        kernels, strides = [k for k, _ in layers], [s for _, s in layers]
        late, jump, grown = 1, 1, 1
        for kernel, stride in layers:
            jump *= stride
            late += (kernel - 1) * jump
            grown = grown * stride + kernel - 1
        single = 1 + sum((kernel - 1) * stride for kernel, stride in layers)
        given, example = list(layers), f"layers {layers}"
        same(
            _answer(receptive_field, given, example=example),
            _fields(layers)[-1],
            what="the receptive field",
            example=example,
            mistakes={
                "forgotten strides: behind a stride of 2, a step is 2 pixels": 1 + sum(kernels) - len(kernels),
                "the sum of the kernels: neighbouring windows overlap": sum(kernels),
                "the product of the kernels": math.prod(kernels),
                "a stride that acts too early: a layer's stride counts only for the layers behind it": late,
                "each layer with its own stride: the strides of all layers before it multiply": single,
                "the layers in the wrong order": _fields(layers[::-1])[-1],
                "the field itself times each stride: a stride makes only the steps behind it longer": grown,
                "the area: one side is wanted": _fields(layers)[-1] ** 2,
                "the field before the last layer": _fields(layers[:-1])[-1] if layers else 0,
                "the product of the strides": math.prod(strides),
            },
        )
        if given != layers:
            raise Wrong(f"your function changes its list of layers (for {example}): read it, and take nothing out")


# ---- 2: first weights from the data ----


def _stacks() -> Iterator[tuple[str, nn.Sequential, Tensor]]:
    """Networks of different kinds with a batch for each, their first weights far too large or too small."""
    torch.manual_seed(1)
    conv = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 48, 5)
    )
    linear = nn.Sequential(nn.Linear(20, 40), nn.ReLU(), nn.Linear(40, 30), nn.Tanh(), nn.Linear(30, 12))
    last = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(3, 5, (3, 1), stride=2, bias=False), nn.ReLU())
    for name, model, x, factor in (
        ("three layers, two of them convolutions", conv, torch.rand(40, 1, 8, 10), 0.1),
        ("three linear layers", linear, 3 * torch.randn(200, 20) + 1, 5),
        ("pooling, then one convolution without bias", last, torch.randn(30, 3, 14, 9), 1),
    ):
        with torch.no_grad():
            for p in model.parameters():
                p.mul_(factor if p.ndim > 1 else 2)
        yield name, model, x
    again = copy.deepcopy(conv)
    yield "three layers, two of them convolutions", again, 20 * torch.rand(40, 1, 8, 10)


def _spreads(model: nn.Sequential, x: Tensor, *, anew=True, power=1, bias=True, after=False) -> list[float]:
    """The standard deviations that an answer reports, or those of a known mistake. Works on a copy."""
    model, found = copy.deepcopy(model), []
    layers = list(model)
    with torch.no_grad():
        for i, layer in enumerate(layers):
            if not hasattr(layer, "weight"):
                x = layer(x)
                continue
            if bias and layer.bias is not None:
                layer.bias.zero_()
            y = layer(x)
            measured = layers[i + 1](y) if after and i + 1 < len(layers) else y
            found.append(measured.std().item())
            layer.weight.div_(measured.std() ** power)
            x = layer(x) if anew else y
    return found


def weights_from_data(first_weights) -> None:
    """first_weights(model, x) -> list: scales each layer so that its output has the standard deviation 1."""
    for name, model, x in _stacks():
        example = f"{name}, x of shape {tuple(x.shape)}"
        before, kept, ids = copy.deepcopy(model), x.clone(), [id(p) for p in model.parameters()]
        got = _answer(first_weights, model, x, example=example)
        if not torch.equal(x, kept):
            raise Wrong(
                f"your function changes x in place (for {example}): give each result a new name, or x = layer(x)"
            )
        if [id(p) for p in model.parameters()] != ids or not all(p.requires_grad for p in model.parameters()):
            raise Wrong(
                f"the model has new parameters, or some that need no gradient (for {example}): change layer.weight in "
                "place, inside torch.no_grad()"
            )
        right = _spreads(before, kept)
        same(
            array([float(s) for s in got] if isinstance(got, list | tuple) else got, "the list"),
            right,
            what="the list of standard deviations",
            example=example,
            atol=2e-3 * max(right),
            mistakes={
                "biases that are not set to 0 before the output is measured": _spreads(before, kept, bias=False),
                "the outputs from before the division: compute the layer again": _spreads(before, kept, anew=False),
                "the next layer measured too, ReLU for example: measure the layer itself": _spreads(
                    before, kept, after=True
                ),
                "a division by the variance": _spreads(before, kept, power=2),
                "the standard deviations afterwards; those before the division are wanted": [1.0] * len(right),
            },
        )
        with torch.no_grad():
            y = kept
            for i, (layer, old) in enumerate(zip(model, before, strict=True)):
                y = layer(y)
                if not hasattr(layer, "weight"):
                    continue
                if layer.bias is not None and layer.bias.abs().max() > 0:
                    raise Wrong(f"layer {i} still has biases that are not 0 (for {example})")
                if abs(y.std().item() - 1) > 5e-3:
                    raise Wrong(
                        f"the output of layer {i} has the standard deviation {y.std():.4g} afterwards, expected 1: is "
                        f"its weight divided, in place? (for {example})"
                    )
                scale = (old.weight * layer.weight).sum() / layer.weight.square().sum()
                if not torch.allclose(old.weight, scale * layer.weight, atol=1e-3 * old.weight.abs().max().item()):
                    raise Wrong(
                        f"layer {i} has other weights, expected the old ones divided by a number (for {example})"
                    )


# ---- 3: Adam, as an optimizer ----


def _problem(seed: int) -> tuple[list[Tensor], Callable]:
    """Parameters of different shapes, and the gradients that they get at a step."""
    numbers = _generator(seed)
    shapes = ((4,), (3, 2), (1,)) if seed % 2 else ((2, 1, 3, 3),)
    parameters = [torch.randn(shape, generator=numbers).double().requires_grad_() for shape in shapes]
    goals = [torch.randn(shape, generator=numbers).double() for shape in shapes]
    scales = [10.0 ** torch.randint(-4, 3, shape, generator=numbers).double() for shape in shapes]

    def loss(parameters: Sequence[Tensor]) -> Tensor:
        return sum((s * (p - g) ** 2).sum() for p, g, s in zip(parameters, goals, scales, strict=True))

    return parameters, loss


def _adam(seed: int, steps: int, lr: float, variant: str = "") -> list[Tensor]:
    """The parameters after each step, each as one row of numbers: of Adam, or of a known mistake."""
    parameters, loss = _problem(seed)
    b1, b2 = (0.999, 0.9) if variant == "exchanged" else (0.9, 0.999)
    m, v = ([torch.zeros_like(p) for p in parameters] for _ in range(2))
    calls, path, kept = 0, [], [torch.zeros_like(p) for p in parameters]
    for step in range(1, steps + 1):
        gradients = torch.autograd.grad(loss(parameters), parameters)
        for i, (p, g) in enumerate(zip(parameters, gradients, strict=True)):
            calls += 1
            if variant == "kept gradients":
                kept[i] = g = kept[i] + g
            t = {"each parameter": calls, "from 2": step + 1, "always 1": 1}.get(variant, step)
            m[i] = b1 * m[i] + (1 - b1) * g
            v[i] = b2 * v[i] + (1 - b2) * g**2
            if variant == "anew":
                m[i], v[i] = (1 - b1) * g, (1 - b2) * g**2
            first, second = m[i] / (1 - b1**t), v[i] / (1 - b2**t)
            if variant == "no correction":
                first, second = m[i], v[i]
            root = {"inside": (second + 1e-8).sqrt(), "no root": second + 1e-8}.get(variant, second.sqrt() + 1e-8)
            change = lr * (g if variant == "SGD" else first / root)
            with torch.no_grad():
                p.add_(change if variant == "up" else -change)
        path.append(torch.cat([p.detach().flatten() for p in parameters]))
    return path


ADAM_SLIPS = {
    "no correction": "no bias correction",
    "each parameter": "a t that grows with each parameter: one step counts once for all of them",
    "from 2": "a t that begins with 2: it is 1 in the first step",
    "always 1": "a t that stays 1: it counts the steps",
    "anew": "m and v that begin anew in each step: make the zeros in __init__",
    "inside": "eps inside the root",
    "no root": "a forgotten root",
    "exchanged": "beta1 and beta2 exchanged",
    "up": "a step uphill: the sign",
    "SGD": "SGD: learning rate times gradient",
    "kept gradients": "gradients that are added up: does zero_grad() clear them?",
}


def own_adam(cls) -> None:
    """A class OwnAdam(params, lr) with step() and zero_grad(): the same weights as torch.optim.Adam, step by step."""
    the_class_itself(cls)
    steps = 6
    for seeds, rates in (((1,), (0.1,)), ((2,), (0.003,)), ((3, 1), (0.02, 0.5)), ((1,), (0.1,))):
        runs = []
        for seed, lr in zip(seeds, rates, strict=True):
            parameters, loss = _problem(seed)
            frozen = torch.ones(3, dtype=torch.double, requires_grad=True)  # never gets a gradient
            where = f"{len(parameters)} parameters and one without a gradient, lr={lr}"
            optimizer = _answer(cls, iter([*parameters, frozen]), lr, example=where)
            if not vars(optimizer):
                raise NotDone("__init__ keeps nothing yet")
            if isinstance(optimizer, torch.optim.Optimizer) or any(
                isinstance(value, torch.optim.Optimizer) for value in vars(optimizer).values()
            ):
                raise Wrong("your class uses an optimizer of torch.optim, expected your own m, v and step")
            runs.append((parameters, loss, frozen, optimizer, seed, lr, where))
        for step in range(1, steps + 1):
            for parameters, loss, frozen, optimizer, seed, lr, where in runs:
                other = "; two optimizers live side by side" if len(runs) > 1 else ""
                example = f"{where}, step {step}{other}"
                _act(optimizer, "zero_grad", example)
                loss(parameters).backward()
                _act(optimizer, "step", example)
                names = {text: _adam(seed, step, lr, slip)[-1] for slip, text in ADAM_SLIPS.items()}
                start = torch.cat([p.detach().flatten() for p in _problem(seed)[0]])
                names["weights that do not change: is the list of parameters used up, or is p a new tensor?"] = start
                same(
                    torch.cat([p.detach().flatten() for p in parameters]),
                    _adam(seed, step, lr)[-1],
                    what="the row of all weights",
                    example=example,
                    atol=1e-5 * lr,
                    mistakes=names,
                )
                if not torch.equal(frozen, torch.ones_like(frozen)):
                    raise Wrong(f"a parameter whose grad is None has changed, expected that it stays ({example})")


def _act(optimizer: object, method: str, example: str) -> None:
    """Call a method that returns nothing."""
    if not hasattr(optimizer, method):
        raise Wrong(f"your class has no method {method}()")
    try:
        getattr(optimizer, method)()
    except Exception as error:
        text = " ".join(str(error).split())[:120]
        hint = "is the parameter whose grad is None left out, and are m and v made? " if "NoneType" in text else ""
        hint = "is the change made inside torch.no_grad()? " if "requires grad" in text else hint
        raise Wrong(f"{hint}{method}() stops with {type(error).__name__}: {text} (for {example})") from error


# ---- 4: a network for a small budget, trained ----

MOST_PARAMETERS, MOST_PRODUCTS, STEPS, BATCH, GOAL = 5_000, 500_000, 200, 100, 0.91
ENDS = ("relu", "leaky_relu", "softmax", "log_softmax", "sigmoid", "logsigmoid", "tanh", "elu", "gelu", "relu6")


@cache
def _digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """20,000 training and 1,000 validation pictures of MNIST, standardised, with their labels. Hand out copies."""
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


def products_for_one_picture(model: nn.Module, image: Tensor) -> int:
    """Products with weights while one picture (1, C, H, W) goes through; layers and functions are both seen."""
    count = 0

    def see(function: Callable, args: tuple, kwargs: dict, output: object) -> None:
        nonlocal count
        if getattr(function, "__name__", "") in ("conv2d", "linear") and isinstance(output, Tensor):
            weight = kwargs.get("weight", args[1] if len(args) > 1 else None)
            count += output.numel() * weight[0].numel()

    with torch.no_grad(), FunctionCalls(see):
        model(image)
    return count


def small_budget(train_small) -> str:
    """train_small(batches) -> a network that it made and trained within three budgets, and good enough.

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
        model = copy.deepcopy(model).eval()
        costs = _within_the_budget(model, new)
        accuracy = _accuracy(model, new, (truth + renamed) % 10)
        if accuracy < GOAL:
            raise Wrong(_why(model, accuracy, renamed, steps, new, truth))
        found.append(accuracy)
    parameters, products = costs
    return f"{parameters:,} parameters, {products:,} products, {found[0]:.1%} of 1,000 new pictures right"


def _within_the_budget(model: nn.Module, new: Tensor) -> tuple[int, int]:
    """(parameters, products for a picture) of a network that gives logits and keeps to both limits."""
    parameters = sum(p.numel() for p in model.parameters())
    if parameters == 0:
        raise Wrong("PyTorch finds no parameters in your network: are its layers in a plain list? Use nn.Sequential")
    if parameters > MOST_PARAMETERS:
        name, weight = max(model.named_parameters(), key=lambda item: item[1].numel())
        raise Wrong(
            f"your network has {parameters:,} parameters, expected at most {MOST_PARAMETERS:,}; most are in {name}: "
            f"{weight.numel():,}"
        )
    last: dict[str, object] = {}

    def see(function: Callable, _args: tuple, _kwargs: dict, output: object) -> None:
        if isinstance(output, Tensor):
            last["name"], last["output"] = getattr(function, "__name__", ""), output

    for n in (64, 1):
        example = f"{n} picture{'s' * (n > 1)} of shape (1, 28, 28)"
        with torch.no_grad(), FunctionCalls(see):
            logits = _answer(model, new[:n].clone(), example=example)
        if tuple(getattr(logits, "shape", ())) != (n, 10):
            raise Wrong(f"your network gives {tuple(getattr(logits, 'shape', ()))}, expected {(n, 10)} (for {example})")
        end = str(last.get("name", "")).rstrip("_")
        if end in ENDS and last["output"] is logits:
            raise Wrong(f"a {end} stands at the end of your network, expected logits, which have any sign")
    products = products_for_one_picture(model, new[:1].clone())
    if products > MOST_PRODUCTS:
        raise Wrong(
            f"your network makes {products:,} products for a picture, expected at most {MOST_PRODUCTS:,}: fewer "
            "channels where the picture is large, or pooling earlier"
        )
    return parameters, products


def _accuracy(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    with torch.no_grad():
        return (model(images.clone()).argmax(dim=1) == labels).double().mean().item()


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
    return f"{got}. It learns, but slowly: try a larger learning rate, or more channels behind the pooling"


CHECKERS = {
    "a": windows_in_a_row,
    "b": bound_of_he,
    "c": corrected_average,
    "d": products_of_a_layer,
    "e": strides_of_channels_last,
    "f": number_of_batches,
    "1": receptive_field_of_layers,
    "2": weights_from_data,
    "3": own_adam,
    "4": small_budget,
}
