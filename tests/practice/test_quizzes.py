"""The quizzes: one right choice, a reason for each, numbers that hold, and the same text in the lessons."""

import importlib
import re
from itertools import permutations, product
from pathlib import Path

import nbformat
import pytest
import torch
from torch import nn
from torch.utils.data import DistributedSampler
from torch.utils.flop_counter import FlopCounterMode

from course_utils.beyond.airbench import dirac_, fast_biases
from course_utils.models import LeNet
from course_utils.practice import quiz as quiz_module
from course_utils.practice.quiz import Choice, markdown, question, questions, quiz, right, wrong
from tests.notebooks.rules import ROOT
from tools import quizzes
from tools.texts import Texts

LESSONS = sorted(path.stem[-2:] for path in (ROOT / "course_utils" / "practice" / "quizzes").glob("lesson_*.py"))
ALL = [(lesson, i) for lesson in LESSONS for i in range(len(questions(lesson)))]


@pytest.mark.parametrize("lesson, i", ALL)
def test_one_right_choice_and_a_reason_for_each(lesson, i):
    choices = questions(lesson)[i].choices
    assert len(choices) >= 3 and sum(choice.right for choice in choices) == 1
    assert len({choice.text for choice in choices}) == len(choices), "two choices are the same"
    for choice in choices:
        assert choice.reason.endswith("."), choice
        assert len(re.findall(r"\w+", choice.reason)) >= 4, f"more than a word: {choice}"


@pytest.mark.parametrize("lesson", LESSONS)
def test_four_questions_and_the_right_one_moves(lesson):
    asked = questions(lesson)
    assert len(asked) >= 4
    assert len({[c.right for c in q.choices].index(True) for q in asked}) > 1


def test_every_lesson_with_a_training_has_a_quiz():
    assert LESSONS == sorted(p.stem[:2] for p in (ROOT / "notebooks").glob("*.ipynb") if p.stem[:2] >= "01")


def keys(lesson: str) -> list[str]:
    """The right choices' texts, without code marks."""
    return [c.text.replace("`", "") for q in questions(lesson) for c in q.choices if c.right]


def parameters(layer: nn.Module) -> str:
    return f"{sum(p.numel() for p in layer.parameters()):,}"


def shape(layer: nn.Module, *size: int) -> tuple[int, ...]:
    return tuple(layer(torch.zeros(size)).shape)


def test_right_numbers_are_what_torch_says():
    sobel = torch.tensor([[-1.0, 0, 1], [-2, 0, 2], [-1, 0, 1]])
    rows = torch.tensor([[10.0, 10, 50]] * 3)
    assert keys("01")[0] == f"{(sobel * rows).sum():.0f}"
    assert keys("01")[2] == str(shape(nn.Sequential(nn.Conv2d(1, 1, 3), nn.MaxPool2d(2)), 1, 1, 64, 64)[-1])
    assert keys("02")[1] == f"{100 * 3 * 4 + 12:,}"
    two = torch.tensor([[0.01, 0.99]]).log()
    assert keys("03")[0] == "0.01" and f"{nn.functional.cross_entropy(two, torch.tensor([0])):.3f}" == "4.605"
    shares = torch.tensor([[0.2, 0.7, 0.1]]).log().requires_grad_()
    nn.functional.cross_entropy(shares, torch.tensor([1])).backward()
    assert keys("03")[1] == ", ".join(f"{slope:.1f}" for slope in shares.grad[0])
    assert keys("03")[2] == parameters(nn.Sequential(nn.Linear(784, 32), nn.ReLU(), nn.Linear(32, 10)))
    assert keys("04")[0] == parameters(nn.BatchNorm1d(64))
    least = nn.functional.cross_entropy(torch.eye(10)[[3]], torch.tensor([3]))
    assert keys("04")[1].endswith(f"{least:.2f}")
    assert keys("04")[2] == f"{1000 / 1050:.1%} and {1000 / 1100:.1%}".replace("%", " %")
    assert keys("05")[0] == parameters(nn.Conv2d(6, 16, 5))
    assert keys("05")[1] == str(shape(nn.Sequential(nn.Conv2d(1, 1, 5), nn.MaxPool2d(2)), 1, 1, 32, 32)[-1])
    assert keys("06")[1] == f"{(240 + 60) // 2}" and keys("06")[3] == "10 × 20"
    assert keys("07")[0] == str(shape(nn.Conv2d(6, 16, 5), 8, 6, 14, 20))
    torch.manual_seed(0)
    assert keys("08")[0] == f"0 or {nn.Dropout(0.25)(torch.full((100,), 6.0)).max():.0f}"
    assert keys("08")[1] == parameters(nn.Dropout(0.5))
    assert keys("09")[0] == parameters(nn.Conv2d(32, 64, 3, padding=1))
    assert keys("09")[1] == str(shape(nn.MaxPool2d(2, padding=1), 1, 1, 9, 9)[-1])
    weight = torch.zeros(1, requires_grad=True)
    weight.grad = torch.tensor([0.2])
    torch.optim.Adam([weight], lr=0.001).step()
    assert keys("09")[2] == f"{abs(weight.item()):.3f}"
    assert keys("10")[1] == parameters(nn.Conv2d(64, 128, 3, bias=False))
    optimizer = torch.optim.SGD([weight], lr=0.001)
    scheduler = torch.optim.lr_scheduler.StepLR(optimizer, 1, 0.9)
    for _ in range(2):
        optimizer.step()
        scheduler.step()
    assert keys("10")[2] == f"{optimizer.param_groups[0]['lr']:g}"
    best_of_twenty = 0.5 * torch.randn(20_000, 20).amax(dim=1).mean()
    assert keys("12")[0] == f"by about {best_of_twenty:.1f} points"
    weight_of_16_bits = torch.ones((), dtype=torch.bfloat16)
    for _ in range(500):
        weight_of_16_bits += 0.003
    assert keys("12")[1] == f"{weight_of_16_bits.item()}"
    with FlopCounterMode(display=False) as counter:
        nn.Conv2d(32, 128, 3, padding=1, bias=False)(nn.MaxPool2d(2)(torch.zeros(1, 32, 15, 15)))
    assert keys("12")[2] == f"{counter.get_total_flops():,}"
    assert keys("12")[3] == f"{nn.functional.gelu(torch.tensor(-1.0)):.2f}"
    variances = torch.linalg.eigvalsh(torch.tensor([[2, 1.2], [1.2, 2]]))
    assert keys("12")[4] == f"{variances[-1].sqrt():.2f}"
    dirac_(conv := nn.Conv2d(24, 64, 3, padding=1, bias=False))
    picture = torch.randn(1, 24, 5, 5)
    assert keys("12")[5] == "the first 24" and torch.allclose(conv(picture)[:, :24], picture, atol=1e-6)
    ball = torch.zeros(1, requires_grad=True)
    optimizer = torch.optim.SGD([ball], lr=0.1, momentum=0.9)
    for _ in range(200):
        before, ball.grad = ball.item(), torch.ones(1)
        optimizer.step()
    assert keys("13")[0] == f"{before - ball.item():.1f}"
    wanted = torch.tensor([[0.82, *[0.02] * 9]])
    least = nn.functional.cross_entropy(wanted.log(), torch.tensor([0]), label_smoothing=0.2)
    assert keys("13")[1] == f"{least:.2f}"
    _, biases = fast_biases(nn.Linear(1, 1), lr=0.1, weight_decay=0.0016)
    assert keys("13")[2] == f"{biases['weight_decay']:.6f}"
    one_side = [len(set(coins)) == 1 for coins in product((True, False), repeat=3)]
    assert keys("13")[3] == f"{50_000 * sum(one_side) // len(one_side):,} and 0"
    half = torch.diag(torch.tensor([0.5, 1.0]))
    assert keys("13")[4] == f"{torch.linalg.svdvals(half @ half.T @ half).min():.3f}"
    above = [min(order[:3]) > max(order[3:]) for order in permutations(range(6))]
    assert keys("13")[5] == f"in 1 of {len(above) // sum(above)} cases"
    assert keys("14")[0] == f"{len(DistributedSampler(range(1000), num_replicas=3, rank=0)):,}"
    assert keys("14")[3] == f"{2 * 3 * 44_426 * 4 // 4:,}"  # six times a quarter of the gradient, four bytes a number
    assert parameters(LeNet()) == "44,426"


SMALL = (question("Two and `two`?", wrong(3, "this is one too few."), right(1234, "a *large* four, as <b>.")),)


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(quiz_module, "questions", lambda lesson: SMALL)


def test_text(small):
    assert markdown("99") == (
        "**1.** Two and `two`?\n\n- A. `3`\n- B. `1,234`\n\n<details><summary>Answer</summary>\n\n"
        "- A. Wrong: this is one too few.\n- B. Right: a *large* four, as <b>.\n\n</details>"
    )


def test_where_nobody_clicks_it_prints_one_line(small, monkeypatch, capsys):
    for setting in ("0", ""):  # without a kernel, the setting does not matter
        monkeypatch.setenv("COURSE_INTERACTIVE", setting)
        quiz("99")
        assert capsys.readouterr().out.startswith("1 questions stand above") and not capsys.readouterr().out


def test_clicking_shows_the_reason(small):
    widgets = importlib.import_module("ipywidgets")
    box = quiz_module._clickable(widgets, 1, SMALL[0])
    text, choices, reason = box.children
    assert text.value == "<b>1.</b> Two and <code>two</code>?" and choices.value is None and reason.value == ""
    assert [label for label, _ in choices.options] == ["A. 3", "B. 1,234"]
    choices.value = 0
    assert reason.value == "Wrong: this is one too few."
    choices.value = 1
    assert reason.value == "Right: a <i>large</i> four, as &lt;b&gt;."


@pytest.fixture
def lesson_99(small, tmp_path, monkeypatch):
    """A course of one lesson, which has a quiz. A function: store the lesson's texts; gives its path."""
    (tmp_path / "course_utils" / "practice" / "quizzes").mkdir(parents=True)
    (tmp_path / "course_utils" / "practice" / "quizzes" / "lesson_99.py").touch()
    (tmp_path / "notebooks").mkdir()
    monkeypatch.setattr(quizzes, "ROOT", tmp_path)

    def store(*texts: str) -> Path:
        cells = [nbformat.v4.new_markdown_cell(text, id=f"c{i}") for i, text in enumerate(texts)]
        nbformat.write(nbformat.v4.new_notebook(cells=cells), path := tmp_path / "notebooks" / "99_x.ipynb")
        return path

    return store


def test_the_tool_changes_the_quiz_and_nothing_else(lesson_99):
    path = lesson_99("# 99", "## Exercises\n\nDo.\n\n## Quiz\n\nold\n\n## Recap\n\nAll.", "## Next")
    quizzes.write(texts := Texts())
    once = texts.notebook(path)
    sources = [cell.source for cell in once.cells]
    assert sources[1:3] == ["## Exercises\n\nDo.", f"## Quiz\n\n{markdown('99')}"]
    assert sources[3].endswith('quiz("99")') and sources[4:] == ["## Recap\n\nAll.", "## Next"]
    nbformat.validate(once)
    once.cells[3].outputs = [nbformat.v4.new_output("stream", text="stored")]
    texts.set_notebook(path, once)
    texts.store()
    quizzes.write(again := Texts())
    assert again.changed() == [], "the output stays, too"


def test_a_lesson_without_the_section_is_refused(lesson_99):
    lesson_99("# 99")
    with pytest.raises(SystemExit, match="no section ## Quiz"):
        quizzes.write(Texts())


def test_the_lessons_hold_these_quizzes():
    texts = Texts()
    quizzes.write(texts)
    assert len(texts.new) == len(LESSONS) and texts.changed() == [], "run: make generate"


def test_a_choice_tells_its_verdict():
    assert Choice("`1`", "because.", right=True).verdict == "Right: because."
