"""Each rule of rules.py accepts a good notebook and refuses the fault that it is there for."""

import json

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from course_utils.widgets.live import MIME
from tests.notebooks import rules
from tests.notebooks.proofs import proof_file
from tests.notebooks.rules import Book, index_faults, rules_for
from tools import address, setup_cells

SMALL = "notebooks/04_small.ipynb"
COLAB = address.badge(SMALL)
PAGE = address.site("notebooks/04_small.html")
CONTROL = new_output("display_data", data={MIME: {"control": "shapes", "state": {}}, "text/plain": "A control."})
FRONT = f"""# 04 · A small lesson

[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({COLAB}) · [Read it in the browser]({PAGE})

| | |
|---|---|
| **You will** | count |
| **Before you start** | nothing |
| **Time** | 12 minutes |
| **Data** | none |"""


def good_lesson() -> nbformat.NotebookNode:
    """The smallest notebook that follows every rule."""
    cells = [
        new_markdown_cell(FRONT),
        new_code_cell(setup_cells.cell("04")),
    ]
    for i in range(1, 5):
        cells.append(new_markdown_cell(f"## {i} · Section\n\nWe use `784` inputs in [section one](#1--section)."))
        for j in range(3):
            cells.append(
                new_code_cell(
                    f"n{i}{j} = {i} * 100\nprint(n{i}{j})",
                    metadata={"tags": ["nbval-check-output"]},
                    outputs=[new_output("stream", text=f"{i}00\n")],
                )
            )
        for letter in "abc" if i == 1 else "":
            cells += [
                new_markdown_cell(f"**Your turn 04.{letter}.** One."),
                new_code_cell(f'from course_utils.checks import check\n\none = ...\ncheck("04.{letter}", one)'),
                new_markdown_cell("<details><summary>One way</summary>\n\n```python\none = 1\n```\n\n</details>"),
            ]
    cells += [
        new_markdown_cell(f"## {name}\n\nThe result is 400.") for name in ("Exercises", "Quiz", "Recap", "Next lesson")
    ]
    for count, cell in enumerate([cell for cell in cells if cell.cell_type == "code"], 1):
        cell.execution_count = count
    meta = {
        "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
        "language_info": {"name": "python"},
    }
    return new_notebook(cells=cells, metadata=meta)


def faults(nb, folder, rule) -> list[str]:
    """What one rule says of this notebook, stored as lesson 04."""
    store(folder / SMALL, json.dumps(nb))
    return list(rule(Book(folder / SMALL, folder)))


def store(path, content):
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content, encoding="utf-8")


@pytest.mark.parametrize("rule", rules.FORM + rules.OUTPUTS + rules.ANATOMY, ids=lambda rule: rule.__name__)
def test_a_good_lesson_passes(rule, tmp_path):
    assert faults(good_lesson(), tmp_path, rule) == []


def code(nb, source, **more):
    """Put a source into the second code cell."""
    cell = [cell for cell in nb.cells if cell.cell_type == "code"][1]
    cell.source = source
    cell.update(more)


def text(nb, source):
    """Put a text into the first section."""
    nb.cells[2].source = "## 1 · Section\n\n" + source


def tag(nb, *tags):
    nb.cells[3].metadata["tags"] = list(tags)


def output(nb, kind="stream", **content):
    nb.cells[3].outputs = [new_output(kind, **content)]


def pictures(nb, *alts):
    """Figures as the outputs of one cell, each with its alt text."""
    nb.cells[3].outputs = [
        new_output("display_data", data={"image/png": "aaaa"}, metadata={"image/png": {"alt": alt}}) for alt in alts
    ]


TOLD = "It learns. Loss over epoch 1 to 5: from 2.3 to 0.05 in 12 s."
EPOCH = "epoch  1: train loss 1.6531, accuracy 51.32% | validation loss 0.5170, accuracy 84.54% | 10.1 s"
TIMES = {"class": {"lessons": {"04_small": {"seconds": 51.9}}}}
BAD = [  # rule, what is done to the good lesson, what the message has to say
    (rules.valid_format, lambda nb: nb.update(nbformat_minor=4), "expected 4.5"),
    (rules.valid_format, lambda nb: nb.cells[2].pop("source"), "not a valid notebook"),
    (rules.valid_format, lambda nb: nb.cells[2].update(id=nb.cells[3].id), "same id"),
    (rules.no_empty_cells, lambda nb: code(nb, " \n"), "is empty"),
    (rules.minimal_metadata, lambda nb: nb.metadata.update(widgets={}), "widgets"),
    (rules.minimal_metadata, lambda nb: nb.metadata.kernelspec.update(name="my-env"), "my-env"),
    (rules.minimal_metadata, lambda nb: nb.metadata.language_info.update(version="3.11.7"), "3.11.7"),
    (rules.minimal_metadata, lambda nb: nb.cells[3].metadata.update(collapsed=True), "collapsed"),
    (rules.minimal_metadata, lambda nb: nb.cells[2].update(attachments={"a.png": {"image/png": ""}}), "attachment"),
    (rules.known_tags, lambda nb: tag(nb, "nbval-skip"), "nbval-skip"),
    (rules.known_tags, lambda nb: tag(nb, "raises-exception"), "raises-exception"),
    (rules.short_cells, lambda nb: code(nb, "x = 1\n" * 36), "36 lines"),
    (rules.small_file, lambda nb: text(nb, "a" * 2_000_000), "2 MB"),
    (rules.one_statement_a_line, lambda nb: code(nb, "x = 1; y = 2"), "'x = 1;'"),
    (rules.one_statement_a_line, lambda nb: code(nb, 's = """\n"""; y = 2'), "needs its own line"),
    (rules.one_statement_a_line, lambda nb: code(nb, "if x: y = 2"), "'if x:'"),
    (rules.one_statement_a_line, lambda nb: code(nb, "if x:\n    z\nelse: y = 2"), "'else:'"),
    (rules.one_statement_a_line, lambda nb: code(nb, "with open('ä') as f: y = 2"), "as f:"),
    (rules.one_statement_a_line, lambda nb: code(nb, "def f(x): return x"), "'def f(x):'"),
    (rules.defined_names, lambda nb: code(nb, "print(undefined_name)"), "undefined_name"),
    (rules.defined_names, lambda nb: code(nb, "import json"), "json"),
    (rules.defined_names, lambda nb: code(nb, "print(("), "syntax"),
    (rules.careful_code, lambda nb: code(nb, "cv2.imshow('a', image)"), "plt.imshow"),
    (rules.careful_code, lambda nb: code(nb, "DataLoader(data, num_workers=2)"), "num_workers"),
    (rules.careful_code, lambda nb: code(nb, "DataLoader(data, num_workers=os.cpu_count())"), "num_workers"),
    (rules.careful_code, lambda nb: code(nb, "torch.load(path)"), "weights_only"),
    (rules.careful_code, lambda nb: code(nb, "torch.load(path, weights_only=False)"), "weights_only"),
    (rules.careful_code, lambda nb: code(nb, "images = iter(loader).next()"), "next(iterator)"),
    (rules.careful_code, lambda nb: code(nb, "cv2.filter2D(image, -1, kernel)"), "CV_32F"),
    (rules.careful_code, lambda nb: code(nb, "cv2.Sobel(image, ddepth=-1, dx=1, dy=0)"), "CV_32F"),
    (rules.careful_code, lambda nb: code(nb, "!pip install torch"), "pip install"),
    (rules.careful_code, lambda nb: code(nb, "subprocess.run('pip install torch', shell=True)"), "installs something"),
    (rules.careful_code, lambda nb: code(nb, "%matplotlib inline"), "%matplotlib"),
    (rules.careful_code, lambda nb: code(nb, "if True:\n    !ls"), "!ls"),
    (rules.careful_code, lambda nb: code(nb, "plt.plot(x);"), "semicolon"),
    (rules.links_lead_somewhere, lambda nb: text(nb, "[gone](gone.md)"), "gone.md"),
    (rules.links_lead_somewhere, lambda nb: text(nb, "[here](#no-such-heading)"), "no-such-heading"),
    (rules.links_lead_somewhere, lambda nb: text(nb, '<img src="../images/gone.png" alt="gone">'), "gone.png"),
    (rules.pictures_have_alt_text, lambda nb: text(nb, "![](a.png)"), "alt text"),
    (rules.pictures_have_alt_text, lambda nb: text(nb, '<img src="a.png">'), "alt text"),
    (rules.pictures_have_alt_text, lambda nb: text(nb, '<img src="a.png" alt="">'), "alt text"),
    (rules.run_once_in_order, lambda nb: code(nb, "x = 1", execution_count=7), "execution counts"),
    (rules.run_once_in_order, lambda nb: code(nb, "x = 1", execution_count=None), "execution counts"),
    (rules.no_stored_errors, lambda nb: output(nb, "error", ename="ValueError", evalue="", traceback=[]), "ValueError"),
    (rules.no_stored_errors, lambda nb: output(nb, name="stderr", text="a warning"), "a warning"),
    (rules.portable_outputs, lambda nb: output(nb, text="in /home/someone/cnn-course"), "one machine"),
    (rules.portable_outputs, lambda nb: output(nb, text="in /root/data"), "one machine"),
    (rules.portable_outputs, lambda nb: output(nb, text="in /tmp/x"), "one machine"),
    (rules.portable_outputs, lambda nb: output(nb, text="in C:\\Users\\someone"), "one machine"),
    (
        rules.portable_outputs,
        lambda nb: output(nb, "execute_result", data={"text/plain": "<Axes at 0x7f03aa10>"}),
        "one machine",
    ),
    (
        rules.portable_outputs,
        lambda nb: output(nb, "display_data", data={"application/vnd.jupyter.widget-view+json": {}}),
        "widget",
    ),
    (rules.outputs_of_real_data, lambda nb: output(nb, text="data: DRAWN STAND-IN"), "make data"),
    (rules.no_seconds_of_epochs, lambda nb: output(nb, text=f"a line\n{EPOCH}\n"), EPOCH),
    (
        rules.seconds_are_those_of_a_quiet_machine,
        lambda nb: output(nb, text="first 50.5 s, then 1,050 seconds"),
        "1100 s together, most in cell [2], but in results/timing.json the whole lesson takes 52 s",
    ),
    (rules.checked_outputs, lambda nb: [cell.metadata.clear() for cell in nb.cells[3:20]], "expected 60 %"),
    (rules.checked_outputs, lambda nb: code(nb, "x = 1", outputs=[]), "no output"),
    (rules.figures_have_alt_text, lambda nb: pictures(nb, ""), "does not say"),
    (rules.figures_have_alt_text, lambda nb: pictures(nb, "A figure without a title."), "does not say"),
    (
        rules.figures_have_alt_text,
        lambda nb: pictures(nb, "Figure drawn by cell 4; the text around it"),
        "does not say",
    ),
    (rules.figures_have_alt_text, lambda nb: pictures(nb, "<Figure size 540x333 with 2 Axes>"), "does not say"),
    (rules.figures_have_alt_text, lambda nb: pictures(nb, TOLD, "Another one is told.", TOLD), "the alt text of cell"),
    (rules.figures_have_alt_text, lambda nb: pictures(nb, "It learns, " * 40), "439 letters, at most 400"),
    (rules.numbers_are_proven, lambda nb: text(nb, "It has 61,706 parameters."), "61,706"),
    (rules.title, lambda nb: nb.cells[0].update(source=FRONT.replace("# 04 ·", "# 05 ·")), "# 04 ·"),
    (rules.title, lambda nb: nb.cells[0].update(source=FRONT.replace("# 04 · ", "## 04 ")), "exactly one"),
    (rules.title, lambda nb: text(nb, "# A second title"), "exactly one"),
    (rules.colab_badge, lambda nb: nb.cells[0].update(source=FRONT.replace("04_small", "03_other")), "04_small"),
    (rules.colab_badge, lambda nb: nb.cells[0].update(source=FRONT.replace("colab.research", "example")), "nowhere"),
    (rules.page_of_the_site, lambda nb: nb.cells[0].update(source=FRONT.replace("Read it", "Try it")), "Read it in"),
    (rules.page_of_the_site, lambda nb: nb.cells[3].update(outputs=[CONTROL]), "Try it in the browser"),
    (rules.card, lambda nb: nb.cells[0].update(source=FRONT.replace("**Time**", "**Clock**")), "**Time**"),
    (rules.setup_cell, lambda nb: nb.cells[1].update(source=nb.cells[1].source.replace('"04"', '"05"')), "setup cell"),
    (rules.setup_cell, lambda nb: nb.cells[1].update(source="!git clone\n" + nb.cells[1].source), "setup cell"),
    (rules.sections, lambda nb: text(nb, "## 7 · Out of order"), "numbered sections"),
    (rules.sections, lambda nb: [nb.cells.pop(6) for _ in range(12)], "at least two"),
    (rules.sections, lambda nb: nb.cells.pop(-2), "Recap"),
    (rules.sections, lambda nb: nb.cells.insert(-1, nb.cells.pop(-3)), "Quiz"),
    (rules.small_tasks, lambda nb: nb.cells.pop(6), "above the check of 04.a"),
    (rules.small_tasks, lambda nb: nb.cells.pop(8), "below the check of 04.a"),
    (rules.small_tasks, lambda nb: [nb.cells.pop(6) for _ in range(3)], "the tasks are called ['04.b', '04.c']"),
    (rules.small_tasks, lambda nb: [nb.cells.pop(12) for _ in range(3)], "there are 2 tasks"),
    (rules.ends_with_next, lambda nb: nb.cells.pop(), "expected Next"),
]


@pytest.mark.filterwarnings("ignore::nbformat.warnings.DuplicateCellId")
@pytest.mark.parametrize("rule, spoil, message", BAD, ids=[f"{i}-{rule.__name__}" for i, (rule, *_) in enumerate(BAD)])
def test_a_fault_is_found(rule, spoil, message, tmp_path):
    nb = good_lesson()
    spoil(nb)
    store(tmp_path / "results/timing.json", json.dumps(TIMES))
    assert message in "\n".join(faults(nb, tmp_path, rule))


def test_every_rule_has_a_bad_notebook():
    assert {rule for rule, *_ in BAD} == set(rules.FORM + rules.OUTPUTS + rules.ANATOMY + rules.FIRST)


# ---- what must not be refused --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "source, tags",
    [
        ("torch.load(path, weights_only=True)", []),
        ("DataLoader(data, num_workers=0)", []),
        ("cv2.filter2D(image, -1, kernel)", ["trap"]),
        ("# never cv2.imshow: it needs a screen", []),
        ("%load_ext tensorboard\n%tensorboard --logdir runs", []),
        ("rest = 100 % 7", []),
    ],
)
def test_careful_code_is_accepted(source, tags, tmp_path):
    nb = good_lesson()
    code(nb, source)
    tag(nb, *tags)
    assert faults(nb, tmp_path, rules.careful_code) == []


def test_figures_that_are_told(tmp_path):
    nb = good_lesson()
    pictures(nb, TOLD, TOLD.replace("5", "3"))
    for rule in rules.OUTPUTS:
        assert faults(nb, tmp_path, rule) == [], rule.__name__
    assert rules.printed_seconds(nb.cells[3].outputs[0]) == 0, "the seconds of a bar are no seconds of this run"


def test_links_to_files_and_their_headings(tmp_path):
    (tmp_path / "GLOSSARY.md").write_text("# Glossary\n\n## Max pooling (2x2)\n", encoding="utf-8")
    nb = good_lesson()
    text(nb, "[a](../GLOSSARY.md) [b](../GLOSSARY.md#max-pooling-2x2) [c](https://example.org/x) `[d](gone.md)`")
    assert faults(nb, tmp_path, rules.links_lead_somewhere) == []
    text(nb, "[b](../GLOSSARY.md#average-pooling)")
    assert len(faults(nb, tmp_path, rules.links_lead_somewhere)) == 1


@pytest.mark.parametrize(
    "sentence, fault",
    [
        ("The network simply learns.", "simply"),
        ("It doesn't learn.", "doesn't"),
        ("Note that this\nis short.", "Note that"),
        ("One " + "word " * 35 + "too many.", "38 words"),
    ],
)
def test_words_that_readers_do_not_need(sentence, fault):
    found = list(rules.word_faults(sentence))
    assert len(found) == 1 and fault in found[0]


def test_plain_words_are_accepted():
    text = "| simply |\n\n`simply`, the layer's weights. [Adjust](just.md): " + "word " * 30
    assert not list(rules.word_faults(text))


def test_seconds_that_are_no_measurement_of_this_run(tmp_path):
    nb = good_lesson()
    for words in ("50.5 s, and 53 seconds", "a rate of 9,999 per second", "9,999 ms", "9,999 steps"):
        output(nb, text=words)
        store(tmp_path / "results/timing.json", json.dumps(TIMES))
        assert faults(nb, tmp_path, rules.seconds_are_those_of_a_quiet_machine) == []
    output(nb, text="the post took 1,503 seconds")
    tag(nb, "stored-seconds")
    assert faults(nb, tmp_path, rules.seconds_are_those_of_a_quiet_machine) == []
    tag(nb)
    store(tmp_path / "results/timing.json", json.dumps({"class": {"lessons": {}}}))  # a new lesson
    assert faults(nb, tmp_path, rules.seconds_are_those_of_a_quiet_machine) == []


def test_one_statement_over_several_lines(tmp_path):
    nb = good_lesson()
    code(nb, "@cache\ndef f(x): ...  # your code here\n\n\nfor i in (\n    1,\n):\n    print(i, f(';'))\nelif_ = 1")
    assert faults(nb, tmp_path, rules.one_statement_a_line) == []


def test_lesson_00_is_lighter_and_exercises_have_no_outputs(tmp_path):
    def names(name):
        store(tmp_path / name, json.dumps(good_lesson()))
        return set(rules_for(Book(tmp_path / name, tmp_path)))

    assert rules.sections in names(SMALL)
    first = names("notebooks/00_start_here.ipynb")
    assert rules.setup_cell in first and rules.sections not in first
    assert rules.run_once_in_order in names("notebooks/solutions/04_small.ipynb")
    assert not set(rules.OUTPUTS) & names("notebooks/exercises/04_small.ipynb")


def test_lesson_00_may_explain_cells_before_its_setup(tmp_path):
    nb = good_lesson()
    nb.cells[1].source = nb.cells[1].source.replace('"04"', '"00"')
    nb.cells.insert(1, new_code_cell("1 + 1"))
    path = tmp_path / "00_start_here.ipynb"
    path.write_text(json.dumps(nb), encoding="utf-8")
    assert list(rules.setup_cell(Book(path, tmp_path))) == []
    nb.cells.pop(2)
    path.write_text(json.dumps(nb), encoding="utf-8")
    assert list(rules.setup_cell(Book(path, tmp_path)))


# ---- numbers in the prose ------------------------------------------------------------------------------------------

PROOF = """assert n == 61_706
assert 16 * 4 * 4 == width
course.between(accuracy, 0.97, 0.99)
seen = 1234
with expect_error(RuntimeError, match="64x784"):
    layer(images)"""


@pytest.mark.parametrize(
    "sentence",
    [
        "It has 61,706 parameters.",
        "Then 256 inputs.",
        "From 97 % to 99 percent.",
        "An accuracy of 0.97.",
        "Printed: 100.",
        "Two of 7 classes, 10 in all.",
        "See lesson 11, or lessons 04 and 11.",
        "LeCun wrote it in 1998.",
        "We take CIFAR-10 and Conv32-64.",
        "A picture of `28x28`.",
        "The rate is $10^{-3} + 55$.",
        "See [figure 99](https://example.org/77).",
        "```\n555\n```",
        "<details><summary>Answer</summary>555</details>",
        "A batch of 64x784 numbers.",
        "Measured: 12.35 seconds.",
        "The post says 77.53 %.",
    ],
)
def test_proven_numbers(sentence, tmp_path):
    nb = good_lesson()
    nb.cells[4].source = PROOF
    text(nb, sentence)
    (tmp_path / "results").mkdir()
    (tmp_path / "results" / "speed.json").write_text('{"mlp": [{"seconds": 12.3456}]}', encoding="utf-8")
    (tmp_path / "results" / "README.md").write_text("Not 99, but\n| T | 77.53 % |", encoding="utf-8")
    assert faults(nb, tmp_path, rules.numbers_are_proven) == []


@pytest.mark.parametrize(
    "sentence, number",
    [
        ("It has 61,707 parameters.", "61,707"),
        ("About 1234 images.", "1234"),
        ("From 96 % on.", "96"),
        ("A picture of 29x29.", "29"),
        ("- 55 in a list", "55"),
        ("| a | 55 |", "55"),
        ("In 1,998 cases.", "1,998"),
        ("At 0.5 of it.", "0.5"),
        ("- 3e-4 is a rate", "3e-4"),
        ("A 12-bit number.", "12"),
        ("**61705** in bold", "61705"),
        ("lesson 04 has 44 cells", "44"),
    ],
)
def test_unproven_numbers(sentence, number, tmp_path):
    nb = good_lesson()
    nb.cells[4].source = PROOF
    text(nb, sentence)
    found = "\n".join(faults(nb, tmp_path, rules.numbers_are_proven))
    assert f"the number {number} in" in found


def test_a_proof_that_runs_after_the_lesson_proves_its_numbers(tmp_path):
    nb = good_lesson()
    text(nb, "It has 61,706 parameters, and is right in 97 % to 99 %.")
    assert len(faults(nb, tmp_path, rules.numbers_are_proven)) == 3
    store(proof_file(tmp_path / SMALL, tmp_path), "# %% the numbers (cell [2])\n" + PROOF)
    assert faults(nb, tmp_path, rules.numbers_are_proven) == []
    store(proof_file(tmp_path / SMALL, tmp_path), "# %% the numbers (cell [2])\n" + PROOF.replace("assert n", "n"))
    assert "61,706" in faults(nb, tmp_path, rules.numbers_are_proven)[0]


def test_an_untagged_output_proves_nothing(tmp_path):
    nb = good_lesson()
    output(nb, text="loss 2.3026")
    text(nb, "The loss is 2.30.")
    assert faults(nb, tmp_path, rules.numbers_are_proven) == []
    tag(nb)
    assert faults(nb, tmp_path, rules.numbers_are_proven)


# ---- README --------------------------------------------------------------------------------------------------------

TABLE = """| lesson | you build | minutes |
|---|---|---|
| [01](notebooks/01_a.ipynb) | x | 1 |
| [02](notebooks/02_b.ipynb) | y | 4 |
"""
TIMING = {"02_b": {"seconds": 200.0}}


def test_readme_index():
    assert list(index_faults(TABLE, ["01_a", "02_b"], TIMING)) == []
    assert "lists" in list(index_faults(TABLE, ["01_a"], TIMING))[0]
    assert "lists" in list(index_faults(TABLE, ["01_a", "02_b", "03_c"], TIMING))[0]
    assert "rounds to 4" in list(index_faults(TABLE.replace("| 4 |", "| 3 |"), ["01_a", "02_b"], TIMING))[0]
    assert "no column" in list(index_faults(TABLE.replace("minutes", "time"), ["01_a", "02_b"], TIMING))[0]
