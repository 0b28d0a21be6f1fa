"""The pale colour says the model's answer at every place, and every point is drawn in the colour of its class."""

import numpy as np
import torch
from matplotlib.colors import to_rgba

from course_utils import show
from course_utils.network.boundary import MARKERS, boundaries

POINTS = torch.tensor([[1.0, 0.0], [-1.0, 0.5], [0.5, -2.0], [-0.5, 0.2]])
LABELS = torch.tensor([0, 1, 0, 1])


def right_or_left(x):
    return torch.stack([x[:, 0], -x[:, 0]], dim=1)


def test_one_panel_for_each_model_with_its_answer_at_every_place():
    figure = boundaries({"sides": right_or_left, "halves": lambda x: right_or_left(x.flip(1))}, POINTS, LABELS, "See")
    assert [axis.get_title() for axis in figure.axes] == ["sides", "halves"] and figure.get_suptitle() == "See"
    for axis, is_vertical in zip(figure.axes, (True, False), strict=True):
        mesh, *clouds = axis.collections
        answers = mesh.get_array().reshape(200, 200)  # rows from low y to high y
        answers = answers if is_vertical else answers.T
        assert np.array_equal(answers[0], np.repeat([1, 0], 100)) and (answers == answers[0]).all()
        assert [len(cloud.get_offsets()) for cloud in clouds] == [2, 2]
        assert [tuple(cloud.get_facecolor()[0]) for cloud in clouds] == [to_rgba(color) for color in show.COLORS[:2]]
        low, high = axis.get_xlim()
        assert low < -2 and high > 2, "all points lie inside"
    assert [text.get_text() for text in figure.legends[0].get_texts()] == ["class 0", "class 1"]
    assert figure.get_label().startswith("2 points of class 0, 1.0 to 2.1 from the middle; 2 points of class 1, 0.5 to")
    assert figure.get_label().endswith(
        "sides: 100% of the points on the side of their class; halves: 25% of the points on the side of their class"
    )


def test_the_points_alone_and_models_that_learn():
    figure = boundaries({}, POINTS, LABELS)
    assert len(figure.axes) == 1 and len(figure.axes[0].collections) == 2
    model = torch.nn.Linear(2, 3)
    boundaries({"linear": model}, POINTS.requires_grad_(), LABELS)
    assert model.weight.grad is None and len(MARKERS) == len(show.COLORS)
