"""Curves of loss and accuracy that grow while `fit` trains."""

from collections.abc import Mapping

from course_utils import show
from course_utils.train import Callback, History, Training
from course_utils.widgets.live import live


class LiveCurves(Callback):
    """Curves that grow while `fit` trains, in a live notebook; elsewhere nothing.

        history = fit(..., callbacks=[LiveCurves()])
        show.curves(history)

    When the training ends, the growing figure goes away, as a progress bar does: the last line leaves the one that
    stays. After an error it stays, to show how far the training came.

    Args:
        name: of this training, in the legend.
        beside: trainings that are done, by name, to compare with.
    """

    def __init__(self, name: str = "", beside: Mapping[str, History] | None = None):
        self.name, self.beside = name, dict(beside or {})
        self.shown = None

    def on_epoch_end(self, training: Training) -> None:
        if not live():
            return
        from IPython.display import display

        history = training.history
        figure = show.curves({**self.beside, self.name: history}, f"Training: {len(history)} epochs so far")
        if self.shown is None:
            self.shown = display(figure, display_id=True)
        else:
            self.shown.update(figure)

    def on_fit_end(self, training: Training) -> None:
        if self.shown is not None:
            from IPython.display import HTML

            self.shown.update(HTML(""))
