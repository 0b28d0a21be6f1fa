"""An exercise notebook run again, in a process of its own with limits, to see what its checkers say.

The code is a student's, so nothing it does ends the process that asks: it may crash, never end, eat memory, exit. It is
no prison: the code can read and write what its user can, and reach the network.

    code_of   the code cells of a notebook file
    replay    run them in another process; the verdicts, and what went wrong
"""

import json
import os
import signal
import stat
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import NamedTuple

from course_utils import ROOT

MOST_BYTES = 20_000_000  # of a notebook; one with all its pictures has about 1 MB
MOST_NOTES = 1_000_000  # bytes that are read of what the other process notes
SECONDS, GIGABYTES = 600, 4  # for one notebook, unless asked otherwise


class Unreadable(Exception):
    """This file is no notebook; the text says what it is instead."""


class Replay(NamedTuple):
    """The verdict of each exercise that was checked, {"03.1": "correct"}, and in a few words what went wrong, or ""."""

    verdicts: dict[str, str]
    trouble: str


def code_of(path: Path) -> list[str]:
    """The code cells of a notebook, in order.

    Raises:
        Unreadable: the file is a link, too large, no JSON, or no notebook of version 4.
    """
    try:
        if not stat.S_ISREG((about := path.lstat()).st_mode):
            raise Unreadable("a link, not a file")
        if about.st_size > MOST_BYTES:
            raise Unreadable(f"larger than {MOST_BYTES // 1_000_000} MB")
        cells = json.loads(path.read_bytes())["cells"]
        return ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "code"]
    except OSError as error:
        raise Unreadable(f"cannot be read: {error.strerror}") from error
    except (ValueError, TypeError, KeyError, RecursionError) as error:
        raise Unreadable("no notebook") from error


def replay(cells: list[str], seconds: float = SECONDS, gigabytes: float = GIGABYTES) -> Replay:
    """Run code cells in a new process and an empty folder. An error ends its cell only, as with nbgrader.

    Args:
        cells: the sources, from `code_of`.
        seconds: for all of them together.
        gigabytes: of memory. Only Linux holds a process to it; elsewhere nothing does.
    """
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as name:
        folder = Path(name)
        (work := folder / "notebooks" / "exercises").mkdir(parents=True)
        (folder / "cells.json").write_text(json.dumps(cells), encoding="utf-8")
        environment = os.environ | {
            "COURSE_INTERACTIVE": "0",
            "MPLBACKEND": "agg",
            "IPYTHONDIR": str(folder / "ipython"),
            "PYTHONPATH": os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")])),
        }
        status = _run([sys.executable, "-m", __name__, str(folder), str(gigabytes)], work, environment, seconds)
        notes = _notes(folder / "notes")
    verdicts = {note["exercise"]: note["verdict"] for note in notes if "exercise" in note}
    return Replay(verdicts, _trouble(notes, status, seconds, gigabytes))


def _run(command: list[str], work: Path, environment: dict[str, str], seconds: float) -> int | None:
    """The exit status, or None when the time was over. Whatever the process has started ends with it."""
    nothing = subprocess.DEVNULL
    process = subprocess.Popen(
        command, cwd=work, env=environment, stdin=nothing, stdout=nothing, stderr=nothing, start_new_session=True
    )
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if os.name == "posix":
            try:
                os.killpg(process.pid, signal.SIGKILL)
            except ProcessLookupError:
                pass
        process.kill()
        process.wait()


def _notes(path: Path) -> list[dict]:
    """What the other process noted, one JSON object a line. Other lines are left out: a student can write there."""
    if not path.is_file() or path.is_symlink():
        return []
    with open(path, "rb") as file:
        lines = file.read(MOST_NOTES).splitlines()
    notes = []
    for line in lines:
        try:
            note = json.loads(line)
        except (ValueError, RecursionError):
            continue
        if isinstance(note, dict) and all(isinstance(value, str) for value in note.values()):
            notes.append(note)
    return notes


def _trouble(notes: list[dict], status: int | None, seconds: float, gigabytes: float) -> str:
    """What went wrong, in a few words; "" when every cell ended well."""
    errors = [note["error"] for note in notes if "error" in note]
    if status is None:
        return f"ran longer than {seconds:g} s"
    if any("MemoryError" in error for error in errors):
        return f"needed more than {gigabytes:g} GB of memory"
    if not any("end" in note for note in notes):
        return "ended itself before its last cell" if status >= 0 else f"crashed ({_signal(-status)})"
    more = f", and {len(errors) - 1} more" if len(errors) > 1 else ""
    return f"{errors[0]}{more}" if errors else ""


def _signal(number: int) -> str:
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


# ---- in the other process -------------------------------------------------------------------------------------------


def _main(folder: Path, gigabytes: float) -> None:
    """Run the cells of FOLDER/cells.json, and note in FOLDER/notes what each check says and which cells stop."""
    from course_utils.practice import judge as judging

    cells = json.loads((folder / "cells.json").read_text(encoding="utf-8"))
    judge = judging.judge
    with open(folder / "notes", "w", encoding="utf-8") as file:

        def note(**words: str) -> None:
            print(json.dumps(words), file=file, flush=True)

        def noted(exercise: str, answer: object) -> str:
            verdict = judge(exercise, answer)
            note(exercise=str(exercise), verdict=verdict)
            return verdict

        judging.judge = noted  # course_utils.checks, which is not imported yet, takes this one
        shell = _shell()
        _limit(gigabytes)
        for number, source in enumerate(cells, 1):
            error = _error_of(shell, source)
            if error and not (error == "AssertionError" and "expect_correct(" in source):  # that is a verdict
                note(error=f"cell {number} stops with {error}")
        note(end="reached")


def _shell():
    """What runs a cell as a notebook does, with its magics, without a history."""
    from IPython.core.interactiveshell import InteractiveShell
    from traitlets.config import Config

    config = Config()
    config.HistoryManager.enabled = False
    shell = InteractiveShell.instance(config=config)
    shell.enable_gui = lambda gui=None: None  # for %matplotlib
    return shell


def _error_of(shell, source: str) -> str:
    """Run one cell; the name of the error that ends it, or ""."""
    try:
        result = shell.run_cell(source)
        error = result.error_before_exec or result.error_in_exec
    except BaseException as raised:  # no memory to print an error, or sys.exit where IPython does not look
        error = raised
    if error is None:
        return ""
    sys.last_traceback = sys.last_value = sys.last_exc = None  # they would hold the memory of the cell that failed
    return "MemoryError" if "allocate memory" in str(error) else type(error).__name__


def _limit(gigabytes: float) -> None:
    """Hold this process, and each that it starts, to so much memory, to files of 1 GB, and to no core dump."""
    if sys.platform != "linux":
        return
    import resource  # posix

    most = int(gigabytes * 1e9)
    for name, limit in ((resource.RLIMIT_DATA, most), (resource.RLIMIT_FSIZE, 10**9), (resource.RLIMIT_CORE, 0)):
        hard = resource.getrlimit(name)[1]
        limit = limit if hard == resource.RLIM_INFINITY else min(limit, hard)
        resource.setrlimit(name, (limit, limit))


if __name__ == "__main__":
    _main(Path(sys.argv[1]), float(sys.argv[2]))
