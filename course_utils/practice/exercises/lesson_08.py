"""The exercises of lesson 08: moved pictures, dropout, early stopping, a network that does not mind the move.

The tasks inside the lesson are "a" to "e", the exercises at its end are "1" to "5".
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from course_utils.data import load
from course_utils.network.layers import FunctionCalls
from course_utils.practice.judge import NotDone, Wrong, array, call, is_stub, same

# ---- what several checkers need ----


def _generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _tensor(value: object, shape: Sequence[int]) -> Tensor:
    """A result as a tensor; Wrong if no array can be made of it, or if it has another shape."""
    value = value.detach() if isinstance(value, Tensor) else torch.as_tensor(array(value))
    if value.shape != torch.Size(shape):
        raise Wrong(f"the result has the shape {tuple(value.shape)}, expected {tuple(shape)}")
    return value


def _short(values: Sequence[float]) -> str:
    return "[" + ", ".join(f"{value:g}" for value in values) + "]"


# ---- a: what leaves the frame ----


def _dark_pictures(*shape: int, seed: int) -> Tensor:
    images = torch.randint(0, 256, shape, generator=_generator(seed), dtype=torch.uint8)
    images *= (torch.rand(shape, generator=_generator(seed)) < 0.6).to(torch.uint8)
    images[0, :, -2:] = 255
    images[..., -1, :2] = 1  # dark, but not black
    return images


def lost_pixels(lost) -> None:
    """lost(images, down): of each picture, how many pixels above 0 lie in its last `down` rows."""
    first = _dark_pictures(3, 1, 6, 5, seed=0)
    others = [
        (_dark_pictures(n, 1, h, w, seed=seed), down)
        for seed, (n, h, w) in enumerate(((3, 6, 5), (1, 9, 4), (4, 20, 31)), start=1)
        for down in (2, 0, 1, h, h - 1)
    ]
    large = _dark_pictures(2, 1, 270, 260, seed=9)
    for images, down in ((first, 2), (first, 0), (first, 6), *others, (large, 270), (first, 2)):
        bright, height, width = images > 0, *images.shape[2:]
        gone, each = bright[:, :, height - down :], (1, 2, 3)
        same(
            call(lost, images, down),
            gone.sum(each),
            mistakes={
                "`-0:`, which is the whole picture": bright[:, :, -down:].sum(each),
                "the rows at the top, which stay": bright[:, :, :down].sum(each),
                "the pixels that stay in the frame": bright[:, :, : height - down].sum(each),
                "columns at the right in place of rows at the foot": bright[..., max(width - down, 0) :].sum(each),
                "the black pixels": (~gone).sum(each),
                "all pixels, black ones too": torch.full((len(images),), gone[0].numel()),
                "the sum of their brightness": images[:, :, height - down :].long().sum(each),
                "one number for all pictures": gone.sum(),
                "the last row that leaves, alone": bright[:, 0, -1].sum(1),
            },
        )


# ---- b and 3: dropout ----

CALLS = 400  # with few numbers, so that a number that depends on another one shows


def _signed(*shape: int, seed: int = 1) -> Tensor:
    """Numbers from 0.5 to 1.5 and from -1.5 to -0.5."""
    x = torch.rand(shape, generator=_generator(seed)) + 0.5
    return x * (torch.randint(2, shape, generator=_generator(seed + 1)) * 2 - 1)


def _drawn(dropout, x: Tensor, p: float, calls: int = CALLS) -> Tensor:
    """What calls of an answer give in training: (calls, *x.shape)."""
    example = f"x of shape {tuple(x.shape)}, p={p}, training=True"
    drawn = torch.stack([_tensor(call(dropout, x, p, True, example=example), x.shape).double() for _ in range(calls)])
    if not torch.isfinite(drawn).all():
        raise Wrong("the result holds nan or inf, expected numbers")
    return drawn


def _coins(zero: Tensor, p: float, units: str) -> None:
    """Wrong unless zero (calls, units) looks as if a coin that shows True with probability p is tossed for each."""
    calls, n = zero.shape
    share, each = zero.double().mean().item(), f"expected a random number for each of the {units}, new in each call"
    if 0 < share < 1:
        if n > 1 and (zero == zero[:, :1]).all():
            raise Wrong(f"one random number decides for all, {each}")
        if calls > 1 and (zero == zero[:1]).all():
            raise Wrong(f"two calls have their zeros in the same places, {each}")
    if abs(share - p) > 6 * (p * (1 - p) / zero.numel()) ** 0.5 + 1e-9:
        hints = {
            1 - p: "p is the probability to DROP, not to keep",
            0.0: "does training drop nothing?",
            1.0: "does training drop all of them?",
            torch.special.ndtr(torch.tensor(p)).item(): "torch.rand is uniform in 0..1, torch.randn is not",
        }
        hint = next((f": {text}" for value, text in hints.items() if abs(share - value) < 0.03), "")
        raise Wrong(f"{share:.1%} of the {units} are zero, expected about {p:.0%}{hint}")
    if p == 0 or calls == 1:
        return
    z = (zero.double() - p) / (p * (1 - p)) ** 0.5
    counts = zero.sum(1).double()
    if counts.min() == counts.max():
        raise Wrong(
            f"in each call exactly {share:.0%} are zero, expected a coin for each of the {units}: that is a probability"
        )
    place = int(z.mean(0).abs().argmax())
    if abs(z.mean(0)[place]) > 7 / calls**0.5:
        often = zero[:, place].double().mean()
        raise Wrong(f"number {place} of {n} {units} is zero in {often:.0%} of {calls} calls, expected about {p:.0%}")
    pairs, next_call = z.T @ z / calls, z[1:].T @ z[:-1] / calls
    if pairs.fill_diagonal_(0).abs().max() > 0.5:
        i, j = (int(k) for k in np.unravel_index(int(pairs.abs().argmax()), pairs.shape))
        raise Wrong(f"the {units} {i} and {j} are zero together too often or too seldom, {each}")
    if next_call.abs().max() > 0.5 or next_call.diagonal().mean().abs() > 0.1:
        raise Wrong(f"the zeros of a call follow from those of the call before, {each}")
    if not 0.5 < (counts.var() / (n * p * (1 - p))).item() < 1.5:
        raise Wrong(f"the number of zeros is not that of {n} coins: the {units} depend on each other, {each}")


def _factor(drawn: Tensor, x: Tensor, factor: float, mistakes: dict[float, str]) -> None:
    """Wrong unless all that is not zero is multiplied by this factor."""
    factors = (drawn / x)[drawn != 0]
    if not factors.numel():
        return
    low, high = factors.min().item(), factors.max().item()
    if high - low > 1e-3:
        raise Wrong(f"kept numbers are multiplied by {low:.3g} to {high:.3g}, expected {factor:.3g} for all of them")
    if abs(low - factor) > 1e-3:
        looks = next((f": {text}" for value, text in mistakes.items() if abs(low - value) < 1e-3), "")
        raise Wrong(f"kept numbers are multiplied by {low:.3g}, expected {factor:.3g}{looks}")


def _in_evaluation(dropout, x: Tensor, p: float) -> object:
    got = call(dropout, x, p, False, example=f"x of shape {tuple(x.shape)}, p={p}, training=False")
    if (_tensor(got, x.shape) == 0).any():
        raise Wrong("numbers are set to 0 in evaluation, expected that none is")
    return got


def dropout_of_2014(dropout_2014) -> None:
    """dropout_2014(x, p, training): zeros with probability p in training; times 1 - p in evaluation."""
    first = (_signed(80, 50), 0.4)
    for x, p in (first, (_signed(3, 2, 5, 4), 0.75), (_signed(7), 0.1), (_signed(2, 3), 0.0), (-first[0], 0.4), first):
        mistakes = {
            "x as it is, which belongs to the dropout of this lesson": x,
            "x times p, the probability to drop": x * p,
            "x divided by 1 - p": x / (1 - p),
        }
        same(_in_evaluation(dropout_2014, x, p), (1 - p) * x, atol=1e-5, mistakes=mistakes)
    for shape, p, calls in (
        ((4, 6), 0.2, CALLS),
        ((2, 3, 2, 2), 0.5, CALLS),
        ((24,), 0.75, CALLS),
        ((60, 70), 0.35, 1),
        ((5, 2), 0.0, 2),
        ((4, 6), 0.2, 1),
    ):
        x = _signed(*shape)
        drawn = _drawn(dropout_2014, x, p, calls)
        _coins((drawn == 0).flatten(1), p, "numbers")
        _factor(drawn, x, 1.0, {1 / (1 - p): "in this version training scales nothing", 1 - p: "that is evaluation"})


def dropout_of_maps(dropout_maps) -> None:
    """dropout_maps(x, p, training): whole maps are 0 with probability p, the others divided by 1 - p."""
    first = (_signed(4, 6, 3, 5), 0.4)
    for x, p in (first, (_signed(1, 2, 2, 7), 0.75), (_signed(5, 1, 4, 4), 0.0), (-first[0], 0.4), first):
        mistakes = {
            "x times 1 - p: scale in training": x * (1 - p),
            "x divided by 1 - p: that is training": x / (1 - p),
        }
        same(_in_evaluation(dropout_maps, x, p), x, atol=1e-6, mistakes=mistakes)
    for shape, p, calls in (
        ((4, 6, 2, 3), 0.2, CALLS),
        ((3, 8, 3, 1), 0.5, CALLS),
        ((24, 1, 1, 2), 0.75, CALLS),
        ((1, 24, 4, 2), 0.3, CALLS),
        ((50, 40, 3, 4), 0.6, 1),
        ((3, 4, 2, 2), 0.0, 2),
        ((4, 6, 2, 3), 0.2, 1),
    ):
        x = _signed(*shape)
        drawn = _drawn(dropout_maps, x, p, calls)
        _coins(_whole_maps(drawn == 0).flatten(1), p, "maps")
        known = {1.0: "they are not scaled", 1 - p: "this is 1 - p", p: "this is p"} | (
            {1 / p: "this is 1 / p"} if p else {}
        )
        _factor(drawn, x, 1 / (1 - p), known)


def _whole_maps(zero: Tensor) -> Tensor:
    """Which maps are zero: (calls, N, C) of (calls, N, C, H, W). Wrong if a map is zero in part, or not by itself."""
    maps = zero.flatten(3).all(3)
    if (zero.flatten(3).any(3) != maps).any():
        places = zero.flatten(1, 2)
        where = "single numbers are" if (places != places[:, :1]).any() else "the same places of every map are"
        raise Wrong(f"{where} set to 0, expected whole maps")
    _, n, channels = maps.shape
    if 0 < maps.double().mean() < 1 and n * channels > max(n, channels):
        if (maps == maps[:, :1]).all():
            raise Wrong("all pictures lose the same maps, expected a draw for each map of each picture")
        if (maps == maps[:, :, :1]).all():
            raise Wrong("a picture loses all its maps or none, expected a draw for each map")
    return maps


# ---- c: how long without a gain ----


def epochs_without_gain(without_gain) -> None:
    """without_gain(losses): how many epochs after the first least one."""
    for losses in (
        [0.9, 0.6, 0.5, 0.55, 0.52, 0.7],
        [0.4],
        [3.0, 2.0, 1.0],
        [0.2, 0.3, 0.4, 0.5],
        [0.9, 0.5, 0.7, 0.5, 0.6],
        [250.0, 240.0, 300.0],
        [-1.0, -2.0, -1.5, -1.75],
        [0.5, 0.0, 0.2, 0.1, 0.3],
        [0.9, 0.7, 0.8, 0.75, 0.6, 0.65],
        [1 / (1 + k) for k in range(40)] + [0.5] * 21,
        [0.9, 0.6, 0.5, 0.55, 0.52, 0.7],
    ):
        least, n = losses.index(min(losses)), len(losses)
        since_rise = next((k for k in range(n) if k == n - 1 or losses[n - 1 - k] > losses[n - 2 - k]), 0)
        same(
            call(without_gain, losses),
            n - 1 - least,
            mistakes={
                "the LAST of equal losses; an equal loss is no gain": list(reversed(losses)).index(min(losses)),
                "the number of the best epoch": least,
                "the number of the best epoch, from 1": least + 1,
                "one too many: the best epoch itself does not count": n - least,
                "one too few": n - 2 - least,
                "the epochs since the loss rose": since_rise,
                "the epochs after the largest loss": n - 1 - losses.index(max(losses)),
                "the least loss itself": min(losses),
            },
        )


# ---- d: statistics of channels ----


def _unlike_channels(n: int, channels: int, height: int, width: int, seed: int = 1) -> Tensor:
    images = torch.randint(0, 256, (n, channels, height, width), generator=_generator(seed))
    images = (images // (1 + torch.arange(channels).view(1, -1, 1, 1))).to(torch.uint8)
    images[: n // 2] //= 3  # dark pictures: the spread between pictures counts, too
    return images.clamp_(1, 250)  # no picture has the least or the largest value that there can be


def statistics_of_channels(channel_statistics) -> None:
    """channel_statistics(images) -> (mean, std), each (C,), of uint8 images (N, C, H, W), in 0..1."""
    first, *others = (
        _unlike_channels(*shape)
        for shape in ((40, 1, 9, 7), (40, 3, 9, 7), (24, 5, 6, 11), (1, 2, 40, 50), (40, 1, 9, 7, 2))
    )
    for images in (first, *others, first):
        pixels, channels = images.double() / 255, images.shape[1]
        result = call(channel_statistics, images)
        if not isinstance(result, tuple | list) or len(result) != 2:
            raise Wrong(f"the result is a {type(result).__name__}, expected a pair: mean, std")
        for name, part in zip(("mean", "std"), result, strict=True):
            if not isinstance(part, Tensor) or not part.is_floating_point():
                found = part.dtype if isinstance(part, Tensor) else type(part).__name__
                raise Wrong(f"the {name} is {found}, expected a float tensor of shape (C,)")
        all_of_them = (0, 2, 3)
        mistakes = (
            {
                "the mean of the raw pixels: divide by 255": 255 * pixels.mean(all_of_them),
                "a division by the largest pixel: divide by 255": pixels.mean(all_of_them) / pixels.max(),
                "one mean over all channels": pixels.mean().expand(channels),
                "a division that drops the part after the point: use / instead of //": (images // 255)
                .double()
                .mean(all_of_them),
                "the standard deviation: the mean comes first": pixels.std(all_of_them),
                "the mean of the first picture": pixels[0].mean((1, 2)),
            },
            {
                "the std of the raw pixels: divide by 255": 255 * pixels.std(all_of_them),
                "a division by the largest pixel: divide by 255": pixels.std(all_of_them) / pixels.max(),
                "one std over all channels": pixels.std().expand(channels),
                "the mean of each picture's std: pictures differ from one another, too": pixels.std((2, 3)).mean(0),
                "the std of the pictures' means": pixels.mean((2, 3)).std(0, correction=0),
                "the variance; the root is missing": pixels.var(all_of_them),
                "the mean": pixels.mean(all_of_them),
            },
        )
        right = pixels.mean(all_of_them), pixels.std(all_of_them)
        for name, got, expected, known in zip(("mean", "std"), result, right, mistakes, strict=True):
            same(got, expected, what=f"the {name}", mistakes=known, atol=5e-4)


# ---- e: a hook ----


class _Branched(nn.Module):
    """A network whose layers do not run one after the other, and with names of their own."""

    def __init__(self):
        super().__init__()
        self.left, self.right = nn.Conv2d(2, 4, 3, padding=1), nn.Conv2d(2, 4, 1)
        self.act, self.norm = nn.Tanh(), nn.BatchNorm2d(4)
        self.head = nn.Sequential(nn.Flatten(), nn.LazyLinear(2))

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.norm(self.act(self.left(x)) - self.right(x).relu()))


def _looks() -> list[tuple[nn.Module, nn.Module, tuple[int, ...]]]:
    """(model in evaluation mode, one of its layers, the shape of its pictures); the first look is the last one, too."""
    torch.manual_seed(1)
    grey = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 2), nn.ReLU(), nn.Flatten(), nn.LazyLinear(10)
    )
    colour = nn.Sequential(
        nn.Conv2d(3, 5, 1), nn.BatchNorm2d(5), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 3)
    )
    branched = _Branched()
    grey(torch.zeros(1, 1, 8, 9)), branched(torch.zeros(2, 2, 5, 4))
    for model in (grey, colour, branched):
        model.eval()
    return [
        (grey, grey[0], (5, 1, 8, 9)),
        (grey, grey[3], (3, 1, 8, 9)),
        (colour, colour[1], (4, 3, 6, 5)),
        (branched, branched.right, (3, 2, 5, 4)),
        (grey, grey[1], (2, 1, 8, 9)),
        (colour, colour[5], (1, 3, 4, 4)),
        (branched, branched.head[1], (40, 2, 5, 4)),
        (grey, grey[0], (5, 1, 8, 9)),
        (grey, grey[0], (5, 1, 8, 9)),
    ]


def share_with_a_hook(share_below_zero) -> None:
    """share_below_zero(model, layer, images): of what a layer gives, the share of negative numbers."""
    looks = _looks()
    for number, (model, layer, shape) in enumerate(looks):
        images = torch.randn(shape, generator=_generator(number % (len(looks) - 1)))
        inputs: list[Tensor] = []
        own = layer.register_forward_hook(lambda _, given, output, seen=inputs: seen.extend([given[0], output]))
        with torch.no_grad():
            end = model(images)
        own.remove()
        before, output = inputs
        try:
            got = call(
                share_below_zero,
                model,
                layer,
                images,
                example=f"layer {type(layer).__name__}, images of shape {shape}",
            )
        except Wrong as wrong:
            if any(module._forward_hooks or module._forward_pre_hooks for module in model.modules()):
                raise Wrong("your hook is still there after the call, expected hook.remove()") from wrong
            if model.training:
                raise Wrong("your function leaves the model in training mode, expected it as it was") from wrong
            raise
        below = (output < 0).double().mean()
        same(
            got,
            below,
            mistakes={
                "zeros counted as well: they are not negative": (output <= 0).double().mean(),
                "the share of the positive numbers": (output > 0).double().mean(),
                "the last output of the model": (end < 0).double().mean(),
                "what goes INTO the layer": (before < 0).double().mean(),
                "percent": 100 * below,
                "how many, not which share": (output < 0).sum(),
                "the first picture alone": (output[0] < 0).double().mean(),
                "the first channel alone": (output[:, 0] < 0).double().mean(),
                "the mean of what the layer gives": output.double().mean(),
            },
        )


# ---- 1: each picture by its own move ----


def move_each(move_each) -> None:
    """move_each(images, dx, dy): picture i by dx[i] to the right and dy[i] down, with zeros behind."""
    random = torch.randint(1, 256, (5, 1, 5, 7), generator=_generator(), dtype=torch.uint8)
    floats = torch.rand(4, 3, 6, 4, generator=_generator()) - 2
    one = torch.rand(1, 2, 9, 3, generator=_generator(2)).double() + 0.1
    for images, dx, dy in (
        (random, [3, 2, -1, 0, -6], [1, 1, 2, -4, 3]),
        (floats, [1, -3, 0, 2], [-2, -1, 5, 0]),
        (one, [2], [-8]),
        (one, [0], [0]),
        (random, [1, 1, 1, 1, 1], [0, 0, 0, 0, 0]),
        (random.flip(3), [3, 2, -1, 0, -6], [1, 1, 2, -4, 3]),
        (floats.flip(0), [0, 0, -1, 3], [1, -5, -1, 2]),
        (random, [3, 2, -1, 0, -6], [1, 1, 2, -4, 3]),
    ):
        rows, columns = images.shape[2:]
        right, down = torch.tensor(dx), torch.tensor(dy)

        def moved(right: Sequence[int], down: Sequence[int], images: Tensor = images) -> Tensor:
            height, width = images.shape[2:]
            canvas = images.new_zeros(*images.shape[:2], 3 * height, 3 * width)
            canvas[:, :, height : 2 * height, width : 2 * width] = images
            picked = [
                part[:, height - y : 2 * height - y, width - x : 2 * width - x]
                for part, x, y in zip(canvas, right, down, strict=True)
            ]
            return torch.stack(picked)

        def limited(moves: Sequence[int], side: int) -> list[int]:
            return [max(min(move, side - 1), 1 - side) for move in moves]

        pairs = list(zip(images, dx, dy, strict=True))
        repeated = [
            part[:, (torch.arange(rows) - y).clamp(0, rows - 1)][
                :, :, (torch.arange(columns) - x).clamp(0, columns - 1)
            ]
            for part, x, y in pairs
        ]
        back, up = [-x for x in dx], [-y for y in dy]
        example = f"images of shape {tuple(images.shape)}, dx={dx}, dy={dy}"
        got = call(move_each, images, right, down, example=example, new=True)
        same(
            got,
            moved(dx, dy),
            atol=1e-6,
            mistakes={
                "one move for all pictures: that of the first": moved([dx[0]] * len(dx), [dy[0]] * len(dy)),
                "one move for all pictures: that of the last": moved([dx[-1]] * len(dx), [dy[-1]] * len(dy)),
                "wrapping: what leaves on one side comes in on the other": torch.stack(
                    [part.roll((y, x), (1, 2)) for part, x, y in pairs]
                ),
                "a move to the other side: plus is right and down": moved(back, up),
                "the wrong direction of dx": moved(back, dy),
                "the wrong direction of dy": moved(dx, up),
                "dx and dy exchanged: the width is the last axis": moved(limited(dy, columns), limited(dx, rows)),
                "the border repeated instead of zeros": torch.stack(repeated),
                "no move at all": images,
            },
        )
        if not isinstance(got, Tensor) or got.dtype != images.dtype:
            found = getattr(got, "dtype", type(got).__name__)
            raise Wrong(f"the result is {found}, expected a tensor of {images.dtype}, as the images are")


# ---- 2: early stopping ----


def _left(model: nn.Module) -> list:
    """What nobody may touch between two epochs, besides the numbers: modes, hooks, and what is trained."""
    modules = [(module.training, len(module._forward_hooks)) for module in model.modules()]
    return [*modules, *(p.requires_grad for p in model.parameters())]


class _Epochs:
    """one_epoch: adds a number to all weights and buffers of a model, and gives the next loss of a list."""

    def __init__(self, model: nn.Module, losses: Sequence[float]):
        self.model, self.losses, self.calls = model, losses, 0
        self.states, self.left = [copy.deepcopy(model.state_dict())], _left(model)

    def __call__(self) -> float:
        if self.calls >= len(self.losses):
            raise Wrong(f"one_epoch was called more than {len(self.losses)} times, expected a loop that ends")
        if not _equal(self.model.state_dict(), self.states[-1]):
            raise Wrong(
                "the weights are not those that the epoch before left, expected that you train on from there, and go "
                "back once, at the end"
            )
        self.as_it_was()
        self.calls += 1
        with torch.no_grad():
            for value in self.model.state_dict().values():
                value += self.calls
        self.states.append(copy.deepcopy(self.model.state_dict()))
        return self.losses[self.calls - 1]

    def as_it_was(self) -> None:
        if _left(self.model) != self.left:
            raise Wrong(
                "your function changes the model's mode, freezes it or leaves a hook, expected that you do not touch it"
            )


def _equal(a: dict, b: dict, names: Sequence[str] | None = None) -> bool:
    return all(torch.equal(a[name], b[name]) for name in (b if names is None else names))


def early_stopping(train_with_patience) -> None:
    """train_with_patience(model, one_epoch, most, patience) -> the losses; the model gets its best weights back."""
    bump, long = [0.9, 0.7, 0.75, 0.72, 0.6, 0.65, 0.61, 0.63, 0.7, 0.5], [1 / (1 + k) for k in range(30)]
    for seed, losses, most, patience in (
        (0, bump, 10, 3),
        (1, bump, 10, 2),
        (2, bump, 10, 1),
        (3, [250.0, 240.0, 300.0, 310.0, 320.0, 330.0], 6, 3),
        (4, long, 30, 1),
        (5, long, 12, 5),
        (6, [0.5, 0.6, 0.7, 0.4, 0.8], 5, 10),
        (7, [0.5, 0.5, 0.5, 0.5, 0.3], 5, 3),
        (8, [0.3, 0.4, 0.3, 0.2, 0.4], 5, 5),
        (9, [0.4, 0.0, 0.3, 0.2, 0.1, 0.1], 6, 3),
        (10, [-1.0, -2.0, -1.5, -1.75, -1.25], 5, 2),
        (11, [2.5], 1, 4),
        (0, bump, 10, 3),
    ):
        torch.manual_seed(seed)
        model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(2, 3))
        model[0].weight.requires_grad_(patience != 2)
        model.train(seed % 2 == 0)
        stop = _stop(losses, most, patience)
        best = losses.index(min(losses[:stop]))
        one_epoch = _Epochs(model, losses[:most] + [9.0] * 3)
        shown = _short(losses) if len(losses) < 12 else "falling losses"
        example = f"losses {shown}, most={most}, patience={patience}"
        got = call(train_with_patience, model, one_epoch, most, patience, example=example, changes=[0], returns=False)
        if is_stub(got) and one_epoch.calls == 0:
            raise NotDone("train_with_patience returns nothing yet")
        _counts(one_epoch.calls, losses, most, patience)
        _weights(model, one_epoch, losses, best)
        one_epoch.as_it_was()
        if is_stub(got):
            raise Wrong("your function returns nothing, expected the losses")
        known = {"the least loss alone": losses[best], "the losses up to the best epoch": losses[: best + 1]}
        same(got, losses[:stop], what="the list of losses", mistakes=known)


def _stop(losses: Sequence[float], most: int, patience: int, equal: bool = False, reset: bool = True) -> int:
    """After how many epochs it ends. equal: an equal loss counts as a gain; reset: a gain sets the count to 0."""
    least, since = float("inf"), 0
    for epoch, loss in enumerate(losses[:most], start=1):
        gain = loss <= least if equal else loss < least
        least, since = (loss, 0 if reset else since) if gain else (least, since + 1)
        if since >= patience:
            return epoch
    return most


def _counts(calls: int, losses: Sequence[float], most: int, patience: int) -> None:
    if calls == (expected := _stop(losses, most, patience)):
        return
    rise = next((k + 1 for k in range(1, most) if losses[k] > losses[k - 1]), most)
    known = {
        "an equal loss is no gain": _stop(losses, most, patience, equal=True),
        f"{patience + 1} epochs without a gain, expected {patience}": _stop(losses, most, patience + 1),
        f"{patience - 1} epochs without a gain, expected {patience}": _stop(losses, most, patience - 1),
        "it never stops early": most,
        "after a new least loss, count from 0 again": _stop(losses, most, patience, reset=False),
        "where does the least loss start? A loss can be above 1 or 100": min(patience, most)
        if min(losses) > 1
        else None,
        "it stops at the first rise; be patient": rise,
    }
    looks = next((f": {mistake}" for mistake, count in known.items() if count == calls), "")
    raise Wrong(f"one_epoch was called {calls} times, expected {expected}{looks}")


def _weights(model: nn.Module, epochs: _Epochs, losses: Sequence[float], best: int) -> None:
    """Wrong unless the model holds the weights and the buffers that the best epoch left."""
    now, expected = model.state_dict(), epochs.states[best + 1]
    if _equal(now, expected):
        return
    parameters = [name for name, _ in model.named_parameters()]
    if _equal(now, expected, parameters):
        raise Wrong(
            "the parameters are those of the best epoch, but the buffers (the running means of batch normalisation) "
            "are not, expected both: copy the whole state_dict()"
        )
    found = next((k for k, state in enumerate(epochs.states) if _equal(now, state)), None)
    where = f"the weights of epoch {found}" if found else "the first weights" if found == 0 else "other weights"
    hint = ""
    if found == epochs.calls:
        hint = ": is the way back missing, or is what you kept no copy? See deepcopy"
    elif found and losses[found - 1] == losses[best]:
        hint = ": an equal loss is no gain"
    raise Wrong(f"at the end the model holds {where}, expected those of epoch {best + 1}{hint}")


# ---- 4: a network that does not mind the move ----

ENDS = ("relu", "leaky_relu", "softmax", "log_softmax", "sigmoid", "logsigmoid", "tanh", "elu", "gelu", "relu6")
ENDS += ("abs", "square", "exp", "clamp", "softplus", "silu")


def network(answer: object, *input_shape: int) -> nn.Module:
    """The model that is meant: itself, or what a class or function without arguments makes. In evaluation mode."""
    model = answer if isinstance(answer, nn.Module) else call(answer, example="no argument")
    if not isinstance(model, nn.Module):
        raise Wrong(f"this makes a {type(model).__name__}, expected an nn.Module")
    model.eval()
    own, hidden = {id(p) for p in model.parameters()}, []
    ended: list[tuple[str, Tensor]] = []

    def see(function: Callable, args: tuple, _kwargs: dict, output: object) -> None:
        tensors = [a for a in args if isinstance(a, Tensor)]
        hidden.extend(a for a in tensors if a.is_leaf and a.requires_grad and id(a) not in own)
        if (name := getattr(function, "__name__", "").rstrip("_")) in ENDS:
            ended.append((name, output))

    for n in (3, 1):
        with FunctionCalls(see):
            got = call(model, torch.rand(n, *input_shape, generator=_generator()), example=f"input {(n, *input_shape)}")
        if not isinstance(got, Tensor) or got.shape != (n, 10):
            found = tuple(got.shape) if isinstance(got, Tensor) else type(got).__name__
            raise Wrong(f"an input of shape {(n, *input_shape)} gives {found}, expected {(n, 10)}")
        if end := next((name for name, output in ended if output is got), None):
            raise Wrong(f"a {end} stands at the end of your network, expected logits, which have any sign")
        _no_probabilities(got.detach().double())
    if hidden:
        raise Wrong(
            f"a weight of shape {tuple(hidden[0].shape)} is not among model.parameters(), expected all of them: no "
            "optimizer finds layers in a list, or outside __init__ and self"
        )
    return model


def _no_probabilities(logits: Tensor) -> None:
    ends = {
        "a softmax": ((logits.sum(1) - 1).abs() < 1e-4).all() and (logits >= 0).all(),
        "a log-softmax": (logits.logsumexp(1).abs() < 1e-4).all(),
        "a ReLU": (logits >= 0).all() and (logits == 0).any() and logits.any(),
    }
    for name, fits in ends.items():
        if fits:
            raise Wrong(f"{name} stands at the end of your network, expected logits, which have any sign")


def steady_network(answer) -> None:
    """A model (N, 1, 28, 28) -> (N, 10) that knows a thing by its form, wherever it lies in a black picture."""
    torch.manual_seed(777)
    model = network(answer, 1, 28, 28)
    things = torch.rand(6, 1, 4, 4, generator=_generator())

    def logits(things: Tensor, top: int = 12, left: int = 12) -> Tensor:
        images = torch.zeros(len(things), 1, 28, 28)
        images[:, :, top : top + 4, left : left + 4] = things
        got = call(model, images, example=f"{len(things)} things of 4x4 pixels at row {top}, column {left}")
        if not got.requires_grad:
            raise Wrong("no gradient leads from the logits to the weights, expected a network that can be trained")
        return got.detach().double()

    home = logits(things)
    if not torch.isfinite(home).all():
        raise Wrong("the logits hold nan or inf, expected numbers")
    if not torch.equal(home, logits(things)):
        raise Wrong("the same picture gives two different answers in evaluation mode, expected one")
    spread = (home - home.mean(0)).abs().max().item()
    if spread < 1e-6 * (1 + home.abs().max().item()):
        raise Wrong("all pictures give the same logits, expected logits that depend on the picture")
    alone = torch.cat([logits(thing[None]) for thing in things])
    if (alone - home).abs().max().item() > 1e-3 * spread:
        raise Wrong("a picture alone gives other logits than in a batch, expected that pictures do not mix")
    _moves(logits, things, home, spread)
    _forms(logits, things, home, spread)


def _moves(logits: Callable[..., Tensor], things: Tensor, home: Tensor, spread: float) -> None:
    changes = {}
    for step in (4, 2, 1):
        for down, right in ((step, 0), (0, -step), (-step, step)):
            change = (logits(things, 12 + down, 12 + right) - home).abs().max().item()
            if change > 1e-3 * spread:
                changes.setdefault(step, (down, right, change))
    if not changes:
        return
    down, right, change = next(iter(changes.values()))  # of the largest move
    if len(changes) == 3:
        hint = (
            "something looks at fixed places: flatten, pooling or a stride before the average, or windows at the border"
        )
    elif list(changes) == [4]:
        hint = "smaller moves change nothing, so the windows reach the border: take smaller windows or fewer layers"
    elif 2 not in changes:
        more = "; with 4, a window reaches the border, too" if 4 in changes else ""
        hint = f"a move by 2 changes nothing, and one by 1 does, so look for pooling or a stride{more}"
    elif 4 not in changes:
        hint = "a move by 4 changes nothing, so look for pooling or a stride"
    else:
        hint = "a move by 1 changes nothing: look for what rounds places, and for windows at the border"
    logits(things, 12 + down, 12 + right)  # so that the message names this place
    raise Wrong(
        f"{hint}. A move by {down} down and {right} right changes the logits by {change:.2g} (things differ by "
        f"{spread:.2g}), expected no change"
    )


def _forms(logits: Callable[..., Tensor], things: Tensor, home: Tensor, spread: float) -> None:
    """Wrong unless a thing with its pixels in another order has other logits: it is not only brightness that counts."""
    hints = {
        "pixels": "only brightness counts: take windows of more than one pixel, and a ReLU or a maximum before the "
        "average",
        "rows": "it does not count what lies above what: take windows of more than one row",
        "columns": "it does not count what lies beside what: take windows of more than one column",
    }
    order = [2, 0, 3, 1]
    mixed = {
        "pixels": things.flatten(1)[:, torch.randperm(16, generator=_generator())].view_as(things),
        "rows": things[:, :, order],
        "columns": things[..., order],
    }
    for what, other in mixed.items():
        if (logits(other) - home).abs().max().item() < 1e-3 * spread:
            raise Wrong(
                f"{hints[what]}. A thing with its {what} in another order gives the same logits, expected others"
            )


# ---- 5: a network that is trained for moved pictures ----

STEPS, BATCH, MOVE = 200, 64, 3
SECONDS = {"5": 240}
GOAL, GOAL_OF_STANDIN = 0.58, 0.84  # drawn clothes are easier to tell apart
APART = 0.20  # a network that knows the clothes where they usually lie loses more than this when they move


@cache
def _clothes() -> tuple[Tensor, Tensor, Tensor, Tensor, bool]:
    """12,800 training and 1,000 validation pictures of Fashion-MNIST, standardised, with labels. Hand out copies."""
    fashion = load("fashion_mnist")
    known, new = fashion.train[torch.arange(STEPS * BATCH)], fashion.validation[torch.arange(1000)]
    return (*known, *new, bool(fashion.standin))


class _Batches:
    """The batches, in order, for one pass. A second pass is refused."""

    def __init__(self, images: Tensor, labels: Tensor):
        self.images, self.labels, self.passes = images, labels, 0

    def __len__(self) -> int:
        return STEPS

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        self.passes += 1
        if self.passes > 1:
            raise Wrong("your function goes through the batches a second time, expected one pass")
        for i in range(STEPS):
            part = slice(i * BATCH, (i + 1) * BATCH)
            yield self.images[part].clone(), self.labels[part].clone()


def trained_for_moves(train_for_moves) -> str:
    """train_for_moves(batches) -> a network that it made and trained, and that knows moved pictures.

    Called a second time with classes that have other names: what it returns has to be a new network.
    """
    images, labels, new, truth, standin = _clothes()
    goal = GOAL_OF_STANDIN if standin else GOAL
    found, made = [], []
    for renamed in (0, 3):
        batches, steps = _Batches(images, (labels + renamed) % 10), []
        hook = register_optimizer_step_post_hook(lambda *_, seen=steps: seen.append(1))
        example = f"{STEPS} batches of {BATCH} pictures (1, 28, 28)"
        try:
            model = call(train_for_moves, batches, example=example)
        finally:
            hook.remove()
        if not isinstance(model, nn.Module):
            raise Wrong(f"the result is a {type(model).__name__}, expected the trained network")
        if len(steps) > STEPS:
            raise Wrong(f"the optimizer made {len(steps)} steps, expected {STEPS} at most: one for each batch")
        weights = {id(p) for p in model.parameters()}
        if any(id(p) in weights for earlier in made for p in earlier.parameters()):
            raise Wrong("a second call gives the network of the first again, expected a new one in each call")
        made.append(network(model, 1, 28, 28))
        in_place, moved = _accuracies(model, new, (truth + renamed) % 10)
        if moved < goal or in_place - moved > APART:
            raise Wrong(f"{_why(in_place, moved, goal, len(steps))} (for {example})")
        if not steps:
            raise Wrong(f"no optimizer of torch.optim made a step, expected at most {STEPS} (for {example})")
        found.append((in_place, moved))
    return f"moved by {MOVE} pixels {found[0][1]:.0%} right, in place {found[0][0]:.0%}"


def _accuracies(model: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, float]:
    """Of a model in evaluation mode: the accuracy in place, and the mean of four moves by MOVE pixels."""
    black, k = images.min().item(), MOVE
    sides = ((0, 0, k, -k), (0, 0, -k, k), (k, -k, 0, 0), (-k, k, 0, 0))
    with torch.no_grad():
        right = [
            (model(F.pad(images, side, value=black)).argmax(dim=1) == labels).double().mean().item()
            for side in ((0, 0, 0, 0), *sides)
        ]
    return right[0], sum(right[1:]) / 4


def _why(in_place: float, moved: float, goal: float, steps: int) -> str:
    if not steps:
        hint = "no optimizer made a step: is optimizer.step() missing?"
    elif in_place < 0.2:
        hint = "this is guessing: is the rate far too large or small, is zero_grad() missing, do labels fit?"
    elif steps < STEPS / 2:
        hint = f"the optimizer made {steps} steps; there are {STEPS} batches."
    elif in_place - moved > 0.15:
        hint = "it knows the clothes where they usually lie: train on moved pictures, or look at no places."
    else:
        hint = f"it has learned too little in {STEPS} steps: try another rate, momentum, or no dropout."
    return (
        f"{hint} Of 1,000 new pictures, moved by {MOVE} pixels, {moved:.1%} are right, expected {goal:.0%} and at "
        f"most {100 * APART:.0f} points below those in place: {in_place:.1%}"
    )


CHECKERS = {
    "a": lost_pixels,
    "b": dropout_of_2014,
    "c": epochs_without_gain,
    "d": statistics_of_channels,
    "e": share_with_a_hook,
    "1": move_each,
    "2": early_stopping,
    "3": dropout_of_maps,
    "4": steady_network,
    "5": trained_for_moves,
}
