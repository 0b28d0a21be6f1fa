"""The quizzes of course_utils/practice/quizzes, as text in the lessons.

After the text stands one code cell, `quiz("NN")`, that makes the questions clickable in a live notebook. Nothing else
is touched; what is new gets its output from run_notebooks.py.
"""

from course_utils import ROOT
from course_utils.practice.quiz import markdown
from tools.sections import with_section
from tools.texts import Texts


def write(texts: Texts) -> None:
    """The section "Quiz" of each lesson that has one."""
    have = {path.stem[-2:] for path in (ROOT / "course_utils" / "practice" / "quizzes").glob("lesson_*.py")}
    for path in sorted((ROOT / "notebooks").glob("*.ipynb")):
        if (lesson := path.stem[:2]) in have:
            code = f'from course_utils.practice.quiz import quiz\n\nquiz("{lesson}")'
            texts.set_notebook(
                path, with_section(texts.notebook(path), "Quiz", markdown(lesson), f"quiz-{lesson}", code)
            )
