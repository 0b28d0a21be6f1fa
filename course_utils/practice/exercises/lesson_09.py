"""The exercises of lesson 09: what an output sees, first weights, Adam, costs, and a network for a small budget.

The tasks inside the lesson are "a" to "f", the exercises at its end are "1" to "4".
"""

import copy
import math
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from unittest.mock import patch

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from course_utils.data import load
from course_utils.practice.judge import NotDone, Wrong, array, call, is_stub, same, the_class_itself
from course_utils.practice.trained import trained_twice

SECONDS = {"4": 240}

# ---- inside the lesson ----


def windows_in_a_row(windows) -> None:
    """windows(n, channels) -> (side, weights) of n 3x3 convolutions one after the other, without biases."""
    for n, channels in ((2, 64), (3, 64), (1, 1), (5, 12), (2, 12), (10, 300), (2, 64)):
        got = call(windows, n, channels)
        got = list(got) if isinstance(got, tuple | list) or getattr(got, "ndim", 0) == 1 else got
        if not isinstance(got, list) or len(got) != 2:
            raise Wrong(f"the result is {_what(got)}, expected two numbers: side and weights")
        if any(map(is_stub, got)):
            raise NotDone
        side, weights = 2 * n + 1, n * 9 * channels**2
        same(
            got[0],
            side,
            what="the side of the receptive field",
            mistakes={
                "the sum of the kernels: neighbouring windows overlap": 3 * n,
                "the product of the kernels": 3**n,
                "one pixel more for each convolution: a window reaches one pixel to each side": n + 2,
                "a start at 0: before the first convolution, an output sees 1 pixel": 2 * n,
                "the area; its side is wanted": side**2,
                "the number of weights: the side comes first": weights,
            },
        )
        same(
            got[1],
            weights,
            what="the number of weights",
            mistakes={
                "the weights of one convolution: there are n": weights // n,
                "one input channel: each output channel has a kernel for each of them": n * 9 * channels,
                "one kernel for each convolution": n * 9,
                "weights and biases: these convolutions have none": weights + n * channels,
                "one convolution with a window as large as the field": side**2 * channels**2,
                "3 weights for each kernel: it has 3 rows and 3 columns": n * 3 * channels**2,
            },
        )


def _what(got: object) -> str:
    """What an answer gave, where something else was wanted."""
    length = f" of {len(got)}" if isinstance(got, tuple | list | dict) else ""
    return f"a {type(got).__name__}{length}"


def bound_of_he(he_bound) -> None:
    """he_bound(shape) -> the bound of He's rule for uniform weights of this shape."""
    for shape in ((10, 3136), (64, 32, 3, 3), (8, 1, 5, 5), (3, 7, 1, 4), (1, 5), (2, 1000, 1, 1), (10, 3136)):
        window = math.prod(shape[2:])
        fan_in, fan_out = shape[1] * window, shape[0] * window
        same(
            call(he_bound, shape, example=f"shape = {shape}, fan-in {fan_in}"),
            math.sqrt(6 / fan_in),
            what="the bound",
            atol=1e-6,
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
        ([5.0, -1.0], 0.9),
        ([30.0], 0.999),
        ([1.0, -3.0, 4.0, 0.5], 0.5),
        ([-1e4, 0.0, 250.0, 3.0, 7.0], 0.99),
        ([3, 8, -2], 0.9),
        ([1.0, 2.0, -6.0], 0.125),
        ([math.sin(k) for k in range(40)], 0.95),
        ([2.0, 2.0], 0.9),
    )
    for numbers, beta in cases:

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
            call(corrected, numbers, beta),
            right,
            what="the corrected average",
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


def products_of_a_layer(products) -> None:
    """products(in_channels, out_channels, kernel, side) -> multiply-adds for one picture; padding keeps the side."""
    cases = (
        (1, 32, 3, 28),
        (32, 64, 3, 14),
        (3, 5, 7, 10),
        (6, 1, 1, 33),
        (2, 2, 4, 6),
        (300, 500, 3, 224),
        (1, 8, 5, 28),
    )
    for case in (*cases, cases[0]):
        inputs, outputs, kernel, side = case
        weights = inputs * outputs * kernel**2
        same(
            call(products, *case),
            weights * side**2,
            what="the number of products",
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
    cases = ((100, 32, 14, 14), (2, 3, 5, 7), (4, 6, 9, 2), (7, 2, 3, 4), (1, 5, 1, 6), (3, 4, 300, 400))
    for shape in (*cases, cases[0]):
        n, c, h, w = shape
        same(
            call(strides, shape),
            (c * h * w, 1, w * c, c),
            what="the row of strides",
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
    """batches(n, batch_size, drop_last) -> how many batches a loader gives."""
    for n, size in ((60_000, 100), (55_000, 128), (60_000, 256), (100, 100), (5, 8), (1, 1), (7, 3), (60_000, 100)):
        for drop_last in (True, False):
            got = array(call(batches, n, size, drop_last), "the number of batches")
            if got.ndim == 0 and got % 1:
                raise Wrong(f"the number of batches is {float(got):.6g}, expected a whole number")
            low, high = n // size, -(-n // size)
            same(
                got,
                low if drop_last else high,
                what="the number of batches",
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
        [(3, 1), (2, 2)] * 4,
        [(4, 4)],
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
        same(
            call(receptive_field, layers, example=f"layers = {layers}"),
            _fields(layers)[-1],
            what="the receptive field",
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


# ---- 2: first weights from the data ----


def _stacks() -> Iterator[tuple[str, nn.Sequential, Tensor]]:
    """Networks of different kinds with a batch for each, their first weights far too large or too small."""
    torch.manual_seed(1)
    conv = nn.Sequential(
        nn.Conv2d(1, 8, 3, padding=1), nn.ReLU(), nn.Conv2d(8, 6, 3), nn.ReLU(), nn.Flatten(), nn.Linear(6 * 48, 20)
    )
    linear = nn.Sequential(nn.Linear(20, 40), nn.PReLU(), nn.Linear(40, 30), nn.Tanh(), nn.Linear(30, 12))
    last = nn.Sequential(nn.MaxPool2d(2), nn.Conv2d(3, 5, (3, 1), stride=2, bias=False), nn.GroupNorm(1, 5), nn.ReLU())
    one = nn.Sequential(nn.Conv2d(2, 40, 1), nn.Flatten(), nn.Linear(40 * 30, 700))
    digits = torch.rand(40, 1, 8, 10)
    for name, model, x, factor in (
        ("three layers, two of them convolutions", conv, digits, 0.1),
        ("three linear layers", linear, 3 * torch.randn(200, 20) + 1, 5),
        ("pooling, then one convolution without bias", last, torch.randn(30, 3, 14, 9), 1),
        ("a convolution and a linear layer in evaluation mode", one.eval(), 100 * torch.randn(1, 2, 6, 5), 30),
        ("three layers, two of them convolutions", conv, 20 * torch.rand(40, 1, 8, 10) - 8, 1),
        ("three layers, two of them convolutions", conv, digits, 1),
    ):
        with torch.no_grad():
            for layer in model:
                if isinstance(layer, nn.Linear | nn.Conv2d):
                    layer.weight.mul_(factor)
        yield name, copy.deepcopy(model), x


def _spreads(
    model: nn.Sequential, x: Tensor, *, kinds=(nn.Linear, nn.Conv2d), anew=True, power=1, bias=True, after=False
) -> list[float]:
    """The standard deviations that an answer reports, or those of a known mistake. Works on a copy."""
    model, found = copy.deepcopy(model), []
    layers = list(model)
    with torch.no_grad():
        for i, layer in enumerate(layers):
            if not isinstance(layer, kinds) or not hasattr(layer, "weight"):
                x = layer(x)
                continue
            if bias and getattr(layer, "bias", None) is not None:
                layer.bias.zero_()
            y = layer(x)
            measured = layers[i + 1](y) if after and i + 1 < len(layers) else y
            found.append(measured.std().item())
            layer.weight.div_(measured.std() ** power)
            x = layer(x) if anew else y
    return found


def _surroundings(model: nn.Module) -> list[object]:
    """What first weights leave as it is: the parameters themselves, modes, hooks, gradients."""
    parameters = [(id(p), p.dtype, p.requires_grad, p.grad is None) for p in model.parameters()]
    return [*parameters, *((m.training, len(m._forward_hooks), len(m._forward_pre_hooks)) for m in model.modules())]


def weights_from_data(first_weights) -> None:
    """first_weights(model, x) -> list: scales each layer so that its output has the standard deviation 1."""
    for name, model, x in _stacks():
        before, surroundings = copy.deepcopy(model), _surroundings(model)
        got = call(first_weights, model, x, changes=[0], example=f"{name}, x of shape {tuple(x.shape)}")
        if not isinstance(got, list):
            raise Wrong(f"the result is {_what(got)}, expected the list of the numbers that you measured")
        right = _spreads(before, x)
        got = [array(number, "a number of the list") for number in got]
        if any(number.ndim for number in got):
            raise Wrong("the list holds tensors with axes, expected one number for each layer: its standard deviation")
        same(
            got,
            right,
            what="the list of standard deviations",
            atol=2e-3 * max(right),
            mistakes={
                "biases that are not set to 0 before the output is measured": _spreads(before, x, bias=False),
                "the outputs from before the division: compute the layer again": _spreads(before, x, anew=False),
                "the next layer measured too, ReLU for example: measure the layer itself": _spreads(
                    before, x, after=True
                ),
                "a division by the variance": _spreads(before, x, power=2),
                "the standard deviations afterwards; those before the division are wanted": [1.0] * len(right),
                "other layers measured, too: Linear and Conv2d only": _spreads(before, x, kinds=nn.Module),
                "the standard deviation of the numbers that go IN: measure what comes out": _inputs(before, x),
            },
        )
        for place, (number, wanted) in enumerate(zip(got, right, strict=True)):
            same(number, wanted, what=f"number {place} of the list", atol=2e-3 * wanted)
        if _surroundings(model) != surroundings:
            raise Wrong(
                "the model has new parameters, or frozen ones, or other modes, hooks or gradients, expected no change "
                "but of weights and biases: change layer.weight in place, inside torch.no_grad()"
            )
        with torch.no_grad():
            y = x
            for i, (layer, old) in enumerate(zip(model, before, strict=True)):
                y = layer(y)
                if isinstance(layer, nn.Linear | nn.Conv2d):
                    _scaled_in_place(f"layer {i}", layer, old, y)
                elif any(not torch.equal(p, q) for p, q in zip(layer.parameters(), old.parameters(), strict=True)):
                    raise Wrong(f"layer {i}, a {type(layer).__name__}, is changed, expected only Linear and Conv2d")


def _inputs(model: nn.Sequential, x: Tensor) -> list[float]:
    found = []
    with torch.no_grad():
        for layer in model:
            if isinstance(layer, nn.Linear | nn.Conv2d):
                found.append(x.std().item())
            x = layer(x)
    return found


def _scaled_in_place(name: str, layer: nn.Linear | nn.Conv2d, old: nn.Linear | nn.Conv2d, y: Tensor) -> None:
    if layer.bias is not None and layer.bias.abs().max() > 0:
        raise Wrong(f"{name} still has biases up to {layer.bias.abs().max():.3g}, expected 0")
    if not abs(y.std().item() - 1) <= 5e-3:
        raise Wrong(
            f"the output of {name} has the standard deviation {y.std():.4g} afterwards, expected 1: is its weight "
            "divided, in place?"
        )
    scale = (old.weight * layer.weight).sum() / layer.weight.square().sum()
    if scale < 0 or not torch.allclose(old.weight, scale * layer.weight, atol=1e-3 * old.weight.abs().max().item()):
        raise Wrong(f"{name} has other weights, expected the old ones divided by a positive number")


# ---- 3: Adam, as an optimizer ----


def _problem(seed: int) -> tuple[list[nn.Parameter], Callable]:
    """Parameters of different shapes and types, and a loss; its gradients lie from tiny to large."""
    numbers = torch.Generator().manual_seed(seed)
    shapes = {1: ((4,), (3, 2), (1,)), 2: ((2, 1, 3, 3),), 3: ((5, 2), (), (2, 2))}[seed]
    kind = torch.float32 if seed == 2 else torch.double
    parameters = [nn.Parameter(torch.randn(shape, generator=numbers).to(kind)) for shape in shapes]
    goals = [torch.randn(shape, generator=numbers).to(kind) for shape in shapes]
    scales = [10.0 ** torch.randint(-7, 3, shape, generator=numbers).to(kind) for shape in shapes]

    def loss(parameters: Sequence[Tensor]) -> Tensor:
        return sum((s * (p - g) ** 2).sum() for p, g, s in zip(parameters, goals, scales, strict=True))

    return parameters, loss


def _adam(seed: int, steps: int, lr: float, variant: str = "") -> list[Tensor]:
    """The parameters after each step, each as one row of numbers: of Adam, or of a known mistake."""
    parameters, loss = _problem(seed)
    b1, b2 = (0.999, 0.9) if variant == "exchanged" else (0.9, 0.999)
    m, v = ([torch.zeros_like(p) for p in parameters] for _ in range(2))
    calls, path = 0, []
    for step in range(1, steps + 1):
        gradients = torch.autograd.grad(loss(parameters), parameters)
        for i, (p, g) in enumerate(zip(parameters, gradients, strict=True)):
            calls += 1
            t = {"each parameter": calls, "from 2": step + 1, "always 1": 1}.get(variant, step)
            m[i] = b1 * m[i] + (1 - b1) * g
            v[i] = b2 * v[i] + (1 - b2) * g**2
            if variant == "anew":
                m[i], v[i] = (1 - b1) * g, (1 - b2) * g**2
            first, second = m[i] / (1 - b1**t), v[i] / (1 - b2**t)
            if variant == "no correction":
                first, second = m[i], v[i]
            root = {"inside": (second + 1e-8).sqrt(), "no root": second + 1e-8, "no eps": second.sqrt()}.get(
                variant, second.sqrt() + 1e-8
            )
            change = lr * (g if variant == "SGD" else first / root)
            with torch.no_grad():
                p.add_(change if variant == "up" else -change)
        path.append(torch.cat([p.detach().flatten() for p in parameters]))
    return path


STEPS_OF_ADAM = 12
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
    "no eps": "a missing eps, or a smaller one",
}


def own_adam(cls) -> None:
    """A class OwnAdam(params, lr) with step() and zero_grad(): the same weights as torch.optim.Adam, step by step."""
    the_class_itself(cls)

    def forbidden(*_args, **_kwargs) -> None:
        raise Wrong("your class uses an optimizer of torch.optim, expected your own m, v and step")

    with patch.object(torch.optim.Optimizer, "__init__", forbidden):
        for seeds, rates in (((1,), (0.1,)), ((2,), (0.003,)), ((3, 1), (0.02, 0.5)), ((1,), (0.1,))):
            _adam_side_by_side([_Run(cls, seed, lr) for seed, lr in zip(seeds, rates, strict=True)])


class _Run:
    """An optimizer of a student's class at work on one problem."""

    def __init__(self, cls: type, seed: int, lr: float):
        self.lr = lr
        self.parameters, self.loss = _problem(seed)
        self.start = _row(self.parameters)
        self.right = _adam(seed, STEPS_OF_ADAM, lr)
        self.slips = {text: _adam(seed, STEPS_OF_ADAM, lr, slip) for slip, text in ADAM_SLIPS.items()}
        self.frozen = nn.Parameter(torch.ones(3))  # never gets a gradient
        self.example = f"{len(self.parameters)} parameters and one without a gradient, lr={lr}"
        self.optimizer = call(cls, iter([*self.parameters, self.frozen]), lr, example=self.example)
        if getattr(self.optimizer, "__dict__", None) == {}:
            raise NotDone("__init__ keeps nothing yet")

    def act(self, method: str, example: str) -> None:
        """Call a method that returns nothing."""
        if not hasattr(self.optimizer, method):
            raise Wrong(f"your class has no method {method}(), expected zero_grad() and step()")
        try:
            got = call(getattr(self.optimizer, method), returns=False, example=example)
        except (AttributeError, RuntimeError, TypeError) as error:
            text = " ".join(str(error).split())[:100]
            hint = "is the parameter whose grad is None left out, and are m and v made? " if "NoneType" in text else ""
            hint = "is the change made inside torch.no_grad()? " if "requires grad" in text else hint
            raise Wrong(f"{hint}{method}() stops with {type(error).__name__}: {text}, expected no error") from error
        if got is not None:
            raise Wrong(f"{method}() returns a {type(got).__name__}, expected nothing")


def _row(tensors: Sequence[Tensor]) -> Tensor:
    return torch.cat([tensor.detach().flatten() for tensor in tensors])


def _adam_side_by_side(runs: list[_Run]) -> None:
    """Wrong unless each run goes the way of Adam, although the others go on between its steps."""
    other = "; two optimizers live side by side" if len(runs) > 1 else ""
    for step in range(1, STEPS_OF_ADAM + 1):
        for run in runs:
            example = f"{run.example}, step {step}{other}"
            run.act("zero_grad", example)
            if any(p.grad is not None and p.grad.any() for p in run.parameters):
                raise Wrong("after zero_grad() there are still gradients, expected None or zeros")
            run.loss(run.parameters).backward()
            gradients = _row([p.grad for p in run.parameters])
            run.act("step", example)
            if not all(p.requires_grad for p in run.parameters):
                raise Wrong("step() freezes the parameters, expected that they still ask for a gradient")
            if any(p.grad is None for p in run.parameters) or not torch.equal(
                _row([p.grad for p in run.parameters]), gradients
            ):
                raise Wrong("step() changes the gradients, expected that it changes the parameters only")
            names = {text: path[step - 1] for text, path in run.slips.items()}
            names["weights that do not change: is the list of parameters used up, or is p a new tensor?"] = run.start
            same(
                _row(run.parameters),
                run.right[step - 1],
                what="the row of all weights",
                atol=(1e-5 if run.start.dtype == torch.double else 2e-4) * run.lr,
                mistakes=names,
            )
            if not torch.equal(run.frozen, torch.ones_like(run.frozen)):
                raise Wrong("a parameter whose grad is None has changed, expected that it stays")


# ---- 4: a network for a small budget, trained ----

MOST_PARAMETERS, MOST_PRODUCTS, STEPS, BATCH, GOAL = 5_000, 500_000, 200, 100, 0.91


@cache
def _digits() -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """20,000 training and 1,000 validation pictures of MNIST, standardised, with their labels. Hand out copies."""
    mnist = load("mnist")
    return (*mnist.train[torch.arange(STEPS * BATCH)], *mnist.validation[torch.arange(1000)])


def products_for_one_picture(model: nn.Module, image: Tensor) -> int:
    """Products with weights while one picture (1, C, H, W) goes through, of layers, functions and `@` alike."""
    counter = FlopCounterMode(display=False)  # it counts products and additions
    with torch.no_grad(), counter:
        model(image)
    return counter.get_total_flops() // 2


def small_budget(train_small) -> str:
    """train_small(batches) -> a network that it made and trained within three budgets, and good enough."""
    digits = _digits()
    model, right = trained_twice(train_small, digits, BATCH, GOAL, lambda model: _within_the_budget(model, digits[2]))
    parameters, products = _costs(model, digits[2])
    return f"{parameters:,} parameters, {products:,} products, {right:.1%} of 1,000 new pictures right"


def _costs(model: nn.Module, images: Tensor) -> tuple[int, int]:
    return sum(p.numel() for p in model.parameters()), products_for_one_picture(model, images[:1].clone())


def _within_the_budget(model: nn.Module, images: Tensor) -> None:
    if not list(model.parameters()):
        raise Wrong(
            "PyTorch finds no parameters in your network, expected some: are its layers in a plain list? Use "
            "nn.Sequential"
        )
    parameters, products = _costs(model, images)
    if parameters > MOST_PARAMETERS:
        name, weight = max(model.named_parameters(), key=lambda item: item[1].numel())
        raise Wrong(
            f"your network has {parameters:,} parameters, expected at most {MOST_PARAMETERS:,}; most are in {name}: "
            f"{weight.numel():,}"
        )
    if products > MOST_PRODUCTS:
        raise Wrong(
            f"your network makes {products:,} products for a picture, expected at most {MOST_PRODUCTS:,}: fewer "
            "channels where the picture is large, or pooling earlier"
        )


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
