"""Every shape comment in models.py and in the lessons is true, and one that is wrong would be found."""

import ast
import inspect
import re
import sys
from pathlib import Path

import matplotlib
import pytest
import torch
from torch import nn

from course_utils import models
from tests.notebooks.rules import ROOT, Book
from tests.notebooks.shape_comments import ARROW, Checker, claims

LESSONS = [path for folder in ("notebooks", "notebooks/solutions") for path in sorted((ROOT / folder).glob("*.ipynb"))]
BATCH = 4
PARTS = {models.Residual: (nn.Identity(),)}  # what a part of a network is built with


def run_class(model: type[nn.Module], file: str) -> Checker:
    """Build a model, and send a batch of the shape of its first comment through it."""
    checker = Checker({file: Path(file).read_text(encoding="utf-8")})
    source, first = inspect.getsourcelines(model)
    inside = range(first, first + len(source))
    checker.claims[file] = mine = [claim for claim in checker.claims[file] if claim.line in inside]
    if mine:
        shape = [BATCH if size.isidentifier() else int(size) for size in mine[0].before]
        with checker.watching(), torch.no_grad():
            model(*PARTS.get(model, ()))(torch.zeros(shape))
    return checker


@pytest.mark.parametrize(
    "model",
    [
        pytest.param(value, id=name)
        for name, value in vars(models).items()
        if inspect.isclass(value) and value.__module__ == models.__name__
    ],
)
def test_models(model):
    checker = run_class(model, models.__file__)
    assert checker.claims[models.__file__], (
        f"{model.__name__} has no shape comment: say what each line does to the shape"
    )
    assert not list(checker.faults()), "\n".join(checker.faults())


def run_cells(sources: dict[str, str]) -> Checker:
    """Run cells in order, until every shape comment has been seen."""
    sources = {name: re.sub(r"(?m)^(\s*)[%!].*", r"\1pass", source) for name, source in sources.items()}
    checker, namespace = Checker(sources), {"__name__": "__main__"}
    for name, source in sources.items():
        if checker.done:
            break
        code = compile(source, name, "exec")
        with checker.watching():
            exec(code, namespace)
    return checker


WITH_ARROWS = [path for path in LESSONS if ARROW.search(path.read_text(encoding="utf-8"))]
SLOW = {"10_cifar10_vgg", "12_faster_network", "13_cifar10_to_94"}  # colour pictures and wide networks


@pytest.mark.parametrize(
    "path",
    [pytest.param(path, id=path.stem, marks=[pytest.mark.slow] * (path.stem in SLOW)) for path in WITH_ARROWS],
)
def test_lessons(path, monkeypatch):
    monkeypatch.chdir(path.parent)
    monkeypatch.setattr(sys, "path", list(sys.path))
    with matplotlib.rc_context():
        checker = run_cells({f"cell [{cell.execution_count}]": cell.source for cell in Book(path).code})
    assert not list(checker.faults()), f"{path.name}:\n" + "\n".join(checker.faults())


# ---- the checker itself --------------------------------------------------------------------------------------------

NET = """
import torch
from torch import nn

class Net(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv = nn.Conv2d(1, 6, 5)
        self.body = nn.Sequential(
            nn.Conv2d(6, 8, 3),   # (N, 6, 24, 24) -> (N, 8, 22, 22)
            nn.MaxPool2d(2),      # (N, 8, 22, 22) -> (N, 8, 11, 11)
        )

    def forward(self, x):
        x = self.conv(x)          # (N, 1, 28, 28) -> (N, 6, 24, 24)
        for layer in self.body:
            x = layer(x)
        x = (x
             .flatten(1))         # (N, 8, 11, 11) -> (N, 8 * 11 * 11)
        return x[:, :10]          # (N, 968) -> (N, 10)

logits = Net()(torch.zeros(3, 1, 28, 28))
top = logits.argmax(1)            # (N, 10) -> (N,)
"""


def test_true_comments_pass():
    checker = run_cells({"cell [1]": NET})
    assert len(checker.claims["cell [1]"]) == 6
    assert list(checker.faults()) == []


@pytest.mark.parametrize(
    "right, wrong",
    [
        ("(N, 1, 28, 28) -> (N, 6, 24, 24)", "(N, 1, 28, 28) -> (N, 6, 28, 28)"),
        ("(N, 1, 28, 28) -> (N, 6, 24, 24)", "(N, 3, 28, 28) -> (N, 6, 24, 24)"),
        ("(N, 8, 22, 22) -> (N, 8, 11, 11)", "(N, 8, 22, 22) -> (N, 8, 12, 12)"),
        ("(N, 6, 24, 24) -> (N, 8, 22, 22)", "(N, 8, 24, 24) -> (N, 8, 22, 22)"),
        ("(N, 8 * 11 * 11)", "(N, 8 * 12 * 12)"),
        ("(N, 968) -> (N, 10)", "(N, 968) -> (N, 1, 10)"),
        ("(N, 968) -> (N, 10)", "(968, N) -> (N, 10)"),
        ("(N, 10) -> (N,)", "(N, 10) -> (N, 1)"),
    ],
)
def test_a_wrong_comment_is_found(right, wrong):
    assert NET.count(right) == 1
    faults = list(run_cells({"cell [1]": NET.replace(right, wrong)}).faults())
    assert len(faults) == 1 and wrong in faults[0] and "it is (3, " in faults[0], faults


def test_a_comment_that_never_ran_is_found():
    cell = NET + "def unused(x):\n    return x.sum(1)   # (N, 10) -> (N,)\n"
    assert "never ran" in list(run_cells({"cell [1]": cell}).faults())[0]


def test_a_line_without_tensors_is_found():
    cell = "import torch\nx = torch.ones(2, 2)\nn = len(x)   # (2, 2) -> (2)\n"
    assert "no tensor can be seen" in list(run_cells({"cell [1]": cell}).faults())[0]


def test_running_stops_when_all_is_seen():
    run_cells({"cell [1]": NET, "cell [2]": "raise SystemExit"})


def test_only_arrow_comments_count():
    source = "x = 1   # (a) then -> (b)\ny = '# (N, 1) -> (N, 2)'\nz = 2  # (N, 1)->(N, 2), the arrow needs no blanks\n"
    assert [claim.line for claim in claims(source, ast.parse(source))] == [3]
