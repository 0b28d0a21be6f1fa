"""What runs on Linux only, found in the syntax tree: habits that fail on Windows or macOS.

`faults(tree)` yields one sentence for each. test_portable.py applies it to all Python of the course, also in notebooks.
"""

import ast
import re
from collections.abc import Iterator

TEXT_MODES = re.compile(r"^[rwax]?\+?t?$")
POSIX_ONLY = {
    "os.fork": "there is no fork on Windows, and it is unsafe on macOS",
    "os.symlink": "Windows allows a link to administrators only; copy",
    "os.geteuid": "Windows has no user numbers",
    "os.getuid": "Windows has no user numbers",
    "os.sched_getaffinity": "only Linux has it; use os.cpu_count",
    "os.mkfifo": "Windows has no named pipes of this kind",
    "signal.alarm": "Windows has no alarm",
}
POSIX_MODULES = {"fcntl", "pwd", "grp", "resource", "pty", "termios"}
POSIX_PATH = re.compile(r"^/(?:tmp|dev|proc|var|home|usr|etc|root|mnt)(?:/|$)")
FORBIDDEN = re.compile(r'[<>:"|?*\\\x00-\x1f]|[ .]$')
RESERVED = re.compile(r"^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)", re.IGNORECASE)


def faults(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """(line, what is wrong and what to do) for each habit that another system refuses."""
    docstrings = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Expr)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            if why := call_fault(node):
                yield node.lineno, why
        elif isinstance(node, (ast.Import, ast.ImportFrom)):
            names = [node.module] if isinstance(node, ast.ImportFrom) else [alias.name for alias in node.names]
            for name in POSIX_MODULES & set(names):
                yield node.lineno, f"the module {name} is not there on Windows"
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docstrings:
            if POSIX_PATH.match(node.value):
                yield node.lineno, f"the path {node.value!r} is not there on Windows; use tempfile or pathlib"


def call_fault(node: ast.Call) -> str:
    name = ast.unparse(node.func)
    keywords = {keyword.arg for keyword in node.keywords}
    if name in POSIX_ONLY:
        return f"{name}: {POSIX_ONLY[name]}"
    if name.endswith(".symlink_to"):
        return f"{name}: {POSIX_ONLY['os.symlink']}"
    if name.endswith(("set_start_method", "get_context")) and any(ast.unparse(a) == "'fork'" for a in node.args):
        return f"{name}: {POSIX_ONLY['os.fork']}; use spawn"
    if None in keywords or "encoding" in keywords:  # **options may hold it
        return ""
    attribute = node.func.attr if isinstance(node.func, ast.Attribute) else ""
    # read_text(encoding) and write_text(text, encoding) take it by place, too
    if attribute == "read_text" and not node.args or attribute == "write_text" and len(node.args) == 1:
        return f"{name} without encoding: Windows would not take UTF-8"
    if name == "open" or attribute == "open" and name not in ("os.open", "tarfile.open", "gzip.open", "Image.open"):
        place = 1 if name == "open" else 0
        mode = next((k.value for k in node.keywords if k.arg == "mode"), (node.args[place:] or [ast.Constant("r")])[0])
        if isinstance(mode, ast.Constant) and isinstance(mode.value, str) and TEXT_MODES.match(mode.value):
            return f"{name} in text mode without encoding: Windows would not take UTF-8"
    return ""


def name_faults(names: list[str]) -> Iterator[str]:
    """Files that Windows cannot hold, and pairs that it takes for one."""
    seen: dict[str, str] = {}
    for name in names:
        if any(FORBIDDEN.search(part) or RESERVED.match(part) for part in name.split("/")):
            yield f"{name!r} is no file name on Windows"
        if len(name) > 150:
            yield f"{name!r} is longer than 150 letters: with its folder it may be too long for Windows"
        if (other := seen.setdefault(name.lower(), name)) != name:
            yield f"{name!r} and {other!r} are one file on Windows and macOS"
