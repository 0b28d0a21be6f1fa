"""What the layers of a trained network give: its activations, its filters, and the patches that a channel reacts to.

Functions that compute return tensors, functions that draw return a figure of `show`. A layer is given as itself, such
as `model.conv1`, and is watched with a forward hook, which lesson 08 writes out. Every look is taken in evaluation
mode, and leaves the model as it was.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager

import matplotlib.pyplot as plt
import torch
import torch.nn.functional as F
from matplotlib.figure import Figure
from torch import Tensor, nn

from course_utils import show
from course_utils.data import ImageDataset, loader
from course_utils.network.layers import receptive_fields
from course_utils.train import predict


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
    lines = []  # (name, at most `columns` pictures): the name stands before the first line of its group
    for name, group in pictures.items():
        first, *others = group.split(columns)
        lines += [(name, first), *(("", part) for part in others)]
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


def top_patches(
    model: nn.Module, layer: nn.Module, channels: Sequence[int], dataset: ImageDataset, n: int = 10
) -> Tensor:
    """What some channels of a layer respond to most: of n different images, the part that the strongest output sees.

    Args:
        model: layers one after the other, as `layers.receptive_fields` wants them.
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
