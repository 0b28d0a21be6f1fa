"""A class of 35 hands in lesson 01: right, wrong, empty, broken and dishonest notebooks, marked by nbgrader itself.

Each student is an edit of the released notebook, and the points that it has to get. The class is cut in halves, which
are marked side by side.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_output

from course_utils import ROOT
from tools import handin

NAME = "01_image_filters"
Edit = Callable[[NotebookNode, Path], None]
STUDENTS: dict[str, tuple[Edit, float | None]] = {}


def student(points: float | None) -> Callable[[Edit], Edit]:
    """Adds a student: the name of the function, its edit of a notebook with right answers, the points it gets."""

    def add(edit: Edit) -> Edit:
        STUDENTS[edit.__name__] = edit, points
        return edit

    return add


def cell(nb: NotebookNode, name: str) -> NotebookNode:
    """The cell with this grade_id, such as answer-01-1."""
    [found] = [c for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade_id") == name]
    return found


def graded(nb: NotebookNode) -> list[NotebookNode]:
    return [c for c in nb.cells if c.metadata.get("nbgrader", {}).get("grade")]


def answers(nb: NotebookNode) -> list[NotebookNode]:
    return [c for c in nb.cells if c.metadata.get("nbgrader", {}).get("solution")]


def empty(nb: NotebookNode, *names: str) -> None:
    """Back to the gap: the answers with these names, or all."""
    for c in answers(nb):
        if not names or c.metadata.nbgrader.grade_id in names:
            c.source = c.metadata.gap


def without(nb: NotebookNode, *cells: NotebookNode) -> None:
    nb.cells = [c for c in nb.cells if not any(c is gone for gone in cells)]


def before(nb: NotebookNode, name: str, code: str) -> None:
    cell(nb, name).source = f"{code}\n{cell(nb, name).source}"


# ---- honest ----


@student(5)
def all_right(nb, folder):
    pass


@student(5)
def all_right_in_one_cell(nb, folder):
    together = "\n\n\n".join(c.source for c in answers(nb))
    for c in answers(nb):
        c.source = ""
    answers(nb)[0].source = together


@student(5)
def right_with_warnings(nb, folder):
    cell(nb, "answer-01-1").source += "\n\n\nown_slide = slide\n\n\ndef slide(image, kernel):\n"
    cell(
        nb, "answer-01-1"
    ).source += "    import sys, warnings\n    warnings.warn('slow')\n    print('50 %', file=sys.stderr)\n"
    cell(nb, "answer-01-1").source += "    return own_slide(image, kernel)"


@student(5)
def right_with_much_output(nb, folder):
    before(nb, "answer-01-2", "for i in range(20_000):\n    print(i)")


@student(5)
def another_kernel(nb, folder):
    nb.metadata.kernelspec = {"name": "my-env", "display_name": "my-env", "language": "python"}


@student(5)
def own_cells_between(nb, folder):
    nb.cells.insert(4, new_code_cell("slide(np.zeros((5, 5), np.uint8), np.ones((3, 3), np.float32))"))


@student(3)
def three_of_five(nb, folder):
    empty(nb, "answer-01-4", "answer-01-5")


@student(1)
def one_of_five(nb, folder):
    empty(nb, "answer-01-1", "answer-01-2", "answer-01-3", "answer-01-5")


@student(0)
def all_wrong(nb, folder):
    for c, name in zip(answers(nb), ("slide", "colour_edges", "learn_kernel", "dot_kernel", "max_pool"), strict=True):
        c.source = (
            "dot_kernel = np.ones((3, 3))" if name == "dot_kernel" else f"def {name}(*given):\n    return given[0]"
        )


@student(0)
def nothing_done(nb, folder):
    empty(nb)


# ---- broken ----


@student(4)
def syntax_error(nb, folder):
    cell(nb, "answer-01-1").source = "def slide(image, kernel)\n    return image"


@student(4)
def stops_with_an_error(nb, folder):
    before(nb, "answer-01-2", "1 / 0")


@student(4)
def endless_cell(nb, folder):
    before(nb, "answer-01-2", "while True:\n    pass")


@student(4)
def endless_function(nb, folder):
    cell(nb, "answer-01-5").source = "def max_pool(image, side, stride):\n    while True:\n        pass"


@student(None)
def endless_and_not_to_be_interrupted(nb, folder):
    cell(nb, "answer-01-5").source = """def max_pool(image, side, stride):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass"""


@student(4)
def sys_exit_in_a_cell(nb, folder):
    before(nb, "answer-01-1", "import sys\n\nsys.exit()")


@student(4)
def sys_exit_in_a_function(nb, folder):
    cell(nb, "answer-01-1").source = "def slide(image, kernel):\n    raise SystemExit"


@student(None)
def kernel_killed(nb, folder):
    before(nb, "answer-01-3", "import os\n\nos._exit(1)")


@student(None)
def no_notebook(nb, folder):
    nb.instead = "This is my solution."


@student(None)
def wrong_file_name(nb, folder):
    nb.file = "my_solution.ipynb"


@student(4)
def answer_cell_deleted(nb, folder):
    without(nb, cell(nb, "answer-01-2"))


@student(4)
def answer_and_test_deleted(nb, folder):
    without(nb, cell(nb, "answer-01-2"), cell(nb, "test-01-2"))


@student(5)
def pasted_test_cell(nb, folder):
    nb.cells.append(nbformat.from_dict(cell(nb, "test-01-1")))
    nb.cells[-1].id = "pasted"


# ---- dishonest ----


@student(5)
def deleted_tests(nb, folder):
    without(nb, *graded(nb))


@student(0)
def deleted_tests_and_nothing_done(nb, folder):
    empty(nb)
    without(nb, *graded(nb))


@student(0)
def edited_tests(nb, folder):
    empty(nb)
    for c in graded(nb):
        c.source = "print('01.1: correct')"


@student(0)
def outputs_forged(nb, folder):
    empty(nb)
    for c in graded(nb):
        c.outputs = [new_output("stream", text="01.1: correct\n")]


@student(3)
def points_raised(nb, folder):
    empty(nb, "answer-01-4", "answer-01-5")
    for c in graded(nb):
        c.metadata.nbgrader.points = 100


@student(3)
def own_tests(nb, folder):
    empty(nb, "answer-01-4", "answer-01-5")
    mark = {"grade": True, "solution": False, "locked": True, "grade_id": "test-01-6", "points": 100}
    nb.cells.append(new_code_cell("pass", metadata={"nbgrader": mark}))


@student(5)
def old_marks(nb, folder):
    for c in graded(nb):
        c.metadata.nbgrader.schema_version = 1


@student(0)
def own_expect_correct(nb, folder):
    empty(nb)
    before(nb, "answer-01-1", "def expect_correct(exercise, answer):\n    print('correct')\n\n\ncheck = expect_correct")


@student(0)
def own_course_utils(nb, folder):
    empty(nb)
    (folder / "course_utils").mkdir()
    for name in ("__init__", "checks", "course"):
        text = "def expect_correct(*given):\n    print('correct')\n\n\ncheck = setup = expect_correct\n"
        (folder / "course_utils" / f"{name}.py").write_text(text, encoding="utf-8")


@student(0)
def solutions_looked_for_nearby(nb, folder):
    empty(nb)
    before(nb, "answer-01-1", f"exec(open('../../solutions/{NAME}.ipynb').read())")


@student(5)  # nothing prevents it: who can run the course can read it
def solutions_read_from_the_course(nb, folder):
    empty(nb)
    cell(nb, "answer-01-1").source = f"""import json

from course_utils import ROOT

with open(ROOT / "notebooks" / "solutions" / "{NAME}.ipynb", encoding="utf-8") as file:
    for solved in json.load(file)["cells"]:
        if "BEGIN SOLUTION" in (text := "".join(solved["source"])):
            exec(text)"""
    for c in answers(nb)[1:]:
        c.source = ""


@student(5)  # nothing prevents it: the answer and its test run in one process
def checker_forged(nb, folder):
    empty(nb)
    before(nb, "answer-01-1", "import course_utils.checks\n\ncourse_utils.checks.judge = lambda *given: 'correct'")


# ---- the class ----


def nbgrader(course: Path, *words: str) -> str:
    """What it prints. It ends with an error when one hand-in cannot be marked; the others are marked all the same."""
    environment = os.environ | {"PYTHONPATH": str(ROOT), "COURSE_INTERACTIVE": "0", "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        ["nbgrader", *words], cwd=course, env=environment, capture_output=True, encoding="utf-8", errors="replace"
    )
    return done.stdout + done.stderr


def hand_in(course: Path, name: str, edit: Edit) -> None:
    """Put the notebook of one student where nbgrader collects it."""
    nb = nbformat.read(course / "source" / NAME / f"{NAME}.ipynb", as_version=4)
    released = nbformat.read(course / "release" / NAME / f"{NAME}.ipynb", as_version=4)
    for solved, c in zip(nb.cells, released.cells, strict=True):
        if c.metadata.get("nbgrader", {}).get("solution"):
            c.metadata.gap, c.source = c.source, solved.source
    folder = course / "submitted" / name / NAME
    folder.mkdir(parents=True)
    edit(released, folder)
    text, file = released.pop("instead", None), released.pop("file", f"{NAME}.ipynb")
    (folder / file).write_text(text or nbformat.writes(released), encoding="utf-8")


@pytest.fixture(scope="session")
def released(tmp_path_factory):
    """The course with lesson 01 released."""
    course = tmp_path_factory.mktemp("released")
    handin.write(course)
    printed = nbgrader(course, "generate_assignment", NAME)
    assert (course / "release" / NAME / f"{NAME}.ipynb").exists(), printed
    return course


def seconds_of_a_cell() -> int:
    """A limit for these small exercises, on a machine as busy as this one: five times the slowest, which imports."""
    code = "import course_utils.course, cv2, IPython; import course_utils.practice.exercises.lesson_01"
    start = time.monotonic()
    subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=True)
    return max(8, round(5 * (time.monotonic() - start)))


def marks(course: Path, names: list[str]) -> dict[str, float | None]:
    """The points that these students get; None where nbgrader could not mark."""
    for name in names:
        hand_in(course, name, STUDENTS[name][0])
    limits = [f"--Execute.{name}={seconds_of_a_cell()}" for name in ("timeout", "iopub_timeout")]
    log = nbgrader(course, "autograde", NAME, *limits)
    log += nbgrader(course, "generate_feedback", NAME)
    log += nbgrader(course, "export")
    (course / "log").write_text(log, encoding="utf-8")
    with open(course / "grades.csv", encoding="utf-8", newline="") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    unmarked = {name for name in names if not (course / "autograded" / name / NAME / f"{NAME}.ipynb").exists()}
    return {name: None if name in unmarked else float(rows[name]["score"]) for name in names}


@pytest.mark.parametrize("half", [pytest.param(i, marks=pytest.mark.xdist_group(str(i))) for i in (0, 1)])
def test_every_student_gets_the_points(half, released, tmp_path):
    course, names = tmp_path / "course", sorted(STUDENTS)[half::2]
    shutil.copytree(released, course)
    got = marks(course, names)
    lines = [f"{name:<36} {'not marked' if got[name] is None else got[name]}" for name in names]
    print("\n".join(lines))
    if table := os.environ.get("COURSE_HANDIN_TABLE"):
        Path(f"{table}.{half}").write_text("\n".join(lines) + "\n", encoding="utf-8")
    assert got == {name: STUDENTS[name][1] for name in names}, (course / "log").read_text(encoding="utf-8")[-3000:]
    for name in names:
        page = course / "feedback" / name / NAME / f"{NAME}.html"
        assert page.exists() == (got[name] is not None), name
        if name == "all_wrong":
            assert "01.1: not right yet: " in page.read_text(encoding="utf-8")


def test_what_is_released_has_no_answer(released):
    nb = json.loads((released / "release" / NAME / f"{NAME}.ipynb").read_text(encoding="utf-8"))
    assert "SOLUTION" not in json.dumps(nb) and "handed_out" not in json.dumps(nb)
    exercises = nbformat.read(ROOT / "notebooks" / "exercises" / f"{NAME}.ipynb", as_version=4)
    gaps = [c.source for c in exercises.cells if c.cell_type == "code" and "# your code here" in c.source]
    assert gaps == ["".join(c["source"]) for c in nb["cells"] if c["metadata"].get("nbgrader", {}).get("solution")]
