"""What a reader finds in a control of ipywidgets: its fields by their labels, its picture, its text."""

import io
from collections.abc import Iterator

import ipywidgets as widgets
import matplotlib.pyplot as plt
import numpy as np


def parts(control: widgets.Widget) -> Iterator[widgets.Widget]:
    """The control and all that it holds."""
    yield control
    for child in getattr(control, "children", ()):
        yield from parts(child)


def labelled(control: widgets.Widget) -> dict[str, widgets.Widget]:
    """What a reader can change, by its label; no field may be without one."""
    fields = [part for part in parts(control) if not isinstance(part, (widgets.Box, widgets.Image, widgets.HTML))]
    found = {field.description: field for field in fields}
    assert len(found) == len(fields) and "" not in found, "a field has no label, or two have the same"
    return found


def only(control: widgets.Widget, kind: type) -> widgets.Widget:
    """The one picture or text of a control."""
    (found,) = (part for part in parts(control) if type(part) is kind)
    return found


def picture(control: widgets.Widget) -> np.ndarray:
    return plt.imread(io.BytesIO(only(control, widgets.Image).value))
