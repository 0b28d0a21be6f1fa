"""tools.handin: the exercises as a course for nbgrader. Here without nbgrader; make test-handin runs it."""

import re
import sys
from types import ModuleType, SimpleNamespace

import nbformat
import pytest

from course_utils import ROOT
from tools import handin

SOLUTIONS = sorted((ROOT / "notebooks" / "solutions").glob("*.ipynb"))


def code(nb: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    return [cell for cell in nb.cells if cell.cell_type == "code"]


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """The folder that nbgrader works in."""
    folder = tmp_path_factory.mktemp("course")
    handin.write(folder)
    return folder


@pytest.fixture(params=SOLUTIONS, ids=lambda path: path.stem)
def pair(request, course):
    """(the instructor's notebook for nbgrader, the exercise notebook)."""
    path = request.param
    source = nbformat.read(course / "source" / path.stem / path.name, as_version=4)
    return source, nbformat.read(ROOT / "notebooks" / "exercises" / path.name, as_version=4)


def test_every_exercise_has_an_answer_and_a_locked_test_for_one_point(pair):
    source, exercises = pair
    names = re.findall(r'^check\("(\d\d)\.(\d+)"', "\n".join(cell.source for cell in code(exercises)), re.M)
    kinds = [cell.metadata.nbgrader for cell in code(source)]
    answers = [kind.grade_id for kind in kinds if kind.solution]
    tests = [kind for kind in kinds if kind.grade]
    assert answers == [f"answer-{lesson}-{number}" for lesson, number in names]
    assert [kind.grade_id for kind in tests] == [f"test-{lesson}-{number}" for lesson, number in names]
    assert all(kind.locked and kind.points == 1 for kind in tests)
    assert all(kind.locked != kind.solution and kind.schema_version == 3 for kind in kinds)
    assert len({kind.grade_id for kind in kinds}) == len(kinds)
    assert all(re.fullmatch(r"[\w-]+", kind.grade_id, re.A) for kind in kinds)


def test_a_test_raises_what_the_checker_says(pair):
    for cell in code(pair[0]):
        if cell.metadata.nbgrader.grade:
            assert re.fullmatch(
                r'from course_utils\.checks import expect_correct\n\nexpect_correct\("\d\d\.\d+", .+\)', cell.source
            )
            assert cell.metadata.tags == ["raises-exception"]


def test_what_is_handed_out_is_the_exercise_and_no_answer(pair):
    source, exercises = pair
    for cell, exercise in zip(code(source), code(exercises), strict=True):
        kind = cell.metadata.nbgrader
        if kind.solution:
            assert cell.metadata.handed_out == exercise.source != cell.source
            assert "### BEGIN SOLUTION" in cell.source
        else:
            assert "SOLUTION" not in cell.source and "handed_out" not in cell.metadata
            assert kind.grade or exercise.source.endswith(cell.source)
    assert all(not cell.outputs for cell in code(source))
    assert not any("solution" in cell.metadata.get("tags", []) for cell in source.cells)


def test_nothing_in_it_needs_the_folders_of_the_course(pair):
    text = "\n".join(cell.source for cell in pair[0].cells)
    assert "](../" not in text and "google.colab" not in text and "sys.path" not in text
    assert text.count("from course_utils.course import setup") == 1 and "`check`" not in text


def test_what_is_the_instructors_stays(tmp_path, capsys):
    (tmp_path / handin.CONFIG).write_text("c = get_config()  # mine\n", encoding="utf-8")
    (tmp_path / "submitted").mkdir()
    assert handin.main([str(tmp_path)]) == 0
    assert (tmp_path / handin.CONFIG).read_text(encoding="utf-8").endswith("# mine\n")
    assert "14 assignments" in capsys.readouterr().out and (tmp_path / "submitted").is_dir()


@pytest.fixture
def settings(course, monkeypatch):
    """(the settings of nbgrader_config.py, nbgrader's two classes that it replaces), with a stand-in for nbgrader."""

    class ClearSolutions:
        def preprocess_cell(self, cell, resources, cell_index):
            cell.source = "cleared"
            return cell, resources

    class OverwriteCells:
        notebook_id = assignment_id = "01"

        def preprocess_cell(self, cell, resources, cell_index):
            return cell, resources

        def missing_cell_transform(self, source, points):
            return nbformat.v4.new_code_cell(source.source, metadata={"nbgrader": {"grade_id": source.name}})

    def steps(kind):
        return SimpleNamespace(default=lambda: ["first", kind, "last"])

    modules = {"nbgrader": {}, "nbgrader.preprocessors": {k.__name__: k for k in (ClearSolutions, OverwriteCells)}}
    modules["nbgrader.converters"] = {
        "Autograde": SimpleNamespace(sanitize_preprocessors=steps(OverwriteCells)),
        "GenerateAssignment": SimpleNamespace(preprocessors=steps(ClearSolutions)),
    }
    for name, content in modules.items():
        module = ModuleType(name)
        module.__dict__.update(content)
        monkeypatch.setitem(sys.modules, name, module)
    names = ("Autograde", "CourseDirectory", "GenerateAssignment", "Execute", "OverwriteCells")
    config = SimpleNamespace(**{name: SimpleNamespace() for name in names})
    exec((course / handin.CONFIG).read_text(encoding="utf-8"), {"get_config": lambda: config, "__name__": "config"})
    return config, ClearSolutions, OverwriteCells


def test_the_settings_hand_out_the_gaps(settings):
    config, clear, _ = settings
    first, hand_out, last = config.GenerateAssignment.preprocessors
    assert (first, last) == ("first", "last") and issubclass(hand_out, clear)
    cell = nbformat.v4.new_code_cell("the answer", metadata={"handed_out": "..."})
    assert hand_out().preprocess_cell(cell, {}, 0)[0].source == "..." and "handed_out" not in cell.metadata
    assert hand_out().preprocess_cell(nbformat.v4.new_code_cell("x"), {}, 0)[0].source == "cleared"


def test_the_settings_put_deleted_tests_back(settings):
    config, _, overwrite = settings
    first, put_back, last = config.Autograde.sanitize_preprocessors
    assert (first, last) == ("first", "last") and issubclass(put_back, overwrite)
    cells = [SimpleNamespace(name=f"test-{i}", source=f"source {i}", max_score=1) for i in range(3)]
    released = SimpleNamespace(source_cells=cells, grade_cells=cells[:2])
    step = put_back()
    step.gradebook = SimpleNamespace(find_notebook=lambda *names: released)
    there = nbformat.v4.new_code_cell("", metadata={"nbgrader": {"grade_id": "test-0"}})
    pasted = nbformat.v4.new_code_cell("", metadata={"nbgrader": {}})
    nb, _ = step.add_missing_grade_cells(nbformat.v4.new_notebook(cells=[there, pasted]), {})
    assert [cell.source for cell in nb.cells] == ["", "", "source 1"]
    assert step.add_missing_task_cells(nb, {}) == (nb, {})
    assert step.preprocess_cell(there, {}, 0)[0].metadata == {"nbgrader": {"grade_id": "test-0", "schema_version": 3}}
    assert step.preprocess_cell(pasted, {}, 1)[0].metadata == {}
    assert config.OverwriteCells.add_missing_cells and "*.py" in config.CourseDirectory.ignore
