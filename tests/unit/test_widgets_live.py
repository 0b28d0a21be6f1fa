"""Where nobody can click, a static figure and one line; where somebody can, a control below the figure."""

import sys
from types import SimpleNamespace

import pytest

from course_utils import interactive


@pytest.fixture
def shown(monkeypatch):
    things = []
    monkeypatch.setattr("IPython.display.display", things.append)
    return things


def test_live_needs_a_kernel_and_can_be_turned_off(monkeypatch):
    monkeypatch.setenv("COURSE_INTERACTIVE", "1")
    assert not interactive.live(), "no kernel here"
    monkeypatch.setattr("IPython.get_ipython", lambda: SimpleNamespace(kernel=None))
    assert interactive.live()
    monkeypatch.setenv("COURSE_INTERACTIVE", "0")
    assert not interactive.live()
    monkeypatch.setitem(sys.modules, "IPython", None)
    monkeypatch.setenv("COURSE_INTERACTIVE", "1")
    assert not interactive.live(), "no IPython, no notebook"


def test_headless_the_control_is_not_built(shown, capsys):
    interactive.offer("figure", lambda: pytest.fail("no control without a browser"), "draw")
    assert shown == ["figure"] and capsys.readouterr().out == "In a live notebook you can draw here.\n"


def test_live_the_control_stands_below_the_figure(shown, capsys, monkeypatch):
    monkeypatch.setattr(interactive, "live", lambda: True)
    interactive.offer("figure", lambda: "control", "draw")
    assert shown == ["figure", "control"] and not capsys.readouterr().out


def test_a_missing_package_is_named(shown, capsys, monkeypatch):
    def make():
        raise ImportError("ipywidgets")

    monkeypatch.setattr(interactive, "live", lambda: True)
    interactive.offer("figure", make, "edit the kernel")
    told = capsys.readouterr().out
    assert shown == ["figure"] and told.startswith("To edit the kernel here") and "pip install ipywidgets" in told
