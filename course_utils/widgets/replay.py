"""A training, replayed: the kernels of the first convolution, the curves and the table of mistakes, moment by moment.

`Recording` hangs on `fit` and keeps these numbers; `replay` shows some moments as a figure, and all of them in a
control, replay.js. Most of a training happens in its first epoch, so some moments lie within it.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor, nn

from course_utils import show
from course_utils.train import Callback, Loss, Training, predict
from course_utils.widgets.live import Control, offer, packed

WITHIN = (10, 30, 50, 70, 100, 200)  # steps of the first epoch after which it is looked at
COLUMNS = 5  # moments in the figure, at most


class Moment(NamedTuple):
    """A training after some steps."""

    steps: int
    """How often the weights have changed."""
    epochs: int | None
    """How many epochs are over; None within the first one."""
    kernels: np.ndarray
    """The weights of the first convolution: (K, h, w) float32."""
    confusion: np.ndarray
    """How often each class (row) of the validation set was taken for each class (column): (classes, classes)."""
    loss: float
    """The mean loss per validation sample."""
    training: tuple[float, float] | None
    """Loss and accuracy in training, as means over the epoch that is over; None within the first one."""

    @property
    def accuracy(self) -> float:
        """The share of the validation set that is right, from 0 to 1."""
        return float(np.trace(self.confusion) / self.confusion.sum())

    @property
    def mistake(self) -> tuple[int, int, int]:
        """The most frequent mistake: the true class, the class it is taken for, how often. The first of equal ones."""
        mistakes = self.confusion * ~np.eye(len(self.confusion), dtype=bool)
        row, column = np.unravel_index(mistakes.argmax(), mistakes.shape)
        return int(row), int(column), int(mistakes[row, column])

    @property
    def name(self) -> str:
        if self.steps == 0:
            return "start"
        return f"step {self.steps}" if self.epochs is None else f"epoch {self.epochs}"


class Recording(Callback):
    """Keeps what `replay` shows, while `fit` trains on images with one channel, and measures on a validation set.

        recording = Recording()
        fit(..., callbacks=[recording])
        replay(recording, mnist.classes)

    After an epoch, the answers are those of fit's own validation. Before the training and within its first epoch, the
    whole validation set is asked anew, once for each moment. The training itself does not change, not by a bit.

    Args:
        within: after how many steps of the first epoch to look.
        loss_fn: the one that `fit` has.
    """

    def __init__(self, within: Sequence[int] = WITHIN, loss_fn: Loss = F.cross_entropy):
        self.within, self.loss_fn = {0, *within}, loss_fn
        self.moments: list[Moment] = []
        self._steps = 0
        self._stop_watching: Callable[[], None] = lambda: None

    def on_fit_start(self, training: Training) -> None:
        """
        Raises:
            ValueError: `fit` has no validation loader, or the network no convolution of one channel.
        """
        self.moments, self._steps = [], 0
        layers = (layer for layer in training.network.modules() if isinstance(layer, nn.Conv2d))
        self._layer = next(layers, None)
        if training.validation_loader is None:
            raise ValueError("Recording shows the mistakes on the validation set: give fit a validation_loader")
        if self._layer is None or self._layer.weight.shape[1] != 1:
            found = "none" if self._layer is None else str(self._layer)
            raise ValueError(
                f"Recording shows the kernels of a first convolution with one input channel, found {found}"
            )

    def on_epoch_start(self, training: Training) -> None:
        if len(training.history):
            return  # only the first epoch is looked into

        def before_a_step(network: nn.Module, _images: object) -> None:
            if not network.training:
                return  # this is the look itself
            if self._steps in self.within:
                self._look(training)
            self._steps += 1

        self._stop_watching = training.network.register_forward_pre_hook(before_a_step).remove

    def on_validation_start(self, training: Training) -> None:
        self._stop_watching()
        self._answers: list[Tensor] = []
        keep = training.network.register_forward_hook(lambda _model, _in, out: self._answers.append(out.argmax(dim=1)))
        self._stop_watching = keep.remove

    def on_epoch_end(self, training: Training) -> None:
        self._stop_watching()
        history, answers = training.history, torch.cat(self._answers).cpu()
        self._steps = len(history) * len(training.train_loader)
        measured = history.train_loss[-1], history.train_accuracy[-1]
        if (answers == self._targets(training)).double().mean().item() != history.validation_accuracy[-1]:
            _, answers, self._known = self._ask(training)  # the loader shuffles: these answers have other targets
        self._keep(answers, history.validation_loss[-1], len(history), measured)

    def on_stop(self, training: Training) -> None:
        self._stop_watching()

    def _look(self, training: Training) -> None:
        """Measure between two steps."""
        loss, answers, self._known = self._ask(training)
        self._keep(answers, loss, None, None)

    def _ask(self, training: Training) -> tuple[float, Tensor, Tensor]:
        """Loss, answers and targets on the validation set; no random number of the training is used up."""
        with torch.random.fork_rng(devices=[]):
            outputs, targets = predict(training.network, training.validation_loader)
        self._classes = outputs.shape[1]
        return self.loss_fn(outputs, targets).item(), outputs.argmax(dim=1), targets

    def _targets(self, training: Training) -> Tensor:
        if not self.moments:  # a training that goes on from a checkpoint
            self._known = self._ask(training)[2]
        return self._known

    def _keep(self, answers: Tensor, loss: float, epochs: int | None, measured: tuple[float, float] | None) -> None:
        k = self._classes
        counts = torch.bincount(self._known * k + answers, minlength=k * k).reshape(k, k)
        kernels = self._layer.weight[:, 0].detach().float().cpu().clone().numpy()
        self.moments.append(Moment(self._steps, epochs, kernels, counts.numpy(), loss, measured))


# ---- what is shown ---------------------------------------------------------------------------------------------------


def replay(recording: Recording, classes: Sequence[str]) -> None:
    """Show some moments of a training; below them the control, which has all of them.

    Args:
        recording: it hung on `fit`.
        classes: their names, such as `mnist.classes`.

    Raises:
        ValueError: nothing is recorded yet.
    """
    moments = recording.moments
    if not moments:
        raise ValueError("nothing is recorded yet: fit(..., callbacks=[recording]) comes first")
    about = "The kernels, the curves and the mistakes of a training, from its first step to its last epoch."
    offer(draw_replay(moments, classes), Control("replay", "Replay the training", about, state(moments, classes)))


def state(moments: Sequence[Moment], classes: Sequence[str]) -> dict[str, object]:
    """What replay.js gets. No number is rounded."""
    return {
        "classes": list(classes),
        "steps": [moment.steps for moment in moments],
        "epochs": [moment.epochs for moment in moments],
        "loss": [moment.loss for moment in moments],
        "training": [moment.training and list(moment.training) for moment in moments],
        "kernels": packed(np.stack([moment.kernels for moment in moments])),
        "confusion": packed(np.stack([moment.confusion for moment in moments]).astype(np.float32)),
    }


def draw_replay(moments: Sequence[Moment], classes: Sequence[str]) -> Figure:
    """A few moments side by side: above the kernels, below the mistakes on the validation set."""
    some = [moments[i] for i in np.unique(np.linspace(0, len(moments) - 1, COLUMNS).round().astype(int))]
    limit = max(np.abs(moment.kernels).max() for moment in moments)
    pictures = [_side_by_side(moment.kernels) for moment in some]
    flat = pictures[0].shape[0] / pictures[0].shape[1]
    size, heights = (1.95 * len(some) + 0.6, 1.95 * (flat + 1) + 1.1), {"height_ratios": (flat, 1)}
    figure, axes = plt.subplots(2, len(some), figsize=size, squeeze=False, gridspec_kw=heights)
    for moment, picture, above, below in zip(some, pictures, *axes, strict=True):
        above.imshow(picture, cmap="RdBu", vmin=-limit, vmax=limit)
        show.only_pixels(above)
        above.set_title(f"{moment.name}\n{moment.accuracy:.1%} right", fontsize=10)
        mistakes = np.ma.masked_where(np.eye(len(moment.confusion), dtype=bool), moment.confusion)
        below.imshow(mistakes, cmap="Oranges", vmin=0)
        few = len(classes) <= 10 and max(map(len, classes)) == 1
        below.set_xticks(range(len(classes)) if few else [], classes if few else [], fontsize=8)
        below.set_yticks(range(len(classes)) if few else [], classes if few else [], fontsize=8)
        below.spines[:].set_visible(True)
        row, column, count = moment.mistake
        below.set_xlabel(f"{classes[row]} as {classes[column]}: {count}", fontsize=9)
    axes[0, 0].set_ylabel(f"{len(some[0].kernels)} kernels", fontsize=10)
    axes[1, 0].set_ylabel("true class", fontsize=10)
    first, last = some[0], some[-1]
    grown = f"the largest weight grows from {np.abs(first.kernels).max():.2f} to {np.abs(last.kernels).max():.2f}"
    title = f"{first.accuracy:.1%} right at the start, {last.accuracy:.1%} at the end; {grown}"
    alt = f"above the {len(first.kernels)} kernels, below the most frequent mistakes: "
    alt += "; ".join(_words(moment, classes) for moment in some)
    return show.finish(figure, title, alt)


def _side_by_side(kernels: np.ndarray) -> np.ma.MaskedArray:
    """Kernels (K, h, w) as one picture, with gaps between them."""
    k, h, w = kernels.shape
    columns = int(np.ceil(np.sqrt(k)))
    picture = np.full((-(-k // columns) * (h + 1) - 1, columns * (w + 1) - 1), np.nan)
    for i, kernel in enumerate(kernels):
        top, left = i // columns * (h + 1), i % columns * (w + 1)
        picture[top : top + h, left : left + w] = kernel
    return np.ma.masked_invalid(picture)


def _words(moment: Moment, classes: Sequence[str]) -> str:
    row, column, count = moment.mistake
    return f"{moment.name}, {moment.accuracy:.1%} right, {classes[row]} as {classes[column]} {count} times"
