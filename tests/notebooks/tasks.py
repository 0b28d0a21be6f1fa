"""The small tasks inside a lesson: `check("04.a", ...)` in a cell, and below it, folded, one way to solve it.

A task is three cells: text that begins with **Your turn 04.a.**, code that ends with the call of `check`, and text that
begins with <details><summary>One way</summary> and the code. That code must be accepted: see proofs/.
"""

import ast
import re
from collections.abc import Iterator
from typing import NamedTuple

import nbformat

NAME = re.compile(r"\d\d\.[a-z]")
ASKED = re.compile(r"^\*\*Your turn (\d\d\.[a-z])\.\*\*", re.M)
ONE_WAY = re.compile(r"\A<details><summary>One way</summary>\n\n```python\n(.*?)\n```\n\n</details>", re.S)


class Task(NamedTuple):
    """One task: its name such as 04.a, what is handed to `check`, and code that makes a right answer."""

    name: str
    answer: str
    way: str

    @property
    def proof(self) -> str:
        """Code that fails unless the way is right. It runs in the lesson's kernel, after the last cell."""
        return (
            f"{self.way}\n\nfrom course_utils.practice.judge import judge as _judge\n"
            f"_verdict = _judge({self.name!r}, {self.answer})\n"
            f'assert _verdict.partition(" (")[0] == "correct", _verdict'
        )


def tasks(nb: nbformat.NotebookNode) -> Iterator[Task]:
    """The tasks of a lesson, in order. Raises ValueError where one of the three cells is missing."""
    for before, cell, after in zip([None, *nb.cells], nb.cells, [*nb.cells[1:], None], strict=False):
        call = last_check(cell.source) if cell.cell_type == "code" else None
        if not call or not NAME.fullmatch(call[0]):  # an exercise is called 04.1
            continue
        name, answer = call
        asked = ASKED.findall(before.source) if before is not None and before.cell_type == "markdown" else []
        if asked != [name]:
            raise ValueError(f"above the check of {name} stands {asked or 'no text'}, expected **Your turn {name}.**")
        way = ONE_WAY.match(after.source) if after is not None and after.cell_type == "markdown" else None
        if not way:
            raise ValueError(f"below the check of {name} the text must begin with <details><summary>One way</summary>")
        yield Task(name, answer, way[1])


def last_check(source: str) -> tuple[str, str] | None:
    """The task and the answer of `check("04.a", answer)`, where a cell ends with it."""
    try:
        body = ast.parse(source).body
    except SyntaxError:  # a magic
        return None
    call = body[-1].value if body and isinstance(body[-1], ast.Expr) else None
    if not isinstance(call, ast.Call) or ast.unparse(call.func) != "check" or len(call.args) != 2:
        return None
    return ast.literal_eval(call.args[0]), ast.unparse(call.args[1])
