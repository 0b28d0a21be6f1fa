"""docs/FIELD.md: each row has the report that it was learnt from, and names a test that there is."""

import ast
import re
from functools import cache
from pathlib import Path

from tests.notebooks.rules import ROOT

PAGE = ROOT / "docs" / "FIELD.md"
TOPICS = ("Installation", "Data", "Device and speed", "Memory", "Paths and notebooks", "Versions")
REPORT = re.compile(r"\[([\w.-]+/[\w.-]+)#(\d+)\]\(https://github\.com/([\w.-]+/[\w.-]+)/(?:issues|pull)/(\d+)\)")
TEST = re.compile(r"\[(test_\w+)\]\(\.\./(tests/[\w/]+\.py)\)")
NO_TEST = re.compile(r"- \(\w.+\)")


@cache
def sections() -> dict[str, list[list[str]]]:
    """Heading -> its rows, each a list of cells."""
    parts = re.split(r"^## (.+)\n", PAGE.read_text(encoding="utf-8"), flags=re.M)[1:]
    return {
        title: [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("| ")][1:]
        for title, text in zip(parts[::2], parts[1::2], strict=True)
    }


@cache
def functions(path: Path) -> set[str]:
    return {node.name for node in ast.parse(path.read_text(encoding="utf-8")).body if isinstance(node, ast.FunctionDef)}


def test_six_tables_of_at_least_30_rows_and_what_is_missing():
    assert tuple(sections()) == (*TOPICS, "Not yet")
    assert all(sections().values()) and sum(len(sections()[topic]) for topic in TOPICS) >= 30
    assert all(len(row) == (3 if title in TOPICS else 2) for title, rows in sections().items() for row in rows)


def test_each_row_has_the_report_that_it_was_learnt_from():
    for rows in sections().values():
        for fault, *_ in rows:
            reports = REPORT.findall(fault)
            assert reports and len(reports) == fault.count("]("), f"a link to an issue, and nothing else: {fault}"
            assert all((name, number) == tuple(place) for name, number, *place in reports), fault


def test_each_named_test_is_there():
    for topic in TOPICS:
        for *_, shown in sections()[topic]:
            if NO_TEST.fullmatch(shown):
                continue
            name, path = TEST.fullmatch(shown).groups()
            assert name in functions(ROOT / path), f"{path} has no {name}"


def test_no_row_and_no_report_stands_twice():
    faults = [row[0] for rows in sections().values() for row in rows]
    words = [fault.partition(": [")[0] for fault in faults]
    reports = [report for fault in faults for report in REPORT.findall(fault)]
    assert len(set(words)) == len(words) and len(set(reports)) == len(reports)
