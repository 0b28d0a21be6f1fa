"""Sections of the lessons that are written by a tool: the list of exercises and the quiz."""

import re

import nbformat
from nbformat import NotebookNode


def with_section(nb: NotebookNode, heading: str, text: str, name: str, code: str = "") -> NotebookNode:
    """The notebook with `## heading` in a markdown cell of its own, followed by one code cell if `code` is given.

    What stood between this heading and the next `## ` is replaced; all other text, cells and outputs stay. The new
    cells have ids made from `name`, so that the same input gives the same file.
    """
    old_code = next((cell for cell in nb.cells if cell.cell_type == "code" and cell.source == code), None)
    cells, found = [], False
    for cell in nb.cells:
        match = None
        if cell.cell_type == "markdown":
            match = re.search(rf"^## {heading}\b.*?(?=^## |\Z)", cell.source, re.M | re.S)
        if not match:
            if cell is not old_code:
                cells.append(cell)
            continue
        found = True
        above, below = cell.source[: match.start()].strip(), cell.source[match.end() :].strip()
        if above:
            cells.append(_markdown(above, f"{cell.id}-above"[:64] if below else cell.id))
        alone = not above and not below  # then this is its own cell already, under whatever id
        cells.append(_markdown(f"## {heading}\n\n{text}", cell.id if alone else name))
        if code:
            new = nbformat.v4.new_code_cell(code, id=f"{name}-live", metadata={"tags": ["nbval-check-output"]})
            cells.append(old_code or new)
        if below:
            cells.append(_markdown(below, cell.id))
    if not found:
        raise SystemExit(f"there is no section ## {heading}")
    nb.cells = cells
    return nb


def _markdown(source: str, name: str) -> NotebookNode:
    return nbformat.v4.new_markdown_cell(source, id=name)
