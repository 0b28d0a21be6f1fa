"""The measurements of the course.

python -m benchmarks             # what there is to measure
python -m benchmarks --check     # does what is stored in results/ meet the targets? 1 when one is missed
"""

import argparse
import ast
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from course_utils import ROOT


def benchmarks(folder: Path = ROOT / "benchmarks") -> Iterator[tuple[str, str]]:
    """(name, first line of its docstring) for each file with a `main`."""
    for path in sorted(folder.glob("[!_]*.py")):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if any(isinstance(node, ast.FunctionDef) and node.name == "main" for node in tree.body):
            yield path.stem, ast.get_docstring(tree).splitlines()[0]


def check(results: Path) -> int:
    """Print one line for each target; 1 when one is missed, or not measured."""
    from benchmarks.targets import all_targets  # imports torch, which takes seconds

    missed = 0
    for target in all_targets(results):
        print(target)
        missed += not target.met
    print(f"{missed or 'no'} target{'s' * (missed != 1)} missed")
    return 1 if missed else 0


def main(argv: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--check", action="store_true", help="compare results/*.json with the targets")
    parser.add_argument("--results", type=Path, default=ROOT / "results", metavar="FOLDER", help="default: results/")
    args = parser.parse_args(argv)
    if args.check:
        return check(args.results)
    for name, line in benchmarks():
        print(f"python -m benchmarks.{name:<10} {line}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
