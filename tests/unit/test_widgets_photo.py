"""A photograph in the browser goes through the steps of course_utils.photos.page, and gives the same pictures there."""

import base64
import json

import cv2
import numpy as np
import pytest
import torch
from torch import nn

from course_utils.models import LeNet, Mlp
from course_utils.photos import page as pages
from course_utils.photos.page import PhotoError
from course_utils.widgets import live
from course_utils.widgets import photo as module
from course_utils.widgets.live import packed
from tests.unit.node import in_node
from tests.unit.test_photos_page import NAMES, some_data, speckled, written

# A picture into Node.js and out of it: bytes as text.
PICTURE = """((p) => ({data: new Uint8Array(Buffer.from(p.base64, "base64")), height: p.shape[0], width: p.shape[1],
  channels: p.shape[2] ?? 1}))"""
TEXT = """(({data}) => Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString("base64"))"""


def operation(expression: str, picture: np.ndarray, *arguments: object) -> np.ndarray:
    """What an operation of opencv.js makes of a picture `p`; bytes."""
    code = f"{TEXT}(((p) => {expression})({PICTURE}(a[0])))"
    return np.frombuffer(base64.b64decode(in_node("opencv", code, packed(picture), *arguments)), dtype=np.uint8)


def noise(*shape: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, shape).astype(np.uint8)


def page_in_grey(name: str) -> np.ndarray:
    return cv2.cvtColor(pages.practice_page(name)[0], cv2.COLOR_RGB2GRAY)


# ---- the operations of OpenCV ----


def test_grey_is_that_of_opencv():
    photo = noise(301, 400, 3)
    assert np.array_equal(operation("greyOf(p)", photo), cv2.cvtColor(photo, cv2.COLOR_RGB2GRAY).ravel())


@pytest.mark.parametrize("shape", [(60, 81), (5, 5), (1, 30), (3, 2)])
def test_median_blur_is_that_of_opencv(shape):
    picture = noise(*shape)
    assert np.array_equal(operation("medianBlur5(p)", picture), cv2.medianBlur(picture, 5).ravel())


@pytest.mark.parametrize("size", [3, 4, 5, 10, 25, 80])
def test_dilate_and_close_are_those_of_opencv(size):
    picture = noise(90, 121, seed=size) // 2 + noise(90, 121, seed=1) // 40
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    square = np.ones((size, size), np.uint8)
    for name, around in (("disc", disc), ("square", square)):
        grown = operation(f"dilate(p, {name}({size}))", picture)
        assert np.array_equal(grown, cv2.dilate(picture, around).ravel()), name
    closed = operation(f"close(p, disc({size}))", picture)
    assert np.array_equal(closed, cv2.morphologyEx(picture, cv2.MORPH_CLOSE, disc).ravel())


@pytest.mark.parametrize("sigma", [0.375, 1, 4.2, 10, 16.625])
@pytest.mark.parametrize("shape", [(90, 121), (40, 7)])
def test_gaussian_blur_is_that_of_opencv(sigma, shape):
    picture = noise(*shape)
    assert np.array_equal(
        operation(f"gaussianBlur(p, {sigma})", picture), cv2.GaussianBlur(picture, (0, 0), sigma).ravel()
    )


def test_pieces_and_their_boxes_are_those_of_opencv():
    ink = (noise(80, 101) > 170).astype(np.uint8)
    code = f"(({{numbers, boxes}}) => [Array.from(numbers), boxes])(connectedComponents({PICTURE}(a[0])))"
    numbers, boxes = in_node("opencv", code, packed(ink))
    count, expected, stats, _ = cv2.connectedComponentsWithStats(ink)
    assert len(boxes) == count
    pairs = set(zip(numbers, expected.ravel().tolist(), strict=True))
    assert len(pairs) == count, "the same pieces, perhaps with other numbers"
    assert all(boxes[own] == stats[other, :4].tolist() for own, other in pairs if own)


def test_the_distance_to_the_paper_is_that_of_opencv():
    ink = cv2.dilate((noise(80, 101) > 252).astype(np.uint8), np.ones((9, 9)))
    distance = in_node("opencv", f"Array.from(distanceTransform({PICTURE}(a[0])))", packed(ink))
    assert np.allclose(distance, cv2.distanceTransform(ink, cv2.DIST_L2, 3).ravel(), atol=1e-5)


@pytest.mark.parametrize(
    "before, after",
    [
        ((73, 51), (20, 14)),
        ((40, 40), (20, 20)),
        ((11, 7), (20, 13)),
        ((20, 9), (20, 9)),
        ((9, 1), (20, 2)),
        ((60, 30), (20, 10)),
    ],
)
def test_resize_is_that_of_opencv(before, after):
    picture = noise(*before)
    code = f"Array.from(resizeArea({PICTURE}(a[0]), {after[1]}, {after[0]}).data)"
    expected = cv2.resize(picture.astype(np.float32), after[::-1], interpolation=cv2.INTER_AREA)
    assert np.allclose(in_node("opencv", code, packed(picture)), expected.ravel(), atol=1e-3)


@pytest.mark.parametrize("shape", [(400, 3200, 3), (1234, 2345, 3), (4800, 60, 3)])
def test_a_large_photograph_is_reduced_as_python_does(shape):
    photo = noise(*shape)
    code = f"{TEXT}(reduced({PICTURE}(a[0])))"
    got = np.frombuffer(base64.b64decode(in_node("photo_steps", code, packed(photo))), np.uint8)
    scale = pages.LONGEST / max(shape)
    expected = cv2.resize(photo, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    difference = np.abs(got.astype(int) - expected.ravel())
    assert difference.max() <= 1 and (difference > 0).mean() < 1e-4, (difference.max(), (difference > 0).mean())


# ---- the steps, on whole pages ----

STEPS = f"""((grey) => {{
  const text = {TEXT};
  const found = Object.fromEntries(stepsOf(grey));
  const {{paper, flat, ink, pieces, rows: {{rows}}}} = found;
  return {{paper: text(paper.picture), flat: text(flat.picture), ink: text(ink.ink), threshold: ink.threshold,
    pieces: pieces.pieces.map(([, box]) => box), gap: pieces.gap, rows: rows.map((row) => row.map(
      ({{box, picture, small, mass}}) => [box, text({{data: picture}}), [small.width, small.height], mass]))}};
}})({PICTURE}(a[0]))"""


def in_browser(grey: np.ndarray) -> dict:
    """All that the steps of photo_steps.js make of a page; pictures as arrays of bytes."""
    found = in_node("photo_steps", STEPS, packed(grey))
    for name in ("paper", "flat", "ink"):
        found[name] = np.frombuffer(base64.b64decode(found[name]), np.uint8).reshape(grey.shape)
    found["digits"] = [
        (box, np.frombuffer(base64.b64decode(text), np.uint8)) for row in found["rows"] for box, text, *_ in row
    ]
    return found


def paper_of(grey: np.ndarray) -> np.ndarray:
    """The first half of `even_light`."""
    size = max(3, max(grey.shape) // 12)
    around = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (size, size))
    return cv2.GaussianBlur(cv2.morphologyEx(cv2.medianBlur(grey, 5), cv2.MORPH_CLOSE, around), (0, 0), size / 8)


def same_steps(grey: np.ndarray) -> dict:
    """Every picture, box and digit is that of Python; returns what the browser found."""
    found = in_browser(grey)
    assert np.array_equal(found["paper"], paper_of(grey))
    flat = pages.even_light(grey)
    assert np.array_equal(found["flat"], flat)
    ink = pages.find_ink(flat)
    assert np.array_equal(found["ink"].astype(bool), ink)
    assert sorted(found["pieces"]) == sorted(list(box) for _, box in pages.find_pieces(ink)[1])
    expected = pages.find_digits(grey)
    assert [box for box, _ in found["digits"]] == [list(digit.box) for digit in expected], "boxes, in their order"
    for (_, picture), digit in zip(found["digits"], expected, strict=True):
        difference = np.abs(picture.astype(int) - digit.picture.ravel())
        # On the course's sixteen pages no pixel differs; sums of 32 bits in another order may round one of them apart.
        assert difference.max() <= 1 and (difference > 0).sum() <= 2
    return found


@pytest.mark.parametrize("name", NAMES)
def test_every_page_of_the_course_gives_the_same_pictures(name):
    assert len(same_steps(page_in_grey(name))["digits"]) == 40


@pytest.mark.parametrize("side", [12, 18, 40, 60, 133])
def test_drawn_digits_give_the_same_pictures(side):
    """Digits of 12 pixels are made larger, not smaller."""
    same_steps(cv2.cvtColor(written("3 1 4 5", side), cv2.COLOR_RGB2GRAY))
    shadow = np.linspace(1, 0.45, 9 * side)[None]
    same_steps(np.rint(cv2.cvtColor(written("9 0 2 7", side), cv2.COLOR_RGB2GRAY) * shadow).astype(np.uint8))


@pytest.mark.parametrize(
    "grey",
    [
        np.full((300, 400), 230, np.uint8),
        np.zeros((300, 400), np.uint8),
        np.clip(np.random.default_rng(0).normal(220, 4, (300, 400)), 0, 255).astype(np.uint8),
        speckled(),
        cv2.cvtColor(pages.open_photo(pages.ROOT / "images" / "street.png"), cv2.COLOR_RGB2GRAY),
        255 - written()[..., 0],
    ],
    ids=["empty", "black", "noise", "blobs", "street", "white on black"],
)
def test_what_is_no_page_of_digits_gets_the_words_of_python(grey):
    with pytest.raises(PhotoError) as expected:
        pages.find_digits(grey)
    steps = f"[...stepsOf({PICTURE}(a[0]))]"
    code = f"(() => {{ try {{ return {steps}.length }} catch (error) {{ return error.message }} }})()"
    reason = str(expected.value).removesuffix(" For chalk on a board, hand in 255 - photo.")  # nobody can do this there
    assert in_node("photo_steps", code, packed(grey)) == reason


# ---- the answers, and the control ----


def test_the_answers_are_those_of_pytorch():
    """Boxes, pictures, and the ten probabilities to 1e-4, from the bytes of a page to the answer."""
    torch.manual_seed(0)
    model, data = LeNet(), some_data()
    grey = page_in_grey("practice_5")
    code = f"""(() => {{
      const network = read(a[1]);
      const {{rows: {{rows}}}} = Object.fromEntries(stepsOf({PICTURE}(a[0])));
      return rows.flat().map(({{picture}}) => Array.from(run(network, picture).at(-1).data));
    }})()"""
    probabilities = np.array(in_node("photo", code, packed(grey), module.describe(model, data)))
    expected = pages.read_page(model, data, grey)
    assert probabilities.argmax(1).tolist() == [digit.answer for digit in expected]
    assert probabilities.max(1) == pytest.approx([digit.probability for digit in expected], abs=1e-4)


def test_stored_it_shows_a_figure_and_what_the_site_makes_the_control_of(shown):
    module.read_photo(LeNet(), some_data())
    figure, bundle = shown
    assert figure.get_suptitle().startswith("From a page to 40 pictures")
    assert bundle["text/plain"].endswith("on the course's site, you can photograph your own digits here.")
    stored = bundle[live.MIME]
    assert stored["control"] == "photo" and len(json.dumps(stored)) < 400_000
    pictures = [base64.b64decode(page["jpeg"]) for page in stored["state"]["pages"]]
    assert pictures == [(pages.PAGES / f"{page.file}.jpg").read_bytes() for page in module.EXAMPLES]
    assert "LeNet with 44,426 weights" in stored["state"]["note"]


def test_a_network_that_a_browser_or_a_page_cannot_have_gets_its_figure_and_a_reason(shown, capsys):
    module.read_photo(Mlp((100,)), some_data())
    assert capsys.readouterr().out == "In a live notebook you can photograph your own digits here.\n"
    module.read_photo(nn.Sequential(nn.Flatten(), nn.Linear(784, 10), nn.GELU()), some_data())
    assert capsys.readouterr().out.startswith(
        "There is no control for this network. The browser cannot compute 2 (GELU)"
    )
    assert [type(one).__name__ for one in shown] == ["Figure", "Figure"]


def test_live_it_is_a_widget_that_needs_no_python(shown, monkeypatch):
    pytest.importorskip("anywidget")
    for place in (module, live):
        monkeypatch.setattr(place, "live", lambda: True)
    module.read_photo(LeNet(), some_data())
    assert len(shown) == 2 and len(shown[1].pages) == 2
