"""One picture after the other, with the classes that a network finds most probable."""

from collections.abc import Sequence

import matplotlib.pyplot as plt
from matplotlib.figure import Figure
from torch import nn

from course_utils import show
from course_utils.data import ImageDataset
from course_utils.train import predict
from course_utils.widgets.live import offer_with_python, png, png_widget


def picker(model: nn.Module, dataset: ImageDataset, classes: Sequence[str], first: int = 0) -> None:
    """Show a picture with the three most probable classes; in a live notebook, choose others with slider or keys.

    Args:
        model: gives logits.
        dataset: the pictures to choose from.
        classes: their names.
        first: the number of the picture that is shown at first.
    """
    shown = top_classes(model, dataset, classes, first)
    offer_with_python(shown, lambda: make_picker(model, dataset, classes, first), "choose a picture")


def top_classes(model: nn.Module, dataset: ImageDataset, classes: Sequence[str], i: int) -> Figure:
    """Picture i of a data set, and the three classes that the network finds most probable."""
    return show.finish(*_draw_classes(model, dataset, classes, i))


def _draw_classes(model: nn.Module, dataset: ImageDataset, classes: Sequence[str], i: int) -> tuple[Figure, str]:
    """The figure of `top_classes` without its title, and the title."""
    image, target = dataset[i]
    logits, _ = predict(model, [(image[None], target[None])])
    probabilities, labels = (100 * logits.softmax(dim=1)[0]).topk(3)
    figure, (left, right) = plt.subplots(1, 2, figsize=(6.5, 2.4), width_ratios=(1, 1.6))
    left.imshow(dataset.images[i].cpu().expand(3, -1, -1).permute(1, 2, 0).numpy())
    left.axis("off")
    names = [classes[k] for k in labels]
    colors = [show.COLORS[0] if k == target else show.COLORS[1] for k in labels]
    right.bar_label(right.barh(names, probabilities.tolist(), color=colors), fmt=" %.0f", fontsize=9)
    right.invert_yaxis()
    right.set(xlim=(0, 118), xticks=(0, 50, 100))
    right.set_title("probability in % (blue: the true class)", fontsize=10)
    verdict = "right" if labels[0] == target else "wrong"
    return figure, f"Picture {i}, {classes[target]}: the network answers {names[0]}, {verdict}"


def make_picker(model: nn.Module, dataset: ImageDataset, classes: Sequence[str], first: int = 0):
    """The control alone: a slider and a field for the number of the picture, and the figure below."""
    import ipywidgets as widgets

    last = len(dataset) - 1
    limits, style = {"value": first, "min": 0, "max": last}, {"description_width": "initial"}
    wide, thin = widgets.Layout(width="360px"), widgets.Layout(width="220px", margin="2px 2px 2px 16px")
    slider = widgets.IntSlider(**limits, description="picture", readout=False, style=style, layout=wide)
    field = widgets.BoundedIntText(
        **limits, description=f"number, 0 to {last}", continuous_update=True, style=style, layout=thin
    )
    widgets.link((slider, "value"), (field, "value"))
    picture, says = png_widget(), widgets.HTML()

    def draw(_change=None) -> None:
        figure, says.value = _draw_classes(model, dataset, classes, slider.value)
        picture.value = png(show.finish(figure))

    slider.observe(draw, names="value")
    draw()
    row = widgets.HBox([slider, field], layout=widgets.Layout(flex_flow="row wrap"))
    return widgets.VBox([row, says, picture])
