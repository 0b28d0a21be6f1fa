"""make generate: what is made from something else is up to date, and each step writes what it should."""

import json

import pytest

from course_utils import ROOT
from course_utils.files.sources import SOURCES
from tools import address, data_files, generate, minutes, tables
from tools.texts import Texts


def test_everything_that_is_made_is_up_to_date(capsys):
    assert generate.main(["--check"]) == 0, capsys.readouterr().out + "run: make generate"


def test_check_finds_what_is_old_and_writes_nothing(tmp_path, monkeypatch, capsys):
    page = tmp_path / "page.md"
    page.write_text("old", encoding="utf-8")
    monkeypatch.setattr(generate, "ROOT", tmp_path)
    monkeypatch.setattr(generate, "STEPS", (lambda texts: texts.__setitem__(page, "new"),))
    assert generate.main(["--check"]) == 1 and page.read_text(encoding="utf-8") == "old"
    assert "not up to date: page.md" in capsys.readouterr().out
    assert generate.main([]) == 0 and page.read_text(encoding="utf-8") == "new"
    assert generate.main(["--check"]) == 0


def test_a_file_that_should_not_be_there_is_removed(tmp_path):
    texts, path = Texts(), tmp_path / "surplus.ipynb"
    path.write_text("{}", encoding="utf-8")
    texts[path] = None
    assert texts.changed() == [path]
    texts.store()
    assert not path.exists() and texts.changed() == []


def test_a_table_goes_between_its_marks(tmp_path):
    texts, page = Texts(), tmp_path / "page.md"
    page.write_text("a\n<!-- t: begin -->\nold\n<!-- t: end -->\nb\n<!-- u: begin -->\nu\n<!-- u: end -->\n", "utf-8")
    assert texts.put_between_marks(page, "t", r"| \1 |") and not texts.put_between_marks(page, "v", "x")
    assert texts[page] == "a\n<!-- t: begin -->\n| \\1 |\n<!-- t: end -->\nb\n<!-- u: begin -->\nu\n<!-- u: end -->\n"


def test_a_table_without_a_page_is_an_error(monkeypatch):
    monkeypatch.setitem(tables.TABLES, "unheard of", lambda: "| a |")
    with pytest.raises(ValueError, match="unheard of: begin"):
        tables.write(Texts())


def test_another_address_goes_everywhere():
    texts = Texts()
    address.put(texts, "me/my-course")
    changed = texts.changed()
    names = {path.relative_to(ROOT).as_posix() for path in changed}
    assert {"pyproject.toml", "README.md", "CITATION.cff", "CONTRIBUTING.md"} <= names
    assert {path.name for path in (ROOT / "notebooks").rglob("[0-9]*.ipynb")} <= {path.name for path in changed}
    old = address.repository()
    for path in changed:
        assert old not in texts[path] and "me/my-course" in texts[path], path
        if path.suffix == ".ipynb":
            json.loads(texts[path])


@pytest.mark.parametrize("wrong", ["me", "me/", "/x", "https://github.com/me/x", "me/x/y", "m e/x"])
def test_what_is_no_address_is_refused(wrong):
    with pytest.raises(SystemExit) as done:
        generate.main(["--check", "--address", wrong])
    assert done.value.code == 2


def test_the_memory_stands_once_in_the_card():
    card = "| **Time** | 75 minutes |\n| **Data** | none |"
    first = minutes.with_memory(card, 1201)
    assert first == "| **Time** | 75 minutes |\n| **Memory** | 1.3 GB |\n| **Data** | none |"
    assert minutes.with_memory(first, 1100) == first.replace("1.3", "1.1")


def test_minutes_are_rounded_up_and_stand_in_their_row():
    assert [minutes.minutes(seconds) for seconds in (1, 60, 60.1, 240)] == [1, 1, 2, 4]
    readme = (
        "| [00 · A](notebooks/00_a.ipynb) | x | 9 | y |\nThe minutes are what the cells take on 8 CPU cores, measured"
    )
    readme += " on 2020-01-01; reading"
    measured = {"lessons": {"00_a": {"seconds": 61}}, "cores": 2, "date": "2026-11-28"}
    assert minutes.with_minutes(readme, measured) == (
        "| [00 · A](notebooks/00_a.ipynb) | x | 2 | y |\nThe minutes are what the cells take on 2 CPU cores, measured"
        " on 2026-11-28; reading"
    )


@pytest.mark.parametrize("name", SOURCES)
def test_the_table_of_files_has_all_of_them(name):
    table = data_files.table(name)
    assert all(f"| `{file.path}` | {file.size:,} | `{file.md5}` |" in table for file in SOURCES[name].files)
