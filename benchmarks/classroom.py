"""What a student costs on a shared machine: several kernels run one lesson side by side.

    python -m benchmarks.classroom             # measure, print
    python -m benchmarks.classroom --write     # ... and store it: results/classroom.json and docs/JUPYTERHUB.md

Each student is a process of its own with a kernel of its own, as on a JupyterHub, and the cores are shared out among
them. Measured are the seconds until the last one has finished, and the most memory that a kernel held at any moment.
Libraries that all kernels have in common count in each of them, so a machine needs a little less than the sum.
"""

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import psutil

from benchmarks.report import RESULTS, ROOT, machine, write_json

RESULT = RESULTS / "classroom.json"
PAGE = ROOT / "docs" / "JUPYTERHUB.md"
LESSONS = ("05_lenet_build_up", "10_cifar10_vgg")
STUDENTS = (1, 2, 4)


def measure(lesson: str, students: int) -> dict:
    """Run a lesson in so many kernels at once.

    Returns:
        {"seconds": until the last has finished, "megabytes": the peak of the largest kernel}
    Raises:
        RuntimeError: a lesson stops with an error.
    """
    threads = max(1, (os.cpu_count() or 1) // students)
    environment = os.environ | {
        "OMP_NUM_THREADS": str(threads),
        "COURSE_INTERACTIVE": "0",
        "COURSE_OFFLINE": "1",
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
    source = ROOT / "notebooks" / f"{lesson}.ipynb"
    start, running, peak = time.monotonic(), [], 0
    # Beside the lessons, because a lesson looks for the course in the folder above it.
    with tempfile.TemporaryDirectory(dir=source.parent, prefix=".classroom-") as folder:
        for student in range(students):
            copy = source.with_name(f"{Path(folder).name}-{student}.ipynb")
            shutil.copy(source, copy)
            command = [sys.executable, "-m", "jupyter", "execute", f"--output={folder}/out{student}.ipynb", str(copy)]
            log = Path(folder, f"{student}.log").open("wb")
            running.append((subprocess.Popen(command, env=environment, stdout=log, stderr=log), copy, log))
        try:
            while any(process.poll() is None for process, _, _ in running):
                peak = max([peak, *(memory(process.pid) for process, _, _ in running)])
                time.sleep(0.2)
        finally:
            for process, copy, log in running:
                process.kill()
                copy.unlink()
                log.close()
        seconds = time.monotonic() - start
        for process, _, log in running:
            if process.returncode:
                raise RuntimeError(f"{lesson} stopped: {Path(log.name).read_text(encoding='utf-8')[-1000:]}")
    return {"seconds": round(seconds, 1), "megabytes": round(peak / 1e6)}


def memory(pid: int) -> int:
    """The bytes that the kernels below a process hold, in main memory."""
    total = 0
    try:
        for child in psutil.Process(pid).children(recursive=True):
            total += child.memory_info().rss
    except psutil.Error:  # it has just ended
        pass
    return total


def table(result: dict) -> str:
    """The result as the Markdown that docs/JUPYTERHUB.md shows."""
    rows = ["| lesson | kernels at once | minutes | peak memory of a kernel |", "|---|---|---|---|"]
    for lesson, runs in result["lessons"].items():
        for students, run in runs.items():
            rows.append(f"| {lesson[:2]} | {students} | {run['seconds'] / 60:.1f} | {run['megabytes']:,} MB |")
    how = f"Measured on {result['cores']} CPU cores, {result['date']}, torch {result['torch']}, speed {result['speed']}"
    return "\n".join([*rows, "", f"{how} (`python -m benchmarks.classroom --write`)."])


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--write", action="store_true", help="store the result; then make generate")
    args = parser.parse_args()
    lessons = {name: {str(n): measure(name, n) for n in STUDENTS} for name in LESSONS}
    result = machine() | {"speed": os.environ.get("COURSE_SPEED") or "class", "lessons": lessons}
    print(table(result))
    if args.write:
        write_json(RESULT, result)


if __name__ == "__main__":
    main()
