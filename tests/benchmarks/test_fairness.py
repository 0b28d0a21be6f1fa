"""What the benchmarks compare is comparable: both ways see the same images, and take the same steps."""

import pytest
import torch

from benchmarks import data_path, speed
from course_utils.data import ImageDataset, load
from course_utils.files.folders import locate


def test_the_posts_way_reads_the_same_numbers(tmp_path):
    """The comparison is fair: both ways of reading give the same pixels."""
    path = tmp_path / "images"
    path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 20]) + bytes(8) + bytes(range(12)))
    assert data_path.list_of_ints(path) == list(range(12))


def images(n: int) -> ImageDataset:
    return ImageDataset(torch.randint(256, (n, 1, 28, 28), dtype=torch.uint8), torch.arange(n) % 10)


def test_ours_takes_the_steps_of_the_floor():
    """On one batch, `fit` leaves the same weights as the bare step: the loop around it is all that differs."""
    few = images(4)
    recipe = speed.replace(speed.TRAININGS["S"].recipe, batch_size=4)
    ways = [speed.Ours(recipe, "cpu", few, False, None), speed.Floor(recipe, "cpu", few, False)]
    for way in ways:
        way.steps = 1
        assert way.seconds_per_step() > 0
    for b, c in zip(*(way.model.parameters() for way in ways), strict=True):
        torch.testing.assert_close(b, c, atol=1e-5, rtol=0)  # the order of the four images changes the rounding


@pytest.mark.slow  # loads seven data sets twice
@pytest.mark.parametrize("row", speed.TRAININGS)
def test_the_posts_way_gives_the_same_images(row):
    recipe = speed.TRAININGS[row].recipe
    if locate(recipe.data) is None:
        pytest.skip("real data is not here: make data")
    ours = load(recipe.data, validation=0, normalize=recipe.normalize).train
    posts = speed.posts_data(row, recipe)
    assert len(posts) == len(ours)
    for i in (0, 1, 49_999):
        torch.testing.assert_close(torch.as_tensor(posts[i][0]), ours[i][0], atol=1e-6, rtol=0)
        assert posts[i][1] == ours[i][1]


@pytest.mark.parametrize("steps, full", [(3, 10), (10, 10), (25, 10), (29, 10)])
def test_ours_counts_its_steps(steps, full):
    way = speed.Ours(speed.replace(speed.TRAININGS["M"].recipe, batch_size=4), "cpu", images(4 * full), False, None)
    way.steps = steps
    counted = []
    way.optimizer.register_step_post_hook(lambda *_: counted.append(1))
    way.seconds_per_step()
    assert len(counted) % min(steps, full) == 0 and abs(len(counted) - steps) <= full / 2
