"""The exercises of lesson 09: batches, what an output sees, first weights, Adam, and a network for a small budget."""

import math

import numpy as np
import torch
import torch.nn.functional as F

from course_utils.practice.exercises.lesson_08 import network
from course_utils.practice.judge import Wrong, array, call, same

BUDGET = 5_000  # parameters; the linear model of lesson 04 has 7,850


def number_of_batches(batches) -> None:
    """batches(n, batch_size, drop_last) -> int: how many batches a loader gives."""
    for n, size in ((60_000, 100), (55_000, 128), (60_000, 128), (100, 100), (5, 8), (1, 1)):
        for drop_last in (True, False):
            got = array(call(batches, n, size, drop_last), "the number of batches")
            if got.ndim == 0 and float(got) != int(got):
                raise Wrong(f"n={n}, batch_size={size}: the result is {float(got):.6g}, expected a whole number")
            low, high = n // size, -(-n // size)
            same(
                got,
                low if drop_last else high,
                what="the number of batches",
                example=f"n={n}, batch_size={size}, drop_last={drop_last}",
                mistakes={
                    "dropping the last batch although drop_last is False": -1 if drop_last else low,
                    "keeping the last batch although drop_last is True": high if drop_last else -1,
                    "one batch too many: n divides evenly here": n // size + 1,
                    "the number of pictures left out": n - low * size,
                    "the number of pictures in the batches": low * size,
                },
            )


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
    ):
        kernels, strides = [k for k, _ in layers], [s for _, s in layers]
        late, jump, grown = 1, 1, 1
        for kernel, stride in layers:
            jump *= stride
            late += (kernel - 1) * jump
            grown = grown * stride + kernel - 1
        single = 1 + sum((kernel - 1) * stride for kernel, stride in layers)
        same(
            call(receptive_field, list(layers)),
            _fields(layers)[-1],
            what="the receptive field",
            example=f"layers {layers}",
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


def xavier_weights(xavier_uniform) -> None:
    """xavier_uniform(shape) -> a new random tensor of this shape, evenly spread between Xavier's bounds."""
    for shape in ((60, 240), (240, 60), (64, 12, 3, 3), (16, 48, 5, 3)):
        torch.manual_seed(777)
        np.random.seed(777)
        got = array(call(xavier_uniform, shape), "the weight").astype(np.float64)
        if got.shape != shape:
            raise Wrong(f"the weight has the shape {got.shape}, expected {shape}")
        if not np.isfinite(got).all():
            raise Wrong(f"the weight holds nan or inf for the shape {shape}")
        window = math.prod(shape[2:])
        fan_in, fan_out = shape[1] * window, shape[0] * window
        bound = math.sqrt(6 / (fan_in + fan_out))
        largest, mean = np.abs(got).max(), got.mean()
        size, example = math.sqrt((got**2).mean()), f"for the shape {shape}: fan-in {fan_in}, fan-out {fan_out}"
        if got.min() >= 0 or abs(mean) > 0.1 * largest:
            raise Wrong(f"the weights lie from {got.min():.4f} to {got.max():.4f}, expected as many below 0 as above")
        if abs(size - bound / math.sqrt(3)) < 0.05 * bound and largest > 1.1 * bound:
            raise Wrong(
                f"the largest weight is {largest:.4f}, expected at most {bound:.4f} ({example}); the spread is right: "
                "this looks like normal random numbers, not uniform ones"
            )
        if not 0.98 * bound < largest <= bound * (1 + 1e-6):
            known = {
                "a bound of sqrt(6 / fan-in)": 6 / fan_in,
                "a bound of sqrt(6 / fan-out)": 6 / fan_out,
                "sqrt(3) instead of sqrt(6)": 3 / (fan_in + fan_out),
                "sqrt(2 / (fan-in + fan-out)), which is the spread, as the bound": 2 / (fan_in + fan_out),
                "PyTorch's own choice, 1 / sqrt(fan-in)": 1 / fan_in,
                "a forgotten root": 36 / (fan_in + fan_out) ** 2,
            }
            if window > 1:
                known["fans without the window: each of its places is an input"] = 6 / (shape[0] + shape[1])
                known["a fan-out without the window"] = 6 / (fan_in + shape[0])
            names = [name for name, square in known.items() if abs(largest / math.sqrt(square) - 1) < 0.02]
            looks = f"; this looks like {names[0]}" if names else ""
            raise Wrong(f"the largest weight is {largest:.4f}, expected just below {bound:.4f} ({example}){looks}")
        quarters = np.histogram(got, bins=4, range=(-bound, bound))[0] / got.size
        if abs(quarters - 0.25).max() > 0.03:
            shares = ", ".join(f"{share:.0%}" for share in quarters)
            raise Wrong(f"the four quarters between the bounds hold {shares} of the weights, expected a quarter each")
        if np.array_equal(got, array(call(xavier_uniform, shape))):
            raise Wrong("two calls give the same weights, expected new random numbers in each call")


def _adam(
    gradient_of,
    weight: torch.Tensor,
    steps: int,
    lr: float,
    variant: str = "",
    betas: tuple[float, float] = (0.9, 0.999),
) -> torch.Tensor:
    """The weights after each step of Adam, or of a known mistake."""
    m, v, path = torch.zeros_like(weight), torch.zeros_like(weight), []
    for t in range(1, steps + 1):
        gradient = gradient_of(weight)
        m = betas[0] * m + (1 - betas[0]) * gradient
        v = betas[1] * v + (1 - betas[1]) * gradient**2
        first, second = m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)
        if variant == "no correction":
            first, second = m, v
        if variant == "first step's":
            first, second = m / (1 - betas[0]), v / (1 - betas[1])
        if variant == "t from 2":
            first, second = m / (1 - betas[0] ** (t + 1)), v / (1 - betas[1] ** (t + 1))
        if variant == "anew":
            first = (1 - betas[0]) * gradient / (1 - betas[0] ** t)
            second = (1 - betas[1]) * gradient**2 / (1 - betas[1] ** t)
        root = (second + 1e-8).sqrt() if variant == "inside" else second.sqrt() + 1e-8
        if variant == "no root":
            root = second + 1e-8
        weight = weight + lr * first / root if variant == "up" else weight - lr * first / root
        path.append(weight)
    return torch.stack(path)


def adam_by_hand(adam) -> None:
    """adam(gradient_of, weight, steps, lr) -> (steps, D): the weight after each step."""
    scale, goal = torch.tensor([[2, 100, 3e-5, 1], [1, -2, 3, 0]], dtype=torch.double)

    def gradient_of(weight):
        weight = torch.as_tensor(weight)
        return (scale * (weight - goal)).to(weight.dtype)

    start, lr, steps = torch.zeros(4, dtype=torch.double), 0.1, 12
    argument = start.clone()
    path = call(adam, gradient_of, argument, steps, lr)
    if isinstance(path, (list, tuple)):
        path = np.array([array(weight, "a weight") for weight in path])
    right = _adam(gradient_of, start, steps, lr)
    sgd, weight = [], start
    for _ in range(steps):
        weight = weight - lr * gradient_of(weight)
        sgd.append(weight)
    variants = {
        "no bias correction": _adam(gradient_of, start, steps, lr, "no correction"),
        "a bias correction that does not change: it needs t, the number of the step": _adam(
            gradient_of, start, steps, lr, "first step's"
        ),
        "a count of the steps that begins with 2: t is 1 in the first step": _adam(
            gradient_of, start, steps, lr, "t from 2"
        ),
        "t = 0 in the first step, so that the bias correction divides by 0: t counts from 1": right * math.nan,
        "m and v that begin anew in each step: make the zeros before the loop": _adam(
            gradient_of, start, steps, lr, "anew"
        ),
        "eps inside the root": _adam(gradient_of, start, steps, lr, "inside"),
        "a forgotten root": _adam(gradient_of, start, steps, lr, "no root"),
        "beta1 and beta2 exchanged": _adam(gradient_of, start, steps, lr, betas=(0.999, 0.9)),
        "a step uphill: the sign": _adam(gradient_of, start, steps, lr, "up"),
        "SGD": torch.stack(sgd),
        "the weights before each step: the first row has to be after step 1": torch.cat([start[None], right[:-1]]),
        "the start in the first row: it has to be the weight after step 1": torch.cat([start[None], right]),
        "the last weight in every row: put a copy, weight.clone(), into the list": right[-1:].expand(steps, -1),
        "the last weight alone": right[-1],
    }
    example = f"gradient {scale.tolist()} * (weight - {goal.tolist()}), lr={lr}, {steps} steps from zeros"
    same(path, right, what="the weight", mistakes=variants, atol=1e-4, example=example)
    if not torch.equal(argument, start):
        raise Wrong("your function changed its argument weight, expected that it works on a copy")


def _stripes() -> torch.Tensor:
    """Ten pictures (10, 1, 28, 28) that are easy to tell apart: stripes and checks of different widths."""
    rows, columns = torch.meshgrid(torch.arange(28), torch.arange(28), indexing="ij")
    pictures = [(a // width) % 2 for width in (1, 2, 4) for a in (rows, columns, rows + columns)]
    return torch.stack([*pictures, torch.zeros(28, 28)]).float()[:, None]


def small_network(answer) -> None:
    """A network (N, 1, 28, 28) -> (N, 10) with at most 5,000 parameters that learns: many ways lead there."""
    torch.manual_seed(777)
    model = network(answer, 1, 28, 28)
    count = sum(p.numel() for p in model.parameters())
    if count == 0:
        raise Wrong(
            "PyTorch finds no parameters in your network: give each layer a name, self.conv1 = ...; it does not look "
            "into a plain list"
        )
    if count > BUDGET:
        largest, weight = max(model.named_parameters(), key=lambda item: item[1].numel())
        raise Wrong(f"{count:,} parameters, expected at most {BUDGET:,}; most are in {largest}: {weight.numel():,}")
    x = torch.rand(4, 1, 28, 28, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        together, alone = model(x), torch.cat([model(picture[None]) for picture in x])
        if not torch.allclose(together, alone, atol=1e-4):
            raise Wrong("a picture's logits depend on the other pictures of its batch: is an axis mixed up?")
        if torch.allclose(together, together[:1].expand_as(together), atol=1e-7):
            raise Wrong("all pictures give the same logits")
        if torch.allclose(together.sum(1), torch.ones(4)) and together.min() >= 0:
            raise Wrong("the outputs are probabilities that add up to 1, expected logits: leave the softmax out")
        bent = (model(x) + model(-x) - 2 * model(0 * x)).abs().max()
        if bent < 1e-5 * (1 + together.abs().max()):
            raise Wrong("your network is linear, f(x) + f(-x) = 2 f(0): put a ReLU between its layers")
    pictures, targets = _stripes(), torch.arange(10)
    start = {name: value.clone() for name, value in model.state_dict().items()}
    model.train()
    lowest = math.inf
    for lr in (0.01, 0.03, 0.003):
        model.load_state_dict(start)
        optimizer = torch.optim.Adam(model.parameters(), lr=lr)
        for step in range(60):
            optimizer.zero_grad()
            loss = F.cross_entropy(model(pictures), targets)
            loss.backward()
            if step == 0:
                unused = [name for name, p in model.named_parameters() if p.grad is None]
                if unused:
                    raise Wrong(f"{unused[0]} gets no gradient: does forward use this layer?")
            optimizer.step()
            lowest = min(lowest, loss.item()) if math.isfinite(loss.item()) else lowest
            if lowest < 1.4:
                break
        if lowest < 1.4:
            break
    with torch.no_grad():
        trained = model.eval()(pictures)
    model.load_state_dict(start)
    if trained.min() == 0 and (trained == 0).float().mean() > 0.1:
        raise Wrong(
            f"{(trained == 0).float().mean():.0%} of the outputs are exactly 0 and none is below, expected logits, "
            "which can be negative: leave out the ReLU behind the last layer"
        )
    if not lowest < 1.4:
        raise Wrong(
            f"after 60 steps of Adam on ten striped pictures the loss is {lowest:.2f}, expected below 1.4 (guessing "
            "gives 2.30): are there enough channels, and logits without softmax or ReLU at the end?"
        )


CHECKERS = {
    "1": number_of_batches,
    "2": receptive_field_of_layers,
    "3": xavier_weights,
    "4": adam_by_hand,
    "5": small_network,
}
