"""The tables of files, sizes and checksums in docs/DATA.md, as course_utils checks them."""

from course_utils import ROOT
from course_utils.files.sources import SOURCES
from tools.texts import Texts

NOTES = ROOT / "docs" / "DATA.md"


def table(name: str) -> str:
    """What is downloaded, then what it unpacks to."""
    source = SOURCES[name]
    files = (*source.archives(source), *source.files)
    rows = [f"| `{file.path}` | {file.size:,} | `{file.md5}` |" for file in files]
    return "\n".join(["| file | bytes | md5 |", "|---|---|---|", *rows])


def write(texts: Texts) -> None:
    for name in SOURCES:
        texts.put_between_marks(NOTES, f"files of {name}", table(name))
