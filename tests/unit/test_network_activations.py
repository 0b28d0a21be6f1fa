"""What layers give is checked against the layers themselves, and patches against gradients; figures hold that data."""

import re
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
import torch
from torch import nn

from course_utils import ROOT
from course_utils.data import ImageDataset, loader
from course_utils.models import FashionCnn, LeNet5, Vgg
from course_utils.network.activations import activations, feature_maps, filters, rows, top_patches, watch

pytestmark = pytest.mark.usefixtures("real_data")


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def some_images(n: int, *shape: int) -> ImageDataset:
    images = torch.randint(256, (n, *shape), dtype=torch.uint8)
    return ImageDataset(images, torch.zeros(n, dtype=torch.long), [0.4] * shape[0], [0.3] * shape[0])


def unchanged(model: nn.Module) -> bool:
    return model.training and not any(m._forward_hooks for m in model.modules())


def test_activations_are_what_the_layer_gives_in_evaluation_mode():
    model, dataset = FashionCnn(), some_images(7, 1, 28, 28)
    given = activations(model, model.dropout, loader(dataset, batch_size=3))
    assert given.shape == (7, 50) and unchanged(model)
    model.eval()
    images, _ = next(iter(loader(dataset, batch_size=7)))
    expected = []
    model.dropout.register_forward_hook(lambda layer, inputs, output: expected.append(output.detach()))
    model(images)
    assert torch.allclose(given, expected[0], atol=1e-6)
    maps = feature_maps(model, model.conv1, dataset[2][0])
    assert torch.allclose(maps, model.conv1(images)[2], atol=1e-5) and maps.shape == (10, 24, 24)


def test_a_layer_of_another_model_is_refused_and_no_hook_stays():
    model, other = FashionCnn(), FashionCnn()
    with pytest.raises(ValueError, match="did not run: give a layer of this model"):
        feature_maps(model, other.conv1, torch.zeros(1, 28, 28))
    for layer in (other.conv1, model.fc1, model):
        with pytest.raises(ValueError, match="gives no maps in this model"):
            top_patches(model, layer, [0], some_images(2, 1, 28, 28))
    with pytest.raises(RuntimeError):
        feature_maps(model, model.conv1, torch.zeros(3, 28, 28))
    assert unchanged(model) and unchanged(other)


def box(mask: torch.Tensor) -> tuple[slice, slice]:
    """The smallest box of rows and columns around what is True in (H, W)."""
    return tuple(slice(places.min().item(), places.max().item() + 1) for places in mask.nonzero().T)


def seen_by(model: nn.Module, layer: nn.Module, shape: tuple[int, ...], place: int) -> tuple[slice, slice]:
    """Rows and columns of the pixels that some output at this place depends on, by the gradients of 64 images."""
    x = torch.randn(64, *shape, requires_grad=True)
    with watch(layer, lambda output: output) as seen:
        model(x)
    seen[0].flatten(2)[..., place].sum().backward()
    return box((x.grad != 0).any(dim=0).any(dim=0))


@pytest.mark.parametrize(
    "model, layer, shape",
    [
        (FashionCnn(), "conv1", (1, 28, 28)),
        (FashionCnn(), "conv2", (1, 28, 28)),
        (LeNet5(), "features.c3", (1, 28, 28)),
        (LeNet5(), "features.c5", (1, 28, 28)),  # its window reaches over the border on all sides
        (Vgg((4, 6)), "features.7", (3, 32, 32)),
        (nn.Sequential(nn.Conv2d(2, 3, (3, 5), stride=(1, 2), padding=(2, 0)), nn.MaxPool2d(2)), "1", (2, 17, 24)),
        (nn.Sequential(nn.Conv2d(1, 2, 3, dilation=2, padding=3), nn.Conv2d(2, 2, 3, padding="same")), "1", (1, 9, 7)),
    ],
    ids=lambda value: value if isinstance(value, str) else type(value).__name__,
)
def test_top_patches_are_what_the_strongest_outputs_see_by_gradients(model, layer, shape):
    dataset, layer, channels, n = some_images(12, *shape), model.get_submodule(layer), [1, 0], 5
    dataset.images.clamp_(min=1)  # so that black in a patch is outside
    model.train()
    patches = top_patches(model, layer, channels, dataset, n)
    assert unchanged(model) and patches.shape[:3] == (len(channels), n, shape[0])
    maps = activations(model.eval(), layer, loader(dataset, batch_size=12))
    for channel, found in zip(channels, patches, strict=True):
        strongest, places = maps[:, channel].flatten(1).max(dim=1)
        for patch, i in zip(found, strongest.argsort(descending=True), strict=False):
            rows, columns = seen_by(model, layer, shape, places[i].item())
            lines, stripes = box((patch != 0).any(dim=0))
            assert torch.equal(patch[:, lines, stripes], dataset.images[i, :, rows, columns])
            for cut, whole, part, side in zip(
                (lines, stripes), patch.shape[1:], (rows, columns), shape[1:], strict=True
            ):
                assert cut.start == 0 or part.start == 0, "black above or left of the image only"
                assert cut.stop == whole or part.stop == side, "black below or right of the image only"


# ---- figures ----


def test_rows_name_each_group_once():
    maps, patches = torch.randn(5, 6, 6), torch.randint(256, (2, 3, 4, 4), dtype=torch.uint8)
    figure = rows({"maps": maps, "patches": patches}, "two groups", columns=3)
    drawn = [axis.images[0] for axis in figure.axes if axis.images]
    assert len(figure.axes) == 9 and len(drawn) == 7 and figure.get_suptitle() == "two groups"
    assert [text.get_text() for axis in figure.axes for text in axis.texts] == ["maps", "", "patches"]
    assert all(image.get_clim()[0] == -image.get_clim()[1] for image in drawn[:5])
    assert np.array_equal(drawn[5].get_array(), patches[0].permute(1, 2, 0))
    assert rows({"grey": patches[:, :1]}).axes[0].images[0].get_array().shape == (4, 4, 3)


def test_filters_have_white_or_grey_at_zero():
    grey, color = torch.tensor([[[[0.0, -2.0]]], [[[4.0, 1.0]]]]), torch.zeros(2, 3, 1, 2)
    color[:, 0, 0, 1], color[1, 2, 0, 0] = 5, -5
    drawn = [axis.images[0] for axis in filters(grey).axes if axis.images]
    assert [image.get_array().tolist() for image in drawn] == [[[0, -1]], [[1, 0.25]]]
    drawn = [axis.images[0].get_array() for axis in filters(nn.Parameter(color)).axes if axis.images]
    assert drawn[0].tolist() == [[[0.5, 0.5, 0.5], [1, 0.5, 0.5]]] and drawn[1][0, 0].tolist() == [0.5, 0.5, 0]


# ---- TensorBoard, in lesson 10 ----


def test_the_lines_of_lesson_10_write_what_tensorboard_shows(tmp_path, monkeypatch):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    lesson = (ROOT / "notebooks" / "10_cifar10_vgg.ipynb").read_text(encoding="utf-8")
    text = next(
        c.source for c in nbformat.reads(lesson, 4).cells if "TensorBoard" in c.source and "<details>" in c.source
    )
    code, magics = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    folder = re.search(r'SummaryWriter\("(.*?)"\)', code).group(1)
    assert magics.split("\n")[:2] == ["%load_ext tensorboard", f"%tensorboard --logdir {folder}"]
    assert f'TensorBoard("{folder}")' in text and folder.startswith("runs/"), "runs/ is no part of the repository"

    monkeypatch.chdir(tmp_path)
    images = some_images(40, 3, 32, 32)
    images.labels[:] = torch.arange(40) % 10
    names = {
        "vgg": Vgg((4, 4, 8)).eval(),
        "cifar": SimpleNamespace(test=images, classes=tuple("abcdefghij")),
        "course": SimpleNamespace(device=torch.device("cpu")),
        "balanced_sample": lambda dataset, rate: dataset,
        "loader": loader,
    }
    exec(code, names)
    events = EventAccumulator(folder)
    tags = events.Reload().Tags()
    assert tags["graph"] and set(tags["histograms"]) == {name for name, _ in names["vgg"].named_parameters()}
    assert set(tags["images"]) == {"test pictures", "filters of the first layer"}
    assert (tmp_path / folder / "projector_config.pbtxt").exists()
    table = next((tmp_path / folder).rglob("tensors.tsv")).read_text(encoding="utf-8").splitlines()
    assert len(table) == 40 and len(table[0].split("\t")) == 8, "one line for each picture, one number for each channel"
