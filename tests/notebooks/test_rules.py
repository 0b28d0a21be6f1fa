"""Each rule of lints.py accepts a good notebook and refuses the fault that it is there for."""

import json

import lints
import nbformat
import pytest
from lints import Book, index_faults, rules_for
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output
from set_address import SETUP, main, read_address

ADDRESS = read_address()
FRONT = f"""# 04 · A small lesson

[![Open in Colab](https://colab.research.google.com/assets/colab-badge.svg)]({ADDRESS.badge("notebooks/04_small.ipynb")})

| | |
|---|---|
| **You will** | count |
| **Before you start** | nothing |
| **Time** | 12 minutes |
| **Data** | none |"""


def good_lesson() -> nbformat.NotebookNode:
    """The smallest notebook that follows every rule."""
    words = "short and plain words " * 60
    cells = [
        new_markdown_cell(FRONT),
        new_code_cell(SETUP.format(owner=ADDRESS.owner, name=ADDRESS.name, lesson="04", seed=777)),
    ]
    for i in range(1, 5):
        cells.append(
            new_markdown_cell(f"## {i} · Section\n\nWe use `784` inputs in [section one](#1--section). {words}")
        )
        for j in range(3):
            cells.append(
                new_code_cell(
                    f"n{i}{j} = {i} * 100\nprint(n{i}{j})",
                    metadata={"tags": ["nbval-check-output"]},
                    outputs=[new_output("stream", text=f"{i}00\n")],
                )
            )
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
    path = folder / "notebooks/04_small.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(nb), encoding="utf-8")
    return list(rule(Book(path, folder)))


@pytest.mark.parametrize("rule", lints.FORM + lints.OUTPUTS + lints.ANATOMY, ids=lambda rule: rule.__name__)
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


BAD = [  # rule, what is done to the good lesson, what the message has to say
    (lints.valid_format, lambda nb: nb.update(nbformat_minor=4), "expected 4.5"),
    (lints.valid_format, lambda nb: nb.cells[2].pop("source"), "not a valid notebook"),
    (lints.valid_format, lambda nb: nb.cells[2].update(id=nb.cells[3].id), "same id"),
    (lints.no_empty_cells, lambda nb: code(nb, " \n"), "is empty"),
    (lints.minimal_metadata, lambda nb: nb.metadata.update(widgets={}), "widgets"),
    (lints.minimal_metadata, lambda nb: nb.metadata.kernelspec.update(name="my-env"), "my-env"),
    (lints.minimal_metadata, lambda nb: nb.metadata.language_info.update(version="3.11.7"), "3.11.7"),
    (lints.minimal_metadata, lambda nb: nb.cells[3].metadata.update(collapsed=True), "collapsed"),
    (lints.minimal_metadata, lambda nb: nb.cells[2].update(attachments={"a.png": {"image/png": ""}}), "attachment"),
    (lints.known_tags, lambda nb: tag(nb, "nbval-skip"), "nbval-skip"),
    (lints.known_tags, lambda nb: tag(nb, "raises-exception"), "raises-exception"),
    (lints.short_cells, lambda nb: code(nb, "x = 1\n" * 36), "36 lines"),
    (lints.small_file, lambda nb: text(nb, "a" * 1_000_000), "1 MB"),
    (lints.defined_names, lambda nb: code(nb, "print(undefined_name)"), "undefined_name"),
    (lints.defined_names, lambda nb: code(nb, "import json"), "json"),
    (lints.defined_names, lambda nb: code(nb, "print(("), "syntax"),
    (lints.careful_code, lambda nb: code(nb, "cv2.imshow('a', image)"), "plt.imshow"),
    (lints.careful_code, lambda nb: code(nb, "DataLoader(data, num_workers=2)"), "num_workers"),
    (lints.careful_code, lambda nb: code(nb, "DataLoader(data, num_workers=os.cpu_count())"), "num_workers"),
    (lints.careful_code, lambda nb: code(nb, "torch.load(path)"), "weights_only"),
    (lints.careful_code, lambda nb: code(nb, "torch.load(path, weights_only=False)"), "weights_only"),
    (lints.careful_code, lambda nb: code(nb, "images = iter(loader).next()"), "next(iterator)"),
    (lints.careful_code, lambda nb: code(nb, "cv2.filter2D(image, -1, kernel)"), "CV_32F"),
    (lints.careful_code, lambda nb: code(nb, "cv2.Sobel(image, ddepth=-1, dx=1, dy=0)"), "CV_32F"),
    (lints.careful_code, lambda nb: code(nb, "!pip install torch"), "pip install"),
    (lints.careful_code, lambda nb: code(nb, "subprocess.run('pip install torch', shell=True)"), "installs something"),
    (lints.careful_code, lambda nb: code(nb, "%matplotlib inline"), "%matplotlib"),
    (lints.careful_code, lambda nb: code(nb, "if True:\n    !ls"), "!ls"),
    (lints.careful_code, lambda nb: code(nb, "plt.plot(x);"), "semicolon"),
    (lints.links_lead_somewhere, lambda nb: text(nb, "[gone](gone.md)"), "gone.md"),
    (lints.links_lead_somewhere, lambda nb: text(nb, "[here](#no-such-heading)"), "no-such-heading"),
    (lints.links_lead_somewhere, lambda nb: text(nb, '<img src="../images/gone.png" alt="gone">'), "gone.png"),
    (lints.pictures_have_alt_text, lambda nb: text(nb, "![](a.png)"), "alt text"),
    (lints.pictures_have_alt_text, lambda nb: text(nb, '<img src="a.png">'), "alt text"),
    (lints.pictures_have_alt_text, lambda nb: text(nb, '<img src="a.png" alt="">'), "alt text"),
    (lints.run_once_in_order, lambda nb: code(nb, "x = 1", execution_count=7), "execution counts"),
    (lints.run_once_in_order, lambda nb: code(nb, "x = 1", execution_count=None), "execution counts"),
    (lints.no_stored_errors, lambda nb: output(nb, "error", ename="ValueError", evalue="", traceback=[]), "ValueError"),
    (lints.no_stored_errors, lambda nb: output(nb, name="stderr", text="a warning"), "a warning"),
    (lints.portable_outputs, lambda nb: output(nb, text="in /home/someone/cnn-course"), "one machine"),
    (lints.portable_outputs, lambda nb: output(nb, text="in /root/data"), "one machine"),
    (lints.portable_outputs, lambda nb: output(nb, text="in /tmp/x"), "one machine"),
    (lints.portable_outputs, lambda nb: output(nb, text="in C:\\Users\\someone"), "one machine"),
    (
        lints.portable_outputs,
        lambda nb: output(nb, "execute_result", data={"text/plain": "<Axes at 0x7f03aa10>"}),
        "one machine",
    ),
    (
        lints.portable_outputs,
        lambda nb: output(nb, "display_data", data={"application/vnd.jupyter.widget-view+json": {}}),
        "widget",
    ),
    (lints.outputs_of_real_data, lambda nb: output(nb, text="data: DRAWN STAND-IN"), "make data"),
    (lints.checked_outputs, lambda nb: [cell.metadata.clear() for cell in nb.cells[3:12]], "expected 60 %"),
    (lints.checked_outputs, lambda nb: code(nb, "x = 1", outputs=[]), "no output"),
    (lints.numbers_are_proven, lambda nb: text(nb, "It has 61,706 parameters."), "61,706"),
    (lints.title, lambda nb: nb.cells[0].update(source=FRONT.replace("# 04 ·", "# 05 ·")), "# 04 ·"),
    (lints.title, lambda nb: nb.cells[0].update(source=FRONT.replace("# 04 · ", "## 04 ")), "exactly one"),
    (lints.title, lambda nb: text(nb, "# A second title"), "exactly one"),
    (lints.colab_badge, lambda nb: nb.cells[0].update(source=FRONT.replace("04_small", "03_other")), "04_small"),
    (lints.colab_badge, lambda nb: nb.cells[0].update(source=FRONT.replace("colab.research", "example")), "nowhere"),
    (lints.card, lambda nb: nb.cells[0].update(source=FRONT.replace("**Time**", "**Clock**")), "**Time**"),
    (lints.setup_cell, lambda nb: nb.cells[1].update(source=nb.cells[1].source.replace('"04"', '"05"')), "setup cell"),
    (lints.setup_cell, lambda nb: nb.cells[1].update(source="!git clone\n" + nb.cells[1].source), "setup cell"),
    (lints.sections, lambda nb: text(nb, "## 7 · Out of order"), "numbered sections"),
    (lints.sections, lambda nb: nb.cells.pop(-2), "Recap"),
    (lints.sections, lambda nb: nb.cells.insert(-1, nb.cells.pop(-3)), "Quiz"),
    (lints.ends_with_next, lambda nb: nb.cells.pop(), "expected Next"),
    (lints.amount_of_code, lambda nb: [nb.cells.pop(3) for _ in range(3)], "12 to 25"),
    (
        lints.amount_of_code,
        lambda nb: [cell.update(source="x = 1\n" * 7) for cell in nb.cells if cell.cell_type == "code"],
        "at most 6",
    ),
    (lints.amount_of_prose, lambda nb: text(nb, ""), "900 to 1,600"),
    (lints.amount_of_prose, lambda nb: text(nb, "word " * 1500), "900 to 1,600"),
]


@pytest.mark.filterwarnings("ignore::nbformat.warnings.DuplicateCellId")
@pytest.mark.parametrize("rule, spoil, message", BAD, ids=[f"{i}-{rule.__name__}" for i, (rule, *_) in enumerate(BAD)])
def test_a_fault_is_found(rule, spoil, message, tmp_path):
    nb = good_lesson()
    spoil(nb)
    assert message in "\n".join(faults(nb, tmp_path, rule))


def test_every_rule_has_a_bad_notebook():
    assert {rule for rule, *_ in BAD} == set(lints.FORM + lints.OUTPUTS + lints.ANATOMY + lints.FIRST)


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
    assert faults(nb, tmp_path, lints.careful_code) == []


def test_links_to_files_and_their_headings(tmp_path):
    (tmp_path / "GLOSSARY.md").write_text("# Glossary\n\n## Max pooling (2x2)\n", encoding="utf-8")
    nb = good_lesson()
    text(nb, "[a](../GLOSSARY.md) [b](../GLOSSARY.md#max-pooling-2x2) [c](https://example.org/x) `[d](gone.md)`")
    assert faults(nb, tmp_path, lints.links_lead_somewhere) == []
    text(nb, "[b](../GLOSSARY.md#average-pooling)")
    assert len(faults(nb, tmp_path, lints.links_lead_somewhere)) == 1


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
    found = list(lints.word_faults(sentence))
    assert len(found) == 1 and fault in found[0]


def test_plain_words_are_accepted():
    text = "| simply |\n\n`simply`, the layer's weights. [Adjust](just.md): " + "word " * 30
    assert not list(lints.word_faults(text))


def test_lesson_00_may_be_short_and_exercises_have_no_outputs(tmp_path):
    def names(name):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(json.dumps(good_lesson()), encoding="utf-8")
        return set(rules_for(Book(tmp_path / name, tmp_path)))

    assert lints.amount_of_code in names("notebooks/04_small.ipynb")
    first = names("notebooks/00_start_here.ipynb")
    assert lints.setup_cell in first and lints.amount_of_code not in first and lints.sections not in first
    assert lints.run_once_in_order in names("notebooks/solutions/04_small.ipynb")
    assert not set(lints.OUTPUTS) & names("notebooks/exercises/04_small.ipynb")


def test_lesson_00_may_explain_cells_before_its_setup(tmp_path):
    nb = good_lesson()
    nb.cells[1].source = nb.cells[1].source.replace('"04"', '"00"')
    nb.cells.insert(1, new_code_cell("1 + 1"))
    path = tmp_path / "00_start_here.ipynb"
    path.write_text(json.dumps(nb), encoding="utf-8")
    assert list(lints.setup_cell(Book(path, tmp_path))) == []
    nb.cells.pop(2)
    path.write_text(json.dumps(nb), encoding="utf-8")
    assert list(lints.setup_cell(Book(path, tmp_path)))


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
    assert faults(nb, tmp_path, lints.numbers_are_proven) == []


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
    found = "\n".join(faults(nb, tmp_path, lints.numbers_are_proven))
    assert f"the number {number} in" in found


def test_an_untagged_output_proves_nothing(tmp_path):
    nb = good_lesson()
    output(nb, text="loss 2.3026")
    text(nb, "The loss is 2.30.")
    assert faults(nb, tmp_path, lints.numbers_are_proven) == []
    tag(nb)
    assert faults(nb, tmp_path, lints.numbers_are_proven)


# ---- README and address --------------------------------------------------------------------------------------------

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


def test_set_address(tmp_path, capsys):
    (tmp_path / "notebooks").mkdir()
    lesson, readme, project = (
        tmp_path / "notebooks" / "04_small.ipynb",
        tmp_path / "README.md",
        tmp_path / "pyproject.toml",
    )
    lesson.write_text(json.dumps(good_lesson()), encoding="utf-8")
    readme.write_text(
        f"[ci]({ADDRESS.url}/actions/workflows/ci.yml)\ngit clone {ADDRESS.url}\ncd {ADDRESS.name}\n"
        "[torch](https://github.com/pytorch/pytorch)\n",
        encoding="utf-8",
    )
    project.write_text((lints.ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8")
    assert main(["--check"], tmp_path) == 0

    assert main(["someone/their-course", "--branch", "autumn"], tmp_path) == 0
    new = read_address(tmp_path)
    assert new == ("someone", "their-course", "autumn")
    cells = nbformat.read(lesson, as_version=4).cells
    assert new.badge("notebooks/04_small.ipynb") in cells[0].source
    assert cells[1].source == SETUP.format(owner="someone", name="their-course", lesson="04", seed=777)
    assert readme.read_text(encoding="utf-8") == (
        "[ci](https://github.com/someone/their-course/actions/workflows/ci.yml)\ngit clone https://github.com/someone/their-course\n"
        "cd their-course\n[torch](https://github.com/pytorch/pytorch)\n"
    )
    assert 'name = "cnn-course"' in project.read_text(encoding="utf-8")
    assert main(["--check"], tmp_path) == 0

    lesson.write_text(json.dumps(good_lesson()), encoding="utf-8")  # a lesson from the old address comes in
    assert main(["--check"], tmp_path) == 1
    assert "04_small" in capsys.readouterr().out
    assert main(["someone/their-course"], tmp_path) == 0 and main(["--check"], tmp_path) == 0


@pytest.mark.parametrize("wrong", [[], ["only-a-name"], ["https://github.com/a/b"]])
def test_set_address_refuses(wrong, tmp_path):
    (tmp_path / "pyproject.toml").write_text(
        (lints.ROOT / "pyproject.toml").read_text(encoding="utf-8"), encoding="utf-8"
    )
    with pytest.raises(SystemExit) as refusal:
        main(wrong, tmp_path)
    assert refusal.value.code == 2
