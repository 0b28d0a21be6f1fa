"""docs/GLOSSARY.md, read as terms, and the rule of its links.

A lesson links a term once: at its first use, in the lesson that introduces it. There a reader meets the word for the
first time; later lessons use it as known, and a link at every use would make a text hard to read. Code, formulas,
headings, tables, answers, other links, and the sections of exercises and quiz have no links to the glossary.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from tests.notebooks.rules import ROOT, Book, anchors, label, slug

GLOSSARY = ROOT / "docs" / "GLOSSARY.md"
LINK = re.compile(r"\[([^\]]*)\]\(\.\./docs/GLOSSARY\.md#([^)]*)\)")
ENTRY = re.compile(
    r"## (.+)\n\n\*\*(.+)\*\* · (.+) \[Lesson (\d\d, section \d+)\]\(\.\./notebooks/(.+)\.ipynb#(.+)\)\n*"
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
        """What leads to the entry, after the # of a link."""
        return slug(self.name)


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


def term_faults(term: Term) -> Iterator[str]:
    if not re.search("[가-힣]", term.korean):
        yield f"{term.name}: the Korean term is missing, found {term.korean!r}"
    if not re.fullmatch(r"[A-Z][^.!?]*(?:[.]\d[^.!?]*)*\.", term.meaning):
        yield f"{term.name}: expected one sentence, found {term.meaning!r}"
    lesson = ROOT / "notebooks" / f"{term.lesson}.ipynb"
    if not lesson.exists() or term.section not in anchors(lesson):
        yield f"{term.name}: {lesson.name} has no section #{term.section}"
    if term.place != (place := f"{term.lesson[:2]}, section {term.section.partition('-')[0]}"):
        yield f"{term.name}: the link says {term.place!r}, but leads to {place}"


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


def without_links(markdown: str) -> tuple[str, list[tuple[int, int, str]]]:
    """The text as it would be without links to the glossary, and (start, end, anchor) of what they link in it."""
    text, links, last = "", [], 0
    for found in LINK.finditer(markdown):
        text += markdown[last : found.start()]
        links.append((len(text), len(text) + len(found[1]), found[2]))
        text += found[1]
        last = found.end()
    return text + markdown[last:], links


def link_faults(book: Book, terms: list[Term]) -> Iterator[str]:
    """Missing links of a lesson, and those that stand at another place than the first use."""
    waiting = [term for term in terms if term.lesson == book.path.stem]
    for cell in book.markdown:
        text, links = without_links(cell.source)
        exempt = re.match(r"## (Exercises|Quiz)\b", cell.source)
        for start, end, term in () if exempt else uses(text, terms):
            if term in waiting:
                waiting.remove(term)
                here = [link for link in links if link[2] == term.anchor and link[0] < end and link[1] > start]
                links = [link for link in links if link not in here]
                if not here:
                    place = " ".join(text[max(start - 30, 0) : end + 30].split())
                    markdown = f"[{text[start:end]}](../docs/GLOSSARY.md#{term.anchor})"
                    yield f"{label(cell)}: the first use of {term.name!r} has no link: write {markdown} in {place!r}"
        for start, end, anchor in links:
            yield f"{label(cell)}: a link to #{anchor} that is not its first use: write {text[start:end]} alone"
    for term in waiting:
        yield f"the prose never uses {term.name!r}, which docs/GLOSSARY.md says is introduced here"
