"""The alt text of a figure: one or two sentences with its message and its main numbers, read off what was drawn.

`show.finish` attaches it, and the notebook stores it beside the picture. It is made when the figure is shown, so what a
cell adds to a finished figure counts. The title is the message and comes first; then what each panel shows. Where a
figure says more in other words, its label holds them (`show.finish(figure, title, alt="...")`, `figure.set_label`).

The course's site uses it, and nbconvert's template `classic`. JupyterLab 4.6, and nbconvert's template `lab`, read the
width and height of a picture from its metadata, and no alt: there, COURSE_FIGURES=words prints the text above each one.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from functools import partial

from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from matplotlib.container import BarContainer
from matplotlib.figure import Figure
from matplotlib.patches import Polygon

from course_utils.figures.charts import is_straight, straight_lines, told_bars, told_lines, told_points
from course_utils.figures.pictures import numbers_on, told_matrix, told_pictures
from course_utils.figures.words import LIMIT, cut, listed, sentence

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
        return cut(f"{title} {sentence(figure.get_label())}".strip())
    for detail in DETAILS:
        text = " ".join(filter(None, (title, *map(sentence, _panels(figure, detail)))))
        if len(text) <= LIMIT:
            break
    return cut(text) or "An empty figure."


def _title(figure: Figure) -> str:
    """The message, on one line, as it was written."""
    text = " ".join(figure.get_suptitle().split())
    return f"{text}." if text and text[-1] not in ".!?" else text


def _panels(figure: Figure, detail: int) -> Iterator[str]:
    """One sentence for each panel; all panels that are pictures have one together."""
    axes = [axis for axis in figure.axes if axis.get_label() != "<colorbar>" and axis.has_data()]
    shown = [axis for axis in axes if axis.images and numbers_on(axis) is None and not axis.lines]
    if shown and len(shown) == len(axes):
        yield told_pictures(shown, detail)
        return
    last = ""
    for axis in axes:
        if axis not in shown:
            title, head, said = _panel(axis, detail)
            yield ": ".join(filter(None, (title, head if head != last else "", said)))  # the same axes are said once
            last = head
    if shown and detail:
        yield told_pictures(shown, detail=0)


def _panel(axis: Axes, detail: int) -> tuple[str, str, str]:
    """Title of a panel, what its axes are, and what is in it."""
    bars = [c for c in axis.containers if isinstance(c, BarContainer) and len(c)]
    points = [c for c in axis.collections if isinstance(c, PathCollection) and len(c.get_offsets())]
    title, head = " ".join(axis.get_title().split() or axis.get_title(loc="left").split()), ""
    if numbers_on(axis) is not None:
        said = told_matrix(axis, detail)
    elif bars:
        also = [patch.get_label() for patch in axis.patches if isinstance(patch, Polygon)]
        also += [line.get_label() for line in axis.lines if not is_straight(axis, line)]
        also = [f"beside it {name}" for name in also if name and not name.startswith("_")]
        said = "; ".join([*(told_bars(axis, c, detail) for c in bars), *straight_lines(axis), *also])
    elif points and not axis.lines:
        said = told_points(axis, points)
    elif axis.lines:
        head, said = told_lines(axis, detail)
    else:
        said = listed([text.get_text() for text in axis.texts])
    return title, head, said
