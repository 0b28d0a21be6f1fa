"""The files that `generate` writes: read once, changed by one step after the other, compared, and stored at the end."""

import re
from pathlib import Path

import nbformat
from nbformat import NotebookNode


class Texts:
    """The text of each file by its path, as it should be; None for a file that should not be there."""

    def __init__(self) -> None:
        self.new: dict[Path, str | None] = {}

    def __getitem__(self, path: Path) -> str:
        text = self.new[path] if path in self.new else path.read_text(encoding="utf-8")
        if text is None:
            raise KeyError(path)
        return text

    def __setitem__(self, path: Path, text: str | None) -> None:
        self.new[path] = text

    def notebook(self, path: Path) -> NotebookNode:
        return nbformat.reads(self[path], as_version=4)

    def set_notebook(self, path: Path, nb: NotebookNode) -> None:
        self[path] = nbformat.writes(nb) + "\n"

    def put_between_marks(self, path: Path, name: str, text: str) -> bool:
        """Replace what stands between the marks `name` of a page; False when the page has none."""
        begin, end = f"<!-- {name}: begin -->\n", f"\n<!-- {name}: end -->"
        new, n = re.subn(rf"{begin}.*?{end}", lambda _: f"{begin}{text}{end}", self[path], flags=re.S)
        self[path] = new
        return n > 0

    def changed(self) -> list[Path]:
        """The files that differ from what should be there."""
        stored = {path: path.read_text(encoding="utf-8") if path.exists() else None for path in self.new}
        return sorted(path for path, text in self.new.items() if text != stored[path])

    def store(self) -> None:
        for path in self.changed():
            if self.new[path] is None:
                path.unlink()
            else:
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(self.new[path], encoding="utf-8", newline="\n")
