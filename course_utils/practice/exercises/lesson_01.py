"""The exercises of lesson 01: filters."""

import numpy as np

from course_utils.practice.judge import Wrong, array, call, same

SOBEL_X = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]], dtype=np.float32)


def _picture(height: int = 9, width: int = 7) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width), dtype=np.uint8)


def _slide(image: np.ndarray, kernel: np.ndarray, fill: float | None = 0) -> np.ndarray:
    """Correlation of (H, W) with an odd kernel; outside the picture is `fill`, or nothing (then it gets smaller)."""
    rows, columns = kernel.shape
    image = image.astype(np.float64)
    if fill is not None:
        image = np.pad(image, (rows // 2, columns // 2), constant_values=fill)
    windows = np.lib.stride_tricks.sliding_window_view(image, kernel.shape)
    return (windows * kernel).sum((2, 3))


def slide_with_padding(slide) -> None:
    """slide(image, kernel) -> (H, W) float: the weighted sums, zeros around the picture."""
    image = _picture()
    for kernel in (SOBEL_X, np.arange(9, dtype=np.float32).reshape(3, 3), np.eye(5, dtype=np.float32)):
        pad = kernel.shape[0] // 2
        inside = _slide(image, kernel, fill=None)
        mirrored = _slide(np.pad(image, pad, mode="reflect"), kernel, fill=None)
        wrapped = _slide(image, kernel).astype(np.int64).astype(np.uint8)
        same(
            call(slide, image.copy(), kernel.copy()),
            _slide(image, kernel),
            what="the result",
            atol=1e-2,
            example=f"a uint8 picture of shape {image.shape} and a kernel of shape {kernel.shape}",
            mistakes={
                "the flipped kernel: that is a true convolution": _slide(image, kernel[::-1, ::-1]),
                "a result without padding": inside,
                "padding in the wrong place: all of it at the end": np.roll(_slide(image, kernel), -pad, (0, 1)),
                "the transposed kernel": _slide(image, kernel.T),
                "a mirrored border, as OpenCV makes it; here the pixels outside are 0": mirrored,
                "a border that was left at 0: pad the picture, not the result": np.pad(inside, pad),
                "two axes too many: [0, 0] takes them away": _slide(image, kernel)[None, None],
                "sums in uint8, which start again at 0 above 255": wrapped,
                "sums cut off at 0 and 255": _slide(image, kernel).clip(0, 255),
            },
        )


def gradient_magnitude(magnitude) -> None:
    """magnitude(image) -> (H, W) float: sqrt(gx**2 + gy**2); how the border is treated is free."""
    image = _picture(12, 10)
    gx, gy = (_slide(image, kernel, fill=None) for kernel in (SOBEL_X, SOBEL_X.T))
    x8, y8 = (g.clip(0, 255).astype(np.uint8) for g in (gx, gy))  # what the depth -1 leaves
    got = array(call(magnitude, image.copy()))
    if got.shape != image.shape:
        looks = "; this looks like a result without padding" if got.shape == gx.shape else ""
        raise Wrong(f"the result has the shape {got.shape}, expected that of the picture, {image.shape}{looks}")
    same(
        got[1:-1, 1:-1],
        np.hypot(gx, gy),
        what="the magnitude, away from the border,",
        atol=1e-2,
        mistakes={
            "gradients cut off at 0: OpenCV keeps uint8 with the depth -1": np.hypot(x8.astype(float), y8),
            "gradients cut off at 0: OpenCV keeps uint8 with the depth -1, and hypot makes float16": np.hypot(x8, y8),
            "gradients cut off at 0 by the depth -1, and squares in uint8": np.sqrt(x8**2 + y8**2),
            "gradients cut off at 0 by the depth -1, and a sum in uint8": x8 + y8,
            "a magnitude cut off at 255": np.hypot(gx, gy).clip(0, 255),
            "a magnitude made uint8, so cut off at 255": np.hypot(gx, gy).clip(0, 255).astype(np.uint8),
            "the sum of the two gradients": gx + gy,
            "the sum of their sizes": abs(gx) + abs(gy),
            "the square of the magnitude; the root is missing": gx**2 + gy**2,
            "the gradient in x twice: the second kernel is SOBEL_X.T": np.hypot(gx, gx),
            "the gradient in x alone": abs(gx),
            "the gradient in y alone": abs(gy),
        },
    )


def learned_kernel(learn) -> None:
    """learn(pictures, targets) -> (3, 3): the kernel that made the targets, whatever way finds it."""
    numbers = np.random.default_rng(2)
    for kernel in (SOBEL_X, numbers.normal(size=(3, 3)).round(1)):
        pictures = numbers.random((20, 16, 16), dtype=np.float32)
        targets = np.stack([_slide(picture, kernel, fill=None) for picture in pictures]).astype(np.float32)
        pixels = np.lib.stride_tricks.sliding_window_view(pictures, (3, 3), axis=(1, 2)).reshape(-1, 9)
        mean_target = np.broadcast_to(targets.mean(0), targets.shape).ravel()
        got = array(call(learn, pictures.copy(), targets.copy()), "the learned kernel")
        near = got.shape == kernel.shape and abs(got - kernel).max() < 0.3
        near = ", near but not right to 0.05 (train for more steps)," if near else ""
        same(
            got,
            kernel,
            what=f"the learned kernel{near}",
            atol=0.05,
            mistakes={
                "the flipped kernel": kernel[::-1, ::-1],
                "the transposed kernel": kernel.T,
                "targets without a channel axis: the loss then compares each picture with the targets of all": (
                    np.linalg.lstsq(pixels, mean_target, rcond=None)[0].reshape(3, 3)
                ),
                "a kernel that has not learned yet: more steps, or a larger learning rate": np.zeros((3, 3)),
            },
        )


def dot_finder(kernel) -> None:
    """Any odd square kernel that gives 0 on equal pixels, and its largest result at a bright dot, not beside it."""
    kernel = array(kernel, "your kernel").astype(float)
    if kernel.ndim != 2 or kernel.shape[0] != kernel.shape[1] or kernel.shape[0] % 2 == 0:
        raise Wrong(f"your kernel has the shape {kernel.shape}, expected a square with an odd side, such as (3, 3)")
    flat = np.full((15, 15), 100)
    level = abs(_slide(flat, kernel, fill=None)).max()
    if level > 1e-3 * abs(kernel).max() * 100 or not abs(kernel).max():
        raise Wrong(
            f"equal pixels of 100 give {level:.3g}, expected 0: the weights have to add up to 0, but not all be 0"
        )
    dot, edge = flat.copy(), flat.copy()
    dot[7, 7] = 200
    edge[:, 8:] = 200
    middle = (15 - kernel.shape[0] + 1) // 2
    on_dot, on_edge = _slide(dot, kernel, fill=None), _slide(edge, kernel, fill=None)
    place = np.unravel_index(on_dot.argmax(), on_dot.shape)
    if place != (middle, middle):
        down, right = (int(step) for step in np.subtract(place, middle))
        raise Wrong(
            f"the largest result lies beside the dot ({down:+d} rows, {right:+d} columns): "
            f"it is {on_dot.max():.3g} there, and {on_dot[middle, middle]:.3g} on the dot"
        )
    strongest = abs(on_edge).max()
    if on_dot.max() <= strongest:
        raise Wrong(f"a dot gives {on_dot.max():.3g}, but an edge up to {strongest:.3g}: it finds edges as well")


CHECKERS = {"1": slide_with_padding, "2": gradient_magnitude, "3": learned_kernel, "4": dot_finder}
