"""What is shown only where a reader can click: in a live notebook and on the course's site, not on GitHub or in a test.

A control that the browser computes is one file NAME.js in this folder, an ES module:

    export default { render };        // render({ model, el }) draws into the element el

`model.get(KEY)` gives what Python gave once, in `Control.state`. In a notebook anywidget is the host; on the site it is
docs/site/static/host.js, which reads the same state from the stored output. So one front end serves both, and Python is
not asked again. COURSE_INTERACTIVE=0 shows no control. Nothing heavy is imported here.
"""

import base64
import os
import re
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

import numpy as np

MIME = "application/vnd.course.control+json"
IMPORT = re.compile(r'^import \{([^}]*)\} from "\./([\w.]+\.js)";\n', re.M)
EXPORT = re.compile(r"^export (?=(?:async )?(?:function\*?|const|let|class) (\w+))", re.M)


class Control(NamedTuple):
    """A control that the browser computes, without Python."""

    name: str
    """The file NAME.js in this folder."""
    title: str
    """What a reader can do, such as "Edit the kernel": its heading on the site's page *Play*."""
    about: str
    """One sentence about it, for the same page."""
    state: Mapping[str, object]
    """What the module gets with `model.get`: numbers, texts, lists, and arrays as `packed`.

    A dictionary loses its order in a stored notebook."""

    def bundle(self) -> dict[str, object]:
        """What a stored notebook keeps: data for the site, and a line for all who cannot show a control."""
        offered = self.title[0].lower() + self.title[1:]
        return {
            MIME: {"control": self.name, "title": self.title, "about": self.about, "state": dict(self.state)},
            "text/plain": f"In a live notebook, or on the course's site, you can {offered} here.",
        }

    def widget(self):
        """The control in a live notebook.

        Raises:
            ImportError: anywidget is not installed.
        """
        import anywidget
        import traitlets

        keys = {key: traitlets.Any().tag(sync=True) for key in self.state}
        return type(self.name, (anywidget.AnyWidget,), {"_esm": source(self.name), **keys})(**self.state)


def source(name: str) -> str:
    """The text of the module NAME.js as anywidget takes it: one file, with what it imports from this folder inside."""
    return _inlined(Path(__file__).with_name(f"{name}.js"))


def _inlined(path: Path) -> str:
    """The text of a module; in the place of an import stands the imported file, as a function that is called once."""

    def insides(found: re.Match) -> str:
        text = _inlined(path.with_name(found[2]))
        exported = ", ".join(EXPORT.findall(text))
        wanted = re.sub(r"\s+", " ", found[1]).replace(" as ", ": ")
        return f"const {{{wanted}}} = (() => {{\n{EXPORT.sub('', text)}\nreturn {{ {exported} }};\n}})();\n"

    return IMPORT.sub(insides, path.read_text(encoding="utf-8"))


def packed(array: np.ndarray) -> dict[str, object]:
    """An array of uint8 or float32 as a part of a state: `unpacked` in parts.js makes a typed array of it again."""
    array = np.asarray(array)
    kind = array.dtype.name
    if kind not in ("uint8", "float32"):
        raise TypeError(f"the array holds {kind}: expected uint8 or float32, which browsers have, too")
    data = np.ascontiguousarray(array, dtype=array.dtype.newbyteorder("<")).tobytes()
    return {"shape": list(array.shape), "kind": kind, "base64": base64.b64encode(data).decode()}


def live() -> bool:
    """Is there a notebook that can show widgets?"""
    if os.environ.get("COURSE_INTERACTIVE") == "0":
        return False
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")


def offer(figure: object, control: Control) -> None:
    """Display a static figure; below it the control, or, where no notebook is live, what the site makes one of.

    Args:
        figure: says the same to a reader who cannot click.
        control: see there.
    """
    from IPython.display import display

    display(figure)
    if not live():
        display(control.bundle(), raw=True)
    else:
        _display(control.widget, control.title[0].lower() + control.title[1:], "anywidget")


def offer_with_python(figure: object, make: Callable[[], object], invitation: str, package: str = "ipywidgets") -> None:
    """Display a static figure; below it, in a live notebook, a control that asks Python at each change.

    Args:
        figure: says the same to a reader who cannot click.
        make: builds the control; called in a live notebook only. It raises ImportError where its package is missing.
        invitation: what the control is good for, printed where it cannot be shown, such as "draw".
        package: what to install when it is missing.
    """
    from IPython.display import display

    display(figure)
    if not live():
        print(f"In a live notebook you can {invitation} here.")
    else:
        _display(make, invitation, package)


def _display(make: Callable[[], object], invitation: str, package: str) -> None:
    from IPython.display import display

    try:
        control = make()
    except ImportError:
        print(
            f"To {invitation} here you need the package {package}. In a terminal: python -m pip install {package}   "
            "Then start JupyterLab again."
        )
        return
    display(control)


def png(figure) -> bytes:
    """A figure as a file for `widgets.Image`, which shows it faster than `widgets.Output` does, and without flicker."""
    file = BytesIO()
    figure.savefig(file, format="png")
    return file.getvalue()


def png_widget():
    """A widget for a figure's `png`: it shrinks with the window, and no box stretches it."""
    import ipywidgets as widgets

    return widgets.Image(format="png", layout=widgets.Layout(align_self="flex-start"))
