"""Panels with bars, points and lines, in words: names, first and last values, and where a curve turns."""

from collections.abc import Iterator, Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.container import BarContainer
from matplotlib.lines import Line2D
from matplotlib.text import Annotation

from course_utils.figures.words import label_of, number, span, tick_names

MARKS = {"o": "dots", "x": "crosses", "s": "squares", "D": "diamonds", "^": "triangles"}


def told_bars(axis: Axes, bars: BarContainer, detail: int) -> str:
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
        said = f"{name}histogram of {label_of(axis, 'x') or 'values'}: {number(x[there[0]], x)} to "
        said += number(x[there[-1]] + width[there[-1]], x)
        half = f"the middle half {number(low, x)} to {number(high, x)}" if low < high else "more than half in one bar"
        return f"{said}, {half}, the highest bar at {number(places[values.argmax()], x)}"
    ticks = tick_names(axis, "y" if lying else "x", numbers=True)
    names = [ticks.get(round(float(place), 6), f"bar {i + 1}") for i, place in enumerate(places)]
    parts = [f"{n} ({number(v, values)})" for n, v in zip(names, values, strict=True)]
    if len(parts) > 2 * (detail + 1):
        order = values.argsort()
        parts = [*(parts[i] for i in order[::-1][:3]), f"the smallest {parts[order[0]]}"]
    what = label_of(axis, "x" if lying else "y")
    said = ("; " if any("," in part for part in names) else ", ").join(parts)
    return f"{name}{what}: {said}" if what else f"{name}{said}"


def told_points(axis: Axes, clouds: Sequence[PathCollection]) -> str:
    """How many points of which kind, and where they lie if the axes have numbers."""
    points = np.concatenate([cloud.get_offsets() for cloud in clouds])
    said = f"{len(points):,} points"
    names = [(cloud.get_label(), len(cloud.get_offsets())) for cloud in clouds]
    if kinds := [f"{n:,} {name}" for name, n in names if not name.startswith("_")]:
        said += f", of them {', '.join(kinds)}" if len(kinds) < len(names) else f": {', '.join(kinds)}"
    if len(axis.get_xticks()):
        said += (
            f"; {label_of(axis, 'x') or 'x'} {span(points[:, 0])}, {label_of(axis, 'y') or 'y'} {span(points[:, 1])}"
        )
    return said


def straight_lines(axis: Axes) -> Iterator[str]:
    """Straight lines across the whole panel, with the value at which they stand."""
    for line in axis.lines:
        if (which := is_straight(axis, line)) and not line.get_label().startswith("_"):
            value = line.get_xdata()[0] if which == "x" else line.get_ydata()[0]
            yield f"straight line at {number(value)}, {line.get_label()}"


def is_straight(axis: Axes, line: Line2D) -> str:
    """ "y" for axhline, "x" for axvline, "" for another line."""
    if line.get_transform() == axis.get_yaxis_transform(which="grid"):
        return "y"
    return "x" if line.get_transform() == axis.get_xaxis_transform(which="grid") else ""


def told_lines(axis: Axes, detail: int) -> tuple[str, str]:
    """What the axes are, and each line with its first and last value; rows of points by the names of the rows."""
    lines = [line for line in axis.lines if not is_straight(axis, line) and len(line.get_xdata())]
    points = [line for line in lines if line.get_linestyle() == "None"]
    rows, columns = tick_names(axis, "y"), tick_names(axis, "x")
    if len(points) == len(lines) and (rows or columns):
        return label_of(axis, "x" if rows else "y"), _rows_of_points(points, rows, columns, detail)
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
        return "", "; ".join(straight_lines(axis))
    xs = np.concatenate([np.asarray(line.get_xdata(), dtype=float) for line in lines])
    x, y = label_of(axis, "x") or "x", label_of(axis, "y")
    if not all(_goes_right(line) for line in lines):
        lines = [line for line in lines if line.get_linestyle() == "None"] or lines
        return "", "; ".join([*(_cloud_or_path(line, x, y or "y") for line in lines), *straight_lines(axis)])
    across = span(xs) if axis.get_xscale() == "linear" else f"{number(xs.min())} to {number(xs.max())}"
    head = f"{y} over {x} {across}" if y else f"{x} {across}"
    largest = np.concatenate([np.asarray(line.get_ydata(), dtype=float) for line in lines])
    largest = largest if axis.get_yscale() == "linear" else ()  # else small values count as much as large ones
    said = [_line(line, x, largest, detail) for line in lines]
    return head, "; ".join([*said, *straight_lines(axis)])


def _named_points(axis: Axes, marks: dict[tuple[float, float], str], detail: int) -> tuple[str, str]:
    """Points with their names, from the lowest up; of many, the lowest and the highest."""
    parts = [f"{marks[place]} ({number(place[0])}, {number(place[1])})" for place in sorted(marks, key=lambda p: p[1])]
    if len(parts) > 2 * detail:
        parts = [f"lowest {parts[0]}", f"highest {parts[-1]}"]
    across, up = label_of(axis, "x") or "x", label_of(axis, "y") or "y"
    return f"{len(marks)} points ({across}; {up})", ", ".join(parts)


def _goes_right(line: Line2D) -> bool:
    """Is it a curve that has one y for each x, in their order?"""
    return bool((np.diff(np.asarray(line.get_xdata(), dtype=float)) >= 0).all())


def _cloud_or_path(line: Line2D, x: str, y: str) -> str:
    """Many points by their spread and correlation, a path by its ends, a closed curve by its width and height."""
    xs, ys = np.asarray(line.get_xdata(), dtype=float), np.asarray(line.get_ydata(), dtype=float)
    name = "" if line.get_label().startswith("_") else f"{line.get_label()}: "
    if line.get_linestyle() == "None":
        spread = f"standard deviation {number(xs.std())} in {x}, {number(ys.std())} in {y}"
        return f"{name}{len(xs):,} points, {spread}, correlation {np.corrcoef(xs, ys)[0, 1]:.2f}"
    (x0, x1), (y0, y1) = xs[[0, -1]], ys[[0, -1]]
    if len(xs) > 20 and np.hypot(x1 - x0, y1 - y0) < 0.1 * np.ptp(xs):
        return f"{name}a closed curve, {x} {span(xs)}, {y} {span(ys)}"
    ends = (f"({number(a, xs)}, {number(b, ys)})" for a, b in ((x0, y0), (x1, y1)))
    return f"{name}from {next(ends)} to {next(ends)}"


def _line(line: Line2D, x: str, among: np.ndarray, detail: int) -> str:
    """Name, first and last value, and where it turns; of a noisy line, means of neighbours."""
    xs, ys = np.asarray(line.get_xdata(), dtype=float), np.asarray(line.get_ydata(), dtype=float)
    name = "" if line.get_label().startswith("_") else f"{line.get_label()} "
    if line.get_linestyle() == "None" and len(ys) > 1:
        return f"{name}{len(ys):,} points, {span(ys)}"
    if line.get_linestyle() == "None":
        return f"{name}at ({number(xs[0])}, {number(ys[0], among)})"
    if noisy := np.count_nonzero(np.diff(np.sign(np.diff(ys)))) > 20:
        part = max(len(ys) // 20, 3)  # means of so many neighbours
        xs, ys = (np.convolve(values, np.full(part, 1 / part), mode="valid") for values in (xs, ys))
    if len(ys) == 1 or detail == 0:
        return f"{name}{'at' if len(ys) == 1 else 'ends at'} {number(ys[-1], among)}"
    said = f"{name}{'with noise ' if noisy else ''}from {number(ys[0], among)} to {number(ys[-1], among)}"
    room = (0.1 if noisy else 0.03) * (np.nanmax(ys) - np.nanmin(ys))
    if detail >= 3:
        for what, i, beyond in (
            ("least", np.nanargmin(ys), min(ys[0], ys[-1]) - np.nanmin(ys)),
            ("greatest", np.nanargmax(ys), np.nanmax(ys) - max(ys[0], ys[-1])),
        ):
            if beyond > room:
                said += f", {what} {number(ys[i], among)} at {number(xs[i], xs)}"
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
        return f"{label} {span(group)}".strip()

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
