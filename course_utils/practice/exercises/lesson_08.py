"""The exercises of lesson 08: moved pictures, dropout, early stopping, a network that does not mind the move.

The tasks inside the lesson are "a" to "e", the exercises at its end are "1" to "5".
"""

import copy
from collections.abc import Callable, Iterator, Sequence
from functools import cache

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook

from course_utils.data import load
from course_utils.network.layers import FunctionCalls
from course_utils.practice.judge import NotDone, Wrong, array, call, call_on_copies, is_stub, same

# ---- what several checkers need ----


def _generator(seed: int = 1) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


def _tensor(value: object, what: str = "the result") -> Tensor:
    """A result as a tensor, with a plain message if no array can be made of it."""
    return value.detach() if isinstance(value, Tensor) else torch.as_tensor(array(value, what))


def _on_copies(function: Callable, *arguments: object, example: str, names: str) -> object:
    changed = f"your function changes its argument {names}, expected a new tensor (for {example})"
    return call_on_copies(function, *arguments, changed=changed, example=example)


def _short(values: Sequence[float]) -> str:
    return "[" + ", ".join(f"{value:g}" for value in values) + "]"


# ---- a: what leaves the frame ----


def lost_pixels(lost) -> None:
    """lost(images, down): of each picture, how many pixels above 0 lie in its last `down` rows."""
    shapes = ((3, 1, 6, 5), (1, 1, 9, 4), (4, 1, 20, 31), (3, 1, 6, 5))
    for i, shape in enumerate(shapes):
        images = torch.randint(0, 256, shape, generator=_generator(i), dtype=torch.uint8)
        images *= (torch.rand(shape, generator=_generator(i)) < 0.6).to(torch.uint8)
        images[0, :, -2:] = 255
        bright, height = images > 0, shape[2]
        for down in (2, 0, 1, height, height - 1):
            gone, example = bright[:, :, height - down :], f"images of shape {shape}, down={down}"
            each = (1, 2, 3)
            same(
                _on_copies(lost, images, down, example=example, names="images"),
                gone.sum(each),
                example=example,
                mistakes={
                    "`-0:`, which is the whole picture": bright[:, :, -down:].sum(each),
                    "the rows at the top, which stay": bright[:, :, :down].sum(each),
                    "the pixels that stay in the frame": bright[:, :, : height - down].sum(each),
                    "columns at the right in place of rows at the foot": bright[..., max(shape[3] - down, 0) :].sum(
                        each
                    ),
                    "the black pixels": (~gone).sum(each),
                    "all pixels, black ones too": torch.full((shape[0],), gone[0].numel()),
                    "the sum of their brightness": images[:, :, height - down :].long().sum(each),
                    "one number for all pictures": gone.sum(),
                    "the last row that leaves, alone": bright[:, 0, -1].sum(1),
                },
            )


# ---- b and 3: dropout ----


def _patterns(drawn: Tensor, other: Tensor) -> float:
    """The largest correlation of two rows of zeros and ones, over all shifts, forwards and backwards; by chance 0."""
    a, b = (mask.flatten().double() - mask.double().mean() for mask in (drawn, other))
    spectrum = torch.fft.fft(a).conj()
    both = torch.stack([torch.fft.ifft(spectrum * torch.fft.fft(x)).real for x in (b, b.flip(0))])
    if torch.equal(drawn, other):
        both[0, 0] = 0  # a pattern always fits itself
    return (both.abs().max() / (a.norm() * b.norm() + 1e-12)).item()


def _no_pattern(zero: Tensor, units: str, example: str) -> None:
    if _patterns(zero, zero) > 0.5:
        raise Wrong(
            "the zeros form a pattern that comes again, such as the same places in each row; expected a new random "
            f"number for each of the {units} (for {example})"
        )


def _draws(
    drop: Callable[[Tensor, float], Tensor], x: Tensor, p: float, factor: float, mistakes: dict, units: str
) -> None:
    """Wrong unless drop(x, p) sets about the share p to 0, at random, and multiplies the rest by `factor`.

    x: (numbers,) or (maps, numbers in a map): what lies in a row is kept or dropped as one.
    """
    example = f"p={p}"
    masks = []
    for _ in range(3):
        got = drop(x, p).reshape(x.shape).double()
        if not torch.isfinite(got).all():
            raise Wrong(f"the result holds nan or inf (for {example})")
        zero = got == 0
        if x.ndim == 2:
            if (zero.any(1) != zero.all(1)).any():
                raise Wrong(
                    f"some maps have a part of their numbers set to 0, expected a whole map or none (for {example})"
                )
            zero = zero[:, 0]
        share = zero.double().mean().item()
        if 0.02 < share < 0.98:
            _no_pattern(zero, units, example)
        if abs(share - p) > 5 * (p * (1 - p) / len(zero)) ** 0.5 + 1e-9:
            hints = {
                1 - p: "p is the probability to DROP, not to keep",
                0.0: "does training drop nothing, or one random number decide for all?",
            }
            hints |= {1.0: f"draw a random number for each of the {units}, not one for all"}
            hints |= {torch.special.ndtr(torch.tensor(p)).item(): "torch.rand is uniform in 0..1, torch.randn is not"}
            hint = next((f": {text}" for value, text in hints.items() if abs(share - value) < 0.03), "")
            raise Wrong(f"{share:.1%} of the {units} are zero, expected about {p:.0%}{hint} (for {example})")
        factors = (got / x)[got != 0]
        if factors.numel() and factors.max() - factors.min() > 1e-3:
            low, high = factors.min(), factors.max()
            raise Wrong(f"kept numbers are multiplied by {low:.3g} to {high:.3g}, expected one factor (for {example})")
        if factors.numel() and abs(factors[0].item() - factor) > 1e-3:
            looks = next((f": {text}" for value, text in mistakes.items() if abs(factors[0].item() - value) < 1e-3), "")
            raise Wrong(
                f"kept numbers are multiplied by {factors[0]:.3g}, expected {factor:.3g}{looks} (for {example})"
            )
        masks.append(zero)
    if p == 0:
        return
    if torch.equal(masks[0], masks[1]):
        raise Wrong(f"two calls have their zeros in the same places, expected new ones in each call (for {example})")
    if max(_patterns(masks[0], masks[1]), _patterns(masks[0], masks[2])) > 0.5:
        raise Wrong(f"the zeros of two calls are the same, moved or swapped; expected new ones (for {example})")
    if len({int(mask.sum()) for mask in masks}) == 1 and abs(masks[0].double().mean() - p) < 0.5 / len(masks[0]):
        raise Wrong(
            f"in each call exactly {p:.0%} are zero; a probability is a coin for each of the {units} (for {example})"
        )


def _signed(*shape: int, seed: int = 1) -> Tensor:
    """Numbers from 0.5 to 1.5 and from -1.5 to -0.5."""
    x = torch.rand(shape, generator=_generator(seed)) + 0.5
    return x * (torch.randint(2, shape, generator=_generator(seed + 1)) * 2 - 1)


def dropout_of_2014(dropout_2014) -> None:
    """dropout_2014(x, p, training): zeros with probability p in training; times 1 - p in evaluation."""
    for shape, p in (((80, 50), 0.4), ((3, 2, 5, 4), 0.75), ((7,), 0.1), ((2, 3), 0.0), ((80, 50), 0.4)):
        x, example = _signed(*shape), f"x of shape {shape}, p={p}, training=False"
        got = _on_copies(dropout_2014, x, p, False, example=example, names="x")
        mistakes = {
            "x as it is, which belongs to the dropout of this lesson": x,
            "x times p, the probability to drop": x * p,
            "x divided by 1 - p": x / (1 - p),
            "the numbers of training, 0 or kept": torch.zeros_like(x),
        }
        if (_tensor(got) == 0).any():
            raise Wrong(f"numbers are set to 0 in evaluation, expected all of them, made smaller (for {example})")
        same(got, (1 - p) * x, atol=1e-5, mistakes=mistakes, example=example)

    def drop(x: Tensor, p: float) -> Tensor:
        example = f"x of shape {tuple(x.shape)}, p={p}, training=True"
        got = _tensor(_on_copies(dropout_2014, x, p, True, example=example, names="x"))
        if got.shape != x.shape:
            raise Wrong(f"the result has the shape {tuple(got.shape)}, expected {tuple(x.shape)} (for {example})")
        return got.flatten()

    for shape, p in (((80, 50), 0.2), ((6, 10, 8, 9), 0.5), ((3000,), 0.75), ((2, 3), 0.0)):
        x = _signed(*shape)
        known = {1 / (1 - p): "in this version training scales nothing", 1 - p: "that belongs to evaluation"}
        _draws(lambda flat, p, x=x: drop(x, p), x.flatten(), p, 1.0, known, "numbers")


def dropout_of_maps(dropout_maps) -> None:
    """dropout_maps(x, p, training): whole maps are 0 with probability p, the others divided by 1 - p."""
    for shape, p in (((4, 6, 3, 5), 0.4), ((1, 2, 2, 7), 0.75), ((5, 1, 4, 4), 0.0), ((4, 6, 3, 5), 0.4)):
        x, example = _signed(*shape), f"x of shape {shape}, p={p}, training=False"
        got = _on_copies(dropout_maps, x, p, False, example=example, names="x")
        if (_tensor(got) == 0).any():
            raise Wrong(f"numbers are set to 0 in evaluation, expected x as it is (for {example})")
        mistakes = {
            "x times 1 - p: scale in training": x * (1 - p),
            "x divided by 1 - p: that is training": x / (1 - p),
        }
        same(got, x, atol=1e-6, mistakes=mistakes, example=example)
    for shape, p in (((50, 40, 3, 4), 0.2), ((40, 60, 2, 5), 0.5), ((2400, 1, 3, 3), 0.75), ((1, 2400, 4, 2), 0.3)):
        x, example = _signed(*shape), f"x of shape {shape}, p={p}, training=True"
        got = _tensor(_on_copies(dropout_maps, x, p, True, example=example, names="x"))
        if got.shape != x.shape:
            raise Wrong(f"the result has the shape {tuple(got.shape)}, expected {shape} (for {example})")
        gone = (got == 0).flatten(2)
        if 0.02 < gone.double().mean() < 0.98:
            if not (gone.any(2) == gone.all(2)).all():
                rows = (got == 0).flatten(0, 1)
                where = "single numbers are" if not (rows == rows[:1]).all() else "the same places of every map are"
                raise Wrong(f"{where} set to 0, expected whole maps (for {example})")
            if shape[0] > 1 and (gone.all(2) == gone.all(2)[:1]).all():
                raise Wrong(
                    f"all pictures lose the same maps, expected a draw for each map of each picture (for {example})"
                )
            if shape[1] > 1 and (gone.all(2) == gone.all(2)[:, :1]).all():
                raise Wrong(f"a picture loses all its maps or none, expected a draw for each map (for {example})")

        def drop(flat: Tensor, p: float, x: Tensor = x, example: str = example) -> Tensor:
            return _tensor(_on_copies(dropout_maps, x, p, True, example=example, names="x")).flatten(0, 1).flatten(1)

        known = {1.0: "they are not scaled", 1 / p: "this is 1 / p", 1 - p: "this is 1 - p", p: "this is p"}
        _draws(drop, x.flatten(0, 1).flatten(1), p, 1 / (1 - p), known, "maps")
    x = _signed(3, 4, 2, 2)
    same(call(dropout_maps, x, 0.0, True), x, atol=1e-6, example="p=0, training=True")


# ---- c: how long without a gain ----


def epochs_without_gain(without_gain) -> None:
    """without_gain(losses): how many epochs after the first least one."""
    cases = (
        [0.9, 0.6, 0.5, 0.55, 0.52, 0.7],
        [0.4],
        [3.0, 2.0, 1.0],
        [0.2, 0.3, 0.4, 0.5],
        [0.9, 0.5, 0.7, 0.5, 0.6],
        [250.0, 240.0, 300.0],
        [1 / (1 + k) for k in range(40)] + [0.5] * 21,
        [0.9, 0.6, 0.5, 0.55, 0.52, 0.7],
    )
    for losses in cases:
        text = _short(losses) if len(losses) < 10 else f"{len(losses)} losses"
        given, least, n = list(losses), losses.index(min(losses)), len(losses)
        try:
            got = call(without_gain, given)
        except Exception as error:
            if not isinstance(error, (Wrong, NotDone)):
                error.called_with = f" (for losses={text})"
            raise
        if given != losses:
            raise Wrong(f"your function changes its argument (for losses={text})")
        since_rise = next((k for k in range(n) if k == n - 1 or losses[n - 1 - k] > losses[n - 2 - k]), 0)
        same(
            got,
            n - 1 - least,
            example=f"losses={text}",
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


def statistics_of_channels(channel_statistics) -> None:
    """channel_statistics(images) -> (mean, std), each (C,), of uint8 images (N, C, H, W), in 0..1."""
    for n, channels, height, width in ((40, 1, 9, 7), (40, 3, 9, 7), (24, 5, 6, 11), (30, 2, 8, 8), (40, 1, 9, 7)):
        images = torch.randint(0, 256, (n, channels, height, width), generator=_generator())
        images = (images // (1 + torch.arange(channels).view(1, -1, 1, 1))).to(torch.uint8)
        images[: n // 2] //= 3  # dark pictures: the spread between pictures counts, too
        images.clamp_(1, 250)  # no picture has the least or the largest value that there can be
        pixels, example = images.double() / 255, f"uint8 images of shape {tuple(images.shape)}"
        result = _on_copies(channel_statistics, images, example=example, names="images")
        if not isinstance(result, (tuple, list)) or len(result) != 2:
            raise Wrong(f"the result is a {type(result).__name__}, expected a pair: mean, std (for {example})")
        if any(is_stub(part) for part in result):
            raise NotDone
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
                "the std of the pictures' means": pixels.mean((2, 3)).std(0),
                "the variance; the root is missing": pixels.var(all_of_them),
                "the mean": pixels.mean(all_of_them),
            },
        )
        right = pixels.mean(all_of_them), pixels.std(all_of_them)
        for name, got, expected, known in zip(("mean", "std"), result, right, mistakes, strict=True):
            same(got, expected, what=f"the {name}", mistakes=known, atol=5e-4, example=example)


# ---- e: a hook ----


def _small_models() -> Iterator[tuple[nn.Module, str, tuple[int, ...]]]:
    """(model in evaluation mode, the name of one of its layers, the shape of its pictures)."""
    torch.manual_seed(1)
    grey = nn.Sequential(
        nn.Conv2d(1, 4, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(4, 6, 2), nn.ReLU(), nn.Flatten(), nn.LazyLinear(10)
    )
    grey(torch.zeros(1, 1, 8, 9))
    colour = nn.Sequential(
        nn.Conv2d(3, 5, 1), nn.BatchNorm2d(5), nn.Tanh(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(5, 3)
    )
    for model, layer, shape in (
        (grey, "0", (5, 1, 8, 9)),
        (grey, "3", (3, 1, 8, 9)),
        (colour, "1", (4, 3, 6, 5)),
        (grey, "1", (2, 1, 8, 9)),
        (colour, "5", (1, 3, 4, 4)),
        (grey, "0", (5, 1, 8, 9)),
    ):
        yield model.eval(), layer, shape


def share_with_a_hook(share_below_zero) -> None:
    """share_below_zero(model, layer, images): of what a layer gives, the share of negative numbers."""
    for number, (model, name, shape) in enumerate(_small_models()):
        layer, images = model[int(name)], torch.randn(shape, generator=_generator(number % 5))
        example = f"layer {type(layer).__name__}, images of shape {shape}"
        inputs: list[Tensor] = []
        own = layer.register_forward_hook(lambda _, given, output, seen=inputs: seen.extend([given[0], output]))
        with torch.no_grad():
            end = model(images)
        own.remove()
        before, output = inputs
        got = _on_copies(share_below_zero, model, layer, images, example=example, names="images")
        if model.training:
            raise Wrong(f"your function leaves the model in training mode, expected it as it was (for {example})")
        if any(module._forward_hooks or module._forward_pre_hooks for module in model.modules()):
            for module in model.modules():
                module._forward_hooks.clear()
                module._forward_pre_hooks.clear()
            raise Wrong(f"your hook is still there after the call: hook.remove() is missing (for {example})")
        below = (output < 0).double().mean()
        same(
            got,
            below,
            example=example,
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
        got = _on_copies(move_each, images, right, down, example=example, names="images, dx or dy")
        same(
            got,
            moved(dx, dy),
            atol=1e-6,
            example=example,
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
            raise Wrong(
                f"the result is {found}, expected a tensor of {images.dtype}, as the images are (for {example})"
            )
        mine = images.clone()
        if (again := call(move_each, mine, right, down)).data_ptr() == mine.data_ptr():
            raise Wrong(f"the result shares its memory with images, expected a new tensor (for {example})")
        if not torch.equal(again, got):
            raise Wrong(f"a second call with the same arguments gives another result (for {example})")


# ---- 2: early stopping ----


class _Epochs:
    """one_epoch: adds a number to all weights and buffers of a model, and gives the next loss of a list."""

    def __init__(self, model: nn.Module, losses: Sequence[float], text: str):
        self.model, self.losses, self.text, self.calls = model, losses, text, 0
        self.states = [copy.deepcopy(model.state_dict())]

    def __call__(self) -> float:
        if self.calls >= len(self.losses):
            raise Wrong(
                f"one_epoch was called more than {len(self.losses)} times: does your loop end? (for {self.text})"
            )
        if not _equal(self.model.state_dict(), self.states[-1]):
            raise Wrong(
                "the weights are not those that the epoch before left: train on from there, and go back once, at the "
                f"end (for {self.text})"
            )
        self.calls += 1
        with torch.no_grad():
            for value in self.model.state_dict().values():
                value += self.calls
        self.states.append(copy.deepcopy(self.model.state_dict()))
        return self.losses[self.calls - 1]


def _equal(a: dict, b: dict, names: Sequence[str] | None = None) -> bool:
    return all(torch.equal(a[name], b[name]) for name in (b if names is None else names))


def early_stopping(train_with_patience) -> None:
    """train_with_patience(model, one_epoch, most, patience) -> the losses; the model gets its best weights back."""
    bump, long = [0.9, 0.7, 0.75, 0.72, 0.6, 0.65, 0.61, 0.63, 0.7, 0.5], [1 / (1 + k) for k in range(30)]
    for losses, most, patience in (
        (bump, 10, 3),
        (bump, 10, 2),
        (bump, 10, 1),
        ([250.0, 240.0, 300.0, 310.0, 320.0, 330.0], 6, 3),
        (long, 30, 1),
        (long, 12, 5),
        ([0.5, 0.6, 0.7, 0.4, 0.8], 5, 10),
        ([0.5, 0.5, 0.5, 0.5, 0.3], 5, 3),
        ([0.3, 0.4, 0.3, 0.2, 0.4], 5, 5),
        ([2.5], 1, 4),
        (bump, 10, 3),
    ):
        shown = _short(losses) if len(losses) < 12 else "falling losses"
        text = f"losses {shown}, most={most}, patience={patience}"
        torch.manual_seed(1)
        model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.ReLU(), nn.Flatten(), nn.Linear(2, 3))
        model[0].weight.requires_grad_(patience != 2)
        stop = _stop(losses, most, patience)
        best = losses.index(min(losses[:stop]))
        one_epoch = _Epochs(model, losses[:most] + [9.0] * 3, text)
        try:
            got = train_with_patience(model, one_epoch, most, patience)
        except (Wrong, NotDone):
            raise
        except Exception as error:
            error.called_with = f" (for {text})"
            raise
        if is_stub(got) and one_epoch.calls == 0:
            raise NotDone("train_with_patience returns nothing yet")
        _counts(one_epoch.calls, losses, most, patience, text)
        _weights(model, one_epoch, losses, best, text)
        if is_stub(got):
            raise Wrong(f"your function returns nothing, expected the list of the losses (for {text})")
        known = {"the least loss alone": losses[best], "the losses up to the best epoch": losses[: best + 1]}
        same(got, losses[:stop], what="the list of losses", example=text, mistakes=known, atol=1e-9)


def _stop(losses: Sequence[float], most: int, patience: int, equal: bool = False, reset: bool = True) -> int:
    """After how many epochs it ends. equal: an equal loss counts as a gain; reset: a gain sets the count to 0."""
    least, since = float("inf"), 0
    for epoch, loss in enumerate(losses[:most], start=1):
        gain = loss <= least if equal else loss < least
        least, since = (loss, 0 if reset else since) if gain else (least, since + 1)
        if since >= patience:
            return epoch
    return most


def _counts(calls: int, losses: Sequence[float], most: int, patience: int, text: str) -> None:
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
    raise Wrong(f"one_epoch was called {calls} times, expected {expected}{looks} (for {text})")


def _weights(model: nn.Module, epochs: _Epochs, losses: Sequence[float], best: int, text: str) -> None:
    """Wrong unless the model holds the weights and the buffers that the best epoch left."""
    now, expected = model.state_dict(), epochs.states[best + 1]
    if _equal(now, expected):
        return
    parameters = [name for name, _ in model.named_parameters()]
    if _equal(now, expected, parameters):
        raise Wrong(
            "the parameters are those of the best epoch, but the buffers (the running means of batch normalisation) "
            f"are not: copy the whole state_dict() (for {text})"
        )
    found = next((k for k, state in enumerate(epochs.states) if _equal(now, state)), None)
    where = f"the weights of epoch {found}" if found else "the first weights" if found == 0 else "other weights"
    hint = ""
    if found == epochs.calls:
        hint = ": is the way back missing, or is what you kept no copy? See deepcopy"
    elif found and losses[found - 1] == losses[best]:
        hint = ": an equal loss is no gain"
    raise Wrong(f"at the end the model holds {where}, expected those of epoch {best + 1}{hint} (for {text})")


# ---- 4: a network that does not mind the move ----

ENDS = ("relu", "leaky_relu", "softmax", "log_softmax", "sigmoid", "logsigmoid", "tanh", "elu", "gelu", "relu6")


def network(answer: object, *input_shape: int) -> nn.Module:
    """The model that is meant: itself, or what a class or function without arguments makes. In evaluation mode."""
    model = copy.deepcopy(answer) if isinstance(answer, nn.Module) else call(answer)
    if not isinstance(model, nn.Module):
        raise Wrong(f"this makes a {type(model).__name__}, expected an nn.Module")
    model.eval()
    last: dict[str, object] = {}

    def see(function: Callable, _args: tuple, _kwargs: dict, output: object) -> None:
        if isinstance(output, Tensor):
            last["name"], last["output"] = getattr(function, "__name__", "").rstrip("_"), output

    for n in (3, 1):
        with torch.no_grad(), FunctionCalls(see):
            got = call(model, torch.zeros(n, *input_shape))
        if not isinstance(got, Tensor) or got.shape != (n, 10):
            found = tuple(got.shape) if isinstance(got, Tensor) else type(got).__name__
            raise Wrong(f"an input of shape {(n, *input_shape)} gives {found}, expected {(n, 10)}")
        if last.get("name") in ENDS and last.get("output") is got:
            raise Wrong(f"a {last['name']} stands at the end of your network, expected logits, which have any sign")
    return model


def steady_network(answer) -> None:
    """A model (N, 1, 28, 28) -> (N, 10) that knows a thing by its form, wherever it lies in a black picture."""
    torch.manual_seed(777)
    model = network(answer, 1, 28, 28)
    things = torch.rand(6, 1, 4, 4, generator=_generator())
    mixed = things.flatten(1)[:, torch.randperm(16, generator=_generator())].view_as(things)

    def logits(things: Tensor, top: int = 12, left: int = 12) -> Tensor:
        images = torch.zeros(len(things), 1, 28, 28)
        images[:, :, top : top + 4, left : left + 4] = things
        with torch.no_grad():
            return model(images).double()

    home = logits(things)
    if not torch.isfinite(home).all():
        raise Wrong("the logits hold nan or inf")
    if not torch.equal(home, logits(things)):
        raise Wrong("the same picture gives two different answers in evaluation mode")
    spread = (home - home.mean(0)).abs().max().item()
    if spread < 1e-6 * (1 + home.abs().max().item()):
        raise Wrong("all pictures give the same logits, expected logits that depend on the picture")
    alone = torch.cat([logits(thing[None]) for thing in things])
    if (alone - home).abs().max().item() > 1e-3 * spread:
        raise Wrong("a picture alone gives other logits than in a batch, expected that pictures do not mix")
    changes = {}
    for step in (4, 2, 1):
        for down, right in ((step, 0), (0, -step), (-step, step)):
            change = (logits(things, 12 + down, 12 + right) - home).abs().max().item()
            if change > 1e-3 * spread:
                changes.setdefault(step, (down, right, change))
    if changes:
        step, (down, right, change) = next(iter(changes.items()))
        if len(changes) == 3:
            hint = (
                "something looks at fixed places: a linear layer after flatten, or pooling or a stride before the "
                "average over the whole map, or windows that reach the border"
            )
        elif step == 4:
            hint = "smaller moves change nothing, so the windows reach the border: take smaller windows or fewer layers"
        else:
            hint = f"a move by {2 * step} changes nothing, so look for pooling or a stride"
        raise Wrong(
            f"{hint}. A thing moved by {down} down and {right} right changes the logits by {change:.2g} (different "
            f"things differ by {spread:.2g}), expected no change"
        )
    if (logits(mixed) - home).abs().max().item() < 1e-3 * spread:
        raise Wrong(
            "a thing with its pixels in another order gives the same logits, so only brightness counts: use windows of "
            "more than one pixel, and a ReLU or a maximum before the average"
        )


# ---- 5: a network that is trained for moved pictures ----

STEPS, BATCH, MOVE = 200, 64, 3
GOAL, GOAL_OF_STANDIN = 0.58, 0.84  # drawn clothes are easier to tell apart


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
            raise Wrong(f"your function goes through the batches a second time; the {STEPS} batches are for one pass")
        for i in range(STEPS):
            part = slice(i * BATCH, (i + 1) * BATCH)
            yield self.images[part].clone(), self.labels[part].clone()


def trained_for_moves(train_for_moves) -> str:
    """train_for_moves(batches) -> a network that it made and trained, and that knows moved pictures.

    Called a second time with classes that have other names: what it returns has to be a new network.
    """
    images, labels, new, truth, standin = _clothes()
    goal = GOAL_OF_STANDIN if standin else GOAL
    found = []
    for renamed in (0, 3):
        batches, steps = _Batches(images, (labels + renamed) % 10), []
        hook = register_optimizer_step_post_hook(lambda *_, seen=steps: seen.append(1))
        example = f"{STEPS} batches of {BATCH} pictures (1, 28, 28)"
        try:
            model = call(train_for_moves, batches)
        except (Wrong, NotDone):
            raise
        except Exception as error:
            error.called_with = f" (for {example})"
            raise
        finally:
            hook.remove()
        if not isinstance(model, nn.Module):
            raise Wrong(f"the result is a {type(model).__name__}, expected the trained network (for {example})")
        if len(steps) > STEPS:
            raise Wrong(f"the optimizer made {len(steps)} steps, expected {STEPS} at most: one for each batch")
        model = network(model, 1, 28, 28)
        in_place, moved = _accuracies(model, new, (truth + renamed) % 10)
        if moved < goal:
            raise Wrong(_why(model, in_place, moved, goal, renamed, len(steps), new, truth))
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


def _why(
    model: nn.Module, in_place: float, moved: float, goal: float, renamed: int, steps: int, new: Tensor, truth: Tensor
) -> str:
    if renamed and _accuracies(model, new, truth)[1] >= goal:
        return (
            "in a second call, where the classes have other names, it returns the network of the first: make a new one"
        )
    got = f"of 1,000 new pictures, moved by {MOVE} pixels, {moved:.0%} are right, expected {goal:.0%}"
    got += f"; in place {in_place:.0%}"
    if not steps:
        return f"{got}. No optimizer made a step: is optimizer.step() missing?"
    if in_place < 0.2:
        return f"{got}. That is guessing: is the rate far too large or small, is zero_grad() missing, do labels fit?"
    if steps < STEPS / 2:
        return f"{got}. The optimizer made {steps} steps; there are {STEPS} batches"
    if in_place - moved > 0.15:
        return f"{got}. It knows the clothes, but where they usually lie: train on moved pictures, or look at no places"
    return f"{got}. It has learned too little in {STEPS} steps: try another rate, momentum, or no dropout"


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
