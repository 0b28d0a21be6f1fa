"""Checks comments such as `x = self.pool(x)   # (N, 6, 24, 24) -> (N, 6, 12, 12)` by running the code beside them.

A traced run looks at the tensors before and after every commented line. In `nn.Sequential(...)` the commented layers
get forward hooks. Letters stand for any size, the same one throughout a line; numbers have to be right. A comment whose
line never runs counts as wrong, for nobody knows.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

ARROW = re.compile(r"#\s*\(([^()]*)\)\s*->\s*\(([^()]*)\)")
SIMPLE = (ast.Assign, ast.AugAssign, ast.AnnAssign, ast.Return, ast.Expr)


@dataclass
class Claim:
    """One shape comment: where it stands, what it says, what was seen."""

    line: int
    text: str
    before: list[str]
    after: list[str]
    node: ast.stmt | ast.expr | None = None
    seen: bool = False
    fault: str = ""

    def compare(self, befores: list[torch.Tensor], after: object) -> None:
        """Note what was seen: one of the tensors that went in, and the one that came out, have to fit."""
        self.seen = True
        if not isinstance(after, torch.Tensor) or not befores:
            self.fault = "no tensor can be seen before and after this line; give both a name"
        elif not any(
            fits(self.before, before.shape, sizes := {}) and fits(self.after, after.shape, sizes) for before in befores
        ):
            self.fault = f"it is {', '.join(str(tuple(b.shape)) for b in befores)} -> {tuple(after.shape)}"


def fits(names: list[str], shape: torch.Size, sizes: dict[str, int]) -> bool:
    """Is this the shape? A name means the size that it had before, in `sizes`; 16*4*4 is worked out."""
    if len(names) != len(shape):
        return False
    for name, size in zip(names, shape, strict=True):
        if name.isidentifier():
            if sizes.setdefault(name, size) != size:
                return False
        elif not re.fullmatch(r"[\d\s*+-]+", name) or eval(name) != size:
            return False
    return True


def claims(source: str, tree: ast.Module) -> list[Claim]:
    """The shape comments of a source text, each with the smallest statement or layer that it stands beside."""
    found = []
    statements = [node for node in ast.walk(tree) if isinstance(node, SIMPLE)]
    layers = [layer for node in ast.walk(tree) if is_sequential(node) for layer in layers_of(node)]
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT and (arrow := ARROW.match(token.string)):
            line = token.start[0]
            claim = Claim(
                line,
                token.string,
                *([size.strip() for size in side.split(",") if size.strip()] for side in arrow.groups()),
            )
            claim.node = min(
                (node for node in layers + statements if covers(node, line)),
                key=lambda node: node.end_lineno - node.lineno,
                default=None,
            )
            found.append(claim)
    return found


def is_sequential(node: ast.AST) -> bool:
    return isinstance(node, ast.Call) and ast.unparse(node.func).endswith("Sequential")


def layers_of(sequential: ast.Call) -> list[ast.expr]:
    """The layers as written: Sequential(a, b), or with an OrderedDict(first=a, ...) or ([("first", a), ...])."""
    args = sequential.args
    if len(args) == 1 and isinstance(args[0], ast.Call) and ast.unparse(args[0].func).endswith("OrderedDict"):
        pairs = args[0].args[0].elts if args[0].args else []
        return [pair.elts[1] for pair in pairs] + [keyword.value for keyword in args[0].keywords]
    return args


class Checker:
    """Runs code that was compiled under the names of `sources`, and compares its claims."""

    def __init__(self, sources: dict[str, str]):
        self.claims, self.sequentials = {}, {}
        for name, source in sources.items():
            tree = ast.parse(source)
            self.claims[name] = claims(source, tree)
            self.sequentials[name] = [
                n for n in ast.walk(tree) if isinstance(n, ast.Assign | ast.Return) and is_sequential(n.value)
            ]
        self.pending: dict[int, tuple] = {}  # id of a frame -> the claim of its current line, and the tensors before it

    @property
    def done(self) -> bool:
        return all(claim.seen for file in self.claims.values() for claim in file)

    def faults(self) -> Iterator[str]:
        for name, file in self.claims.items():
            for claim in file:
                if claim.fault or not claim.seen:
                    yield f"{name}, line {claim.line}: {claim.text}: {claim.fault or 'this line never ran'}"

    @contextmanager
    def watching(self) -> Iterator[None]:
        before = sys.gettrace()
        sys.settrace(lambda frame, event, arg: self._trace if self.claims.get(frame.f_code.co_filename) else None)
        try:
            yield
        finally:
            sys.settrace(before)

    def _trace(self, frame, event, arg) -> Callable:
        """Called by Python before each line, and when a function returns: the line that was pending is over then."""
        claim, befores = self.pending.get(id(frame), (None, []))
        if event == "exception":
            self.pending.pop(id(frame), None)
        elif claim and (event == "return" or not covers(claim.node, frame.f_lineno)):
            del self.pending[id(frame)]
            after = arg if isinstance(claim.node, ast.Return) else value(target(claim.node), frame)
            claim.compare(befores, after)
        if event in ("line", "return"):
            self._hook_layers(frame, arg)
        if event == "line" and id(frame) not in self.pending:
            for claim in self.claims[frame.f_code.co_filename]:
                if isinstance(claim.node, ast.stmt) and covers(claim.node, frame.f_lineno):
                    self.pending[id(frame)] = claim, tensors(claim.node.value, frame)
        return self._trace

    def _hook_layers(self, frame, returned: object) -> None:
        """Put hooks on the commented layers of each `name = nn.Sequential(...)` that exists by now in this frame.

        And on those of a `return nn.Sequential(...)` that is just being returned.
        """
        for node in self.sequentials[frame.f_code.co_filename]:
            if isinstance(node, ast.Return):
                model = returned if covers(node, frame.f_lineno) else None
            else:
                model = value(target(node), frame)
            for claim in self.claims[frame.f_code.co_filename]:
                layers = layers_of(node.value)
                if claim.node in layers and isinstance(model, nn.Sequential):
                    hook(model[layers.index(claim.node)], claim)


def covers(node: ast.AST, line: int) -> bool:
    return node.lineno <= line <= node.end_lineno


def target(node: ast.stmt) -> ast.AST | None:
    """What a statement assigns to."""
    return node.targets[0] if isinstance(node, ast.Assign) else getattr(node, "target", None)


def hook(layer: nn.Module, claim: Claim) -> None:
    if getattr(layer, "shape_claim", None) is not claim:
        layer.shape_claim = claim
        layer.register_forward_hook(lambda module, inputs, output: claim.compare(list(inputs), output))


def value(node: ast.AST | None, frame):
    """The value of a plain name or attribute, such as x or self.layers, in a frame; else None."""
    if node is None or not re.fullmatch(r"[\w.]+", ast.unparse(node)):
        return None
    try:
        return eval(ast.unparse(node), frame.f_globals, frame.f_locals)
    except (NameError, AttributeError):
        return None


def tensors(node: ast.AST | None, frame) -> list[torch.Tensor]:
    """The tensors among the names (x, batch.images) of an expression."""
    parts = [part for part in ast.walk(node) if isinstance(part, (ast.Name, ast.Attribute))] if node else []
    return [t for part in parts if isinstance(t := value(part, frame), torch.Tensor)]
