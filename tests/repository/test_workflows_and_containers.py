"""The files for other places (Docker, Binder, workflows, shared machines) name commands and files that exist."""

import json
import re
import shlex

import nbformat
import pytest
import yaml
from packaging.version import Version

from benchmarks import classroom
from course_utils.__main__ import parser
from tests.notebooks.rules import ROOT
from tools import address
from tools.make_site import CONTENTS, adapted, control, modules, with_alt_texts

WORKFLOWS = sorted((ROOT / ".github" / "workflows").glob("*.yml"))
OLDEST = Version(re.search(r'requires-python = ">=(.+?)"', (ROOT / "pyproject.toml").read_text(encoding="utf-8"))[1])
TARGETS = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.M))


def docker() -> list[tuple[str, str]]:
    """(instruction, its words) for each line of the Dockerfile."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8").replace("\\\n", " ")
    return [(line.split()[0], line.partition(" ")[2]) for line in text.splitlines() if line and line[0] != "#"]


def is_course_command(words: list[str]) -> bool:
    """True for python -m course_utils with a command that it knows."""
    if words[:3] != ["python", "-m", "course_utils"]:
        return False
    parser().parse_known_args(words[3:])
    return True


def test_docker_copies_what_is_there_and_let_in():
    let_in = (ROOT / ".dockerignore").read_text(encoding="utf-8").splitlines()
    assert let_in[0] == "**"
    written = {"__pycache__", ".ipynb_checkpoints", "checkpoints", "runs"}  # by whoever has worked in this copy
    assert {f"**/{name}" for name in written} <= set(let_in)
    for instruction, words in docker():
        if instruction == "COPY":
            for source in words.split()[:-1]:
                assert (ROOT / source).exists() and f"!{source}" in let_in, source


def test_docker_runs_commands_that_exist():
    known = {"FROM", "ARG", "RUN", "WORKDIR", "COPY", "ENV", "USER", "EXPOSE", "CMD"}
    assert {instruction for instruction, _ in docker()} <= known
    words = dict(docker())
    assert is_course_command(json.loads(words["CMD"]))
    runs = [text for instruction, text in docker() if instruction == "RUN"]
    assert sum(is_course_command(shlex.split(text)) for text in runs) == 1, "the data is fetched while it is built"
    assert Version(re.search(r"python:([\d.]+)", words["FROM"])[1]) >= OLDEST
    order = [instruction + " " + text for instruction, text in docker()]
    assert order.index("ENV COURSE_OFFLINE=1") > order.index("RUN python -m course_utils data")


def test_binder():
    folder = ROOT / "binder"
    target = (folder / "requirements.txt").read_text(encoding="utf-8").split()[1]
    assert (folder / target).resolve() == ROOT / "requirements.txt"
    assert Version((folder / "runtime.txt").read_text(encoding="utf-8").strip().removeprefix("python-")) >= OLDEST
    commands = (folder / "postBuild").read_text(encoding="utf-8").splitlines()[2:]
    assert [is_course_command(shlex.split(line.partition("||")[0])) for line in commands] == [True]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_workflow(path):
    text = path.read_text(encoding="utf-8")
    jobs = yaml.safe_load(text)["jobs"]
    assert jobs and all("timeout-minutes" in job or "needs" in job for job in jobs.values())
    if "concurrency" in text:  # GitHub drops the run that waits when another of its group comes
        assert "github.ref" in yaml.safe_load(text)["concurrency"]["group"]
    named = set(re.findall(r"\bmake ([a-z-]+)", text)) | set(re.findall(r"\btest-[a-z]+(?=[\],])", text))
    assert named <= TARGETS, f"no target is called {named - TARGETS}"


def test_the_paths_that_they_name_are_there():
    scripts = [*WORKFLOWS, ROOT / ".ci" / "run", ROOT / "Makefile", *(ROOT / "tests" / "environments").glob("*/run")]
    found = {
        f"{path.relative_to(ROOT)}: {name}"
        for path in scripts
        for name in re.findall(
            r"\b(?:tests|tools|benchmarks|course_utils)/[\w/.-]*\w", path.read_text(encoding="utf-8")
        )
        if not (ROOT / name).exists()
    }
    assert not found


def test_smoke_runs_on_windows_and_macos_and_weekly():
    flow = yaml.safe_load((ROOT / ".github" / "workflows" / "ci.yml").read_text(encoding="utf-8"))
    assert set(flow["jobs"]["test"]["strategy"]["matrix"]["os"]) == {"ubuntu-latest", "macos-latest", "windows-latest"}
    assert flow[True]["schedule"], "the newest versions are tried each week"  # YAML reads the word on as true


def test_the_classroom_table():
    run = {"seconds": 90.0, "megabytes": 1234}
    result = {"cores": 2, "date": "2026-01-01", "torch": "2.15.0", "speed": "class", "lessons": {"05_x": {"2": run}}}
    assert "| 05 | 2 | 1.5 | 1,234 MB |" in classroom.table(result)
    assert classroom.PAGE.read_text(encoding="utf-8").count("<!-- classroom: begin -->") == 1
    assert all((ROOT / "notebooks" / f"{name}.ipynb").exists() for name in classroom.LESSONS)


def test_each_figure_of_the_site_has_its_own_alt_text():
    def figure(alt):
        data, metadata = {"image/png": "aaaa"}, {"image/png": {"alt": alt}} if alt else {}
        return nbformat.v4.new_output("display_data", data=data, metadata=metadata)

    text = nbformat.v4.new_output("stream", text="seen")
    cell = nbformat.v4.new_code_cell(
        "draw()", execution_count=3, outputs=[text, figure("one"), text, figure("two"), text]
    )
    first, second = with_alt_texts(cell)
    assert first.source == "draw()" and first.outputs == [text, figure("one"), text]
    assert second.source and "myst-nb leaves out a cell without code"
    assert second.outputs == [figure("two"), text] and second.metadata.tags == ["remove-input"]
    assert [part.metadata["mystnb"]["image"]["alt"] for part in (first, second)] == ["one", "two"]
    assert with_alt_texts(nbformat.v4.new_markdown_cell("words"))[0].source == "words"


def test_the_site_holds_every_page():
    listed = CONTENTS["More"].split()
    assert {f"docs/{path.stem}" for path in (ROOT / "docs").glob("*.md")} <= set(listed)


def test_the_site_describes_every_module():
    """All but the exercises and questions, which would give the answers away."""
    package = ROOT / "course_utils"
    files = [path.relative_to(ROOT) for path in (*package.glob("*.py"), *package.glob("*/*.py"))]
    assert sorted(modules()) == sorted(".".join(f.with_suffix("").parts) for f in files if f.stem != "__init__")


def test_links_of_the_site():
    known = {"notebooks/02.ipynb", "images/a.png"}

    def site(text: str) -> str:
        return adapted(text, "notebooks/01.ipynb", known)

    assert site("[next](02.ipynb#a)") == "[next](02.ipynb#a)"
    assert site("[up](../README.md)") == "[up](../index.md)"
    assert site("[code](../conftest.py)") == f"[code]({address.url()}/blob/{address.BRANCH}/conftest.py)"
    assert site("[folder](../tools)") == f"[folder]({address.url()}/tree/{address.BRANCH}/tools)"
    assert site("![a](../images/a.png)") == "![a](../images/a.png)"
    assert site("[![Open](https://a.b/c.svg)](https://d.e)") == "[Open](https://d.e)"
    assert site(f"[Try it]({address.site('notebooks/02.html')})") == "[Try it](02.ipynb)"
    assert site(f"[Open](https://d.e) · [Try it]({address.site('notebooks/01.html')})") == "[Open](https://d.e)"
    assert site(f"[the site]({address.site()})") == "[the site](../play.md)"


def test_a_stored_control_becomes_a_part_of_its_page():
    state = {"text": "</script><b>", "numbers": [1, 2.5]}
    page = control({"control": "kernels", "title": 'Try "it"', "about": "It answers.", "state": state})
    found = re.fullmatch(
        r'<div class="course-control" data-control="kernels" [^>]*><script [^>]*>(.*)</script>.*', page
    )
    assert json.loads(found[1]) == state and "</" not in found[1] and 'data-title="Try &quot;it&quot;"' in page
