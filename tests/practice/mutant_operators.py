"""Small changes of a syntax tree: what a student may write instead of what is right."""

import ast
import builtins
import copy
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

SWAPS = {  # operators
    ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Div], ast.Div: [ast.Mult, ast.FloorDiv],
    ast.FloorDiv: [ast.Div], ast.Pow: [ast.Mult], ast.Mod: [ast.FloorDiv],
    ast.Lt: [ast.LtE], ast.LtE: [ast.Lt], ast.Gt: [ast.GtE], ast.GtE: [ast.Gt], ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq], ast.And: [ast.Or], ast.Or: [ast.And], ast.BitAnd: [ast.BitOr], ast.BitOr: [ast.BitAnd],
}  # fmt: skip
PAIRS = (
    "min max, amin amax, minimum maximum, sum mean, argmax argmin, floor ceil, zeros ones, zeros_like ones_like, "
    "rand randn, rand_like randn_like, train eval, any all, fliplr flipud, std var, floor round"
)
WORDS = {}
for pair in PAIRS.split(", "):
    for one, other in (pair.split(), pair.split()[::-1]):
        WORDS.setdefault(one, []).append(other)
# The order of two arguments means nothing to these.
SYMMETRIC = set("add allclose equal gcd hypot lcm max maximum min minimum swapaxes transpose mse_loss".split())


def changed(node: ast.AST, **fields) -> ast.AST:
    """A copy of a node with other fields."""
    new = copy.copy(node)
    for field, value in fields.items():
        setattr(new, field, value)
    return new


def exchanged(values: list, i: int, j: int) -> list:
    new = list(values)
    new[i], new[j] = new[j], new[i]
    return new


def add(node: ast.expr, n: int) -> ast.BinOp:
    return ast.BinOp(node, ast.Add() if n > 0 else ast.Sub(), ast.Constant(abs(n)))


# ---- the operators: each yields what may stand in the place of a node ----


def constant(node: ast.AST) -> Iterator[ast.AST]:
    value = node.value if isinstance(node, ast.Constant) else None
    if isinstance(value, bool):
        yield ast.Constant(not value)
    elif isinstance(value, int):
        yield from (ast.Constant(n) for n in dict.fromkeys((value + 1, value - 1, 0)) if n != value)
    elif isinstance(value, float):
        yield from (ast.Constant(x) for x in (2 * value, value + 0.1) if x != value)


def sign(node: ast.AST) -> Iterator[ast.AST]:
    """Another operator: + for -, <= for <, or for and."""
    if isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp):
        yield from (changed(node, op=other()) for other in SWAPS.get(type(node.op), ()))
    if isinstance(node, ast.Compare):
        for i, op in enumerate(node.ops):
            yield from (
                changed(node, ops=[*node.ops[:i], other(), *node.ops[i + 1 :]]) for other in SWAPS.get(type(op), ())
            )


def negation(node: ast.AST) -> Iterator[ast.AST]:
    """Dropped: x for -x and for not x. Added: to a condition, and to what a function returns."""
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not):
        yield node.operand
    if isinstance(node, ast.If | ast.While | ast.IfExp):
        yield changed(node, test=ast.UnaryOp(ast.Not(), node.test))
    if isinstance(node, ast.Return) and isinstance(node.value, ast.expr) and not isinstance(node.value, ast.Tuple):
        yield changed(node, value=ast.UnaryOp(ast.USub(), node.value))
    if isinstance(node, ast.Lambda) and not isinstance(node.body, ast.Tuple | ast.List | ast.ListComp):
        yield changed(node, body=ast.UnaryOp(ast.USub(), node.body))


def deletion(node: ast.AST) -> Iterator[ast.AST]:
    """A statement is gone."""
    text = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    if isinstance(node, ast.Assign | ast.AugAssign | ast.Expr) and not text:
        yield ast.Pass()


def arguments(node: ast.AST) -> Iterator[ast.AST]:
    """Two neighbours among the arguments of a call exchanged; a named one left out."""
    if isinstance(node, ast.Call):
        symmetric = len(node.args) == 2 and ast.unparse(node.func).rpartition(".")[2] in SYMMETRIC
        for i in range(0 if symmetric else len(node.args) - 1):
            yield changed(node, args=exchanged(node.args, i, i + 1))
        for i, keyword in enumerate(node.keywords):
            if keyword.arg and keyword.arg != "strict":
                yield changed(node, keywords=node.keywords[:i] + node.keywords[i + 1 :])


def index(node: ast.AST) -> Iterator[ast.AST]:
    """The place before; `:` for a slice with a bound."""
    if not isinstance(node, ast.Subscript):
        return
    parts = node.slice.elts if isinstance(node.slice, ast.Tuple) else [node.slice]
    for i, part in enumerate(parts):
        for new in index_of(part):
            all_parts = [*parts[:i], new, *parts[i + 1 :]]
            yield changed(node, slice=ast.Tuple(all_parts, ast.Load()) if isinstance(node.slice, ast.Tuple) else new)


def index_of(part: ast.expr) -> Iterator[ast.expr]:
    if isinstance(part, ast.Slice):
        yield from (changed(part, **{end: None}) for end in ("lower", "upper", "step") if getattr(part, end))
    elif isinstance(part, ast.Name | ast.BinOp | ast.Attribute | ast.Call):
        yield add(part, -1)


def pair(node: ast.AST) -> Iterator[ast.AST]:
    """`return a, b` exchanged, also of a lambda."""
    for field in ("value", "body"):
        value = getattr(node, field, None)
        if isinstance(node, ast.Return | ast.Lambda) and isinstance(value, ast.Tuple) and len(value.elts) > 1:
            yield changed(node, **{field: changed(value, elts=exchanged(value.elts, 0, 1))})


def steps(node: ast.AST) -> Iterator[ast.AST]:
    """The bound of `range`; a number there is a constant, which has an operator of its own."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "range":
        i = min(1, len(node.args) - 1)
        if not isinstance(node.args[i], ast.Constant):
            yield from (
                changed(node, args=[*node.args[:i], add(node.args[i], n), *node.args[i + 1 :]]) for n in (1, -1)
            )


def word(node: ast.AST) -> Iterator[ast.AST]:
    """max for min, mean for sum."""
    if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
        yield from (changed(node, attr=other) for other in WORDS.get(node.attr, ()))
    if isinstance(node, ast.Name) and hasattr(builtins, node.id):
        yield from (changed(node, id=other) for other in WORDS.get(node.id, ()) if hasattr(builtins, other))


def method(node: ast.AST) -> Iterator[ast.AST]:
    """A call without arguments left out: x for x.clone()."""
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and not node.args and not node.keywords:
        yield node.func.value


OPERATORS = (constant, sign, negation, deletion, arguments, index, pair, steps, word, method)


def replacements(node: ast.AST) -> Iterator[tuple[str, ast.AST]]:
    """All that may stand in the place of a node, with the name of the operator."""
    for operator in OPERATORS:
        for new in operator(node):
            yield operator.__name__, new


def poison(node: ast.AST) -> ast.AST:
    """What stops the program when it gets to the place of a node; POISON is a value that nobody can use."""
    name = ast.Name("POISON", ast.Load())
    if isinstance(node, ast.Constant):
        return name  # perhaps a default value, which stops only who uses it
    if isinstance(node, ast.Subscript):
        return changed(node, slice=name)
    call = ast.Call(name, [], [])
    return ast.Expr(call) if isinstance(node, ast.stmt) else call


# ---- the places of a tree ----


@dataclass(frozen=True)
class Place:
    """Where a node stands: a field of its parent, or an element of a list there."""

    parent: ast.AST
    field: str
    i: int | None
    statement: ast.stmt  # that the node belongs to

    @property
    def node(self) -> ast.AST:
        value = getattr(self.parent, self.field)
        return value if self.i is None else value[self.i]

    def put(self, node: ast.AST) -> None:
        if self.i is None:
            setattr(self.parent, self.field, node)
        else:
            getattr(self.parent, self.field)[self.i] = node

    @contextmanager
    def holding(self, new: ast.AST) -> Iterator[None]:
        """The tree has another node at this place, for a while."""
        old = self.node
        self.put(new)
        try:
            yield
        finally:
            self.put(old)

    def texts(self, new: ast.AST) -> tuple[str, str]:
        """The line of this place, before and after the change."""
        if isinstance(self.node, ast.stmt):
            return line(self.node), line(new)
        before = line(self.statement)
        with self.holding(new):
            return before, line(self.statement)


def line(statement: ast.stmt) -> str:
    """A statement in one line, without the statements inside it."""
    inside = {field: [] for field in ("body", "orelse", "finalbody", "handlers") if hasattr(statement, field)}
    return " ".join(ast.unparse(changed(statement, **inside)).split()).removeprefix("ANSWER = ")


def places(tree: ast.AST, statement: ast.stmt | None = None) -> Iterator[Place]:
    """All places below a node; not annotations, and not `strict=True`, which is there for the reader."""
    statement = tree if isinstance(tree, ast.stmt) else statement
    for field, value in ast.iter_fields(tree):
        several = isinstance(value, list)
        for i, node in enumerate(value) if several else [(None, value)]:
            skipped = field in ("annotation", "returns") or (isinstance(node, ast.keyword) and node.arg == "strict")
            if isinstance(node, ast.AST) and not skipped:
                inner = node if isinstance(node, ast.stmt) else statement
                yield Place(tree, field, i if several else None, inner)
                yield from places(node, inner)
