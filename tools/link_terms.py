"""Link terms in the lessons to docs/GLOSSARY.md.

    python tools/link_terms.py            # write the links into the lessons
    python tools/link_terms.py --check    # exit status 1, and one line for each link that is missing or wrong

Each term is linked once: at its first use in the lesson that introduces it. There a reader meets the word for the first
time; later lessons use it as known, and a link at every term of every lesson would make their text hard to read. Code,
formulas, headings, tables, answers, other links, and the sections of exercises and quiz are left as they are.
"""

import argparse
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from nbformat import NotebookNode
from sections import rewrite

ROOT = Path(__file__).resolve().parent.parent
GLOSSARY = ROOT / "docs" / "GLOSSARY.md"
LINK = re.compile(r"\[([^\]]*)\]\(\.\./docs/GLOSSARY\.md#([^)]*)\)")
ENTRY = re.compile(
    r"## (.+)\n\n\*\*(.+)\*\* · (.+) \[Lesson (\d\d, section \d)\]\(\.\./notebooks/(.+)\.ipynb#(.+)\)\n*"
)
NOT_PROSE = re.compile(
    r"^ *(```|~~~).*?^ *\1|<details.*?</details>|\$\$.*?\$\$"  # over several lines
    r"|^#.*?$|^ *\|.*?$|(?P<ticks>`+)(?!`).+?(?<!`)(?P=ticks)(?!`)|\$[^$\n]+\$"
    r"|!?\[[^\]]*\]\([^)]*\)|<[^>]+>|https?://\S+"
    r'|"[^"\n]+"',  # a quotation, such as the title of a post
    re.M | re.S,
)
SPACE = r"\*{0,2}(?:[ \t]+|[ \t]*\n[ \t]*)\*{0,2}"  # between two words of a term: a line may end, bold may begin


class Term(NamedTuple):
    """An entry of the glossary. `lesson` (the file's stem) and `section` (a heading's anchor) introduce the term."""

    name: str
    korean: str
    meaning: str
    place: str  # "04, section 2"
    lesson: str
    section: str

    @property
    def words(self) -> str:
        """The name without the short or long form in brackets, as lessons write it."""
        return self.name.partition(" (")[0]

    @property
    def anchor(self) -> str:
        """What leads to the entry, after the # of a link: as GitHub makes it from the heading."""
        return re.sub(r"[^\w-]", "", self.name.lower().replace(" ", "-"))


def read_terms(glossary: Path = GLOSSARY) -> list[Term]:
    """All entries of the glossary. Raises ValueError for one that is not in its form."""
    entries = re.split(r"(?m)^(?=## )", glossary.read_text(encoding="utf-8"))[1:]
    for entry in entries:
        if not ENTRY.fullmatch(entry):
            raise ValueError(
                f"{glossary.name}: found {entry.strip()!r}, expected a heading with the term, an empty line, and "
                "**Korean** · One sentence. [Lesson NN, section N](../notebooks/NN_name.ipynb#heading)"
            )
    return [Term(*ENTRY.fullmatch(entry).groups()) for entry in entries]


def uses(markdown: str, terms: list[Term]) -> Iterator[tuple[int, int, Term]]:
    """(start, end, term) for each use of a term in prose; of two terms at one place, the longer one."""
    prose = NOT_PROSE.sub(lambda found: "\n" * len(found[0]), markdown)
    known = {term.words.lower(): term for term in terms}
    names = (re.escape(name).replace(r"\ ", SPACE) for name in sorted(known, key=len, reverse=True))
    for found in re.finditer(rf"(?<![\w-])(?:{'|'.join(names)})(?:s|es)?(?![\w-])", prose, re.IGNORECASE):
        words = re.sub(r"[*\s]+", " ", found[0].lower())
        term = next(known[name] for name in (words, words[:-1], words[:-2]) if name in known)
        start, end = found.span()
        if found[0].count("**") % 2:  # bold begins or ends inside the term: it has to be inside the link as a whole
            if prose[:start].endswith("**"):
                start -= 2
            elif prose[end:].startswith("**"):
                end += 2
            else:
                continue
        yield start, end, term


def linked(path: Path, nb: NotebookNode, terms: list[Term]) -> NotebookNode:
    """The lesson with the links that it should have, and no other links to the glossary."""
    seen = set()
    for cell in nb.cells:
        if cell.cell_type != "markdown":
            continue
        cell.source = LINK.sub(r"\1", cell.source)
        if re.match(r"## (Exercises|Quiz)\b", cell.source):
            continue
        places = []
        for start, end, term in uses(cell.source, terms):
            if term.lesson == path.stem and term not in seen:
                seen.add(term)
                places.append((start, end, term))
        for start, end, term in reversed(places):
            link = f"[{cell.source[start:end]}](../docs/GLOSSARY.md#{term.anchor})"
            cell.source = cell.source[:start] + link + cell.source[end:]
    return nb


def links(nb: NotebookNode) -> set[tuple[str, str]]:
    """(id of the cell, anchor) of every link to the glossary."""
    return {(cell.id, anchor) for cell in nb.cells for _, anchor in LINK.findall(cell.source)}


def main(argv: list[str] | None = None, lessons: list[Path] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--check", action="store_true", help="write nothing")
    check = parser.parse_args(argv).check
    terms = read_terms()

    def change(path: Path, nb: NotebookNode) -> NotebookNode:
        before = links(nb)
        after = links(linked(path, nb, terms))
        for _, anchor in sorted(after - before):
            print(f"{path.name}: {'no link at the first use of' if check else 'linked'} {anchor}")
        for _, anchor in sorted(before - after):
            print(f"{path.name}: {'a link at another place than the first use of' if check else 'removed'} {anchor}")
        return nb

    stale = rewrite(lessons or sorted((ROOT / "notebooks").glob("*.ipynb")), change, check)
    print("links to the glossary:", f"{len(stale)} lesson(s) differ" if check else f"{len(stale)} lesson(s) written")
    return 1 if check and stale else 0


if __name__ == "__main__":
    sys.exit(main())
