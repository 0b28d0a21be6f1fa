"""Write everything in this repository that is made from something else: `make generate`.

    python -m tools.generate                          # write what is not up to date
    python -m tools.generate --check                  # write nothing; exit status 1 if something is not up to date
    python -m tools.generate --address owner/name     # first put another GitHub address into every file that has one

Made are the setup cells (`setup_cells.py`), the exercise notebooks and the list of exercises in each lesson
(`exercises.py`), the quiz of each lesson (`quizzes.py`), the minutes (`minutes.py`), the tables of measured figures
(`tables.py`) and of the files of the data sets (`data_files.py`). Outputs of notebooks are not: they come from
run_notebooks.py.
"""

import argparse
import re
import sys
from collections.abc import Callable

from course_utils import ROOT
from tools import address, data_files, exercises, minutes, quizzes, setup_cells, tables
from tools.texts import Texts

STEPS: tuple[Callable[[Texts], None], ...] = (
    setup_cells.write,
    exercises.write,
    quizzes.write,
    minutes.write,
    tables.write,
    data_files.write,
)


def main(argv: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    parser.add_argument("--address", metavar="owner/name", help="another one, for a copy of the course")
    args = parser.parse_args(argv)
    texts = Texts()
    if args.address:
        if not re.fullmatch(r"[\w-]+/[\w.-]+", args.address):
            parser.error(f"{args.address!r} is not owner/name")
        address.put(texts, args.address)
    for step in STEPS:
        step(texts)
    changed = [path.relative_to(ROOT).as_posix() for path in texts.changed()]
    if not args.check:
        texts.store()
    print("not up to date:" if args.check else "written:", ", ".join(changed) or "nothing")
    return 1 if args.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
