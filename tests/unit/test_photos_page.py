"""A photographed page of digits: files of every kind, light, ink, pieces, and the form of MNIST."""

import cv2
import imageio.v3 as imageio
import numpy as np
import pytest
import torch
from PIL import Image
from torch import nn

from course_utils.data import DataSets, ImageDataset
from course_utils.photos import page as pages
from course_utils.photos.page import PhotoError
from course_utils.widgets.digit_pad import DIGITS, rasterize

NAMES = [f"{kind}_{i}" for kind in ("practice", "exam") for i in range(1, 9)]


def written(digits="3 1 4", side=60, paper=235, ink=40):
    """A page (H, W, 3) with drawn digits in a row."""
    digits = [int(d) for d in digits.split()]
    photo = np.full((2 * side, side * (2 * len(digits) + 1)), float(paper))
    for i, digit in enumerate(digits):
        drawn = cv2.resize(rasterize(DIGITS[digit]), (side, side), interpolation=cv2.INTER_LINEAR) / 255
        top, left = side // 2, side * (2 * i + 1)
        photo[top : top + side, left : left + side] += (ink - paper) * drawn
    return np.repeat(np.rint(photo).astype(np.uint8)[..., None], 3, axis=2)


class Ink(nn.Module):
    """Says 1 where there is much ink, else 0."""

    def forward(self, x):
        mass = x.flatten(1).mean(1, keepdim=True)
        return torch.cat([-mass, mass], dim=1)


def some_data():
    one = ImageDataset(torch.zeros(1, 1, 28, 28, dtype=torch.uint8), torch.zeros(1, dtype=torch.long), (0.1,), (0.3,))
    sets = {"train": one, "validation": one, "test": one, "classes": tuple("0123456789")}
    return DataSets(name="mnist", mean=(0.1,), std=(0.3,), source="", folder=pages.PAGES, standin=False, **sets)


# ---- files ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("orientation, turns", [(1, 0), (3, 2), (6, -1), (8, 1)])
def test_the_note_how_to_turn_a_photograph_is_followed(tmp_path, orientation, turns):
    stored = written()
    exif = Image.Exif()
    exif[0x0112] = orientation
    Image.fromarray(stored).save(tmp_path / "a.jpg", exif=exif, quality=95)
    opened = pages.open_photo(tmp_path / "a.jpg")
    assert np.abs(opened.astype(int) - np.rot90(stored, turns)).mean() < 3


def test_what_is_transparent_becomes_white_and_grey_becomes_colour(tmp_path):
    picture = np.zeros((20, 30, 4), np.uint8)
    picture[:, 15:, 3] = 255
    imageio.imwrite(tmp_path / "a.png", picture)
    opened = pages.open_photo(tmp_path / "a.png")
    assert opened.shape == (20, 30, 3) and (opened[:, :15] == 255).all() and (opened[:, 15:] == 0).all()
    imageio.imwrite(tmp_path / "grey.png", picture[..., 3])
    assert pages.open_photo(tmp_path / "grey.png").shape == (20, 30, 3)


def test_a_large_photograph_is_made_smaller(tmp_path):
    imageio.imwrite(tmp_path / "a.png", np.full((400, 3200, 3), 200, np.uint8))
    assert pages.open_photo(tmp_path / "a.png").shape == (200, 1600, 3)


@pytest.mark.parametrize(
    "content, message",
    [
        (b"\0\0\0\x18ftypheic\0\0\0\0mif1heic", "HEIC file.*Export it as JPEG"),
        (b"I am a text", "cannot be read as a picture.*JPEG and PNG work"),
        (b"", "cannot be read as a picture"),
        (None, "no file a.jpg in the folder"),
    ],
)
def test_a_file_that_is_no_photograph_gets_a_clear_word(tmp_path, content, message):
    if content is not None:
        (tmp_path / "a.jpg").write_bytes(content)
    with pytest.raises(PhotoError, match=message):
        pages.open_photo(tmp_path / "a.jpg")


def test_a_cut_file_gets_a_clear_word(tmp_path):
    imageio.imwrite(tmp_path / "a.png", written())
    (tmp_path / "a.png").write_bytes((tmp_path / "a.png").read_bytes()[:-200])
    with pytest.raises(PhotoError, match="cannot be read"):
        pages.open_photo(tmp_path / "a.png")


def test_an_unknown_practice_page():
    with pytest.raises(ValueError, match="found the page 'practice_9', expected one of practice_1, "):
        pages.practice_page("practice_9")


# ---- what is no page of digits -------------------------------------------------------------------------------------


def speckled():
    """Blobs of many sizes, as fur or leaves have them."""
    rng = np.random.default_rng(0)
    photo = np.full((600, 800), 230, np.uint8)
    for radius in rng.integers(3, 60, 60).tolist():
        cv2.circle(photo, tuple(rng.integers((60, 60), (740, 540)).tolist()), radius, 60, -1)
    return photo


@pytest.mark.parametrize(
    "photo, message",
    [
        (np.full((300, 400, 3), 230, np.uint8), "No ink was found.*Is the page empty"),
        (np.zeros((300, 400, 3), np.uint8), "background is dark.*more light"),
        (np.clip(np.random.default_rng(0).normal(220, 4, (300, 400)), 0, 255).astype(np.uint8), "No ink was found"),
        (speckled(), "is dark, expected at most|do not look like digits of one pen"),
        (255 - written()[..., 0], "background is dark.*hand in 255 - photo"),
    ],
    ids=["empty", "black", "noise", "blobs", "white on black"],
)
def test_what_is_no_page_of_digits_gets_a_clear_word(photo, message):
    with pytest.raises(PhotoError, match=message):
        pages.find_digits(photo)


def test_a_photograph_of_a_street_is_refused():
    with pytest.raises(PhotoError, match="one pen"):
        pages.find_digits(pages.open_photo(pages.ROOT / "images" / "street.png"))


# ---- digits --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", NAMES)
def test_every_digit_of_every_page_is_found_in_the_order_of_reading(name):
    photo, truth = pages.practice_page(name)
    assert photo.shape == (720, 960, 3) and truth.shape == (40, 3)
    assert np.bincount(truth[:, 2]).tolist() == [4] * 10
    assert pages.true_digits(pages.find_digits(photo), truth) == truth[:, 2].tolist()


@pytest.mark.parametrize("size", [(720, 960), (1200, 1600)])
def test_one_small_digit_on_a_large_page_is_found(size):
    photo = np.full((*size, 3), 230, np.uint8)
    one = written("7", side=48)
    photo[300 : 300 + one.shape[0], 400 : 400 + one.shape[1]] = one
    assert len(pages.find_digits(photo)) == 1


def test_a_photograph_has_to_be_uint8():
    with pytest.raises(PhotoError, match="found float64 of shape .* expected uint8"):
        pages.find_digits(written() / 255)


@pytest.mark.parametrize("side", [40, 60, 200])
def test_large_and_small_digits_are_found(side):
    digits = pages.find_digits(written(side=side))
    assert len(digits) == 3
    for found, digit in zip(digits, (3, 1, 4), strict=True):
        drawn = rasterize(DIGITS[digit]).astype(int)  # the pad can move by less than a pixel
        moved = [np.roll(drawn, (dy, dx), (0, 1)) for dy in (0, 1) for dx in (0, 1)]
        assert min(np.abs(found.picture - other).mean() for other in moved) < 12, "nearly the pad's own picture"


def test_light_and_shadow_do_not_matter():
    photo = written().astype(float)
    light = np.linspace(1, 0.45, photo.shape[1])[None, :, None]
    a, b = pages.find_digits(written()), pages.find_digits(np.rint(photo * light).astype(np.uint8))
    assert max(np.abs(x.picture.astype(int) - y.picture).mean() for x, y in zip(a, b, strict=True)) < 6


def test_a_digit_gets_the_form_of_mnist():
    tall = np.zeros((80, 40))
    tall[:, 15:25] = 200
    picture = pages.like_mnist(tall[:, 15:25])
    rows, columns = np.flatnonzero(picture.any(1)), np.flatnonzero(picture.any(0))
    assert (rows[0], rows[-1]) in ((4, 23), (5, 24)) and len(columns) in (2, 3) and picture.max() == 255
    corner = np.zeros((40, 40))
    corner[:, :8] = corner[:8] = 100  # heavy above and at the left
    picture = pages.like_mnist(corner).astype(float)
    middle = np.arange(28)
    assert abs((picture.sum(1) @ middle) / picture.sum() - 14) < 0.6


def test_a_page_is_read_and_scored():
    photo, truth = pages.practice_page("practice_1")
    read = pages.read_page(Ink(), some_data(), photo)
    assert len(read) == 40 and {digit.answer for digit in read} <= {0, 1}
    assert all(0.5 <= digit.probability <= 1 for digit in read)
    right = [digit._replace(answer=int(t)) for digit, t in zip(read, truth[:, 2], strict=True)]
    assert pages.accuracy(right, truth) == 1 and pages.accuracy(right[:10], truth) == 0.25
    figure = pages.draw(photo, [right[0]._replace(answer=9), *right[1:]], truth, title="One is wrong")
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts[0] == f"9, is {truth[0, 2]}" and texts[1] == str(truth[1, 2])
    assert figure.get_label() == f"39 of 40 digits are read rightly; answer and truth of the others: 9 is {truth[0, 2]}"
    assert (
        pages.draw(photo, right)
        .get_label()
        .startswith(f"40 digits have a box; row by row the answers are {right[0].answer} ")
    )
    assert pages.draw(photo, []).get_label() == ""


def test_two_digits_taken_for_one_have_no_true_digit():
    truth = np.array([[10, 10, 3], [20, 10, 4]])
    assert pages.true_digits([pages.Digit((5, 5, 20, 10), None)], truth) == [None]


def test_no_box_has_no_order():
    assert pages.in_reading_order([]) == []
