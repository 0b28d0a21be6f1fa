"""Confidence and accuracy are checked against numbers that can be had by hand."""

import pytest
import torch

from course_utils.network.calibration import calibration_error, confident_mistakes, reliability, reliability_diagram

pytestmark = pytest.mark.usefixtures("real_data")
CLASSES = ("cat", "dog", "ship")


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def logits_of(*probabilities: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(probabilities).log()


def test_confident_mistakes_are_ordered_and_named():
    logits = logits_of((0.6, 0.3, 0.1), (0.05, 0.9, 0.05), (0.2, 0.1, 0.7), (0.8, 0.1, 0.1))
    targets, images = torch.tensor([1, 1, 0, 2]), torch.arange(4, dtype=torch.uint8)[:, None, None, None]
    figure = confident_mistakes(images, logits, targets, CLASSES)
    shown = [axis for axis in figure.axes if axis.images]
    assert [axis.get_title() for axis in shown] == ["ship as\ncat, 80%", "cat as\nship, 70%", "dog as\ncat, 60%"]
    assert [axis.images[0].get_array().item() for axis in shown] == [3, 2, 0]
    assert len([a for a in confident_mistakes(images, logits, targets, CLASSES, n=2).axes if a.images]) == 2


def test_calibration_by_hand():
    # two at 0.62 (one right), three at 0.98 (all right), one at exactly 1 (wrong)
    logits = logits_of(*2 * [(0.62, 0.38)], *3 * [(0.98, 0.02)], (1.0, 1e-30))
    targets = torch.tensor([0, 1, 0, 0, 0, 1])
    confidence, accuracy, share = reliability(logits, targets)
    assert share[6].item() == pytest.approx(2 / 6) and share[9].item() == pytest.approx(4 / 6)
    assert accuracy[[6, 9]].tolist() == pytest.approx([0.5, 0.75]) and confidence[6].item() == pytest.approx(0.62)
    assert confidence[9].item() == pytest.approx((3 * 0.98 + 1) / 4) and confidence[0].isnan() and share.sum() == 1
    expected = 2 / 6 * 0.12 + 4 / 6 * ((3 * 0.98 + 1) / 4 - 0.75)
    assert calibration_error(logits, targets) == pytest.approx(expected, abs=1e-6)
    figure = reliability_diagram({"a": (logits, targets)})
    assert figure.axes[0].lines[1].get_xydata().ravel().tolist() == pytest.approx([62, 50, 98.5, 75], abs=1e-4)
    assert f"{expected:.1%}" in figure.axes[0].get_legend().get_texts()[1].get_text()
    assert (
        figure.get_label().startswith("a is ")
        and f"average, expected calibration error {expected:.1%}" in figure.get_label()
    )


def test_one_number_that_makes_logits_ten_times_as_large_spoils_calibration_alone():
    logits = torch.randn(20_000, 5)
    targets = logits.softmax(dim=1).multinomial(1)[:, 0]  # drawn from these probabilities: right as often as sure
    assert calibration_error(logits, targets) < 0.02 < 0.3 < calibration_error(10 * logits, targets)
