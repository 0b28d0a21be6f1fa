"""The figures that README shows are those that the benchmark measured."""

from benchmarks import data_path, report


def test_readme_shows_the_stored_result():
    table = data_path.table(report.read_json(data_path.RESULT))
    assert report.marked("data_path", table) in report.README.read_text(encoding="utf-8"), "--write"


def test_the_targets_hold_in_the_stored_result():
    seconds = report.read_json(data_path.RESULT)["seconds"]
    assert seconds["reading"]["load: files, checksums, split, statistics"]["median"] < 0.3
    assert seconds["a pass over 60,000 images"]["loader"]["median"] < 0.5


def test_the_posts_way_reads_the_same_numbers(tmp_path):
    """The comparison is fair: both ways of reading give the same pixels."""
    path = tmp_path / "images"
    path.write_bytes(bytes([0, 0, 8, 1, 0, 0, 0, 20]) + bytes(8) + bytes(range(12)))
    assert data_path.list_of_ints(path) == list(range(12))
