"""What is shown only where a reader can click: in a live notebook, not on GitHub and not in a test.

COURSE_INTERACTIVE=0 turns all of it off. Nothing heavy is imported here.
"""

import os
from collections.abc import Callable
from io import BytesIO


def live() -> bool:
    """Is there a notebook that can show widgets?"""
    if os.environ.get("COURSE_INTERACTIVE") == "0":
        return False
    try:
        from IPython import get_ipython
    except ImportError:
        return False
    return hasattr(get_ipython(), "kernel")


def offer(figure: object, make: Callable[[], object], invitation: str, package: str = "ipywidgets") -> None:
    """Display a static figure; below it, in a live notebook, a control.

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
        return
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


def beside(controls, picture):
    """Controls, and at their right a `png_widget`, which shrinks in a narrow window and then goes below."""
    import ipywidgets as widgets

    picture.layout.flex, picture.layout.min_width, picture.layout.max_width = "1 1 400px", "0", "max-content"
    return widgets.HBox([controls, picture], layout=widgets.Layout(flex_flow="row wrap"))
