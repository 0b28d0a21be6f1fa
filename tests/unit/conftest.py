"""What several unit tests need: titles without a word about stand-in data, and what a notebook would show."""

import pytest


@pytest.fixture
def real_data(monkeypatch):
    """No test before has loaded a stand-in, so no title of a figure says so."""
    from course_utils.files import standin  # slow, and not every test needs it

    monkeypatch.setattr(standin, "used", set())


@pytest.fixture
def shown(monkeypatch):
    """What is displayed, in its order."""
    things = []
    monkeypatch.setattr("IPython.display.display", lambda thing, raw=False: things.append(thing))
    return things
