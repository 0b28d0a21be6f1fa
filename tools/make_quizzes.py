"""Write the quizzes of course_utils/quizzes into the lessons.

    python tools/make_quizzes.py            # between "## Quiz" and the next heading of each lesson
    python tools/make_quizzes.py --check    # exit status 1 if a lesson holds another quiz

After the text stands one code cell, `quiz("NN")`, that makes the questions clickable in a live notebook. Nothing else
is touched; what is new gets its output from tools/run_notebooks.py.
"""

import argparse
import sys
from pathlib import Path

from nbformat import NotebookNode
from sections import rewrite, with_section

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))  # the course, from the checkout that this script belongs to

from course_utils.quizzes import markdown  # noqa: E402


def with_quiz(path: Path, nb: NotebookNode) -> NotebookNode:
    lesson = path.stem[:2]
    code = f'from course_utils.quizzes import quiz\n\nquiz("{lesson}")'
    return with_section(nb, "Quiz", markdown(lesson), f"quiz-{lesson}", code)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args(argv).check
    have = {path.stem[-2:] for path in (ROOT / "course_utils" / "quizzes").glob("lesson_*.py")}
    lessons = [path for path in sorted((ROOT / "notebooks").glob("*.ipynb")) if path.stem[:2] in have]
    stale = rewrite(lessons, with_quiz, check)
    print("not up to date:" if check else "written:", ", ".join(stale) or "none")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
