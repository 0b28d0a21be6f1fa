"""The alt text says what is drawn: message, names, numbers; and a notebook draws the same picture as without it."""

import base64

import matplotlib.pyplot as plt
import numpy as np
import pytest
import torch
from IPython.core.formatters import DisplayFormatter
from IPython.core.pylabtools import print_figure
from matplotlib.figure import Figure

from course_utils import show
from course_utils.figures.alt_text import describe
from course_utils.figures.style import use_style
from course_utils.figures.words import LIMIT
from course_utils.train import History
from course_utils.widgets.kernels import show_kernels, show_pixels

pytestmark = pytest.mark.usefixtures("real_data")


@pytest.fixture(autouse=True)
def style():
    with plt.rc_context():
        use_style()
        yield


def panel(title=None, **axes):
    figure, axis = plt.subplots()
    axis.set(**axes)
    return show.finish(figure, title), axis


def test_lines_tell_their_ends_and_where_they_turn():
    figure, axis = panel("It turns", xlabel="epoch", ylabel="loss")
    axis.plot([1, 2, 3, 4], [2, 0.5, 0.254321, 1], label="net")
    axis.plot([1, 4], [3, 0.0001], label="other")
    axis.axhline(2.3, label="guessing")
    axis.plot([2], [2], "k+")  # no name: only a mark
    assert describe(figure) == (
        "It turns. Loss over epoch 1 to 4: net from 2 to 1, least 0.254 at 3; other from 3 to 0; "
        "straight line at 2.3, guessing."
    )


def test_a_noisy_line_tells_means():
    figure, axis = panel("Noise", xlabel="step", ylabel="loss")
    axis.plot(np.linspace(-1, 2, 200) ** 2 + 0.5 * (-1) ** np.arange(200))
    assert describe(figure) == "Noise. Loss over step 0 to 199: with noise from 0.871 to 3.74, least 0 at 66.5."


def test_bars_tell_names_and_values():
    figure, axis = panel("Costs", xlabel="seconds")
    axis.barh(["one process", "two"], [4.512, 2])
    assert describe(figure) == "Costs. Seconds: one process (4.51), two (2)."
    figure, axis = panel("Many")
    axis.bar([f"bar {i} of a long list" for i in range(20)], range(20))
    told = describe(figure)
    assert "Bar 19 of a long list (19)" in told and "the smallest bar 0 of a long list (0)" in told
    assert "bar 9 of" not in told


def test_a_histogram_tells_where_its_middle_half_lies():
    figure, axis = panel("Bell", xlabel="weight")
    axis.hist(np.linspace(0, 1, 1000) ** 2, bins=20, label="squares")
    assert describe(figure).startswith(
        "Bell. Squares, histogram of weight: 0 to 1, the middle half 0.075 to 0.575, the"
    )


def test_points_tell_how_many_and_rows_of_points_their_names():
    figure, axis = panel("Points", xlabel="left", ylabel="right")
    axis.scatter([1, 2, 3], [0, 5, 2], label="class 0")
    assert describe(figure) == "Points. 3 points: 3 class 0; left 1 to 3, right 0 to 5."
    figure, axis = panel("Rows", yticks=[0, 1], yticklabels=["CNN", "MLP"], xlabel="accuracy in %")
    axis.plot([97, 98.5], [0.1, -0.1], "o")
    axis.plot([91, 91], [1, 1], "o")
    assert describe(figure) == "Rows. Accuracy in %: CNN: 97 to 98.5; MLP: 91."


def test_pictures_tell_their_titles_sizes_and_colours():
    figure = show.images(torch.zeros(10, 4, 6), [str(k) for k in range(10)], columns=5, title="Digits")
    assert describe(figure) == "Digits. 10 pictures of 4x6 pixels in 2 rows of 5: 0 to 9."
    figure = show.images(torch.tensor([[[-2.0, 1.0]]] * 3), ["a", "b", "c"], cmap="RdBu", title="Signed")
    assert describe(figure) == (
        "Signed. 3 pictures of 1x2 pixels, blue above 0, red below, colours from -2 to 2: a, b, c."
    )
    greys = torch.tensor([0.5, 1.0, 0.0, 0.1])
    told = describe(show.images(greys[:, None, None].expand(4, 4, 4), columns=2, title="Rows"))
    assert told.endswith("2 rows of 2; mean brightness of the rows, black 0 %, white 100 %: 75%, 5%.")
    told = describe(show.images(greys.ceil()[:, None, None].expand(4, 4, 4), columns=2))
    assert told.endswith("pixels of the rows that are not black: 100%, 0 wholly black; 50%, 1 wholly black.")
    ink = torch.zeros(1, 40, 40)
    ink[0, :10] = 1
    assert describe(show.images(ink, ["white: ink"])) == "White: ink (25% of the pixels). A picture of 40x40 pixels."


def test_numbers_in_squares():
    kernel = np.array([[-1, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    assert describe(show_kernels([kernel], ["Sobel"], "A kernel")) == "A kernel. Sobel: -1 0 1 / -2 0 2 / -1 0 1."
    assert describe(show_pixels(np.arange(60).reshape(6, 10), "A patch")) == (
        "A patch. 6 rows and 10 columns of numbers from 0 to 59; the first row is 0 1 2 3 4 5 6 7 8 9, "
        "the last row 50 51 52 53 54 55 56 57 58 59."
    )
    targets, predictions = torch.tensor([0, 0, 1, 2, 2]), torch.tensor([0, 1, 1, 0, 0])
    told = describe(show.confusion(targets, predictions, ["cat", "dog", "ship"]))
    assert "3 classes; on the diagonal 0 (ship) to 1 (cat); off it most often ship as cat (2), cat as dog (1)." in told


def test_many_trainings_are_told_in_few_letters():
    values = [0.123456, 0.3, 0.2, 0.25]
    history = History(values, values, values, values, [1.0] * 4, [1.0] * 4)
    told = describe(show.curves({f"a training with a long name {i}": history for i in range(4)}, "Four"))
    assert len(told) <= LIMIT and told.startswith("Four. Loss per sample over epoch 1 to 4: ")
    assert "validation" in told and "train " not in told
    told = describe(show.curves({f"a training with a long name {i}": history for i in range(20)}, "Twenty"))
    assert LIMIT - 100 < len(told) <= LIMIT and told.endswith(" ...")


def test_other_words_stand_in_place_of_the_numbers():
    figure, axis = plt.subplots()
    axis.plot([1, 2])
    assert describe(show.finish(figure, "A line", alt="it goes up")) == "A line. It goes up."
    assert describe(Figure()) == "An empty figure."


def test_what_is_added_later_counts_and_a_fault_hides_no_figure(monkeypatch):
    figure, axis = panel("Later", xlabel="x")
    axis.plot([0, 1], [0, 5])
    data, metadata = figure._repr_mimebundle_()
    assert data == {"text/plain": "Figure: Later. X 0 to 1: from 0 to 5."}
    assert metadata == {"image/png": {"alt": "Later. X 0 to 1: from 0 to 5."}}
    monkeypatch.setattr(figure.axes[0], "get_xlabel", lambda: 1 / 0)
    assert figure._repr_mimebundle_()[1] == {"image/png": {"alt": "Later."}}


def test_who_asks_for_words_gets_them_printed(monkeypatch, capsys):
    figure = show.images(torch.zeros(1, 4, 4), title="One")
    figure._repr_mimebundle_()
    assert capsys.readouterr().out == ""
    monkeypatch.setenv("COURSE_FIGURES", "words")
    figure._repr_mimebundle_()
    assert capsys.readouterr().out == "Figure: One. A picture of 4x4 pixels.\n"


def test_ipython_draws_the_same_picture_as_without():
    figure, axis = panel("The same", xlabel="x")
    axis.plot([0, 1], [0, 5])
    formatter = DisplayFormatter()
    formatter.active_types = ["text/plain", "image/png"]
    formatter.formatters["image/png"].for_type(Figure, lambda fig: print_figure(fig, base64=True))  # as inline does
    data, metadata = formatter.format(figure)
    assert metadata["image/png"]["alt"] in data["text/plain"]
    del figure._repr_mimebundle_
    assert formatter.format(figure)[0]["image/png"] == data["image/png"]
    assert base64.b64decode(data["image/png"]).startswith(b"\x89PNG")
