"""Panels that are pictures, in words: how many, their titles, how to read their colours; numbers in squares."""

import re
from collections.abc import Sequence
from fractions import Fraction

import numpy as np
from matplotlib.axes import Axes

from course_utils.figures.words import label_of, listed, number, span


def numbers_on(axis: Axes) -> np.ndarray | None:
    """The numbers that are written on the squares of a picture, nan where there is none; None if there are none."""
    if len(axis.images) != 1 or axis.images[0].get_array().ndim != 2 or not axis.texts:
        return None
    found = np.full(axis.images[0].get_array().shape, np.nan)
    for text in axis.texts:
        x, y = text.get_position()
        if not re.fullmatch(r"-?\d+(\.\d+)?(/\d+)?", text.get_text()) or x != round(x) or y != round(y):
            return None
        if not (0 <= y < found.shape[0] and 0 <= x < found.shape[1]):
            return None
        found[round(y), round(x)] = float(Fraction(text.get_text()))
    return found


def told_matrix(axis: Axes, detail: int) -> str:
    """A confusion matrix by its largest entries, a kernel by all its weights, a patch by its range and two rows."""
    numbers = numbers_on(axis)
    (h, w), texts = numbers.shape, {text.get_position(): text.get_text() for text in axis.texts}
    columns, rows = ([t.get_text() for t in side.get_ticklabels()] for side in (axis.xaxis, axis.yaxis))
    if h == w and len(columns) == len(rows) == h and "class" in label_of(axis, "y"):
        entries = np.where(np.eye(h, dtype=bool), np.nan, numbers)
        order = [np.unravel_index(i, entries.shape) for i in np.argsort(-np.nan_to_num(entries).ravel())[: 2 + detail]]
        most = [f"{rows[r]} as {columns[c]} ({numbers[r, c]:,.0f})" for r, c in order if entries[r, c] > 0]
        right = np.nan_to_num(np.diag(numbers))
        said = f"{label_of(axis, 'y')} in rows, {label_of(axis, 'x')} in columns, {h} classes"
        least, best = right.argmin(), right.argmax()
        said += f"; on the diagonal {right[least]:,.0f} ({rows[least]}) to {right[best]:,.0f} ({rows[best]})"
        return said + (f"; off it most often {', '.join(most)}" if most else "; off it nothing")
    if numbers.size <= 25:
        return " / ".join(" ".join(texts.get((c, r), "") for c in range(w)) for r in range(h))
    said = f"{h} rows and {w} columns of numbers from {span(numbers)}"
    if w <= 12 and detail:
        said += f"; the first row is {' '.join(number(n) for n in numbers[0])}"
        said += f", the last row {' '.join(number(n) for n in numbers[-1])}"
    return said


def told_pictures(axes: Sequence[Axes], detail: int) -> str:
    """How many, how large, how to read their colours, and what is written above and beside them."""
    arrays = [np.ma.asarray(axis.images[0].get_array()) for axis in axes]
    sizes = {f"{array.shape[0]}x{array.shape[1]}" for array in arrays}
    said = f"{len(axes)} pictures" if len(axes) > 1 else "A picture"
    if len(sizes) == 1:
        said += f" of {sizes.pop()} pixels"
    spec = axes[0].get_subplotspec()
    grid = spec.get_gridspec() if spec else None
    if grid and grid.nrows > 1 and grid.ncols > 1 and len(axes) == grid.nrows * grid.ncols:
        said += f" in {grid.nrows} rows of {grid.ncols}"
    if reading := _colours(axes):
        said += f", {reading}"
    beside = [text.get_text() for axis in axes for text in axis.texts if text.get_text()]
    names = [axis.get_title() for axis in axes]
    if any(names):
        told = listed(_with_shares(names, arrays), 8 * (detail + 1))
        if reading.startswith("blue above 0, red below, colours") and detail:
            told += _strongest(names, arrays)
        titled = axes[0].figure.get_suptitle()
        said = f"{said}: {told}" if titled else f"{told}. {said}"  # the message first
    elif beside:
        said += f"; beside them: {listed(beside, 8 * (detail + 1))}"
    elif grid and 1 < grid.nrows <= 4 and all(a.ndim == 2 for a in arrays):
        said += f"; {_brightness([arrays[i : i + grid.ncols] for i in range(0, len(arrays), grid.ncols)], axes[0])}"
    return said


def _strongest(names: Sequence[str], arrays: Sequence[np.ndarray]) -> str:
    """Which of several pictures with one scale are most and least different from 0."""
    sizes = [np.abs(array).mean() for array in arrays]
    strong, weak = (" ".join(names[k(sizes)].partition(":")[0].split()) for k in (np.argmax, np.argmin))
    return f"; strongest in {strong}, weakest in {weak}" if len({*names}) == len(names) > 2 and strong != weak else ""


def _brightness(rows: Sequence[Sequence[np.ndarray]], axis: Axes) -> str:
    """Of each row of grey pictures, the mean; where a pixel is black or not, how many are not."""
    low, high = axis.images[0].get_clim()
    if len(np.unique(np.concatenate([array.ravel() for row in rows for array in row]))) == 2:
        parts = [
            f"{np.mean([np.mean(a > low) for a in row]):.0%}, {sum(not (a > low).any() for a in row)} wholly black"
            for row in rows
        ]
        return f"pixels of the rows that are not black: {'; '.join(parts)}"
    shares = [f"{(np.mean([a.mean() for a in row]) - low) / (high - low or 1):.0%}" for row in rows]
    return f"mean brightness of the rows, black 0 %, white 100 %: {', '.join(shares)}"


def _with_shares(names: Sequence[str], arrays: Sequence[np.ndarray]) -> list[str]:
    """Names of a few pictures; to those that are black and white only, how much is white."""
    if len(names) > 4:
        return list(names)
    texts = []
    for name, array in zip(names, arrays, strict=True):
        values = np.unique(array) if array.ndim == 2 and array.size > 100 else []
        texts.append(f"{name} ({np.mean(array == values[1]):.0%} of the pixels)" if len(values) == 2 else name)
    return texts


def _colours(axes: Sequence[Axes]) -> str:
    """How to read the colours, where they stand for numbers."""
    first = axes[0].images[0]
    if first.get_array().ndim == 3 or first.get_cmap().name in ("gray", "grey"):
        return ""
    limits = [*{image.get_clim() for axis in axes for image in axis.images}]
    if len(limits) > 1:
        said = "each with its own scale"
    else:
        low, high = limits[0]
        said = f"colours from {number(low)} to {number(high)}"
    if first.get_cmap().name == "RdBu":
        said = f"blue above 0, red below, {said}"
    if first.colorbar is not None and (name := first.colorbar.ax.get_ylabel()):
        said = f"{name} from {span(first.get_array())}"
    return said
