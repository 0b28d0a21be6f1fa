"""The exercises of lesson 01: filters."""

from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F

from course_utils.practice.judge import NotDone, Wrong, array, call_on_copies, is_stub, same

GAUSS = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], dtype=np.float32) / 16
SOBEL_X = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=np.float32)
GREY = (0.299, 0.587, 0.114)


def _picture(*shape: int, seed: int = 1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape or (9, 7), dtype=np.uint8)


def _slide(image: np.ndarray, kernel: np.ndarray, fill: float | None = 0) -> np.ndarray:
    """Correlation of (H, W) with an odd kernel; outside the picture is `fill`, or nothing (then it gets smaller)."""
    rows, columns = kernel.shape
    image = image.astype(np.float64)
    if fill is not None:
        image = np.pad(image, (rows // 2, columns // 2), constant_values=fill)
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return (windows * kernel).sum((2, 3))


def _called(function: Callable, *arguments: object, example: str = "") -> object:
    """What a function returns; Wrong if it stops, or changes one of its arguments. `example` names the arguments."""
    changed = f"your function changes the array that it gets: compute a new one (for {example})"
    return call_on_copies(function, *arguments, changed=changed, example=example)


def _square(kernel: object, what: str, shape: tuple[int, ...] = (3, 3)) -> np.ndarray:
    """A kernel of this shape, as floats."""
    kernel = array(kernel, what).astype(float)
    if kernel.shape != shape:
        raise Wrong(f"{what} has the shape {kernel.shape}, expected {shape}")
    if not np.isfinite(kernel).all():
        raise Wrong(f"{what} holds nan or inf, expected weights")
    return kernel


# ---- the small tasks inside the lesson ----


def mean_kernel(kernel) -> None:
    """The kernel (3, 3) whose result is the mean of nine pixels."""
    kernel, expected = _square(kernel, "box"), np.full((3, 3), 1 / 9)
    patch = _picture(3, 3)
    same(
        (patch * kernel).sum(),
        patch.mean(),
        what="the sum of the nine products",
        atol=0.01,
        example=f"the nine pixels {patch.ravel().tolist()}",
        mistakes={
            "the sum of the nine pixels: the weights have to add up to 1": patch.sum(),
            "the kernel G, in which the middle counts most": (patch * GAUSS).sum(),
            "the pixel in the middle": patch[1, 1],
            "a mean of eight: there are nine pixels": patch.sum() / 8,
        },
    )
    same(kernel, expected, what="box", atol=2e-4, mistakes={"weights that are not equal": kernel})


def shift_kernel(kernel) -> None:
    """The kernel (3, 3) that moves a picture to the right by one pixel, slid without a turn."""
    kernel, dot = _square(kernel, "to_the_right"), np.zeros((5, 5))
    dot[2, 2] = 1
    moved = {"the right": (2, 3), "the left": (2, 1), "below": (3, 2), "above": (1, 2)}
    results = {}
    for where, place in moved.items():
        results[where] = np.zeros((3, 3))
        results[where][place[0] - 1, place[1] - 1] = 1
    same(
        _slide(dot, kernel, fill=None),
        results["the right"],
        what="the result",
        atol=1e-3,
        example="a white pixel in the middle; compared are the nine pixels around it",
        mistakes={
            "a move to the left: the kernel is not turned, so the weight lies on the old pixel": results["the left"],
            "a move down": results["below"],
            "a move up": results["above"],
            "the identity: the weight 1 lies in the middle": np.pad([[1]], 1),
            "nothing: all weights are 0": np.zeros((3, 3)),
        },
    )


def padding_and_stride(pair) -> None:
    """(padding, stride) that make (64, 96) of (256, 384) with a kernel of side 5."""
    if not isinstance(pair, (tuple, list)) or len(pair) != 2:
        raise Wrong(f"expected the pair (padding, stride), got a {type(pair).__name__}")
    if any(is_stub(value) for value in pair):
        raise NotDone("padding and stride")
    for name, value, least in zip(("padding", "stride"), pair, (0, 1), strict=True):
        if isinstance(value, bool) or not isinstance(value, (int, np.integer)) or not least <= value <= 400:
            raise Wrong(f"{name} is {value!r}, expected a whole number from {least} on, such as 2")
    padding, stride = map(int, pair)
    got = tuple(F.conv2d(torch.zeros(1, 1, 256, 384), torch.zeros(1, 1, 5, 5), None, stride, padding).shape[2:])
    if got != (64, 96):
        looks = "which stride makes 64 of 256?"
        if stride == 4:  # each more padding adds a row and a column to every second result
            few = "one row and column" if max(abs(got[0] - 64), abs(got[1] - 96)) == 1 else "rows and columns"
            looks = f"{few} too {'few' if got < (64, 96) else 'many'}: {'more' if got < (64, 96) else 'less'} padding."
        raise Wrong(f"{looks} padding {padding} and stride {stride} give {got}, expected (64, 96)")


def grey_kernel(kernel) -> None:
    """The kernel (1, 3, 1, 1) that makes grey of red, green and blue."""
    if not torch.is_tensor(kernel):
        raise Wrong(f"grey_kernel is a {type(kernel).__name__}, expected a tensor: torch.tensor(...)")
    weights, right = _square(kernel, "grey_kernel", (1, 3, 1, 1)).ravel(), np.array(GREY)
    if kernel.dtype != torch.float32:
        raise Wrong(f"grey_kernel holds {kernel.dtype}, expected torch.float32, as the picture")
    mistakes = {
        "red and blue exchanged: the order is red, green, blue": right[::-1],
        "weights in thousandths: the result would be 1000 times too large": 1000 * right,
        "a plain mean of the three channels": np.full(3, 1 / 3),
        "equal weights of 1, which give the sum": np.ones(3),
    }
    same(weights, right, what="the weights for red, green, blue", atol=6e-4, mistakes=mistakes)


def one_step(descend) -> None:
    """descend(weight, slope, rate): weight - rate * slope, for numbers and tensors; the arguments stay as they are."""
    table, slopes = torch.tensor([[1.0, -2.0], [0.5, 3.0]]), torch.tensor([[2.0, 1.0], [-4.0, 0.0]])
    cases = [(2.0, 3.0, 0.1), (-1.0, -2.0, 0.5), (table, slopes, 0.25), (torch.zeros(1, 1, 3, 3) + 1, 7.0, 2.0)]
    for weight, slope, rate in [*cases, cases[0]]:
        shown = [
            str(v.tolist() if torch.is_tensor(v) and v.numel() < 5 else v).partition("\n")[0] for v in (weight, slope)
        ]
        shown = [text if len(text) < 50 else "nine ones" for text in shown]
        example = f"the weight {shown[0]}, the slope {shown[1]}, the rate {rate}"
        same(
            _called(descend, weight, slope, rate, example=example),
            weight - rate * slope,
            what="the new weight",
            example=example,
            mistakes={
                "a step with the slope: plus instead of minus": weight + rate * slope,
                "a step without the rate": weight - slope,
                "a step without the slope": weight - rate,
                "the change alone: subtract it from the weight": rate * slope,
                "the change alone, with its sign": -rate * slope,
                "a rate that is always 0.1": weight - 0.1 * slope,
                "slope and weight exchanged": slope - rate * weight,
                "a division by the rate": weight - slope / rate,
            },
        )


# ---- the exercises ----


def slide_with_padding(slide) -> None:
    """slide(image, kernel) -> (H, W) float: the weighted sums, zeros around the picture."""
    numbers = np.random.default_rng(4)
    cases = [
        (_picture(9, 7), SOBEL_X),
        (_picture(6, 11, seed=2), np.arange(9, dtype=np.float32).reshape(3, 3)),
        (_picture(12, 8, seed=3), np.eye(5, dtype=np.float32)),
        (_picture(8, 8, seed=5), (numbers.normal(size=(3, 3))).astype(np.float32)),
        (_picture(10, 5, seed=6), (numbers.random((7, 7)) / 20).astype(np.float32)),
        (_picture(1, 1, seed=7), GAUSS),
    ]
    for image, kernel in [*cases, cases[0]]:
        pad = kernel.shape[0] // 2
        result = _slide(image, kernel)
        example = f"a uint8 picture of shape {image.shape} and a kernel of shape {kernel.shape}"
        mistakes = {
            "the flipped kernel: that is a true convolution": _slide(image, kernel[::-1, ::-1]),
            "padding in the wrong place: all of it at the end": np.roll(result, -pad, (0, 1)),
            "the transposed kernel": _slide(image, kernel.T),
            "two axes too many: [0, 0] takes them away": result[None, None],
            "sums in uint8, which start again at 0 above 255": result.astype(np.int64).astype(np.uint8),
            "sums cut off at 0 and 255": result.clip(0, 255),
            "weights without their fractions": _slide(image, kernel.astype(int)),
            "results without their fractions": np.trunc(result),
        }
        if min(image.shape) > 2 * pad:
            inside = _slide(image, kernel, fill=None)
            mistakes["a result without padding"] = inside
            mistakes["a border that was left at 0: pad the picture, not the result"] = np.pad(inside, pad)
            mirrored = _slide(np.pad(image, pad, mode="reflect"), kernel, fill=None)
            mistakes["a mirrored border, as OpenCV makes it; here the pixels outside are 0"] = mirrored
        got = _called(slide, image, kernel, example=example)
        same(got, result, what="the result", atol=1e-2, example=example, mistakes=mistakes)


def _magnitude(channel: np.ndarray) -> np.ndarray:
    gx, gy = (_slide(channel, kernel, fill=None) for kernel in (SOBEL_X, SOBEL_X.T))
    return np.hypot(gx, gy)


def _same_grey(rows: int, columns: int) -> np.ndarray:
    """Left red, right green, with one grey value: an edge that no grey picture has. (rows, columns, 3)"""
    picture = np.zeros((rows, columns, 3), np.uint8)
    picture[:, : columns // 2, 0], picture[:, columns // 2 :, 1] = 200, 102
    return picture


def colour_magnitude(edges) -> None:
    """edges(picture) of (H, W, 3) -> (H, W) float: the largest of the channels' magnitudes; the border is free."""
    dark = _picture(7, 9, 3, seed=3) // 5
    cases = {
        "random colours": _picture(12, 10, 3),
        "an edge between red and green of one grey": _same_grey(8, 12),
        "dark random colours": dark,
        "one grey in all channels": np.repeat(_picture(9, 6, 1, seed=5), 3, axis=2),
    }
    for name, picture in [*cases.items(), next(iter(cases.items()))]:
        example = f"{name}, shape {picture.shape}"
        channels = np.stack([_magnitude(picture[..., c]) for c in range(3)])
        clipped = [
            np.hypot(*(_slide(picture[..., c], k, fill=None).clip(0, 255) for k in (SOBEL_X, SOBEL_X.T)))
            for c in range(3)
        ]
        g = [[_slide(picture[..., c], k, fill=None) for c in range(3)] for k in (SOBEL_X, SOBEL_X.T)]
        got, shape = array(_called(edges, picture, example=example)), picture.shape[:2]
        if got.shape != shape:
            looks = {
                channels.shape[1:]: "; this looks like a result without padding",
                (*shape, 3): "; three magnitudes are left: take the largest of each pixel",
            }.get(got.shape, "")
            raise Wrong(f"the result has the shape {got.shape}, expected {shape} (for {example}){looks}")
        same(
            got[1:-1, 1:-1],
            channels.max(0),
            what="the largest magnitude, away from the border,",
            atol=1e-2,
            example=example,
            mistakes={
                "gradients cut off at 0 and 255: OpenCV keeps uint8 with the depth -1": np.max(clipped, axis=0),
                "a magnitude cut off at 255": channels.max(0).clip(0, 255),
                "a magnitude made uint8": channels.max(0).clip(0, 255).astype(np.uint8),
                "the magnitude of the grey picture, which does not see all edges": _magnitude(picture @ np.array(GREY)),
                "the magnitude of the channels' mean": _magnitude(picture.mean(2)),
                "the sum of the three magnitudes": channels.sum(0),
                "the mean of the three magnitudes": channels.mean(0),
                "the smallest of the three magnitudes": channels.min(0),
                "the red channel alone": channels[0],
                "the green channel alone": channels[1],
                "the blue channel alone": channels[2],
                "the square of the magnitude; the root is missing": channels.max(0) ** 2,
                "the sum of the two sizes |gx| + |gy|": np.max(np.abs(g[0]) + np.abs(g[1]), axis=0),
                "the gradient in x alone": np.abs(g[0]).max(0),
                "the gradient in y alone": np.abs(g[1]).max(0),
                "the largest gx with the largest gy, perhaps of another channel": np.hypot(
                    np.abs(g[0]).max(0), np.abs(g[1]).max(0)
                ),
            },
        )


def learned_kernel(learn) -> None:
    """learn(pictures, targets) -> (3, 3): the kernel that made the targets, whatever way finds it."""
    numbers = np.random.default_rng(2)
    kernels = SOBEL_X, numbers.normal(size=(3, 3)).round(1), np.array([[0, 0, 0.5], [0, -3, 0], [4, 0, 1.25]])
    shapes = (20, 16, 16), (12, 20, 14), (30, 9, 13)
    cases = [(kernel, numbers.random(shape, dtype=np.float32)) for kernel, shape in zip(kernels, shapes, strict=True)]
    for kernel, pictures in [*cases, cases[0]]:
        targets = np.stack([_slide(picture, kernel, fill=None) for picture in pictures]).astype(np.float32)
        pixels = np.lib.stride_tricks.sliding_window_view(pictures, (3, 3), axis=(1, 2)).reshape(-1, 9)
        mean_target = np.broadcast_to(targets.mean(0), targets.shape).ravel()
        example = f"pictures {pictures.shape}, the kernel {' '.join(f'{w:g}' for w in kernel.ravel())}"
        got = array(_called(learn, pictures, targets, example=example), "the learned kernel").astype(float)
        if got.ndim > 2 and got.squeeze().shape == (3, 3):
            zeros = ", ".join("0" * (got.ndim - 2))
            raise Wrong(
                f"axes of length 1 are left, [{zeros}] takes them away: the learned kernel has the shape {got.shape}, "
                f"expected (3, 3) (for {example})"
            )
        hint, fallback = "", {}
        if got.shape == kernel.shape:
            if not (np.isfinite(got).all() and abs(got).max() < 100):
                worst = got.ravel()[np.nan_to_num(abs(got), nan=np.inf).argmax()]
                raise Wrong(
                    "the weights run away: is zero_grad called in every step? Else a smaller learning rate. "
                    f"The learned kernel holds {worst:.3g}, expected weights from -4 to 4 (for {example})"
                )
            factor = (got * kernel).sum() / (kernel**2).sum()
            if (0.1 < factor < 0.9 or factor > 1.1) and abs(got - factor * kernel).max() < 0.05:
                raise Wrong(
                    f"all nine weights are {factor:.2f} times the right ones: did you rescale the pictures? The "
                    f"targets were made from the pictures as they are (for {example})"
                )
            error = abs(got - kernel).max()
            if 0.05 < error < 0.3:
                hint = ", near but not right to 0.05 (train for more steps),"
            else:
                fallback = {"a training without zero_grad in every step, or with too few steps": got}
        same(
            got,
            kernel,
            what=f"the learned kernel{hint}",
            atol=0.05,
            example=example,
            mistakes={
                "the flipped kernel": kernel[::-1, ::-1],
                "the transposed kernel": kernel.T,
                "targets without a channel axis: the loss then compares each picture with the targets of all": (
                    np.linalg.lstsq(pixels, mean_target, rcond=None)[0].reshape(3, 3)
                ),
                "a kernel that has not learned yet: more steps, or a larger learning rate": np.zeros((3, 3)),
            }
            | fallback,
        )


def dot_finder(kernel) -> None:
    """Any odd square kernel that gives 0 on equal pixels, and its largest result at a bright dot, not beside it."""
    kernel = array(kernel, "your kernel").astype(float)
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or kernel.shape[0] % 2 == 0:
        raise Wrong(f"your kernel has the shape {kernel.shape}, expected a square with an odd side, such as (3, 3)")
    if not np.isfinite(kernel).all():
        raise Wrong(f"your kernel holds nan or inf, expected weights (its shape is {kernel.shape})")
    side = 2 * kernel.shape[0] + 13
    flat = np.full((side, side), 100)

    def slid(picture: np.ndarray) -> np.ndarray:
        both = (torch.tensor(a, dtype=torch.float64)[None, None] for a in (picture, kernel))
        return F.conv2d(*both)[0, 0].numpy()

    level = abs(slid(flat)).max()
    if level > 1e-3 * abs(kernel).max() * 100 or not abs(kernel).max():
        raise Wrong(
            f"equal pixels of 100 give {level:.3g}, expected 0: the weights have to add up to 0, but not all be 0"
        )
    dot, edge = flat.copy(), flat.copy()
    dot[side // 2, side // 2] = 200
    edge[:, side // 2 + 1 :] = 200
    on_dot = slid(dot)
    middle = len(on_dot) // 2
    place = np.unravel_index(on_dot.argmax(), on_dot.shape)
    if place != (middle, middle):
        down, right = (int(step) for step in np.subtract(place, middle))
        raise Wrong(
            f"the largest result lies beside the dot ({down:+d} rows, {right:+d} columns): "
            f"it is {on_dot.max():.3g} there, and {on_dot[middle, middle]:.3g} on the dot"
        )
    bright = {"right": edge, "left": edge[:, ::-1], "lower": edge.T, "upper": edge.T[::-1]}
    for where, picture in bright.items():
        strongest = abs(slid(picture.copy())).max()
        if on_dot.max() <= strongest:
            raise Wrong(
                f"it finds edges as well: a dot of 200 on 100 gives {on_dot.max():.3g}, "
                f"but an edge with 200 on the {where} side up to {strongest:.3g}"
            )


def pooling_by_hand(max_pool) -> None:
    """max_pool(image, side, stride) -> the largest number of each window of side x side, `stride` pixels apart."""
    cases = [
        (_picture(8, 12), 2, 2),
        (_picture(9, 7, seed=2), 3, 2),
        (_picture(11, 10, seed=3).astype(np.float32) / 7 - 20, 4, 3),
        (_picture(7, 9, seed=4), 2, 3),
        (-1 - _picture(6, 6, seed=5).astype(np.float32), 3, 3),
        (_picture(5, 8, seed=6), 5, 1),
    ]
    for image, side, stride in [*cases, cases[0]]:
        windows = np.lib.stride_tricks.sliding_window_view(image, (side, side))
        every, means = windows.max((2, 3)), windows.mean((2, 3))
        example = f"a picture of shape {image.shape}, side {side}, stride {stride}"
        result = array(_called(max_pool, image, side, stride, example=example))
        mistakes = {
            "the means: the largest number of each window is expected": means[::stride, ::stride],
            "the smallest numbers": windows.min((2, 3))[::stride, ::stride],
            "windows one pixel apart: the stride is missing": every,
            "windows `side` pixels apart: the stride is missing": every[::side, ::side],
            "one pixel of each window": image[: every.shape[0], : every.shape[1]][::stride, ::stride],
            "a result without the last windows: `end` is one too small": every[:-1:stride, :-1:stride],
            "a result that begins with 0, which is larger than negative numbers": every[::stride, ::stride].clip(0),
            "numbers without their fractions": np.trunc(every[::stride, ::stride]),
        }
        same(result, every[::stride, ::stride], example=example, mistakes=mistakes)


CHECKERS = {
    "1": slide_with_padding,
    "2": colour_magnitude,
    "3": learned_kernel,
    "4": dot_finder,
    "5": pooling_by_hand,
    "a": mean_kernel,
    "b": shift_kernel,
    "c": padding_and_stride,
    "d": grey_kernel,
    "e": one_step,
}
