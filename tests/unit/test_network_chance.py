"""A histogram of chance has all draws, a pair of lines for each measured thing, and the shares in its title."""

import pytest
import torch

from course_utils.network.chance import against_chance

pytestmark = pytest.mark.usefixtures("real_data")


def test_every_draw_and_every_pair_is_drawn():
    draws = torch.arange(200) / 200
    figure = against_chance(draws, {"seed 1": (0.2, 0.9), "seed 2": (0.5, 2.0)}, "similarity")
    axis = figure.axes[0]
    assert sum(bar.get_height() for bar in axis.patches) == 200
    assert [line.get_xdata()[0] for line in axis.lines] == [0.2, 0.9, 0.5, 2.0]
    assert [line.get_linestyle() for line in axis.lines] == [":", "-", ":", "-"]
    assert axis.lines[0].get_color() == axis.lines[1].get_color() != axis.lines[2].get_color()
    assert figure.get_suptitle() == "Chance reaches the solid lines in 10.0%, 0.0% of the draws"
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert names == ["200 random draws", "seed 1", "seed 2", "before the training"]
    assert axis.get_xlabel() == "similarity"
    told = "similarity of 200 random draws 0.00 to 1.00, the middle half 0.25 to 0.75; "
    told += "seed 1 0.20 before the training, 0.90 after it; seed 2 0.50 before the training, 2.00 after it"
    assert figure.get_label() == told
    assert against_chance(draws, {}, "x", "a title").get_suptitle() == "a title"
