"""The exercises of lesson 01: filters."""

import numpy as np
import torch
import torch.nn.functional as F

from course_utils.practice.judge import NotDone, Wrong, advice, array, call, is_stub, same

GAUSS = np.array([[1, 2, 1], [2, 4, 2], [1, 2, 1]], dtype=np.float32) / 16
SOBEL_X = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=np.float32)
GREY = (0.299, 0.587, 0.114)
SECONDS = {"3": 240}
TYPES = {  # what a picture of uint8 or an array leads to, where a tensor of floats is needed
    "expected scalar type": "expected one type for picture and weights, such as image.astype(np.float32)",
    "invalid combination": "expected tensors for PyTorch, torch.tensor(...) of an array",
    "must be Tensor": "expected tensors for PyTorch, torch.tensor(...) of an array",
    "or 4D (batched)": "expected four axes for PyTorch, [None, None] in front makes them",
}


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
            **{f"1 / 9 rounded to {n} digits: write 1 / 9": patch.sum() * round(1 / 9, n) for n in (2, 3, 4)},
            "the sum of the nine pixels: the weights have to add up to 1": patch.sum(),
            "the kernel G, in which the middle counts most": (patch * GAUSS).sum(),
            "the pixel in the middle": patch[1, 1],
            "a mean of eight: there are nine pixels": patch.sum() / 8,
        },
    )
    same(kernel, expected, what="box", atol=1e-5, mistakes={"weights that are not equal": kernel})


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
    """(padding, stride) that make (64, 96) of (256, 384) with a kernel of side 5; each may be a pair, as for conv2d."""
    if not isinstance(pair, tuple | list) or len(pair) != 2:
        raise Wrong(f"expected the pair (padding, stride), got a {type(pair).__name__}")
    if any(map(is_stub, pair)):
        raise NotDone("padding and stride")
    sizes = []
    for name, value, least in zip(("padding", "stride"), pair, (0, 1), strict=True):
        both = value if isinstance(value, tuple | list) and len(value) == 2 else (value, value)
        if any(isinstance(n, bool) or not isinstance(n, int | np.integer) or not least <= n <= 400 for n in both):
            raise Wrong(f"{name} is {value!r}, expected a whole number from {least} on, such as 2")
        sizes.append(tuple(map(int, both)))
    padding, stride = sizes
    got = tuple(F.conv2d(torch.zeros(1, 1, 256, 384), torch.zeros(1, 1, 5, 5), None, stride, padding).shape[2:])
    if got != (64, 96):
        looks = "which stride makes 64 of 256?"
        if stride == (4, 4):  # each more padding adds a row and a column to every second result
            few = "one row and column" if max(abs(got[0] - 64), abs(got[1] - 96)) == 1 else "rows and columns"
            looks = f"{few} too {'few' if got < (64, 96) else 'many'}: {'more' if got < (64, 96) else 'less'} padding."
        raise Wrong(f"{looks} padding {pair[0]} and stride {pair[1]} give {got}, expected (64, 96)")


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
    same(weights, right, what="grey_kernel[0, :, 0, 0]", atol=6e-4, mistakes=mistakes)


def one_step(descend) -> None:
    """descend(weight, slope, rate): weight - rate * slope, for numbers and tensors, as a new number or tensor."""
    table, slopes = torch.tensor([[1.0, -2.0], [0.5, 3.0]]), torch.tensor([[2.0, 1.0], [-4.0, 0.0]])
    cases = [
        (2.0, 3.0, 0.1),
        (-1.0, -2.0, 0.5),
        (0.123, 0.456, 0.01),
        (100.0, -250.0, 0.004),
        (table, slopes, 0.25),
        (slopes, table, 0.25),
        (table, 0 * slopes, 0.5),
        (torch.ones(1, 1, 3, 3), 7.0, 2.0),
    ]
    for weight, slope, rate in [*cases, cases[0]]:
        with advice(
            {
                "converted to": "expected a function for tensors, too, not for numbers alone",
                "must be Tensor": "expected a function for plain numbers, too, not for tensors alone",
                "object has no attribute": "expected a function for plain numbers, too, not for tensors alone",
            }
        ):
            got = call(descend, weight, slope, rate, new=True)
        mistakes = {
            "a step with the slope: plus instead of minus": weight + rate * slope,
            "a step without the rate": weight - slope,
            "a step without the slope": weight - rate,
            "the change alone: subtract it from the weight": rate * slope,
            "the change alone, with its sign": -rate * slope,
            "a rate that is always 0.1": weight - 0.1 * slope,
            "slope and weight exchanged": slope - rate * weight,
            "a division by the rate": weight - slope / rate,
        }
        same(got, weight - rate * slope, what="the new weight", mistakes=mistakes)


# ---- the exercises ----


def slide_with_padding(slide) -> None:
    """slide(image, kernel) -> (H, W): the weighted sums, zeros around the picture."""
    numbers = np.random.default_rng(4)
    weights = {side: numbers.normal(size=(side, side)).astype(np.float32) for side in (1, 3, 5, 7, 11)}
    cases = [
        (_picture(9, 7), SOBEL_X),
        (_picture(9, 7, seed=2), weights[3]),
        (_picture(6, 11, seed=3), np.arange(9, dtype=np.float32).reshape(3, 3)),
        (_picture(12, 8, seed=4), weights[5]),
        (_picture(10, 5, seed=5), weights[7] / 20),
        (_picture(14, 13, seed=6), weights[11]),
        (_picture(8, 8, seed=7), weights[1]),
        (_picture(1, 1, seed=8), GAUSS),
    ]
    for image, kernel in [*cases, cases[0]]:
        pad = len(kernel) // 2
        result = _slide(image, kernel)
        mistakes = {
            "the flipped kernel: that is a true convolution": _slide(image, kernel[::-1, ::-1]),
            "padding in the wrong place: all of it at the end": np.roll(result, -pad, (0, 1)),
            "the transposed kernel": _slide(image, kernel.T),
            "two axes too many: [0, 0] takes them away": result[None, None],
            "sums in uint8, which start again at 0 above 255": result.astype(np.int64).astype(np.uint8),
            "sums cut off at 0 and 255": result.clip(0, 255),
            "weights without their fractions": _slide(image, kernel.astype(int)),
            "results without their fractions": np.trunc(result),
            "results rounded to whole numbers": result.round(),
        }
        if min(image.shape) > 2 * pad:
            inside = _slide(image, kernel, fill=None)
            mistakes["a result without padding"] = inside
            mistakes["a border that was left at 0: pad the picture, not the result"] = np.pad(inside, pad)
            mirrored = _slide(np.pad(image, pad, mode="reflect"), kernel, fill=None)
            mistakes["a mirrored border, as OpenCV makes it; here the pixels outside are 0"] = mirrored
        with advice(
            {
                "could not be broadcast": "expected windows as large as the kernel, inside the padded picture",
                "out of bounds": "expected windows inside the padded picture: is there enough padding at the end?",
            }
            | TYPES
        ):
            got = call(slide, image, kernel)
        same(got, result, atol=1e-2, mistakes=mistakes)


def _same_grey(rows: int, columns: int) -> np.ndarray:
    """Left red, right green, with one grey value: an edge that no grey picture has. (rows, columns, 3)"""
    picture = np.zeros((rows, columns, 3), np.uint8)
    picture[:, : columns // 2, 0], picture[:, columns // 2 :, 1] = 200, 102
    return picture


def colour_magnitude(edges) -> None:
    """edges(picture) of (H, W, 3) -> (H, W): the largest of the channels' magnitudes; the border is free."""
    cases = {
        "random colours": _picture(12, 10, 3),
        "other random colours": _picture(12, 10, 3, seed=2),
        "an edge between red and green of one grey": _same_grey(8, 12),
        "dark random colours": _picture(7, 9, 3, seed=3) // 5,
        "one grey in all channels": np.repeat(_picture(9, 6, 1, seed=5), 3, axis=2),
        "three rows": _picture(3, 11, 3, seed=6),
    }
    for name, picture in [*cases.items(), next(iter(cases.items()))]:
        with advice({"truth value": "expected the largest of each pixel: max(axis=2), not Python's max"} | TYPES):
            got = array(call(edges, picture, example=f"{name}, shape {picture.shape}"))
        channels = np.moveaxis(picture, 2, 0)
        gx, gy = (np.stack([_slide(channel, k, fill=None) for channel in channels]) for k in (SOBEL_X, SOBEL_X.T))
        magnitudes, shape = np.hypot(gx, gy), picture.shape[:2]
        if got.shape != shape:
            looks = {
                magnitudes.shape[1:]: "this looks like a result without padding: ",
                (*shape, 3): "three magnitudes are left, take the largest of each pixel: ",
                (3, *shape): "three magnitudes are left, take the largest of each pixel: ",
            }.get(got.shape, "")
            raise Wrong(f"{looks}the result has the shape {got.shape}, expected {shape}")
        largest = magnitudes.max(0)
        same(
            got[1:-1, 1:-1],
            largest,
            what="the largest magnitude, away from the border,",
            atol=1e-2,
            mistakes={
                "gradients cut off at 0 and 255: OpenCV keeps uint8 with the depth -1": (
                    np.hypot(gx.clip(0, 255), gy.clip(0, 255)).max(0)
                ),
                "a magnitude cut off at 255": largest.clip(0, 255),
                "a magnitude made uint8": largest.clip(0, 255).astype(np.uint8),
                "magnitudes rounded to whole numbers": largest.round(),
                "the magnitude of the grey picture, which does not see all edges": _magnitude(picture @ np.array(GREY)),
                "the magnitude of the channels' mean": _magnitude(picture.mean(2)),
                "the magnitude of each pixel's largest channel": _magnitude(picture.max(2)),
                "the sum of the three magnitudes": magnitudes.sum(0),
                "the mean of the three magnitudes": magnitudes.mean(0),
                "the smallest of the three magnitudes": magnitudes.min(0),
                "the red channel alone": magnitudes[0],
                "the green channel alone": magnitudes[1],
                "the blue channel alone": magnitudes[2],
                "the square of the magnitude; the root is missing": largest**2,
                "the sum of the two sizes |gx| + |gy|": (abs(gx) + abs(gy)).max(0),
                "the gradient in x alone": abs(gx).max(0),
                "the gradient in y alone": abs(gy).max(0),
                "the largest gx with the largest gy, perhaps of another channel": (
                    np.hypot(abs(gx).max(0), abs(gy).max(0))
                ),
            },
        )


def _magnitude(channel: np.ndarray) -> np.ndarray:
    return np.hypot(*(_slide(channel, kernel, fill=None) for kernel in (SOBEL_X, SOBEL_X.T)))


def learned_kernel(learn) -> None:
    """learn(pictures, targets) -> (3, 3): the kernel that made the targets, whatever way finds it."""
    numbers = np.random.default_rng(2)
    kernels = SOBEL_X, numbers.normal(size=(3, 3)).round(1), np.array([[0, 0, 0.5], [0, -3, 0], [4, 0, 1.25]])
    shapes = (12, 20, 14), (12, 20, 14), (1, 60, 45)
    cases = [(kernel, numbers.random(shape, dtype=np.float32)) for kernel, shape in zip(kernels, shapes, strict=True)]
    for kernel, pictures in [*cases, cases[0]]:
        targets = np.stack([_slide(picture, kernel, fill=None) for picture in pictures]).astype(np.float32)
        example = f"pictures {pictures.shape}, the kernel {' '.join(f'{w:g}' for w in kernel.ravel())}"
        with advice(
            {
                "to have 1 channels": "expected a channel axis, pictures[:, None]",
                "does not require grad": "expected weights that ask for a gradient, requires_grad=True",
                "a leaf Variable": "expected the step inside torch.no_grad()",
            }
            | TYPES
        ):
            got = array(call(learn, pictures, targets, example=example), "the learned kernel").astype(float)
        _learned(got, kernel, pictures, targets)


def _learned(got: np.ndarray, kernel: np.ndarray, pictures: np.ndarray, targets: np.ndarray) -> None:
    """Raise Wrong unless `got` is the kernel, up to 0.05."""
    if got.ndim > 2 and got.shape[-2:] == got.squeeze().shape == (3, 3):
        zeros = ", ".join("0" * (got.ndim - 2))
        raise Wrong(
            f"axes of length 1 are left, [{zeros}] takes them away: the learned kernel has the shape {got.shape}, "
            "expected (3, 3)"
        )
    pixels = np.lib.stride_tricks.sliding_window_view(pictures, (3, 3), axis=(1, 2)).reshape(-1, 9)
    mean_target = np.broadcast_to(targets.mean(0), targets.shape).ravel()
    mistakes = {
        "the flipped kernel": kernel[::-1, ::-1],
        "the transposed kernel": kernel.T,
        "targets without a channel axis: the loss then compares each picture with the targets of all": (
            np.linalg.lstsq(pixels, mean_target, rcond=None)[0].reshape(3, 3)
        ),
        "a kernel that has not learned yet: more steps, or a larger learning rate": np.zeros((3, 3)),
    }
    what = "the learned kernel"
    if got.shape == kernel.shape:
        if not (np.isfinite(got).all() and abs(got).max() < 100):
            worst = got.ravel()[np.nan_to_num(abs(got), nan=np.inf).argmax()]
            raise Wrong(
                "the weights run away: is zero_grad called in every step? Else a smaller learning rate. "
                f"The learned kernel holds {worst:.3g}, expected weights from -4 to 4"
            )
        factor = (got * kernel).sum() / (kernel**2).sum()
        if (0.1 < factor < 0.9 or factor > 1.1) and abs(got - factor * kernel).max() < 0.05:
            raise Wrong(
                f"all nine weights are {factor:.2f} times the expected ones: did you rescale the pictures? The "
                "targets were made from the pictures as they are"
            )
        if 0.05 < abs(got - kernel).max() < 0.3:
            what += ", near but not right to 0.05 (train for more steps),"
        else:
            mistakes["a training without zero_grad in every step, or with too few steps"] = got
    same(got, kernel, what=what, atol=0.05, mistakes=mistakes)


def dot_finder(kernel) -> None:
    """Any odd square kernel that gives 0 on equal pixels, and its largest result at a bright dot, nowhere else."""
    kernel = array(kernel, "your kernel").astype(float)
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or kernel.shape[0] % 2 == 0:
        raise Wrong(f"your kernel has the shape {kernel.shape}, expected a square with an odd side, such as (3, 3)")
    if not np.isfinite(kernel).all():
        raise Wrong(f"your kernel holds nan or inf, expected weights (its shape is {kernel.shape})")
    side = 2 * len(kernel) + 13
    flat, weights = torch.full((side, side), 100.0).double(), torch.tensor(kernel)

    def slid(picture: torch.Tensor) -> torch.Tensor:
        return F.conv2d(picture[None, None], weights[None, None])[0, 0]

    level = slid(flat).abs().max()
    if level > 1e-5 * 100 * weights.abs().sum() or not weights.any():
        raise Wrong(
            f"equal pixels of 100 give {level:.3g}, expected 0: the weights have to add up to 0, but not all be 0"
        )
    dot, edge = flat.clone(), flat.clone()
    dot[side // 2, side // 2] = 200
    edge[:, side // 2 + 1 :] = 200
    results = slid(dot)
    middle = len(results) // 2
    on_dot = results[middle, middle].item()
    results[middle, middle] = -torch.inf
    largest = on_dot - 1e-6 * abs(on_dot)  # what is nearer is equal
    if results.max() >= largest:
        down, right = (int(step) - middle for step in np.unravel_index(results.argmax().item(), results.shape))
        raise Wrong(
            f"a result beside the dot ({down:+d} rows, {right:+d} columns) is {results.max():.3g}, "
            f"expected less than on the dot: it is {on_dot:.3g} there"
        )
    bright = {"right": edge, "left": edge.fliplr(), "lower": edge.T, "upper": edge.T.flipud()}
    for where, picture in bright.items():
        strongest = slid(picture).abs().max()
        if strongest >= largest:
            raise Wrong(
                f"it finds edges as well: an edge with 200 on the {where} side gives up to {strongest:.3g}, "
                f"expected less than a dot of 200 on 100, which gives {on_dot:.3g}"
            )


def pooling_by_hand(max_pool) -> None:
    """max_pool(image, side, stride) -> the largest number of each window of side x side, `stride` pixels apart."""
    cases = [
        (_picture(8, 12), 2, 2),
        (_picture(8, 12, seed=9), 2, 2),
        (_picture(9, 7, seed=2), 3, 2),
        (_picture(11, 10, seed=3).astype(np.float32) / 7 - 20, 4, 3),
        (_picture(7, 9, seed=4), 2, 3),
        (-1e6 - _picture(6, 6, seed=5).astype(np.float32), 3, 3),
        (_picture(5, 8, seed=6), 5, 1),
        (_picture(6, 5, seed=7).astype(np.float64) / 3, 1, 4),
    ]
    for image, side, stride in [*cases, cases[0]]:
        windows = np.lib.stride_tricks.sliding_window_view(image, (side, side))
        every, means = windows.max((2, 3)), windows.mean((2, 3))
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
        with advice(
            {
                "zero-size array": "expected windows inside the image: is `end` too large?",
                "truth value": "expected the largest number of a window: window.max(), not Python's max",
            }
            | TYPES
        ):
            got = call(max_pool, image, side, stride)
        same(got, every[::stride, ::stride], mistakes=mistakes)


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
