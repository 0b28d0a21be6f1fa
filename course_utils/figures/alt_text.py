"""The alt text of a figure: one or two sentences with its message and its main numbers, read off what was drawn.

`show.finish` attaches it, and the notebook stores it beside the picture. It is made when the figure is shown, so what a
cell adds to a finished figure counts. The title is the message and comes first; then what each panel shows. Where a
figure says more in other words, its label holds them (`show.finish(figure, title, alt="...")`, `figure.set_label`).

The course's site uses it, and nbconvert's template `classic`. JupyterLab 4.6, and nbconvert's template `lab`, read the
width and height of a picture from its metadata, and no alt: there, COURSE_FIGURES=words prints the text above each one.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from fractions import Fraction
from functools import partial
from itertools import groupby

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Polygon
from matplotlib.text import Annotation

LIMIT = 400  # letters: a screen reader says them in about half a minute
MARKS = {"o": "dots", "x": "crosses", "s": "squares", "D": "diamonds", "^": "triangles"}
DETAILS = (4, 3, 2, 1, 0)  # all numbers; then fewer, until the text is short enough


def attach(figure: Figure, alt: str | None = None) -> None:
    """From now on, a notebook shows and stores this figure with its alt text.

    Args:
        figure: any; it may still change.
        alt: what to say after the title, in place of the numbers that `describe` finds.
    """
    if alt:
        figure.set_label(alt)
    figure._repr_mimebundle_ = partial(_bundle, figure)


def _bundle(figure: Figure, include: object = None, exclude: object = None) -> tuple[dict, dict]:
    """What IPython asks for: text, and metadata for the picture, which IPython itself draws as without this."""
    try:
        text = describe(figure)
    except Exception:  # a figure of a student's own, with what nobody thought of: show it all the same
        text = _title(figure) or "A figure without a title."
    if os.environ.get("COURSE_FIGURES") == "words":
        print(f"Figure: {text}")
    return {"text/plain": f"Figure: {text}"}, {"image/png": {"alt": text}}


def describe(figure: Figure) -> str:
    """The alt text: the title, then the figure's label or the main numbers of its panels; at most LIMIT letters."""
    title = _title(figure)
    if figure.get_label():
        return _cut(f"{title} {_sentence(figure.get_label())}".strip())
    for detail in DETAILS:
        text = " ".join(filter(None, (title, *map(_sentence, _panels(figure, detail)))))
        if len(text) <= LIMIT:
            break
    return _cut(text) or "An empty figure."


def _title(figure: Figure) -> str:
    """The message, on one line, as it was written."""
    text = " ".join(figure.get_suptitle().split())
    return f"{text}." if text and text[-1] not in ".!?" else text


def _sentence(text: str) -> str:
    """On one line, with a capital letter and a full stop."""
    text = " ".join(text.split())
    if text and text[0].islower() and not re.match(r"\w+[\d_(]|\w:", text):  # conv1, relu(x), x: are names
        text = text[0].upper() + text[1:]
    return f"{text}." if text and text[-1] not in ".!?" else text


def _cut(text: str) -> str:
    """At most LIMIT letters, cut between two things that are said."""
    if len(text) <= LIMIT:
        return text
    ends = [found.start() for found in re.finditer(r"[,;.:] ", text) if found.start() < LIMIT - 4]
    return text[: ends[-1] if ends else LIMIT - 4] + " ..."


def _number(value: float, among: Sequence[float] = ()) -> str:
    """Rounded as a reader would: three digits that count, fewer where `among` are much larger."""
    value = float(value)
    if not np.isfinite(value):
        return str(value)
    sizes = np.abs(np.append(np.ravel(among), value))
    largest = sizes[np.isfinite(sizes)].max()
    if value == 0 or abs(value) < largest / 500:
        return "0"
    if abs(value) >= 100 or value == round(value):
        return f"{value:,.0f}"
    decimals = max(2 - int(np.floor(np.log10(abs(value)))), 0)
    return f"{value:.{decimals}f}".rstrip("0").rstrip(".")


def _span(values: Sequence[float]) -> str:
    low, high = _number(np.nanmin(values), values), _number(np.nanmax(values), values)
    return low if low == high else f"{low} to {high}"


def _listed(names: Sequence[str], most: int = 24) -> str:
    """Names with commas; repeated ones are counted, numbered ones are one range; of many, the first ones."""
    names = [" ".join(name.split()) for name in names]
    numbered = [re.fullmatch(r"(.*?)(\d+)", name) for name in names]
    if len(names) > 3 and all(numbered) and len({found[1] for found in numbered}) == 1:
        numbers = [int(found[2]) for found in numbered]
        if numbers == list(range(numbers[0], numbers[0] + len(numbers))):
            return f"{names[0]} to {names[-1]}"
    texts = []
    for name, group in groupby(names):
        n = len(list(group))
        texts += [f"{n} times {name}"] if n > 2 and name else [name] * n
    texts = list(filter(None, texts))
    comma = "; " if any("," in text for text in texts) else ", "
    return comma.join(texts[:most]) + f"{comma}and {len(texts) - most} more" * (len(texts) > most)


# ---- panels ----------------------------------------------------------------------------------------------------------


def _panels(figure: Figure, detail: int) -> Iterator[str]:
    """One sentence for each panel; all panels that are pictures have one together."""
    axes = [axis for axis in figure.axes if axis.get_label() != "<colorbar>" and axis.has_data()]
    shown = [axis for axis in axes if axis.images and _numbers_on(axis) is None and not axis.lines]
    if shown and len(shown) == len(axes):
        yield _pictures(shown, detail)
        return
    last = ""
    for axis in axes:
        if axis not in shown:
            title, head, said = _panel(axis, detail)
            yield ": ".join(filter(None, (title, head if head != last else "", said)))  # the same axes are said once
            last = head
    if shown and detail:
        yield _pictures(shown, detail=0)


def _panel(axis: Axes, detail: int) -> tuple[str, str, str]:
    """Title of a panel, what its axes are, and what is in it."""
    bars = [c for c in axis.containers if isinstance(c, BarContainer) and len(c)]
    points = [c for c in axis.collections if isinstance(c, PathCollection) and len(c.get_offsets())]
    title, head = " ".join(axis.get_title().split() or axis.get_title(loc="left").split()), ""
    if _numbers_on(axis) is not None:
        said = _matrix(axis, detail)
    elif bars:
        also = [patch.get_label() for patch in axis.patches if isinstance(patch, Polygon)]
        also += [line.get_label() for line in axis.lines if not _across(axis, line)]
        also = [f"beside it {name}" for name in also if name and not name.startswith("_")]
        said = "; ".join([*(_bars(axis, c, detail) for c in bars), *_limits(axis), *also])
    elif points and not axis.lines:
        said = _scatter(axis, points)
    elif axis.lines:
        head, said = _lines(axis, detail)
    else:
        said = _listed([text.get_text() for text in axis.texts])
    return title, head, said


def _label(axis: Axes, which: str) -> str:
    """What stands beside an axis; beside the first of several that share it."""
    shared = getattr(axis, f"get_shared_{which}_axes")().get_siblings(axis)
    labels = [getattr(one, f"get_{which}label")() for one in (axis, *shared)]
    return " ".join(next(filter(None, labels), "").split())


def _tick_names(axis: Axes, which: str, numbers: bool = False) -> dict[float, str]:
    """Where a tick has a name instead of its number: place -> name. Names that are `numbers` count if asked for."""
    side = getattr(axis, f"{which}axis")
    names = {}
    for place, text in zip(side.get_ticklocs(), side.get_ticklabels(), strict=False):
        text = " ".join(text.get_text().split())
        if text and (numbers or not re.fullmatch(r"[-−]?[\d.,]+%?|\$.*\$", text)):
            names[round(float(place), 6)] = text
    return names


# ---- pictures and numbers in squares ---------------------------------------------------------------------------------


def _numbers_on(axis: Axes) -> np.ndarray | None:
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


def _matrix(axis: Axes, detail: int) -> str:
    """A confusion matrix by its largest entries, a kernel by all its weights, a patch by its range and two rows."""
    numbers = _numbers_on(axis)
    (h, w), texts = numbers.shape, {text.get_position(): text.get_text() for text in axis.texts}
    columns, rows = ([t.get_text() for t in side.get_ticklabels()] for side in (axis.xaxis, axis.yaxis))
    if h == w and len(columns) == len(rows) == h and "class" in _label(axis, "y"):
        entries = np.where(np.eye(h, dtype=bool), np.nan, numbers)
        order = [np.unravel_index(i, entries.shape) for i in np.argsort(-np.nan_to_num(entries).ravel())[: 2 + detail]]
        most = [f"{rows[r]} as {columns[c]} ({numbers[r, c]:,.0f})" for r, c in order if entries[r, c] > 0]
        right = np.nan_to_num(np.diag(numbers))
        said = f"{_label(axis, 'y')} in rows, {_label(axis, 'x')} in columns, {h} classes"
        least, best = right.argmin(), right.argmax()
        said += f"; on the diagonal {right[least]:,.0f} ({rows[least]}) to {right[best]:,.0f} ({rows[best]})"
        return said + (f"; off it most often {', '.join(most)}" if most else "; off it nothing")
    if numbers.size <= 25:
        return " / ".join(" ".join(texts.get((c, r), "") for c in range(w)) for r in range(h))
    said = f"{h} rows and {w} columns of numbers from {_span(numbers)}"
    if w <= 12 and detail:
        said += f"; the first row is {' '.join(_number(n) for n in numbers[0])}"
        said += f", the last row {' '.join(_number(n) for n in numbers[-1])}"
    return said


def _pictures(axes: Sequence[Axes], detail: int) -> str:
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
        told = _listed(_with_shares(names, arrays), 8 * (detail + 1))
        if reading.startswith("blue above 0, red below, colours") and detail:
            told += _strongest(names, arrays)
        titled = axes[0].figure.get_suptitle()
        said = f"{said}: {told}" if titled else f"{told}. {said}"  # the message first
    elif beside:
        said += f"; beside them: {_listed(beside, 8 * (detail + 1))}"
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
        said = f"colours from {_number(low)} to {_number(high)}"
    if first.get_cmap().name == "RdBu":
        said = f"blue above 0, red below, {said}"
    if first.colorbar is not None and (name := first.colorbar.ax.get_ylabel()):
        said = f"{name} from {_span(first.get_array())}"
    return said


# ---- bars, points, lines ---------------------------------------------------------------------------------------------


def _bars(axis: Axes, bars: BarContainer, detail: int) -> str:
    """Names and values, or of a histogram its range and its peak."""
    boxes = [(bar.get_x(), bar.get_y(), bar.get_width(), bar.get_height()) for bar in bars.patches]
    x, y, width, height = np.array(boxes, dtype=float).T
    lying = bars.orientation == "horizontal"
    places, values = (y + height / 2, width) if lying else (x + width / 2, height)
    label = next((x.get_label() for x in (bars, bars.patches[0]) if not x.get_label().startswith("_")), "")
    name = f"{label}, " if label else ""
    if not lying and len(values) > 12 and np.allclose(x[1:], x[:-1] + width[:-1]):
        there, share = np.flatnonzero(values > 0), (values * width).cumsum() / (values * width).sum()
        low, high = (places[np.searchsorted(share, part)] for part in (0.25, 0.75))
        said = f"{name}histogram of {_label(axis, 'x') or 'values'}: {_number(x[there[0]], x)} to "
        said += _number(x[there[-1]] + width[there[-1]], x)
        half = f"the middle half {_number(low, x)} to {_number(high, x)}" if low < high else "more than half in one bar"
        return f"{said}, {half}, the highest bar at {_number(places[values.argmax()], x)}"
    ticks = _tick_names(axis, "y" if lying else "x", numbers=True)
    names = [ticks.get(round(float(place), 6), f"bar {i + 1}") for i, place in enumerate(places)]
    parts = [f"{n} ({_number(v, values)})" for n, v in zip(names, values, strict=True)]
    if len(parts) > 2 * (detail + 1):
        order = values.argsort()
        parts = [*(parts[i] for i in order[::-1][:3]), f"the smallest {parts[order[0]]}"]
    what = _label(axis, "x" if lying else "y")
    said = ("; " if any("," in part for part in names) else ", ").join(parts)
    return f"{name}{what}: {said}" if what else f"{name}{said}"


def _scatter(axis: Axes, clouds: Sequence[PathCollection]) -> str:
    """How many points of which kind, and where they lie if the axes have numbers."""
    points = np.concatenate([cloud.get_offsets() for cloud in clouds])
    said = f"{len(points):,} points"
    names = [(cloud.get_label(), len(cloud.get_offsets())) for cloud in clouds]
    if kinds := [f"{n:,} {name}" for name, n in names if not name.startswith("_")]:
        said += f", of them {', '.join(kinds)}" if len(kinds) < len(names) else f": {', '.join(kinds)}"
    if len(axis.get_xticks()):
        said += f"; {_label(axis, 'x') or 'x'} {_span(points[:, 0])}, {_label(axis, 'y') or 'y'} {_span(points[:, 1])}"
    return said


def _limits(axis: Axes) -> Iterator[str]:
    """Straight lines across the whole panel, with the value at which they stand."""
    for line in axis.lines:
        if (which := _across(axis, line)) and not line.get_label().startswith("_"):
            value = line.get_xdata()[0] if which == "x" else line.get_ydata()[0]
            yield f"straight line at {_number(value)}, {line.get_label()}"


def _across(axis: Axes, line: Line2D) -> str:
    """ "y" for axhline, "x" for axvline, "" for another line."""
    if line.get_transform() == axis.get_yaxis_transform(which="grid"):
        return "y"
    return "x" if line.get_transform() == axis.get_xaxis_transform(which="grid") else ""


def _lines(axis: Axes, detail: int) -> tuple[str, str]:
    """What the axes are, and each line with its first and last value; rows of points by the names of the rows."""
    lines = [line for line in axis.lines if not _across(axis, line) and len(line.get_xdata())]
    points = [line for line in lines if line.get_linestyle() == "None"]
    rows, columns = _tick_names(axis, "y"), _tick_names(axis, "x")
    if len(points) == len(lines) and (rows or columns):
        return _label(axis, "x" if rows else "y"), _rows_of_points(points, rows, columns, detail)
    marks = {text.xy: text.get_text() for text in axis.texts if isinstance(text, Annotation) and text.get_text()}
    if marks and len(points) == len(lines):
        return _named_points(axis, marks, detail)
    if any(not line.get_label().startswith("_") for line in lines):
        lines = [line for line in lines if not line.get_label().startswith("_")]
    if len(lines) > 1:  # a mark on a curve says nothing more
        lines = [line for line in lines if len(line.get_xdata()) > 1 or not line.get_label().startswith("_")]
    if detail <= 1 and any("validation" in line.get_label() for line in lines):
        lines = [line for line in lines if "validation" in line.get_label()]
    if not lines:
        return "", "; ".join(_limits(axis))
    xs = np.concatenate([np.asarray(line.get_xdata(), dtype=float) for line in lines])
    x, y = _label(axis, "x") or "x", _label(axis, "y")
    if not all(_goes_right(line) for line in lines):
        lines = [line for line in lines if line.get_linestyle() == "None"] or lines
        return "", "; ".join([*(_cloud_or_path(line, x, y or "y") for line in lines), *_limits(axis)])
    across = _span(xs) if axis.get_xscale() == "linear" else f"{_number(xs.min())} to {_number(xs.max())}"
    head = f"{y} over {x} {across}" if y else f"{x} {across}"
    largest = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in lines])
    largest = largest if axis.get_yscale() == "linear" else ()  # else small values count as much as large ones
    said = [_line(line, x, largest, detail) for line in lines]
    return head, "; ".join([*said, *_limits(axis)])


def _named_points(axis: Axes, marks: dict[tuple[float, float], str], detail: int) -> tuple[str, str]:
    """Points with their names, from the lowest up; of many, the lowest and the highest."""
    parts = [
        f"{marks[place]} ({_number(place[0])}, {_number(place[1])})" for place in sorted(marks, key=lambda p: p[1])
    ]
    if len(parts) > 2 * detail:
        parts = [f"lowest {parts[0]}", f"highest {parts[-1]}"]
    across, up = _label(axis, "x") or "x", _label(axis, "y") or "y"
    return f"{len(marks)} points ({across}; {up})", ", ".join(parts)


def _goes_right(line: Line2D) -> bool:
    """Is it a curve that has one y for each x, in their order?"""
    return bool((np.diff(np.asarray(line.get_xdata(), dtype=float)) >= 0).all())


def _cloud_or_path(line: Line2D, x: str, y: str) -> str:
    """Many points by their spread and correlation, a path by its ends, a closed curve by its width and height."""
    xs, ys = np.asarray(line.get_xdata(), dtype=float), np.asarray(line.get_ydata(), dtype=float)
    name = "" if line.get_label().startswith("_") else f"{line.get_label()}: "
    if line.get_linestyle() == "None":
        spread = f"standard deviation {_number(xs.std())} in {x}, {_number(ys.std())} in {y}"
        return f"{name}{len(xs):,} points, {spread}, correlation {np.corrcoef(xs, ys)[0, 1]:.2f}"
    (x0, x1), (y0, y1) = xs[[0, -1]], ys[[0, -1]]
    if len(xs) > 20 and np.hypot(x1 - x0, y1 - y0) < 0.1 * np.ptp(xs):
        return f"{name}a closed curve, {x} {_span(xs)}, {y} {_span(ys)}"
    ends = (f"({_number(a, xs)}, {_number(b, ys)})" for a, b in ((x0, y0), (x1, y1)))
    return f"{name}from {next(ends)} to {next(ends)}"


def _line(line: Line2D, x: str, among: np.ndarray, detail: int) -> str:
    """Name, first and last value, and where it turns; of a noisy line, means of neighbours."""
    xs, ys = np.asarray(line.get_xdata(), dtype=float), np.asarray(line.get_ydata(), dtype=float)
    name = "" if line.get_label().startswith("_") else f"{line.get_label()} "
    if line.get_linestyle() == "None" and len(ys) > 1:
        return f"{name}{len(ys):,} points, {_span(ys)}"
    if line.get_linestyle() == "None":
        return f"{name}at ({_number(xs[0])}, {_number(ys[0], among)})"
    if noisy := np.count_nonzero(np.diff(np.sign(np.diff(ys)))) > 20:
        part = max(len(ys) // 20, 3)  # means of so many neighbours
        xs, ys = (np.convolve(values, np.full(part, 1 / part), mode="valid") for values in (xs, ys))
    if len(ys) == 1 or detail == 0:
        return f"{name}{'at' if len(ys) == 1 else 'ends at'} {_number(ys[-1], among)}"
    said = f"{name}{'with noise ' if noisy else ''}from {_number(ys[0], among)} to {_number(ys[-1], among)}"
    room = (0.1 if noisy else 0.03) * (np.nanmax(ys) - np.nanmin(ys))
    if detail >= 3:
        for what, i, beyond in (
            ("least", np.nanargmin(ys), min(ys[0], ys[-1]) - np.nanmin(ys)),
            ("greatest", np.nanargmax(ys), np.nanmax(ys) - max(ys[0], ys[-1])),
        ):
            if beyond > room:
                said += f", {what} {_number(ys[i], among)} at {_number(xs[i], xs)}"
    return said


def _rows_of_points(lines: Sequence[Line2D], rows: dict, columns: dict, detail: int) -> str:
    """Points in rows (or columns) that have names: of each row the range, of each kind of points apart."""
    lying = bool(rows)
    names = rows or columns
    found: dict[str, dict[str, list[float]]] = {}
    for line in lines:
        xs, ys = np.asarray(line.get_xdata(), dtype=float), np.asarray(line.get_ydata(), dtype=float)
        for x, y in zip(xs, ys, strict=True):
            place, value = (y, x) if lying else (x, y)
            row = names[min(names, key=lambda at: abs(at - place))]
            kind = (line.get_marker(), str(line.get_color()))
            found.setdefault(row, {}).setdefault(kind, []).append(value)
    labels = {(line.get_marker(), str(line.get_color())): line.get_label() for line in reversed(lines)}

    def of(kind: tuple, group: list[float], several: bool) -> str:
        label = MARKS.get(kind[0], "") if labels[kind].startswith("_") else labels[kind]
        label = label if several else ""
        return f"{label} {_span(group)}".strip()

    parts = []
    for row, kinds in found.items():
        several = len({kind[0] for kind in labels}) > 1
        parts.append(f"{row}: " + ", ".join(of(kind, group, several) for kind, group in kinds.items()))
    if len(parts) > 3 * (detail + 1):
        means = [np.mean([v for group in kinds.values() for v in group]) for kinds in found.values()]
        chosen = {"first": 0, "last": -1, "with most": np.argmax(means), "with least": np.argmin(means)}
        names = {parts[i]: " and ".join(n for n, k in chosen.items() if parts[k] == parts[i]) for i in chosen.values()}
        return f"{len(parts)} rows; " + "; ".join(f"{name}, {part}" for part, name in names.items())
    return "; ".join(parts)
