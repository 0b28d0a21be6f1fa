"""The layout of course_utils is what its docstring says: each unit uses only what stands above it."""

import pytest

from course_utils import ROOT
from tests.repository import layout

PACKAGE = ROOT / "course_utils"
CORE = ("idx", "data", "models", "train", "show", "course", "checks")
RULES = (
    layout.imports_upwards_only,
    layout.listed,
    layout.names_that_say_something,
    layout.no_module_only_hands_on_names,
)
OWN = {"course_utils", "benchmarks", "tools", "tests"}
SAID_BY_THE_DOCTOR = {"packaging", "psutil"}  # course_utils can do without them


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_package_keeps_the_rule(rule):
    found = list(rule(PACKAGE))
    assert not found, "\n".join(found)


def test_the_core_is_small():
    units = layout.listing(PACKAGE)
    assert set(CORE) <= set(units), "each of them is a file, not a folder"
    lines = {name: layout.lines_of(PACKAGE / f"{name}.py") for name in ("__init__", *CORE)}
    assert sum(lines.values()) <= 1500, lines
    assert layout.lines_of_function(PACKAGE / "train.py", "fit") <= 60


def test_every_package_that_is_imported_is_named():
    requirements = layout.named((ROOT / "requirements.txt").read_text(encoding="utf-8"))
    pyproject = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    extras = pyproject.split("[project.optional-dependencies]")[1].split("\n[")[0]
    library = layout.third_party(layout.files_of(PACKAGE), OWN)
    files = [path for name in OWN for path in (ROOT / name).rglob("*.py")]
    everything = layout.third_party(files, OWN)
    assert {"torch", "pillow"} <= set(library) and {"pytest", "pyyaml", "psutil"} <= set(everything)
    missing = {name: path for name, path in library.items() if name not in requirements | SAID_BY_THE_DOCTOR}
    assert not missing, f"not in requirements.txt: {missing}"
    peers = layout.named((ROOT / "benchmarks" / "peers_requirements.txt").read_text(encoding="utf-8"))
    named = requirements | layout.named(extras)
    loops = (ROOT / "benchmarks" / "peer_loops").as_posix()
    missing = {name: path for name, path in everything.items() if name not in named | peers}
    assert not missing, f"neither in requirements.txt nor in an extra of pyproject.toml: {missing}"
    outside = [path for path in files if not path.as_posix().startswith(loops)]
    others = set(layout.third_party(outside, OWN)) & peers - named
    assert not others, f"needed outside of benchmarks/peer_loops: {others}"


# ---- a violation is found ----

GOOD = {
    "__init__.py": '"""Code.\n\n    first    what\n    folder/  what\n    last     what\n"""\nROOT = 1\n',
    "first.py": "import numpy\nX = 1\n",
    "folder/__init__.py": '"""A folder."""\n',
    "folder/a.py": "from course import ROOT\nfrom course.first import X\nY = X\n",
    "folder/b.py": "from course.folder import a\nZ = a.Y\n",
    "last.py": "def f():\n    from course.folder.b import Z\n    return Z\n",
}


def faults(tmp_path, changes: dict[str, str]) -> list[str]:
    """What all rules find in the good package with other files."""
    package = tmp_path / "course"
    for name, text in (GOOD | changes).items():
        (package / name).parent.mkdir(parents=True, exist_ok=True)
        (package / name).write_text(text, encoding="utf-8")
    return [fault for rule in RULES for fault in rule(package)]


def test_the_good_package_has_no_fault(tmp_path):
    assert layout.listing(PACKAGE)[:3] == ["idx", "device", "files/"]
    assert faults(tmp_path, {}) == []


@pytest.mark.parametrize(
    "name, text, fault",
    [
        ("first.py", "X = 1\nfrom course.last import f\n", "first.py:2: first imports last, which stands below it"),
        ("first.py", "def g():\n    import course.folder.a\n", "first.py:2: first imports folder/"),
        ("first.py", "from course import last\nX = 1\n", "first imports last"),
        ("folder/a.py", "from course import last\nY = 1\n", "folder/a.py:1: folder/ imports last"),
        ("folder/a.py", "from .b import Z\nY = Z\n", "a relative import"),
        ("folder/a.py", "from course.folder.b import Z\nY = Z\n", "import each other: folder/a.py, folder/b.py"),
        ("unheard.py", "X = 1\n", "unheard is not listed"),
        ("new/part.py", "X = 1\n", "new/ is not listed"),
        (
            "__init__.py",
            GOOD["__init__.py"].replace("last ", "gone "),
            "gone is listed in __init__.py, and is not there",
        ),
        ("__init__.py", GOOD["__init__.py"].replace("last ", "first"), "first is listed twice"),
        ("folder/utils.py", "X = 1\n", "folder/utils.py: the name does not say what is in it"),
        ("common/x.py", "X = 1\n", "common: the name does not say"),
        (
            "last.py",
            '"""Names."""\nfrom course.first import X\n__all__ = ["X"]\n',
            "last.py: defines nothing of its own",
        ),
        ("folder/__init__.py", "from course.folder.a import Y\n", "folder/__init__.py: defines nothing"),
        ("last.py", "", "last.py: defines nothing"),
    ],
)
def test_a_violation_is_found(tmp_path, name, text, fault):
    assert any(fault in found for found in faults(tmp_path, {name: text}))


def test_an_import_without_a_name_in_the_requirements_is_found(tmp_path):
    path = tmp_path / "x.py"
    path.write_text(
        "import os, cv2\n\ndef f():\n    from a_b.c import d\n    import course_utils.x\n", encoding="utf-8"
    )
    assert set(layout.third_party([path], OWN)) == {"opencv-python-headless", "a-b"}
    assert layout.named('a_b>=1.0   # why\n# c>=2\n    "d-e~=3",\n') == {"a-b", "d-e"}
