"""Rules of the layout of course_utils, read off its source: what imports what, and where it stands in the listing.

Each rule takes the folder of a package and yields one sentence for each fault. test_layout.py applies them.
"""

import ast
import re
import sys
from collections.abc import Iterator
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

UNIT = re.compile(r"^    (\w+/?) +\S", re.M)  # a line of the listing in the docstring of the package
NO_NAMES = {"utils", "util", "common", "misc", "helpers", "helper"}
PACKAGES = {  # import name -> distribution, where they differ
    "cv2": "opencv-python-headless",
    "PIL": "pillow",
    "yaml": "pyyaml",
    "IPython": "ipython",
    "google": "",  # Colab's own
}


def listing(package: Path) -> list[str]:
    """The units in the order in which they are read: "idx", "files/" ..."""
    return UNIT.findall(ast.get_docstring(tree_of(package / "__init__.py"), clean=False))


def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def files_of(package: Path) -> list[Path]:
    return sorted(path for path in package.rglob("*.py") if path != package / "__init__.py")


def unit_of(package: Path, path: Path) -> str:
    """The unit to which a file or folder belongs."""
    first, *more = path.relative_to(package).parts
    return f"{first}/" if more or path.is_dir() else first.removesuffix(".py")


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """(line, dotted name) of each import, those inside functions too; `from a import b` gives a.b."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            dots = "." * node.level
            yield from ((node.lineno, f"{dots}{node.module or ''}.{alias.name}") for alias in node.names)


def own_imports(package: Path, path: Path) -> Iterator[tuple[int, Path]]:
    """(line, file) of each import of the package's own files; what the package's own __init__ defines is for all."""
    for line, name in imported(tree_of(path)):
        parts = name.split(".")
        if parts[0] == package.name:
            targets = [package.joinpath(*parts[1:end]) for end in range(len(parts), 1, -1)]  # a name may stand last
            files = [file for t in targets for file in (t.with_suffix(".py"), t / "__init__.py") if file.exists()]
            yield from ((line, file) for file in files[:1])


def imports_upwards_only(package: Path) -> Iterator[str]:
    """An import goes to a unit that stands above; within a folder, it goes in no circle."""
    order = listing(package)
    inside: dict[Path, set[Path]] = {}
    for path in files_of(package):
        unit = unit_of(package, path)
        for line, name in imported(tree_of(path)):
            if name.startswith("."):
                yield f"{path.relative_to(package)}:{line}: a relative import; write the whole name"
        for line, target in own_imports(package, path):
            other = unit_of(package, target)
            if other == unit:
                inside.setdefault(path, set()).add(target)
            elif unit in order and other in order and order.index(other) > order.index(unit):
                yield f"{path.relative_to(package)}:{line}: {unit} imports {other}, which stands below it"
    try:
        list(TopologicalSorter(inside).static_order())
    except CycleError as error:
        yield "import each other: " + ", ".join(str(path.relative_to(package)) for path in error.args[1])


def listed(package: Path) -> Iterator[str]:
    """Every module and folder stands in the listing, and nothing else does."""
    there = {unit_of(package, path) for path in files_of(package)}
    units = listing(package)
    yield from (f"{unit} is not listed in __init__.py" for unit in sorted(there - set(units)))
    yield from (f"{unit} is listed in __init__.py, and is not there" for unit in units if unit not in there)
    yield from (f"{unit} is listed twice" for unit in sorted({u for u in units if units.count(u) > 1}))


def names_that_say_something(package: Path) -> Iterator[str]:
    for path in (*files_of(package), *(folder for folder in package.rglob("*") if folder.is_dir())):
        if path.stem in NO_NAMES:
            yield f"{path.relative_to(package)}: the name does not say what is in it"


def no_module_only_hands_on_names(package: Path) -> Iterator[str]:
    """A module defines something: a function, a class, a value. An __init__ may hold its docstring alone."""
    for path in package.rglob("*.py"):
        body = [node for node in tree_of(path).body if not isinstance(node, ast.Expr)]
        handed_on = body and all(isinstance(node, ast.Import | ast.ImportFrom) or is_all(node) for node in body)
        if handed_on or not body and path.name != "__init__.py":
            yield f"{path.relative_to(package)}: defines nothing of its own"


def is_all(node: ast.stmt) -> bool:
    return isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__"


def lines_of(path: Path) -> int:
    return len(path.read_text(encoding="utf-8").splitlines())


def lines_of_function(path: Path, name: str) -> int:
    [function] = [node for node in tree_of(path).body if isinstance(node, ast.FunctionDef) and node.name == name]
    return function.end_lineno - function.lineno + 1


def third_party(paths: list[Path], own: set[str]) -> dict[str, str]:
    """Distribution -> a file that imports it, for all that is neither Python's nor the repository's own."""
    found = {}
    for path in paths:
        for _, name in imported(tree_of(path)):
            top = name.split(".")[0]
            if top and top not in sys.stdlib_module_names and top not in own:
                found.setdefault(PACKAGES.get(top, top.replace("_", "-").lower()), path.as_posix())
    found.pop("", None)
    return found


def named(text: str) -> set[str]:
    """The distributions of lines such as `torch>=2.6   # why`, or `"pytest>=8.0",` in pyproject.toml."""
    names = re.findall(r'^ *"?([A-Za-z][\w.-]*)[<>=~!]=', text, re.M)
    return {name.replace("_", "-").lower() for name in names}
