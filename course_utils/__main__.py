"""The command line of the course: `python -m course_utils lab | data | doctor | check | progress`.

It says what there is, and calls it. What a command needs is imported when it runs, so that `--help` answers at once.
"""

import sys

if sys.version_info < (3, 10):  # noqa: UP036 (before any line that an older Python cannot read)
    sys.exit("This course needs Python 3.10 or newer; this is " + sys.version.split()[0] + ".")

import argparse
import getpass
import os
from pathlib import Path

from course_utils import ROOT, doctor


def lab(options: list[str]) -> int:
    """Open JupyterLab on the first lesson, with the repository as its root; it asks nothing and looks nothing up."""
    from jupyterlab.labapp import LabApp

    os.environ.setdefault("JUPYTER_PREFER_ENV_PATH", "1")  # this environment's kernel, not one in the user's home
    screen = sys.platform in ("win32", "darwin") or os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")
    if not screen or os.environ.get("SSH_CONNECTION"):
        options = ["--no-browser", *options]
    LabApp.launch_instance(
        [
            f"--ServerApp.root_dir={ROOT}",
            "--LabApp.default_url=/lab/tree/notebooks/00_start_here.ipynb",
            f"--LabApp.app_settings_dir={ROOT / 'tools' / 'lab'}",  # no question about news, no look for updates
            "--allow-root",  # in a container there is often no other user
            *options,
        ]
    )
    return 0


def data(names: list[str], place: str | None) -> int:
    """Fetch the data sets, or take them from a place on this machine, and verify them; 1 when one is missing then."""
    from course_utils.files.fetch import DataError
    from course_utils.files.folders import prepare, take

    missing = 0
    for name in names:
        try:
            folder = take(name, Path(place).expanduser()) if place else prepare(name)
            print(f"{name}: real and whole in {folder}", flush=True)
        except DataError as error:
            missing += 1
            print(f"{name}: NOT here. {error}", file=sys.stderr, flush=True)
    return 1 if missing else 0


def progress(args: argparse.Namespace) -> int:
    """Run the exercises: one's own, or those of a class that are handed in below a folder."""
    from course_utils.practice import class_table
    from course_utils.practice import progress as own

    limits = args.seconds, args.gigabytes
    if args.folder:
        return class_table.report(args.folder, args.lesson, args.to, *limits)
    return own.report(args.name or _user(), args.lesson, args.to, *limits)


def _user() -> str:
    try:
        return getpass.getuser()
    except (OSError, KeyError, ImportError):  # a container can have a user without a name
        return "student"


def parser() -> argparse.ArgumentParser:
    top = argparse.ArgumentParser(prog="python -m course_utils", description="The commands of the course.")
    commands = top.add_subparsers(dest="command", required=True, metavar="command")

    about = "open the lessons in JupyterLab (further options go to JupyterLab, such as --port=9000 or --ip=0.0.0.0)"
    commands.add_parser("lab", help=about, description=about)

    about = "fetch and verify the data sets"
    command = commands.add_parser("data", help=about, description=about)
    command.add_argument("names", nargs="*", metavar="name", help=f"default: {' '.join(doctor.DATA_SETS)}")
    command.add_argument("--from", dest="place", metavar="place", help="a folder or archive that has them: no download")

    about = "check this machine: versions, disk, ports, data; exit status 1 when something is wrong"
    commands.add_parser("doctor", help=about, description=about)

    about = "before class: doctor, then every lesson from a fresh kernel, with its minutes"
    command = commands.add_parser("check", help=about, description=about)
    command.add_argument("notebooks", nargs="*", help="default: every lesson and solution")
    command.add_argument("--speed", choices=("smoke", "class", "full"), default="class", help="default: %(default)s")
    command.add_argument("--write", action="store_true", help="store the times in results/timing.json")

    about = "what is done in notebooks/exercises, and a small file to hand in; with a folder, the table of a class"
    command = commands.add_parser("progress", help=about, description=about)
    command.add_argument(
        "folder", nargs="?", type=Path, help="what a class handed in: a folder a student, or .json files"
    )
    command.add_argument("--name", help="of the student (default: the user of this machine)")
    command.add_argument("--lesson", action="append", default=[], type=lesson, help="only this one, such as 03")
    command.add_argument("--to", type=Path, default=Path(), help="the folder for what is written (default: this one)")
    command.add_argument("--seconds", type=float, default=600, help="for each notebook (default: %(default)s)")
    command.add_argument("--gigabytes", type=float, default=4, help="of memory, on Linux only (default: %(default)s)")
    return top


def lesson(words: str) -> str:
    """03, from 3 or 03; argparse makes one line of a ValueError."""
    from course_utils.practice.progress import exercises

    if (number := f"{int(words):02}") not in exercises():
        raise ValueError
    return number


def main(argv: list[str] | None = None) -> int:
    top = parser()
    args, rest = top.parse_known_args(argv)
    if args.command == "lab":
        return lab(rest)
    if rest:
        top.error(f"unknown: {' '.join(rest)}")
    if args.command == "data":
        if unknown := set(args.names) - set(doctor.DATA_SETS):
            top.error(f"no data set is called {', '.join(sorted(unknown))}; there are {', '.join(doctor.DATA_SETS)}")
        return data(args.names or list(doctor.DATA_SETS), args.place)
    if args.command == "progress":
        return progress(args)
    if args.command == "doctor":
        return doctor.examine()
    return doctor.rehearse(args.notebooks, args.speed, args.write)


if __name__ == "__main__":
    sys.exit(main())
