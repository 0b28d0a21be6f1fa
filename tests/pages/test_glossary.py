"""docs/GLOSSARY.md: whole, sorted, and true of the lessons that it names; each lesson links the terms it introduces."""

import nbformat
import pytest
from nbformat.v4 import new_markdown_cell, new_notebook

from tests.notebooks.rules import ROOT, Book
from tests.pages.glossary import link_faults, read_terms, term_faults

TERMS = read_terms()
LESSONS = sorted((ROOT / "notebooks").glob("*.ipynb"))


def test_terms():
    faults = [fault for term in TERMS for fault in term_faults(term)]
    assert not faults, "docs/GLOSSARY.md:\n- " + "\n- ".join(faults)


def test_terms_are_unique_and_sorted():
    names = [term.name.casefold() for term in TERMS]
    assert names == sorted(set(names))
    assert len({term.anchor for term in TERMS}) == len(TERMS)


def test_the_lessons_link_their_terms():
    faults = [f"{path.name}, {fault}" for path in LESSONS for fault in link_faults(Book(path), TERMS)]
    assert not faults, "links to the glossary:\n- " + "\n- ".join(faults)


# ---- the rules themselves ------------------------------------------------------------------------------------------

GLOSSARY = """# Glossary

## bias

**편향** · An added number. [Lesson 05, section 1](../notebooks/05_lenet_build_up.ipynb#1-one-convolution-layer)

## linear layer

**선형층** · Sums. [Lesson 05, section 1](../notebooks/05_lenet_build_up.ipynb#1-one-convolution-layer)

## padding

**패딩** · Zeros around it. [Lesson 07, section 1](../notebooks/07_lenet5_log_softmax.ipynb#1-names)

## test set

**테스트** · For the end. [Lesson 05, section 1](../notebooks/05_lenet_build_up.ipynb#1-one-convolution-layer)
"""
TEXT = """\
# 05 · a linear layer

| | |
|---|---|
| **Data** | a linear layer |

`linear layer` and "linear layer" and $linear layer$ and [a linear layer](05.ipynb).

```python
linear layer
```

A [linear
layer](../docs/GLOSSARY.md#linear-layer); its **[bias](../docs/GLOSSARY.md#bias)**, biases, linear layers. Padding."""
MORE = "The [**test** set](../docs/GLOSSARY.md#test-set), and the linear layers."


@pytest.fixture
def terms(tmp_path):
    page = tmp_path / "GLOSSARY.md"
    page.write_text(GLOSSARY, encoding="utf-8")
    return read_terms(page)


def faults(folder, terms, *texts):
    """What the rule says of lesson 05 with these texts."""
    nb = new_notebook(cells=[new_markdown_cell(text) for text in texts])
    nbformat.write(nb, folder / "05_lenet_build_up.ipynb")
    return list(link_faults(Book(folder / "05_lenet_build_up.ipynb"), terms))


def test_first_uses_that_are_linked_once(tmp_path, terms):
    assert faults(tmp_path, terms, TEXT, "## Quiz\n\nA bias? A test set?", MORE) == []


@pytest.mark.parametrize(
    "right, wrong, message",
    [
        ("[bias](../docs/GLOSSARY.md#bias)", "bias", "write [bias](../docs/GLOSSARY.md#bias) in "),
        (
            "[**test** set](../docs/GLOSSARY.md#test-set)",
            "**test** set",
            "the text 'The **test** set, and the linear layers.': the first use of 'test set' has no link: "
            "write [**test** set](../docs/GLOSSARY.md#test-set) in",
        ),
        ("Padding", "[Padding](../docs/GLOSSARY.md#padding)", "not its first use: write Padding alone"),
        ("the linear layers", "the [linear layers](../docs/GLOSSARY.md#linear-layer)", "write linear layers alone"),
        ("The [**test** set](../docs/GLOSSARY.md#test-set)", "The end", "never uses 'test set'"),
    ],
)
def test_a_wrong_link_is_found(right, wrong, message, tmp_path, terms):
    assert (TEXT + MORE).count(right) == 1
    found = faults(tmp_path, terms, TEXT.replace(right, wrong), MORE.replace(right, wrong))
    assert len(found) == 1 and message in found[0], found


@pytest.mark.parametrize(
    "right, wrong, message",
    [
        ("편향", "bias", "the Korean term is missing"),
        ("Sums.", "Sums. More of them.", "expected one sentence"),
        ("ipynb#1-one-convolution-layer)\n\n## linear", "ipynb#gone)\n\n## linear", "has no section #gone"),
        (
            "[Lesson 05, section 1](../notebooks/05_lenet_build_up.ipynb#1-one-convolution-layer)\n\n## p",
            "[Lesson 05, section 2](../notebooks/05_lenet_build_up.ipynb#1-one-convolution-layer)\n\n## p",
            "the link says '05, section 2'",
        ),
    ],
)
def test_a_wrong_entry_is_found(right, wrong, message, tmp_path):
    assert GLOSSARY.count(right) == 1
    page = tmp_path / "GLOSSARY.md"
    page.write_text(GLOSSARY.replace(right, wrong), encoding="utf-8")
    assert message in "\n".join(fault for term in read_terms(page) for fault in term_faults(term))


def test_an_entry_in_another_form_is_refused(tmp_path):
    page = tmp_path / "GLOSSARY.md"
    page.write_text("# Glossary\n\n## pooling\n\nTo cut a picture into blocks.\n", encoding="utf-8")
    with pytest.raises(ValueError, match="found '## pooling"):
        read_terms(page)
