"""docs/GLOSSARY.md: whole, sorted, and true of the lessons that it names; tools/link_terms.py links lessons to it."""

import re
from functools import cache

import link_terms
import nbformat
import pytest
from lints import ROOT, anchors, slug

TERMS = link_terms.read_terms()


@cache
def terms_used(lesson: str) -> set[link_terms.Term]:
    """The terms in the prose of a lesson, where they could be linked."""
    nb = nbformat.read(ROOT / "notebooks" / f"{lesson}.ipynb", as_version=4)
    texts = [cell.source for cell in nb.cells if cell.cell_type == "markdown"]
    return {term for text in texts for _, _, term in link_terms.uses(link_terms.LINK.sub(r"\1", text), TERMS)}


@pytest.mark.parametrize("term", TERMS, ids=lambda term: term.anchor)
def test_a_term(term):
    assert term.anchor == slug(term.name)
    assert re.search("[가-힣]", term.korean), "the Korean term is missing"
    assert re.fullmatch(r"[A-Z][^.!?]*(?:[.]\d[^.!?]*)*\.", term.meaning), "expected one sentence"
    assert term.section in anchors(ROOT / "notebooks" / f"{term.lesson}.ipynb"), "the lesson has no such section"
    assert term.place == f"{term.lesson[:2]}, section {term.section[0]}", "the link's words name another section"
    assert term in terms_used(term.lesson), "the prose of this lesson does not use the term"


def test_terms_are_unique_and_sorted():
    names = [term.name.casefold() for term in TERMS]
    assert names == sorted(set(names))
    assert len({term.anchor for term in TERMS}) == len(TERMS)


def test_an_entry_in_another_form_is_refused(tmp_path):
    page = tmp_path / "GLOSSARY.md"
    page.write_text("# Glossary\n\n## pooling\n\nTo cut a picture into blocks.\n", encoding="utf-8")
    with pytest.raises(ValueError, match="found '## pooling"):
        link_terms.read_terms(page)


def test_the_lessons_link_their_terms(capsys):
    assert link_terms.main(["--check"]) == 0, capsys.readouterr().out + "run: python tools/link_terms.py"


SOURCE = """\
# 04 · a linear layer

| | |
|---|---|
| **Data** | a linear layer |

`linear layer` and "linear layer" and $linear layer$ and [a linear layer](04.ipynb).

```python
linear layer
```

A linear
layer; its **bias**, biases, linear layers. The **test** set. Max pooling, padding."""
LINKED = """\
A [linear
layer](../docs/GLOSSARY.md#linear-layer); its **[bias](../docs/GLOSSARY.md#bias)**, biases, linear layers. \
The [**test** set](../docs/GLOSSARY.md#test-set). Max pooling, padding."""


@pytest.fixture
def lesson(tmp_path):
    path = tmp_path / "04_lenet_build_up.ipynb"
    cells = [nbformat.v4.new_markdown_cell(text) for text in (SOURCE, "## Quiz\n\nAn optimizer?", "A parameter.")]
    path.write_text(nbformat.writes(nbformat.v4.new_notebook(cells=cells)) + "\n", encoding="utf-8")
    return path


def test_the_first_use_in_prose_is_linked_once(lesson, capsys):
    assert link_terms.main(["--check"], [lesson]) == 1
    assert "no link at the first use of linear-layer" in capsys.readouterr().out
    assert link_terms.main([], [lesson]) == 0
    cells = nbformat.read(lesson, as_version=4).cells
    assert cells[0].source == SOURCE.partition("A linear\n")[0] + LINKED  # terms of other lessons have no link
    assert cells[1].source == "## Quiz\n\nAn optimizer?"
    assert cells[2].source == "A [parameter](../docs/GLOSSARY.md#parameter)."


def test_twice_gives_the_same_and_wrong_links_are_mended(lesson, capsys):
    link_terms.main([], [lesson])
    right = lesson.read_bytes()
    link_terms.main([], [lesson])
    assert lesson.read_bytes() == right and link_terms.main(["--check"], [lesson]) == 0
    moved = right.decode().replace("linear layers.", "[linear layers](../docs/GLOSSARY.md#linear-layer).")
    lesson.write_text(moved, encoding="utf-8")
    assert link_terms.main(["--check"], [lesson]) == 1
    link_terms.main([], [lesson])
    assert lesson.read_bytes() == right
