"""Notebooks of a few lines, for tests of what runs notebooks."""

from pathlib import Path

import nbformat
from nbformat.v4 import new_code_cell, new_notebook


def notebook(path: Path, *sources: str, **first_cell) -> Path:
    """Store a notebook with these code cells; keywords go to the first one."""
    cells = [new_code_cell(source) for source in sources]
    for key, value in first_cell.items():
        cells[0][key] = value
    meta = {"kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"}}
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(new_notebook(cells=cells, metadata=meta), path)
    return path
