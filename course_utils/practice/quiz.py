"""The quizzes of the lessons: questions as data, as text for the notebooks, and clickable in a live notebook.

The questions of lesson NN are in quizzes/lesson_NN.py. Numbers among the choices are computed there, the wrong ones
from the mistake that gives them. `make generate` writes the text into the lessons.
"""

import html
import importlib
import re
from dataclasses import dataclass

from course_utils.widgets.live import live

LETTERS = "ABCDEFGH"


@dataclass(frozen=True)
class Choice:
    """One answer, and why it is right or wrong."""

    text: str
    reason: str
    right: bool = False

    @property
    def verdict(self) -> str:
        return f"{'Right' if self.right else 'Wrong'}: {self.reason}"


@dataclass(frozen=True)
class Question:
    """A question with its choices, of which exactly one is right."""

    text: str
    choices: tuple[Choice, ...]


def question(text: str, *choices: Choice) -> Question:
    return Question(text, choices)


def right(text: object, reason: str) -> Choice:
    return Choice(_text(text), reason, right=True)


def wrong(text: object, reason: str) -> Choice:
    return Choice(_text(text), reason)


def _text(value: object) -> str:
    """A number or a shape as code, with commas between thousands; a text as it is."""
    if isinstance(value, int):
        return f"`{value:,}`"
    return value if isinstance(value, str) else f"`{value}`"


def questions(lesson: str) -> tuple[Question, ...]:
    """The questions of a lesson, such as "04"."""
    return importlib.import_module(f"course_utils.practice.quizzes.lesson_{lesson}").QUESTIONS


def markdown(lesson: str) -> str:
    """The quiz as text: each question, its choices, and the collapsed answer."""
    parts = []
    for i, asked in enumerate(questions(lesson), start=1):
        choices = "\n".join(f"- {letter}. {c.text}" for letter, c in zip(LETTERS, asked.choices, strict=False))
        reasons = "\n".join(f"- {letter}. {c.verdict}" for letter, c in zip(LETTERS, asked.choices, strict=False))
        answer = f"<details><summary>Answer</summary>\n\n{reasons}\n\n</details>"
        parts.append(f"**{i}.** {asked.text}\n\n{choices}\n\n{answer}")
    return "\n\n".join(parts)


def quiz(lesson: str) -> None:
    """Show a lesson's quiz to click on; where nobody can click, say so in one line."""
    asked = questions(lesson)
    widgets = _widgets()
    if widgets is None:
        print(f"{len(asked)} questions stand above, with their answers. In a live notebook you can click on them here.")
        return
    from IPython.display import display

    display(widgets.VBox([_clickable(widgets, i, q) for i, q in enumerate(asked, start=1)]))


def _widgets():
    """ipywidgets, if there is a notebook that can show them."""
    if not live():
        return None
    try:
        import ipywidgets
    except ImportError:
        return None
    return ipywidgets


def _clickable(widgets, i: int, asked: Question):
    """A box with the question, its choices as radio buttons, and room for the reason of the chosen one."""
    labels = [f"{letter}. {c.text.replace('`', '')}" for letter, c in zip(LETTERS, asked.choices, strict=False)]
    choices = widgets.RadioButtons(
        options=[(label, k) for k, label in enumerate(labels)], value=None, layout=widgets.Layout(width="max-content")
    )
    reason = widgets.HTMLMath()

    def show_reason(change: dict) -> None:
        if change["new"] is not None:
            reason.value = _html(asked.choices[change["new"]].verdict)

    choices.observe(show_reason, names="value")
    return widgets.VBox([widgets.HTMLMath(_html(f"**{i}.** {asked.text}")), choices, reason])


def _html(text: str) -> str:
    """The little Markdown that quizzes use, as HTML."""
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", html.escape(text, quote=False))
    text = re.sub(r"\*\*([^*]+)\*\*", r"<b>\1</b>", text)
    return re.sub(r"\*([^*]+)\*", r"<i>\1</i>", text)
