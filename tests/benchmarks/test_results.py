"""The figures that README shows are those that the benchmarks measured; the comparisons are fair."""

import pytest
import torch

from benchmarks import data_path, growth, report, scaling, speed
from course_utils.data import ImageDataset, load
from course_utils.files.folders import locate

SPEED = report.read_json(speed.RESULT)
GROWTH = report.read_json(growth.RESULT)
SCALING = report.read_json(scaling.RESULT)


measured_speed = pytest.mark.skipif(not SPEED, reason="not measured yet: python -m benchmarks.speed --write")
measured_scaling = pytest.mark.skipif(not SCALING, reason="not measured yet: python -m benchmarks.scaling --write")
measured_growth = pytest.mark.skipif(not GROWTH, reason="not measured yet: python -m benchmarks.growth --write")


def test_readme_shows_what_the_data_path_costs():
    table = data_path.table(report.read_json(data_path.RESULT))
    shown = report.marked("data_path", table) in report.README.read_text(encoding="utf-8")
    assert shown, "run: python -m benchmarks.data_path --write"


@measured_speed
def test_readme_shows_the_speed():
    shown = report.marked("speed", speed.table(SPEED)) in report.README.read_text(encoding="utf-8")
    assert shown, "run: python -m benchmarks.speed --write"


def test_the_targets_of_reading_hold_in_the_stored_result():
    stored = report.read_json(data_path.RESULT)
    reading = stored["seconds"]["reading"]
    assert reading["load: files, checksums, split, statistics"]["median"] < 0.3
    assert stored["seconds"]["a pass over 60,000 images"]["loader"]["median"] < 0.5
    assert reading["list of ints (MCL)"]["median"] > 10 * reading["read_idx"]["median"]
    assert stored["peak_megabytes"]["read_idx"] < 1.2 * 47.04, "the file has 47.04 MB"


def test_the_posts_way_reads_the_same_numbers(tmp_path):
    """The comparison is fair: both ways of reading give the same pixels."""
    path = tmp_path / "images"
    path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 20]) + bytes(8) + bytes(range(12)))
    assert data_path.list_of_ints(path) == list(range(12))


@measured_speed
@pytest.mark.parametrize("row", speed.TRAININGS)
def test_every_training_is_stored_with_all_its_ways_and_rounds(row):
    ms = SPEED["trainings"][row]["ms"]
    assert set(ms) == {"A", "A, 2 workers", "B", "C", "B16"}
    assert all(len(times) >= 5 for times in ms.values())


@measured_speed
@pytest.mark.parametrize("row", speed.TRAININGS)
def test_ours_costs_little_more_than_the_floor(row):
    ratio = speed.ratios(SPEED["trainings"][row])["B/C"]
    assert ratio < 1.25
    if ratio > speed.MOST_B_TO_C:
        pytest.xfail(f"B/C is {ratio:.2f}, the target is {speed.MOST_B_TO_C}")


@measured_speed
@pytest.mark.parametrize("row", speed.TRAININGS)
def test_ours_is_faster_than_the_posts_way(row):
    ratios = speed.ratios(SPEED["trainings"][row])
    best = max(ratios["A/B"], ratios["A/B16"])
    assert best > 2
    if best < speed.TRAININGS[row].target:
        pytest.xfail(f"A/B is {best:.1f}, the target is {speed.TRAININGS[row].target}")


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


@measured_growth
def test_no_cost_grows_faster_than_the_work():
    """An image of the largest data set costs no more than one of a sixth of it; nor does one of the largest batch."""
    for part, small, large in (("images", 10_000, 60_000), ("batch", 64, 1_024)):
        for name, costs in GROWTH[part].items():
            cost = growth.medians(costs)
            assert cost[large] < 1.25 * cost[small], (part, name)


def test_arrangements_of_processes_and_threads():
    assert scaling.arrangements(2) == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert scaling.arrangements(8) == [(1, 1), (1, 8), (2, 4), (4, 2), (8, 1), (8, 2)]
    assert scaling.label(1, 1) == "1 process, 1 thread" and scaling.label(2, 4) == "2 processes, 4 threads each"


@measured_scaling
def test_more_processes_give_no_more_cores():
    """No arrangement is clearly faster than one thread's time divided by the cores."""
    seconds = scaling.medians(SCALING)
    limit = seconds[scaling.label(1, 1)] / SCALING["cores"]
    assert min(seconds.values()) > 0.85 * limit
