"""Write the repository's address into everything that holds it: badges, setup cells, README, CITATION.cff.

    python tools/set_address.py owner/name [--branch main]     # for a copy of the course under another name
    python tools/set_address.py --check                        # exit status 1 when a file holds another address

The address stands in pyproject.toml ([project.urls] Repository, [tool.course] branch); all other places follow from it.
"""

import argparse
import re
import sys
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent

# The setup cell of every notebook. Without "google.colab" it only puts the repository's root on the path.
SETUP = """\
import os, subprocess, sys
if "google.colab" in sys.modules and not os.path.isdir("{name}"):
    subprocess.run(["git", "clone", "-q", "--depth", "1", "https://github.com/{owner}/{name}"], check=True)
sys.path[:0] = [os.path.abspath(p) for p in ("..", "{name}")]
from course_utils.course import setup
course = setup(lesson="{lesson}", seed={seed})"""


class Address(NamedTuple):
    """Where the course lives on GitHub."""

    owner: str
    name: str
    branch: str

    @property
    def url(self) -> str:
        return f"https://github.com/{self.owner}/{self.name}"

    def badge(self, notebook: str) -> str:
        """The target of the Colab badge of a notebook, given by its path in the repository."""
        return f"https://colab.research.google.com/github/{self.owner}/{self.name}/blob/{self.branch}/{notebook}"


def read_address(root: Path = ROOT) -> Address:
    text = (root / "pyproject.toml").read_text(encoding="utf-8")  # no tomllib in Python 3.10
    owner, name = re.search(r'^Repository = "https://github\.com/([^/"]+)/([^/"]+)"', text, re.M).groups()
    return Address(owner, name, re.search(r'^branch = "([^"]+)"', text, re.M).group(1))


def files(root: Path = ROOT) -> list[Path]:
    """Every file that may hold the address."""
    patterns = "pyproject.toml", "CITATION.cff", "*.md", "docs/*.md", "notebooks/**/*.ipynb"
    return [path for pattern in patterns for path in sorted(root.glob(pattern))]


def rewritten(text: str, old: Address, new: Address) -> str:
    """The text with the new address, also where a badge, a clone or a setup cell held a third one."""
    text = re.sub(rf"{re.escape(old.url)}(?![\w-])", new.url, text)
    for pattern, replacement in {
        r"colab\.research\.google\.com/github/[^/\s]+/[^/\s]+/blob/[^/\s]+/": new.badge("").removeprefix("https://"),
        r"https://github\.com/[^/\s]+/[^/\s]+/actions/": f"{new.url}/actions/",
        r"git clone https://github\.com/[^/\s]+/[^/\s`]+": f"git clone {new.url}",
        r"(?<=cd )" + re.escape(old.name) + r"(?![\w-])": new.name,
        r'(?<=1\\", \\")https://github\.com/[^"\\]+(?=\\"\], check=True)': new.url,
        r'(?<=os\.path\.isdir\(\\")[^"\\]+(?=\\"\):)': new.name,
        r'(?<=for p in \(\\"\.\.\\", \\")[^"\\]+(?=\\"\)\])': new.name,
        r'(?m)^(branch = ")[^"]+': rf"\g<1>{new.branch}",
    }.items():
        text = re.sub(pattern, replacement, text)
    return text


def main(argv: list[str] | None = None, root: Path = ROOT) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("address", nargs="?", metavar="owner/name")
    parser.add_argument("--branch", help="the branch that Colab opens (default: as it is)")
    parser.add_argument("--check", action="store_true", help="write nothing")
    args = parser.parse_args(argv)
    old = read_address(root)
    new = old._replace(branch=args.branch or old.branch)
    if args.address:
        if not re.fullmatch(r"[\w-]+/[\w.-]+", args.address):
            parser.error(f"{args.address!r} is not owner/name")
        new = Address(*args.address.split("/"), branch=new.branch)
    elif not (args.check or args.branch):
        parser.error("say owner/name, or --check")

    changed = 0
    for path in files(root):
        text = path.read_text(encoding="utf-8")
        if (after := rewritten(text, old, new)) != text:
            changed += 1
            print(f"{path.relative_to(root)}: {'holds another address' if args.check else 'written'}")
            if not args.check:
                path.write_text(after, encoding="utf-8", newline="\n")
    print(f"{new.url}, branch {new.branch}: {changed} file(s) {'differ' if args.check else 'changed'}")
    return 1 if args.check and changed else 0


if __name__ == "__main__":
    sys.exit(main())
