"""What the benchmarks share: results are written whole; how processes and threads are arranged."""

import pytest

from benchmarks import report, scaling


def test_arrangements_of_processes_and_threads():
    assert scaling.arrangements(2) == [(1, 1), (1, 2), (2, 1), (2, 2)]
    assert scaling.arrangements(8) == [(1, 1), (1, 8), (2, 4), (4, 2), (8, 1), (8, 2)]
    assert scaling.label(1, 1) == "1 process, 1 thread" and scaling.label(2, 4) == "2 processes, 4 threads each"


def test_a_result_is_written_whole_with_each_list_on_one_line(tmp_path):
    path = tmp_path / "new" / "result.json"
    result = {"a": [1.5, 2, 3], "b": {"c": [], "d": ["x, y"]}, "e": "text"}
    report.write_json(path, result)
    text = path.read_text(encoding="utf-8")
    assert report.read_json(path) == result and text.endswith("}\n")
    assert ' "a": [1.5, 2, 3],\n' in text
    with pytest.raises(TypeError):
        report.write_json(path, {"a": object()})
    assert report.read_json(path) == result and [file.name for file in path.parent.iterdir()] == ["result.json"]
    assert report.read_json(tmp_path / "none.json") == {}
