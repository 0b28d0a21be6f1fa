"""Where nobody can click, a static figure and one line; where somebody can, a control below the figure."""

import sys
from types import SimpleNamespace

import pytest
import torch

from course_utils import show
from course_utils.widgets import live


def test_live_needs_a_kernel_and_can_be_turned_off(monkeypatch):
    monkeypatch.setenv("COURSE_INTERACTIVE", "1")
    assert not live.live(), "no kernel here"
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=None))
    assert live.live()
    monkeypatch.setenv("COURSE_INTERACTIVE", "0")
    assert not live.live()
    monkeypatch.setitem(sys.modules, "IPython", None)
    monkeypatch.setenv("COURSE_INTERACTIVE", "1")
    assert not live.live(), "no IPython, no notebook"


def test_headless_the_control_is_not_built(shown, capsys):
    live.offer("figure", lambda: pytest.fail("no control without a browser"), "draw")
    assert shown == ["figure"] and capsys.readouterr().out == "In a live notebook you can draw here.\n"


def test_live_the_control_stands_below_the_figure(shown, capsys, monkeypatch):
    monkeypatch.setattr(live, "live", lambda: True)
    live.offer("figure", lambda: "control", "draw")
    assert shown == ["figure", "control"] and not capsys.readouterr().out


def test_a_missing_package_is_named(shown, capsys, monkeypatch):
    def make():
        raise ImportError("ipywidgets")

    monkeypatch.setattr(live, "live", lambda: True)
    live.offer("figure", make, "edit the kernel")
    told = capsys.readouterr().out
    assert shown == ["figure"] and told.startswith("To edit the kernel here") and "pip install ipywidgets" in told


def test_png_is_a_picture():
    assert live.png(show.images(torch.ones(1, 2, 2))).startswith(b"\x89PNG")
