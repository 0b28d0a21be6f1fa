"""Execute notebooks at class speed and leave them in the one form that is committed.

    python -m tools.run_notebooks                          # all lessons (and solutions)
    python -m tools.run_notebooks notebooks/01*.ipynb
    python -m tools.run_notebooks --times                  # and their minutes and memory, as make check WRITE=1 does
    python -m tools.run_notebooks --format-only            # only normalise, nothing is executed

A notebook is not written, and the exit status is then 1, when a cell ends in an error, an output comes from the
stand-in data, or other programs computed meanwhile: a busy machine prints wrong seconds.
Figures are stored with a palette of 256 colours where these are enough, at a third of their size.
Two runs on one machine give byte-identical files, except where a cell prints a time.
"""

import argparse
import base64
import io
import os
import re
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from glob import glob
from pathlib import Path
from queue import Empty

import nbformat
import numpy as np
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError, CellTimeoutError, DeadKernelError
from PIL import Image

from course_utils import ROOT, doctor
from tests.notebooks.proofs import proofs_of

FOLDER = ROOT / "notebooks"
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
CELL_METADATA = ("tags", "editable", "deletable")  # what is kept
STANDIN = re.compile(r"stand-?in", re.IGNORECASE)  # the word in every banner and title of the drawn data


class SteadyClient(NotebookClient):
    """NotebookClient without the stalls on ipywidgets Output widgets (nbclient issue 312).

    nbclient sends on the shell socket while it waits there for the reply, and the wake-up is at times
    lost until the time-out.  Waiting in short slices gets round it."""

    async def async_start_new_kernel_client(self):
        client = await super().async_start_new_kernel_client()
        wait = client.shell_channel.get_msg

        async def get_msg(timeout=None):
            end = None if timeout is None else time.monotonic() + timeout
            while True:
                left = 0.2 if end is None else min(0.2, max(0.0, end - time.monotonic()))
                try:
                    return await wait(timeout=left)
                except Empty:
                    if end is not None and time.monotonic() >= end:
                        raise

        client.shell_channel.get_msg = get_msg
        return client


def execute(path: Path, timeout: int) -> nbformat.NotebookNode:
    """Run all cells in a fresh kernel, in the notebook's own folder, and then what proves its text."""
    nb = nbformat.read(path, as_version=4)
    length = len(nb.cells)
    if FOLDER in path.resolve().parents:
        nb.cells += [nbformat.v4.new_code_cell(piece.source) for piece in proofs_of(path.resolve())]
    for cell in nb.cells:
        if cell.cell_type == "code":
            cell.outputs, cell.execution_count = [], None
    SteadyClient(
        nb,
        timeout=timeout,
        kernel_name="python3",
        record_timing=True,
        resources={"metadata": {"path": str(path.parent)}},
    ).execute()
    del nb.cells[length:]
    return nb


def normalise(nb: nbformat.NotebookNode, name: str) -> nbformat.NotebookNode:
    """Metadata, ids and outputs in one fixed form, so that a diff shows only what changed."""
    nb.nbformat, nb.nbformat_minor = 4, 5
    nb.metadata = nbformat.from_dict({"kernelspec": KERNEL, "language_info": {"name": "python"}})
    for i, cell in enumerate(nb.cells):
        cell.id = f"{re.sub(r'[^A-Za-z0-9]+', '-', name).strip('-')[:40]}-{i:03d}"
        cell.metadata = nbformat.from_dict({k: v for k, v in cell.metadata.items() if k in CELL_METADATA})
        if cell.cell_type == "code":
            cell.outputs = merge_streams(cell.outputs)
    return nb


def merge_streams(outputs: list) -> list:
    """Neighbouring pieces of one stream as one output: how a print is cut up differs from run to run."""
    merged = []
    for out in outputs:
        if out.output_type in ("display_data", "execute_result"):
            if "image/png" in out.data:
                out.data["image/png"] = with_palette(out.data["image/png"])
            out.data.pop("application/vnd.jupyter.widget-view+json", None)  # there is no live kernel on GitHub
            alt = out.metadata.get("image/png", {}).get("alt")
            out.metadata = nbformat.from_dict({"image/png": {"alt": alt}} if alt else {})
        last = merged[-1] if merged else None
        if last and last.output_type == out.output_type == "stream" and last.name == out.name:
            last.text += out.text
        else:
            merged.append(out)
    return merged


def with_palette(png: str) -> str:
    """A PNG, in base64, with 256 colours where these are enough, as for charts and grey pictures; else with all."""
    picture = Image.open(io.BytesIO(base64.b64decode(png)))
    if picture.mode == "P":
        return png
    picture = picture.convert("RGB")
    few = picture.quantize(256, kmeans=4, dither=Image.Dither.NONE)
    difference = np.abs(np.asarray(picture, int) - np.asarray(few.convert("RGB"), int)).max(axis=2)
    file = io.BytesIO()
    (few if np.percentile(difference, 99) <= 8 else picture).save(file, "PNG", optimize=True)
    return base64.b64encode(file.getvalue()).decode() + "\n" * png.endswith("\n")


def watched(path: Path, timeout: int) -> tuple[nbformat.NotebookNode, doctor.Rehearsal]:
    """The executed notebook, and how long it took, in which memory, beside which other programs."""
    done = threading.Event()
    with ThreadPoolExecutor(1) as thread:
        watch = thread.submit(doctor.watch, os.getpid(), lambda: not done.is_set())
        try:
            nb = execute(path, timeout)
        finally:
            done.set()
        peak, others = watch.result()
    times = [seconds(cell) for cell in nb.cells if cell.cell_type == "code"] or [0.0]
    slowest = max(range(len(times)), key=times.__getitem__)
    name = path.resolve().relative_to(FOLDER).with_suffix("").as_posix() if FOLDER in path.resolve().parents else ""
    return nb, doctor.Rehearsal(name, sum(times), slowest + 1, times[slowest], round(peak / 1e6), others, "")


def seconds(cell: nbformat.NotebookNode) -> float:
    """How long an executed cell took, from the first to the last of its messages."""
    moments = [datetime.fromisoformat(m.replace("Z", "+00:00")) for m in cell.metadata.get("execution", {}).values()]
    return (max(moments) - min(moments)).total_seconds() if moments else 0.0


def fault(nb: nbformat.NotebookNode) -> str | None:
    """Why this executed notebook must not be stored, or None."""
    for cell in nb.cells:
        for out in cell.get("outputs", []):
            text = out.get("text") or "".join(out.get("data", {}).get("text/plain", ""))
            if out.output_type == "error":
                return f"cell [{cell.execution_count}] ends in {out.ename}: {out.evalue}"
            if STANDIN.search(text):
                return (
                    f"cell [{cell.execution_count}] shows results of the stand-in data. "
                    "Get the real data first (make data), or set COURSE_DATA_DIR to where it lies."
                )
    return None


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="*", help="default: every lesson and solution")
    parser.add_argument("--timeout", type=int, default=600, help="seconds per cell (default: %(default)s)")
    parser.add_argument("--times", action="store_true", help="store minutes and memory, too: results/timing.json")
    parser.add_argument("--format-only", action="store_true", help="execute nothing")
    args = parser.parse_args()

    if os.environ.get("COURSE_SPEED") not in (None, "", "class"):
        parser.error("stored outputs come from class speed: unset COURSE_SPEED (to try another speed, use make check)")
    cores = os.environ.get("COURSE_THREADS") or str(os.cpu_count())
    os.environ.update(COURSE_SPEED="class", COURSE_INTERACTIVE="0", COURSE_THREADS=cores)  # the kernels inherit these
    every = [*sorted(ROOT.glob("notebooks/*.ipynb")), *sorted(ROOT.glob("notebooks/solutions/*.ipynb"))]
    named = [Path(p) for pattern in args.notebooks for p in sorted(glob(pattern)) or [pattern]]  # Windows expands no *
    faults, runs = 0, []
    for path in named or every:
        start, why = time.monotonic(), None
        try:
            if args.format_only:
                nb = nbformat.read(path, as_version=4)
            else:
                nb, run = watched(path, args.timeout)
                if run.name and run.others > doctor.BUSY:
                    why = f"Other programs took {run.others:.1f} cores meanwhile: its seconds are wrong. Stop them."
            why = fault(nb) or why
        except (OSError, nbformat.reader.NotJSONError, CellExecutionError, CellTimeoutError, DeadKernelError) as error:
            why = str(error)
        if why:
            faults += 1
            print(f"{path}: NOT written. {why}", file=sys.stderr)
            continue
        text = nbformat.writes(normalise(nb, path.stem)) + "\n"
        nbformat.validate(nbformat.reads(text, as_version=4))
        if path.read_text(encoding="utf-8") != text:
            path.write_text(text, encoding="utf-8", newline="\n")
        print(f"{path}: {time.monotonic() - start:.1f} s", file=sys.stderr)
        runs += [run] if args.times and run.name else []
    if runs:
        doctor.write_timing("class", runs, doctor.empty_kernel(), ROOT / "results" / "timing.json")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
