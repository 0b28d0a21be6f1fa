"""For pytest: the proofs of a lesson (proofs/NN_topic.py, and its tasks) run in its kernel, right after its last cell.

nbval makes an item of each code cell of a notebook. Here each piece of the lesson's proof file becomes one more item of
the same notebook, so that xdist gives all of them to one worker (--dist loadscope).
"""

import re
from collections import defaultdict

import nbformat
import pytest
from nbval.plugin import IPyNbCell, IPyNbFile, NbCellError

from tests.notebooks.proofs import proofs_of


@pytest.hookimpl(wrapper=True)
def pytest_collect_file(file_path, parent):
    nodes = yield
    return [Lesson.from_parent(parent, path=file_path) if type(node) is IPyNbFile else node for node in nodes]


class Lesson(IPyNbFile):
    """A notebook with its proofs."""

    def collect(self):
        cells = list(super().collect())
        yield from cells
        root = self.config.rootpath
        if root / "notebooks" not in self.path.parents or "exercises" in self.path.parts:
            return
        for number, piece in enumerate(proofs_of(self.path, root), len(cells)):
            cell = nbformat.v4.new_code_cell(piece.source)
            yield Proof.from_parent(
                self, name=piece.name, cell_num=number, cell=cell, options=defaultdict(bool), place=piece.place
            )


class Proof(IPyNbCell):
    """One piece of a proof file. To the kernel it is a cell."""

    def __init__(self, place: str, **cell):
        super().__init__(**cell)
        self.place = place

    def reportinfo(self):
        return self.path, 0, f"{self.path.name}: {self.name}"

    def repr_failure(self, excinfo):
        error = excinfo.value
        if isinstance(error, NbCellError):
            traceback = re.sub(r"\x1b\[[0-9;]*m", "", error.inner_traceback or "")  # without its colours
            return f"{self.place}: {self.name}\n{error}\n{traceback or error.source}"
        return super().repr_failure(excinfo)
