"""How sure a network is, and how often it is then right."""

from collections.abc import Mapping, Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch import Tensor

from course_utils import show


def confident_mistakes(
    images: Tensor,
    logits: Tensor,
    targets: Tensor,
    classes: Sequence[str],
    n: int = 12,
    columns: int = 6,
    title: str = "The most confident mistakes: truth, answer, probability",
) -> Figure:
    """The wrong answers of which a network is most sure.

    Args:
        images: (N, C, H, W), as in `show.images`.
        logits, targets: (N, classes) and (N,), as `predict` gives them.
        classes: their names.
        n, columns: how many mistakes, and how many in a row.
    """
    confidence, answers = logits.softmax(dim=1).max(dim=1)
    wrong = (answers != targets).nonzero()[:, 0]
    worst = wrong[confidence[wrong].argsort(descending=True, stable=True)][:n]
    titles = [f"{classes[targets[i]]} as\n{classes[answers[i]]}, {confidence[i]:.0%}" for i in worst]
    return show.images(images[worst], titles, columns, title, size=1.4)


def reliability(logits: Tensor, targets: Tensor, bins: int = 10) -> tuple[Tensor, Tensor, Tensor]:
    """Samples by confidence, in bins of equal width: mean confidence, accuracy and share of the samples, (bins,) each.

    The confidence is the probability of the answer. A bin without samples has confidence and accuracy nan, share 0.
    """
    confidence, answers = logits.softmax(dim=1).max(dim=1)
    number = (confidence * bins).long().clamp(max=bins - 1)
    count = number.bincount(minlength=bins)
    sums = (number.bincount(values.double(), minlength=bins) for values in (confidence, answers == targets))
    return *(total / count for total in sums), count / count.sum()


def calibration_error(logits: Tensor, targets: Tensor, bins: int = 10) -> float:
    """The expected calibration error: how far confidence and accuracy are apart, on average over the samples.

    Source: Guo, Pleiss, Sun and Weinberger, "On Calibration of Modern Neural Networks", 2017.
    """
    confidence, accuracy, share = reliability(logits, targets, bins)
    return (share * (confidence - accuracy).abs()).nansum().item()


def reliability_diagram(outputs: Mapping[str, tuple[Tensor, Tensor]], title: str | None = None) -> Figure:
    """A reliability diagram: for each confidence, how many of these answers are right? Below, how often it occurs.

    Args:
        outputs: logits (N, classes) and targets (N,) by name, as `predict` gives them.
    """
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(6.5, 5), sharex=True, height_ratios=(3, 1))
    upper.plot([0, 100], [0, 100], ":", color="grey", label="as sure as right")
    said = []
    for (name, (logits, targets)), color, marker in zip(outputs.items(), show.COLORS, "os^Dv", strict=False):
        confidence, accuracy, share = (100 * values.numpy() for values in reliability(logits, targets))
        there = share > 0
        error = f"expected calibration error {calibration_error(logits, targets):.1%}"
        label = f"{name}: {error}"
        sure, right = logits.softmax(dim=1).amax(dim=1).mean(), (logits.argmax(dim=1) == targets).double().mean()
        said.append(f"{name} is {sure:.0%} sure and {right:.0%} right on average, {error}")
        upper.plot(confidence[there], accuracy[there], marker + "-", color=color, label=label)
        lower.plot(confidence[there], share[there], marker + "-", color=color)
    upper.set(ylabel="right, in %", xlim=(0, 102), ylim=(0, 102))
    lower.set(xlabel="confidence: probability of the answer, in %", ylabel="pictures, in %", ylim=(0, None))
    upper.legend(fontsize=9)
    title = title or "Below the dotted line a network is surer than it is right"
    return show.finish(figure, title, alt="; ".join(said))
