"""Figures have the look of the course, and `setup()` imports nothing that draws."""

import subprocess
import sys

import matplotlib as mpl
import pytest

from course_utils import show
from course_utils.figures import style

TELL = "import matplotlib as mpl; print(mpl.rcParams['image.cmap'], mpl.rcParams['lines.linewidth'])"


@pytest.mark.parametrize("before", ["", "import matplotlib.pyplot; "])
def test_the_look_is_that_of_the_course_whenever_matplotlib_is_imported(before):
    code = f"{before}from course_utils.figures.style import use_style; use_style(); {TELL}"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, encoding="utf-8")
    assert done.stdout.split() == ["gray", "2.0"]


def test_the_colours_are_those_of_show():
    look = mpl.rc_params_from_file(style.FILE, use_default_template=False)
    assert tuple(look["axes.prop_cycle"].by_key()["color"]) == show.COLORS


def test_setup_imports_nothing_that_takes_long():
    """The first cell of a lesson waits for PyTorch alone; torchvision and matplotlib take seconds more."""
    code = (
        "import sys, torch; before = set(sys.modules); from course_utils.course import setup; setup('05')\n"
        "print(sorted({name.split('.')[0] for name in set(sys.modules) - before}))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True, encoding="utf-8")
    assert not {"torchvision", "matplotlib", "cv2", "IPython"} & set(eval(done.stdout.splitlines()[-1]))
