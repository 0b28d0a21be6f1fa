"""A look inside a trained network: what its layers give, what they react to, where it errs, and how sure it is.

Functions that compute return tensors, functions that draw return a figure of `show`. A layer is given as itself, such
as `model.conv1`, and is watched with a forward hook, which lesson 06 writes out. Every look is taken in evaluation
mode, and leaves the model as it was.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import matplotlib.patheffects as effects
import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor, nn

from course_utils import show
from course_utils.data import ImageDataset, loader
from course_utils.interactive import offer, png, png_widget
from course_utils.layers import receptive_fields
from course_utils.train import predict

# ---- what a layer gives --------------------------------------------------------------------------------------------


@contextmanager
def watch(layer: nn.Module, keep: Callable[[Tensor], object] = lambda output: output.cpu()) -> Iterator[list]:
    """A list that gets `keep(output)` each time that the layer runs in the block.

    Raises:
        ValueError: the layer did not run.
    """
    seen: list = []
    hook = layer.register_forward_hook(lambda _layer, _inputs, output: seen.append(keep(output)))
    try:
        yield seen
    finally:
        hook.remove()
    if not seen:
        raise ValueError(f"{layer} did not run: give a layer of this model, such as model.conv1")


def activations(model: nn.Module, layer: nn.Module, batches: Iterable[tuple[Tensor, Tensor]]) -> Tensor:
    """What a layer gives for all images of a loader: (N, ...), in the loader's order, on the CPU."""
    with watch(layer) as seen:
        predict(model, batches)
    return torch.cat(seen)


def feature_maps(model: nn.Module, layer: nn.Module, image: Tensor) -> Tensor:
    """What a convolution or pooling gives for one image (C, H, W), scaled as in training: (channels, height, width)."""
    return activations(model, layer, [(image[None], torch.zeros(1))])[0]


def rows(pictures: Mapping[str, Tensor], title: str | None = None, columns: int = 10, size: float = 0.85) -> Figure:
    """Pictures in rows, each group under its name at the left.

    Args:
        pictures: by name: feature maps (N, H, W), drawn blue above 0, white at 0, red below, each with its own scale;
            or uint8 pictures (N, C, H, W), with one or three channels. The sides may differ from group to group.
        title, columns, size: as in `show.images`.
    """
    lines = [(name * (i == 0), part) for name, group in pictures.items() for i, part in enumerate(group.split(columns))]
    width, height = size * columns + 0.8, size * len(lines) + 0.4
    figure, axes = plt.subplots(len(lines), columns, figsize=(width, height), squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for line, (name, part) in zip(axes, lines, strict=True):
        line[0].text(-0.15, 0.5, name, transform=line[0].transAxes, ha="right", va="center", fontsize=10)
        for axis, picture in zip(line, part, strict=False):
            if picture.dtype == torch.uint8:
                axis.imshow(picture.expand(3, -1, -1).permute(1, 2, 0).numpy(), interpolation="nearest")
            else:
                limit = picture.abs().max().item() or 1.0
                axis.imshow(picture.numpy(), cmap="RdBu", vmin=-limit, vmax=limit, interpolation="nearest")
    return show.finish(figure, title)


def filters(weight: Tensor, titles: Sequence[str] | None = None, columns: int = 8, title: str | None = None) -> Figure:
    """The kernels of a first convolution as pictures, each with its own scale.

    Args:
        weight: (K, 1, h, w), drawn blue above 0, white at 0, red below; or (K, 3, h, w), drawn in the colour that each
            weight asks for, grey at 0. It is `layer.weight` of the convolution.
        titles, columns, title: as in `show.images`.
    """
    weight = weight.detach().cpu()
    weight = weight / weight.abs().amax(dim=(1, 2, 3), keepdim=True)
    if weight.shape[1] == 3:
        return show.images((1 + weight) / 2, titles, columns, title)
    return show.images(weight, titles, columns, title, cmap="RdBu")


# ---- what a layer reacts to ----------------------------------------------------------------------------------------


def top_patches(
    model: nn.Module, layer: nn.Module, channels: Sequence[int], dataset: ImageDataset, n: int = 10
) -> Tensor:
    """What some channels of a layer respond to most: of n different images, the part that the strongest output sees.

    Args:
        model: layers one after the other, as `show.receptive_fields` wants them.
        layer: a convolution, pooling, or a layer that keeps the shape; it gives (N, channels, height, width).
        channels: their numbers.
        dataset: where to look; use validation images, unless the test set is open already.
        n: images for each channel, the strongest response first.

    Returns:
        (channels, n, C, h, w) uint8; h and w are the sides of the receptive field. What lies outside an image is black.

    Raises:
        ValueError: the layer is no layer of this model, or its outputs have no place.
    """
    name = next((name for name, module in model.named_modules() if module is layer), None)
    fields = receptive_fields(model, (1, *dataset.images.shape[1:]))
    row = next((row for row in fields if row.layer == name and len(row.output_shape) == 3), None)
    if row is None:
        raise ValueError(f"{layer} gives no maps in this model: give one of its convolutions, such as model.conv1")
    with watch(layer, lambda output: output[:, list(channels)].flatten(2).max(dim=2)) as seen:
        predict(model, loader(dataset, batch_size=500))
    responses, places = (torch.cat(parts).cpu() for parts in zip(*seen, strict=True))  # (N, channels) each

    (h, w), (top, left), (down, right) = row.window.size, row.window.first, row.window.step
    patches = []
    for k in range(len(channels)):
        for i in responses[:, k].argsort(descending=True, stable=True)[:n]:
            y, x = divmod(places[i, k].item(), row.output_shape[2])
            y, x = top + y * down, left + x * right  # may lie in the padding
            padded = F.pad(dataset.images[i].cpu(), (w, w, h, h))
            patches.append(padded[:, y + h : y + 2 * h, x + w : x + 2 * w])
    return torch.stack(patches).unflatten(0, (len(channels), -1))


def grad_cam(model: nn.Module, layer: nn.Module, image: Tensor, label: int) -> Tensor:
    """Grad-CAM: where in the image the network finds what speaks for a class.

    Each channel of the layer gets a weight, the mean gradient of the class's logit over all places. The heat of a place
    is the sum of its channels with these weights; what speaks against the class is set to 0.

    Args:
        layer: gives (N, channels, height, width), usually the last one that does so.
        image: (C, H, W), scaled as in training.
        label: the number of the class.

    Returns:
        (H, W), from 0 to 1; all 0 when nothing speaks for the class.

    Source: Selvaraju et al., "Grad-CAM: Visual Explanations from Deep Networks via Gradient-based Localization", 2017.
    """
    device, training = next(model.parameters()).device, model.training
    model.eval()
    try:
        with torch.enable_grad(), watch(layer, lambda output: output) as seen:
            logit = model(image[None].to(device))[0, label]
            (gradient,) = torch.autograd.grad(logit, seen[0])
    finally:
        model.train(training)
    weights = gradient.mean(dim=(2, 3), keepdim=True)  # (1, channels, 1, 1)
    heat = F.relu((weights * seen[0].detach()).sum(dim=1, keepdim=True))  # (1, 1, height, width)
    heat = F.interpolate(heat, size=image.shape[1:], mode="bilinear")[0, 0].cpu()
    return heat / heat.max().clamp(min=1e-12)


def overlay(pictures: Tensor, heat: Tensor) -> Tensor:
    """Heat maps (N, H, W) over uint8 pictures (N, C, H, W), which become dark and grey: (N, 3, H, W), from 0 to 1."""
    grey = pictures.float().mean(dim=1, keepdim=True) / 255
    colors = torch.as_tensor(plt.get_cmap("inferno")(heat.numpy())[..., :3]).permute(0, 3, 1, 2)
    return 0.5 * grey + 0.5 * colors.float()


# ---- the last hidden layer, on paper -------------------------------------------------------------------------------


def pca(features: Tensor, k: int = 2) -> tuple[Tensor, Tensor]:
    """Principal component analysis: the k directions in which the features (N, D) spread most.

    Returns:
        the coordinates (N, k) of each sample, and the share (k,) of the whole variance that each direction holds. The
        sign of a direction is free; here its largest entry is positive.
    """
    centred = features - features.mean(dim=0)
    _, sizes, directions = torch.linalg.svd(centred, full_matrices=False)  # directions (min(N, D), D), largest first
    largest = directions.gather(1, directions.abs().argmax(dim=1, keepdim=True))
    return centred @ (directions * largest.sign())[:k].T, (sizes.square() / sizes.square().sum())[:k]


MARKERS = "o^sDvP<X>p"
TEN_COLORS = (*show.COLORS, "#999999", "#8C510A")


def embedding(
    points: Tensor, targets: Tensor, predictions: Tensor, classes: Sequence[str], title: str | None = None
) -> Figure:
    """Samples as points, such as those of `pca`: colour and marker say the true class, a black cross a wrong answer.

    Args:
        points: (N, 2).
        targets, predictions: class numbers (N,).
        classes: at most ten names; each stands in the middle of its points.
        title: without one, the title tells how many answers are wrong.

    Raises:
        ValueError: there are more than ten classes.
    """
    if len(classes) > len(MARKERS):
        raise ValueError(f"{len(classes)} classes: there are markers for {len(MARKERS)}")
    figure, axis = plt.subplots(figsize=(7.5, 6))
    wrong = targets != predictions
    for k, (marker, color) in enumerate(zip(MARKERS, TEN_COLORS, strict=True)):
        axis.scatter(
            *points[targets == k].T.numpy(),
            s=16,
            marker=marker,
            color=color,
            alpha=0.6,
            edgecolors="0.3",
            linewidths=0.2,
        )
    axis.scatter(*points[wrong].T.numpy(), s=30, marker="x", color="black", linewidths=1.2, label="wrong answer")
    edge = [effects.withStroke(linewidth=4, foreground="white")]
    for k in targets.unique():
        x, y = points[targets == k].median(dim=0).values.tolist()
        axis.text(x, y, classes[k], fontsize=15, weight="bold", ha="center", va="center", path_effects=edge)
    axis.set(xlabel="first direction", ylabel="second direction", xticks=[], yticks=[])
    axis.legend(loc="best", fontsize=9)
    return show.finish(figure, title or f"{len(points):,} samples, {wrong.sum():,} of them (x) with a wrong answer")


# ---- how sure, and how right ---------------------------------------------------------------------------------------


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


def calibration(outputs: Mapping[str, tuple[Tensor, Tensor]], title: str | None = None) -> Figure:
    """A reliability diagram: for each confidence, how many of these answers are right? Below, how often it occurs.

    Args:
        outputs: logits (N, classes) and targets (N,) by name, as `predict` gives them.
    """
    figure, (upper, lower) = plt.subplots(2, 1, figsize=(6.5, 5), sharex=True, height_ratios=(3, 1))
    upper.plot([0, 100], [0, 100], ":", color="grey", label="as sure as right")
    for (name, (logits, targets)), color, marker in zip(outputs.items(), show.COLORS, "os^Dv", strict=False):
        confidence, accuracy, share = (100 * values.numpy() for values in reliability(logits, targets))
        there = share > 0
        label = f"{name}: expected calibration error {calibration_error(logits, targets):.1%}"
        upper.plot(confidence[there], accuracy[there], marker + "-", color=color, label=label)
        lower.plot(confidence[there], share[there], marker + "-", color=color)
    upper.set(ylabel="right, in %", xlim=(0, 102), ylim=(0, 102))
    lower.set(xlabel="confidence: probability of the answer, in %", ylabel="pictures, in %", ylim=(0, None))
    upper.legend(fontsize=9)
    return show.finish(figure, title or "Below the dotted line a network is surer than it is right")


# ---- one picture after the other -----------------------------------------------------------------------------------


def picker(model: nn.Module, dataset: ImageDataset, classes: Sequence[str], first: int = 0) -> None:
    """Show a picture with the three most probable classes; in a live notebook, choose others with slider or keys.

    Args:
        model: gives logits.
        dataset: the pictures to choose from.
        classes: their names.
        first: the number of the picture that is shown at first.
    """
    shown = answer(model, dataset, classes, first)
    offer(shown, lambda: make_picker(model, dataset, classes, first), "choose a picture")


def answer(model: nn.Module, dataset: ImageDataset, classes: Sequence[str], i: int) -> Figure:
    """Picture i of a data set, and the three classes that the network finds most probable."""
    return show.finish(*_draw_answer(model, dataset, classes, i))


def _draw_answer(model: nn.Module, dataset: ImageDataset, classes: Sequence[str], i: int) -> tuple[Figure, str]:
    """The figure of `answer` without its title, and the title."""
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
    limits, fit = {"value": first, "min": 0, "max": last}, {"description_width": "initial"}
    wide, thin = widgets.Layout(width="360px"), widgets.Layout(width="220px", margin="2px 2px 2px 16px")
    slider = widgets.IntSlider(**limits, description="picture", readout=False, style=fit, layout=wide)
    field = widgets.BoundedIntText(
        **limits, description=f"number, 0 to {last}", continuous_update=True, style=fit, layout=thin
    )
    widgets.link((slider, "value"), (field, "value"))
    picture, says = png_widget(), widgets.HTML()

    def draw(_change=None) -> None:
        figure, says.value = _draw_answer(model, dataset, classes, slider.value)
        picture.value = png(show.finish(figure))

    slider.observe(draw, names="value")
    draw()
    row = widgets.HBox([slider, field], layout=widgets.Layout(flex_flow="row wrap"))
    return widgets.VBox([row, says, picture])
