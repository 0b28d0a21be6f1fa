"""The look of every matplotlib figure of the course: course.mplstyle."""

import os
import sys
from pathlib import Path

FILE = Path(__file__).with_name("course.mplstyle")


def use_style() -> None:
    """Give every matplotlib figure of this process the look of the course. `setup()` calls it.

    matplotlib takes the better part of a second to import; when it is, it reads the file that MATPLOTLIBRC names.
    """
    os.environ["MATPLOTLIBRC"] = str(FILE)
    if matplotlib := sys.modules.get("matplotlib"):
        matplotlib.rcParams.update(matplotlib.rc_params_from_file(FILE, use_default_template=False))
