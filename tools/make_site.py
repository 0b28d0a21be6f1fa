"""Build the site: a book of the lessons with their stored outputs, the glossary, the results, the library.

    python -m tools.make_site            # into build/site/html; open its index.html

The pages are copies of this repository's notebooks and .md files. What is changed on the way: a link to a file that is
no page leads to the file on GitHub, a picture of another server becomes its words, and figures get the alt text that is
stored with them. Nothing is executed. Sphinx (docs/site/conf.py) stops at the first warning, such as a link that leads
nowhere.

A control that a lesson's output stores (course_utils/widgets/live.py) becomes one that runs in the page, and stands on
the page Play, too; docs/site/static/host.js brings it to life.

MathJax comes from the npm registry, once; the site itself asks no other server for anything.
"""

import html
import json
import os
import posixpath
import re
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

import nbformat

import course_utils
from course_utils import ROOT
from course_utils.widgets.live import MIME
from tools import address

SITE = ROOT / "docs" / "site"
BUILD = ROOT / "build" / "site"
OUT = BUILD / "html"
MATHJAX = "mathjax@3.2.2"
CONTENTS = {  # caption: pages
    "In your browser": "play",
    "Lessons": "notebooks/[0-9]*",
    "Exercises": "notebooks/exercises/*",
    "Solutions": "notebooks/solutions/*",
    "More": "docs/GLOSSARY\ndocs/DATA\ndocs/INSTRUCTOR\ndocs/JUPYTERHUB\ndocs/FIELD\nresults/README\napi",
}
LINK = re.compile(r"(\]\(|(?:href|src)=\")(?![a-z][a-z0-9+.-]*:|#)([^)\s\"#]+)")


def pages() -> list[Path]:
    """Every notebook and document that becomes a page."""
    documents = [ROOT / "README.md", ROOT / "results" / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
    return [*documents, *sorted((ROOT / "notebooks").rglob("[0-9]*.ipynb"))]


def modules() -> list[str]:
    """The library by its dotted names, in the order of `course_utils.__doc__`; exercises and questions left out."""
    names = []
    for unit in re.findall(r"^    (\w+)/? ", course_utils.__doc__, re.M):
        paths = sorted((ROOT / "course_utils" / unit).glob("*.py")) or [ROOT / "course_utils" / f"{unit}.py"]
        parts = [path.relative_to(ROOT).with_suffix("").parts for path in paths if path.stem != "__init__"]
        names += [".".join(part) for part in parts]
    return names


def adapted(markdown: str, path: str, known: set[str]) -> str:
    """The text of the page `path`, with links and pictures that work on the site. `known` are the site's files."""

    def link(found: re.Match) -> str:
        target = posixpath.normpath(posixpath.join(posixpath.dirname(path), found[2]))
        if target == "README.md":
            return found[1] + posixpath.relpath("index.md", posixpath.dirname(path) or ".")
        if target in known or target == "play.md":
            return found[0]
        kind = "tree" if (ROOT / target).is_dir() else "blob"
        return f"{found[1]}{address.url()}/{kind}/{address.BRANCH}/{target}"

    def page(found: re.Match) -> str:
        target = found[1].replace(".html", ".ipynb") or "play.md"
        return f"]({posixpath.relpath(target, posixpath.dirname(path) or '.')})"

    markdown = re.sub(r"!\[([^\]]*)\]\(https?://[^)]*\)", r"\1", markdown)  # a badge becomes a link of words
    here = re.escape(address.site(path.replace(".ipynb", ".html")))
    markdown = re.sub(rf" · \[[^\]]*\]\({here}\)", "", markdown)  # the reader is there
    markdown = re.sub(rf"\]\({re.escape(address.site())}([^)]*)\)", page, markdown)
    return LINK.sub(link, markdown)


def with_alt_texts(cell: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """A cell with the alt text of its figure. myst-nb has one for a cell: more figures get cells without code."""
    if cell.cell_type != "code":
        return [cell]
    parts, outputs, cell.outputs = [cell], cell.outputs, []
    for out in outputs:
        if "image/png" in out.get("data", {}):
            if "mystnb" in parts[-1].metadata:
                parts.append(nbformat.v4.new_code_cell(cell.source, metadata={"tags": ["remove-input"]}))
            alt = out.metadata.get("image/png", {}).get("alt")
            parts[-1].metadata["mystnb"] = {"image": {"alt": alt}}
        parts[-1].outputs.append(out)
    return parts


def stage() -> None:
    """Lay out all pages below BUILD/pages."""
    folder = BUILD / "pages"
    shutil.rmtree(folder, ignore_errors=True)
    known = {path.relative_to(ROOT).as_posix() for path in pages()}
    for picture in (*ROOT.glob("images/*.png"), *ROOT.glob("results/*.png")):
        known.add(picture.relative_to(ROOT).as_posix())
        (folder / picture.parent.name).mkdir(parents=True, exist_ok=True)
        shutil.copy(picture, folder / picture.parent.name)
    for path in pages():
        name = path.relative_to(ROOT).as_posix()
        target = folder / ("index.md" if name == "README.md" else name)
        target.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".md":
            text = adapted(text, name, known) + (contents() if name == "README.md" else "")
        else:
            nb = nbformat.reads(text, as_version=4)
            for cell in nb.cells:
                if cell.cell_type == "markdown":
                    cell.source = adapted(cell.source, name, known)
                for out in cell.get("outputs", []):
                    if MIME in out.get("data", {}):
                        out.data = nbformat.from_dict({"text/html": control(out.data[MIME])})
            nb.cells = [part for cell in nb.cells for part in with_alt_texts(cell)]
            text = nbformat.writes(nb)
        target.write_text(text, encoding="utf-8")
    (folder / "play.md").write_text(play(), encoding="utf-8")
    text = (SITE / "api.md").read_text(encoding="utf-8")
    for module in modules():
        text += f"## {module}\n\n```{{eval-rst}}\n.. automodule:: {module}\n```\n\n"
    (folder / "api.md").write_text(text, encoding="utf-8")


def control(stored: dict) -> str:
    """The place of a control in a page, with its state; host.js draws it there."""
    state = json.dumps(stored["state"], separators=(",", ":")).replace("</", "<\\/")  # else it could end the script
    return (
        f'<div class="course-control" data-control="{stored["control"]}" data-title="{html.escape(stored["title"])}">'
        f'<script type="application/json">{state}</script>'
        "<noscript>A control stands here. It needs JavaScript.</noscript></div>"
    )


def play() -> str:
    """The page with all controls of the lessons, in their order: each title once, with links to its lessons."""
    found: dict[str, dict] = {}
    links: dict[str, list[str]] = {}
    for path in sorted((ROOT / "notebooks").glob("[0-9]*.ipynb")):
        nb = nbformat.read(path, as_version=4)
        name = nb.cells[0].source.splitlines()[0].lstrip("# ")
        for out in (out for cell in nb.cells for out in cell.get("outputs", [])):
            if stored := out.get("data", {}).get(MIME):
                found.setdefault(stored["title"], stored)
                link = f"[{name}](notebooks/{path.name})"
                links.setdefault(stored["title"], [])
                links[stored["title"]] += [link] * (link not in links[stored["title"]])
    text = (SITE / "play.md").read_text(encoding="utf-8")
    for title, stored in found.items():
        text += f"## {title}\n\n{stored['about']} In the lesson {', and in '.join(links[title])}.\n\n"
        text += f"```{{raw}} html\n{control(stored)}\n```\n\n"
    return text


def contents() -> str:
    """The hidden tables of contents, which give the site its sidebar."""
    trees = (
        f"```{{toctree}}\n:hidden:\n:glob:\n:caption: {caption}\n\n{names}\n```\n"
        for caption, names in CONTENTS.items()
    )
    return "\n" + "\n".join(trees)


def npm_file(package: str, member: str) -> bytes:
    """One file of a package of the npm registry, such as ("mathjax@3.2.2", "es5/tex-svg.js"). It is fetched once."""
    store = BUILD / "npm"
    archive = store / f"{package.replace('@', '-')}.tgz"
    if not archive.exists():
        npm = shutil.which("npm")
        if not npm:
            sys.exit(f"{package} comes from npm, and npm is not here. Install Node.js (Debian: apt install npm).")
        store.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(dir=store) as folder:  # two test processes may both fetch: each file is whole
            subprocess.run([npm, "pack", "--silent", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
            os.replace(Path(folder) / archive.name, archive)
    with tarfile.open(archive) as tar:
        return tar.extractfile(f"package/{member}").read()


def main() -> int:
    stage()
    widgets = BUILD / "static" / "widgets"
    shutil.rmtree(widgets, ignore_errors=True)
    widgets.mkdir(parents=True)
    for module in (ROOT / "course_utils" / "widgets").glob("*.js"):
        shutil.copy(module, widgets)
    (BUILD / "static" / "tex-svg.js").write_bytes(npm_file(MATHJAX, "es5/tex-svg.js"))
    for folder in (OUT, BUILD / "doctrees"):
        shutil.rmtree(folder, ignore_errors=True)
    command = ["-m", "sphinx", "-b", "html", "-q", "-W", "--keep-going", "-c", SITE, "-d", BUILD / "doctrees"]
    done = subprocess.run(
        [sys.executable, *command, BUILD / "pages", OUT], env=os.environ | {"MPLBACKEND": "agg", "COURSE_OFFLINE": "1"}
    )
    if done.returncode == 0:
        (OUT / ".nojekyll").touch()  # GitHub Pages would leave out folders that begin with an underscore
        print(f"{len(list(OUT.rglob('*.html')))} pages in {OUT}: open {OUT / 'index.html'}")
    return done.returncode


if __name__ == "__main__":
    sys.exit(main())
