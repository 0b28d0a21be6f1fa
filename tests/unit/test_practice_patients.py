"""The patients of lesson 11: each is trained with its one fault, and shows it in what can be seen."""

import matplotlib.pyplot as plt
import pytest
import torch

from course_utils.course import Course
from course_utils.data import load
from course_utils.practice.patients import PATIENTS, examine, other_labels, softmax_twice

pytestmark = pytest.mark.usefixtures("one_thread")


@pytest.fixture(scope="module")
def mnist():
    return load("mnist")


def course(speed: str) -> Course:
    return Course("11", 777, speed, torch.device("cpu"))


@pytest.mark.parametrize("name", PATIENTS)
def test_a_new_patient_looks_healthy_and_the_chart_holds_what_is_known(mnist, name):
    chart = examine(name, mnist, course("smoke"))
    text = str(chart)
    assert chart.before.ok and len(chart.history) == 1
    assert text.startswith(f"Patient {name}: {PATIENTS[name].pictures:,} training pictures, 1,000 for validation")
    assert text.count("dead ReLUs") == text.count("one batch, 100 steps") == 2 and "change of the weights" in text
    assert PATIENTS[name].fault not in text
    assert len(chart.draw().axes) == 2
    plt.close("all")


def test_other_labels_are_the_same_labels_in_another_order(mnist):
    few = mnist.train.subset(slice(500))
    moved = other_labels(few)
    assert torch.equal(moved.images, few.images)
    assert torch.equal(moved.labels.bincount(), few.labels.bincount())
    assert (moved.labels == few.labels).double().mean() < 0.3


def test_a_softmax_too_many_has_a_floor():
    sure = torch.tensor([[50.0, *[0.0] * 9]])
    assert softmax_twice(sure, torch.tensor([0])).item() == pytest.approx(1.4612, abs=1e-4)
