"""What is computed is checked against gradients, or against numbers that can be had by hand; figures hold that data."""

import re
from pathlib import Path
from types import SimpleNamespace

import nbformat
import numpy as np
import pytest
import torch
from torch import nn

from course_utils import inside, interactive, show
from course_utils.data import ImageDataset, loader
from course_utils.models import FashionCnn, LeNet5, Vgg

CLASSES = ("cat", "dog", "ship")


@pytest.fixture(autouse=True)
def real_data(monkeypatch):
    monkeypatch.setattr(show, "standin_in_use", lambda: False)


@pytest.fixture(autouse=True)
def seed():
    torch.manual_seed(0)


def some_images(n: int, *shape: int) -> ImageDataset:
    images = torch.randint(256, (n, *shape), dtype=torch.uint8)
    return ImageDataset(images, torch.zeros(n, dtype=torch.long), [0.4] * shape[0], [0.3] * shape[0])


def unchanged(model: nn.Module) -> bool:
    return model.training and not any(m._forward_hooks for m in model.modules())


# ---- layers ----


def test_activations_are_what_the_layer_gives_in_evaluation_mode():
    model, dataset = FashionCnn(), some_images(7, 1, 28, 28)
    given = inside.activations(model, model.dropout, loader(dataset, batch_size=3))
    assert given.shape == (7, 50) and unchanged(model)
    model.eval()
    images, _ = next(iter(loader(dataset, batch_size=7)))
    expected = []
    model.dropout.register_forward_hook(lambda layer, inputs, output: expected.append(output.detach()))
    model(images)
    assert torch.allclose(given, expected[0], atol=1e-6)
    maps = inside.feature_maps(model, model.conv1, dataset[2][0])
    assert torch.allclose(maps, model.conv1(images)[2], atol=1e-5) and maps.shape == (10, 24, 24)


def test_a_layer_of_another_model_is_refused_and_no_hook_stays():
    model, other = FashionCnn(), FashionCnn()
    with pytest.raises(ValueError, match="did not run: give a layer of this model"):
        inside.feature_maps(model, other.conv1, torch.zeros(1, 28, 28))
    for layer in (other.conv1, model.fc1, model):
        with pytest.raises(ValueError, match="gives no maps in this model"):
            inside.top_patches(model, layer, [0], some_images(2, 1, 28, 28))
    with pytest.raises(RuntimeError):
        inside.grad_cam(model, model.conv1, torch.zeros(3, 28, 28), 0)
    assert unchanged(model) and unchanged(other)


def box(mask: torch.Tensor) -> tuple[slice, slice]:
    """The smallest box of rows and columns around what is True in (H, W)."""
    return tuple(slice(places.min().item(), places.max().item() + 1) for places in mask.nonzero().T)


def seen_by(model: nn.Module, layer: nn.Module, shape: tuple[int, ...], place: int) -> tuple[slice, slice]:
    """Rows and columns of the pixels that some output at this place depends on, by the gradients of 64 images."""
    x = torch.randn(64, *shape, requires_grad=True)
    with inside.watch(layer, lambda output: output) as seen:
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
    patches = inside.top_patches(model, layer, channels, dataset, n)
    assert unchanged(model) and patches.shape[:3] == (len(channels), n, shape[0])
    maps = inside.activations(model.eval(), layer, loader(dataset, batch_size=12))
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


def test_grad_cam_of_a_network_that_can_be_worked_out_by_hand():
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.Flatten(), nn.Linear(2 * 2 * 2, 2, bias=False))
    with torch.no_grad():
        model[0].weight[:, 0, 0, 0], model[0].bias[:] = torch.tensor([1.0, -1.0]), 0
        model[2].weight[0] = torch.tensor([2.0, 0, 2, 0, 0, 0, 0, 4])  # mean 1 over the first map, 1 over the second
        model[2].weight[1] = torch.tensor([1.0, 1, 1, 1, -1, -1, -1, -1])  # 1 and -1
    image = torch.tensor([[[1.0, 2.0], [-4.0, 0.0]]])
    assert torch.equal(inside.grad_cam(model, model[0], image, 0), torch.zeros(2, 2)), "x and -x cancel"
    # class 1: 1 * x + (-1) * (-x) = 2x, then ReLU, then divided by the greatest
    assert torch.allclose(inside.grad_cam(model, model[0], image, 1), torch.tensor([[0.5, 1.0], [0.0, 0.0]]))
    assert unchanged(model) and all(p.grad is None for p in model.parameters())


def test_grad_cam_finds_the_place_that_speaks_for_the_class():
    """Class 0 looks for bright pixels, class 1 for dark ones; dropout would make a training mode visible."""
    model = nn.Sequential(nn.Conv2d(1, 2, 1), nn.ReLU(), nn.Dropout(0.5), nn.AdaptiveAvgPool2d(1), nn.Flatten())
    with torch.no_grad():
        model[0].weight[:, 0, 0, 0], model[0].bias[:] = torch.tensor([1.0, -1.0]), 0
    image = torch.zeros(1, 8, 8)
    image[0, 1, 6], image[0, 5, 2] = 3, -3
    with torch.no_grad():  # as in a cell that measures: gradients are switched on for the look
        heat = [inside.grad_cam(model, model[1], image, k) for k in (0, 1)]
    assert [h.nonzero().tolist() for h in heat] == [[[1, 6]], [[5, 2]]] and heat[0].max() == 1
    assert inside.grad_cam(model, model[3], image, 0).shape == (8, 8), "one place is spread over the whole image"


def test_overlay_is_bright_where_it_is_hot():
    heat = torch.zeros(2, 4, 4)
    heat[0, 1, 2] = 1
    for channels in (1, 3):
        colors = inside.overlay(torch.full((2, channels, 4, 4), 100, dtype=torch.uint8), heat)
        assert colors.shape == (2, 3, 4, 4) and 0 <= colors.min() and colors.max() <= 1
        assert colors[0].sum(dim=0).argmax() == 1 * 4 + 2


# ---- features ----


def test_pca_against_covariance_and_a_known_line():
    features = torch.randn(200, 5, dtype=torch.double) @ torch.randn(5, 5, dtype=torch.double) + 7
    points, share = inside.pca(features, k=3)
    values, vectors = torch.linalg.eigh(features.T.cov())
    expected = (features - features.mean(dim=0)) @ vectors.flip(1)[:, :3]
    signs = (points * expected).sum(dim=0).sign()
    assert torch.allclose(points, expected * signs) and torch.allclose(share, values.flip(0)[:3] / values.sum())
    line = torch.arange(5.0)[:, None] * torch.tensor([[-3.0, 4.0]])
    points, share = inside.pca(line)
    assert points[:, 0].tolist() == pytest.approx([-10, -5, 0, 5, 10], abs=1e-5), "the largest entry is positive"
    assert share.tolist() == pytest.approx([1, 0], abs=1e-6)
    assert torch.allclose(inside.pca(line.flip(0))[0].flip(0), points, atol=1e-5), "the order changes no sign"


def test_embedding_shows_each_class_and_each_mistake():
    points, targets = torch.randn(30, 2), torch.arange(30) % 3
    predictions = targets.clone()
    predictions[[4, 9]] = (predictions[[4, 9]] + 1) % 3
    figure = inside.embedding(points, targets, predictions, CLASSES)
    clouds = [len(c.get_offsets()) for c in figure.axes[0].collections]
    assert clouds == [10, 10, 10] + 7 * [0] + [2] and "2 of them" in figure.get_suptitle()
    assert [text.get_text() for text in figure.axes[0].texts] == list(CLASSES)
    colors = {tuple(c.get_facecolor()[0]) for c in figure.axes[0].collections[:3]}
    shapes = {c.get_paths()[0].vertices.shape for c in figure.axes[0].collections[:3]}
    assert len(colors) == len(shapes) == 3, "colour and marker both tell the class"
    assert len(set(inside.MARKERS)) == len(set(inside.TEN_COLORS)) == 10
    with pytest.raises(ValueError, match="11 classes"):
        inside.embedding(points, targets, predictions, "abcdefghijk")


# ---- mistakes and confidence ----


def logits_of(*probabilities: tuple[float, ...]) -> torch.Tensor:
    return torch.tensor(probabilities).log()


def test_confident_mistakes_are_ordered_and_named():
    logits = logits_of((0.6, 0.3, 0.1), (0.05, 0.9, 0.05), (0.2, 0.1, 0.7), (0.8, 0.1, 0.1))
    targets, images = torch.tensor([1, 1, 0, 2]), torch.arange(4, dtype=torch.uint8)[:, None, None, None]
    figure = inside.confident_mistakes(images, logits, targets, CLASSES)
    shown = [axis for axis in figure.axes if axis.images]
    assert [axis.get_title() for axis in shown] == ["ship as\ncat, 80%", "cat as\nship, 70%", "dog as\ncat, 60%"]
    assert [axis.images[0].get_array().item() for axis in shown] == [3, 2, 0]
    assert len([a for a in inside.confident_mistakes(images, logits, targets, CLASSES, n=2).axes if a.images]) == 2


def test_calibration_by_hand():
    # two at 0.62 (one right), three at 0.98 (all right), one at exactly 1 (wrong)
    logits = logits_of(*2 * [(0.62, 0.38)], *3 * [(0.98, 0.02)], (1.0, 1e-30))
    targets = torch.tensor([0, 1, 0, 0, 0, 1])
    confidence, accuracy, share = inside.reliability(logits, targets)
    assert share[6].item() == pytest.approx(2 / 6) and share[9].item() == pytest.approx(4 / 6)
    assert accuracy[[6, 9]].tolist() == pytest.approx([0.5, 0.75]) and confidence[6].item() == pytest.approx(0.62)
    assert confidence[9].item() == pytest.approx((3 * 0.98 + 1) / 4) and confidence[0].isnan() and share.sum() == 1
    expected = 2 / 6 * 0.12 + 4 / 6 * ((3 * 0.98 + 1) / 4 - 0.75)
    assert inside.calibration_error(logits, targets) == pytest.approx(expected, abs=1e-6)
    figure = inside.calibration({"a": (logits, targets)})
    assert figure.axes[0].lines[1].get_xydata().ravel().tolist() == pytest.approx([62, 50, 98.5, 75], abs=1e-4)
    assert f"{expected:.1%}" in figure.axes[0].get_legend().get_texts()[1].get_text()


def test_one_number_that_makes_logits_ten_times_as_large_spoils_calibration_alone():
    logits = torch.randn(20_000, 5)
    targets = logits.softmax(dim=1).multinomial(1)[:, 0]  # drawn from these probabilities: right as often as sure
    assert inside.calibration_error(logits, targets) < 0.02 < 0.3 < inside.calibration_error(10 * logits, targets)


# ---- figures ----


def test_rows_name_each_group_once():
    maps, patches = torch.randn(5, 6, 6), torch.randint(256, (2, 3, 4, 4), dtype=torch.uint8)
    figure = inside.rows({"maps": maps, "patches": patches}, "two groups", columns=3)
    drawn = [axis.images[0] for axis in figure.axes if axis.images]
    assert len(figure.axes) == 9 and len(drawn) == 7 and figure.get_suptitle() == "two groups"
    assert [text.get_text() for axis in figure.axes for text in axis.texts] == ["maps", "", "patches"]
    assert all(image.get_clim()[0] == -image.get_clim()[1] for image in drawn[:5])
    assert np.array_equal(drawn[5].get_array(), patches[0].permute(1, 2, 0))
    assert inside.rows({"grey": patches[:, :1]}).axes[0].images[0].get_array().shape == (4, 4, 3)


def test_filters_have_white_or_grey_at_zero():
    grey, color = torch.tensor([[[[0.0, -2.0]]], [[[4.0, 1.0]]]]), torch.zeros(2, 3, 1, 2)
    color[:, 0, 0, 1], color[1, 2, 0, 0] = 5, -5
    drawn = [axis.images[0] for axis in inside.filters(grey).axes if axis.images]
    assert [image.get_array().tolist() for image in drawn] == [[[0, -1]], [[1, 0.25]]]
    drawn = [axis.images[0].get_array() for axis in inside.filters(nn.Parameter(color)).axes if axis.images]
    assert drawn[0].tolist() == [[[0.5, 0.5, 0.5], [1, 0.5, 0.5]]] and drawn[1][0, 0].tolist() == [0.5, 0.5, 0]


# ---- the picker ----


class Brightness(nn.Module):
    """Dark images are cats, grey ones dogs, bright ones ships."""

    def forward(self, x):
        return -20 * (x.mean(dim=(1, 2, 3))[:, None] - torch.tensor([0.0, 0.5, 1.0])).square()


@pytest.fixture
def shades() -> ImageDataset:
    images = torch.tensor([0, 128, 255, 250], dtype=torch.uint8)[:, None, None, None].expand(4, 3, 6, 6)
    return ImageDataset(images, torch.tensor([0, 1, 2, 0]))


def test_an_answer_shows_three_classes_and_says_whether_it_is_right(shades):
    figure = inside.answer(Brightness(), shades, CLASSES, 1)
    assert figure.get_suptitle() == "Picture 1, dog: the network answers dog, right"
    names = [label.get_text() for label in figure.axes[1].get_yticklabels()]
    widths = [bar.get_width() for bar in figure.axes[1].patches]
    assert names[0] == "dog" and sorted(names) == sorted(CLASSES) and sum(widths) == pytest.approx(100, abs=1e-3)
    assert widths == sorted(widths, reverse=True)
    assert inside.answer(Brightness(), shades, CLASSES, 3).get_suptitle().endswith("answers ship, wrong")


def test_the_picker_without_a_browser_is_one_figure_and_one_line(shades, monkeypatch, capsys):
    shown = []
    monkeypatch.setattr("IPython.display.display", shown.append)
    inside.picker(Brightness(), shades, CLASSES, first=2)
    assert capsys.readouterr().out == "In a live notebook you can choose a picture here.\n"
    assert [figure.get_suptitle()[:9] for figure in shown] == ["Picture 2"]


def test_slider_and_field_choose_the_picture(shades, monkeypatch):
    pytest.importorskip("ipywidgets")
    drawn, draw = [], inside._draw_answer
    monkeypatch.setattr(inside, "_draw_answer", lambda *given: drawn.append(given[-1]) or draw(*given))
    control = inside.make_picker(Brightness(), shades, CLASSES)
    (slider, field), says, picture = control.children[0].children, *control.children[1:]
    slider.value = 2
    assert field.value == 2 and says.value == "Picture 2, ship: the network answers ship, right"
    field.value = 3
    assert slider.value == 3 and drawn == [0, 2, 3], "drawn once for each choice"
    assert bytes(picture.value).startswith(b"\x89PNG")
    field.set_trait("value", 99)
    assert slider.value == len(shades) - 1, "a number that is too large is the last picture"


def test_png_is_a_picture():
    assert interactive.png(inside.filters(torch.ones(1, 1, 2, 2))).startswith(b"\x89PNG")


# ---- TensorBoard, in lesson 08 ----


def test_the_lines_of_lesson_08_write_what_tensorboard_shows(tmp_path, monkeypatch):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

    lesson = (Path(inside.__file__).parent.parent / "notebooks" / "08_cifar10_vgg.ipynb").read_text(encoding="utf-8")
    text = next(
        c.source for c in nbformat.reads(lesson, 4).cells if "TensorBoard" in c.source and "<details>" in c.source
    )
    code, magics = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    folder = re.search(r'SummaryWriter\("(.*?)"\)', code).group(1)
    assert magics.split("\n")[:2] == ["%load_ext tensorboard", f"%tensorboard --logdir {folder}"]
    assert f'log_dir="{folder}"' in text and folder.startswith("runs/"), "runs/ is no part of the repository"

    monkeypatch.chdir(tmp_path)
    images = some_images(40, 3, 32, 32)
    images.labels[:] = torch.arange(40) % 10
    names = {
        "chosen": Vgg((4, 4, 8)).eval(),
        "cifar": SimpleNamespace(test=images, classes=tuple("abcdefghij")),
        "course": SimpleNamespace(device=torch.device("cpu")),
        "balanced_sample": lambda dataset, rate: dataset,
        "inside": inside,
        "loader": loader,
    }
    exec(code, names)
    events = EventAccumulator(folder)
    tags = events.Reload().Tags()
    assert tags["graph"] and set(tags["histograms"]) == {name for name, _ in names["chosen"].named_parameters()}
    assert set(tags["images"]) == {"test pictures", "filters of the first layer"}
    assert (tmp_path / folder / "projector_config.pbtxt").exists()
    table = next((tmp_path / folder).rglob("tensors.tsv")).read_text(encoding="utf-8").splitlines()
    assert len(table) == 40 and len(table[0].split("\t")) == 8, "one line for each picture, one number for each channel"
