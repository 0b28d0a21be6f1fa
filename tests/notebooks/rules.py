"""What a notebook of this course has to be, as rules. Each rule takes a Book and yields one sentence per fault.

test_stored_notebooks.py applies them to the notebooks, test_rules.py shows each of them a notebook that it must refuse.
No kernel is started here.
"""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from string import ascii_lowercase

import nbformat

from course_utils import ROOT
from course_utils.figures.words import LIMIT as ALT_TEXT_LIMIT
from course_utils.widgets.live import MIME
from tests.notebooks.proofs import proof_file
from tests.notebooks.tasks import tasks
from tools import address, setup_cells

# trap: wrong on purpose, and said so; stored-seconds: shows seconds that were measured in another run
KNOWN_TAGS = {"nbval-check-output", "exercise", "solution", "trap", "stored-seconds"}
ALLOWED_MAGICS = ("%load_ext tensorboard", "%tensorboard ")
CARD = ("You will", "Before you start", "Time", "Data")
LAST_SECTIONS = ["Exercises", "Quiz", "Recap", "Next"]
MACHINE_PATH = re.compile(
    r"/(?:home|root|Users|tmp|work|mnt|content)/\w|[A-Za-z]:\\+(?:Users|Windows)|at 0x[0-9a-f]{6}"
)
Rule = Callable[["Book"], Iterator[str]]


class Book:
    """A notebook that was read, with what the rules ask of it."""

    def __init__(self, path: Path, root: Path = ROOT):
        self.path, self.root = path, root
        self.raw = path.read_text(encoding="utf-8")
        self.nb = nbformat.reads(self.raw, as_version=nbformat.NO_CONVERT)

    @property
    def number(self) -> str:
        return self.path.stem[:2]

    @property
    def code(self) -> list:
        return [cell for cell in self.nb.cells if cell.cell_type == "code"]

    @property
    def markdown(self) -> list:
        return [cell for cell in self.nb.cells if cell.cell_type == "markdown"]

    @cached_property
    def front(self) -> str:
        """All markdown above the first code cell: title, badge, card."""
        first = next((i for i, cell in enumerate(self.nb.cells) if cell.cell_type == "code"), None)
        return "\n\n".join(cell.source for cell in self.nb.cells[:first] if cell.cell_type == "markdown")

    @cached_property
    def proofs(self) -> ast.Module:
        """What runs after the last cell of the lesson, see proofs/; empty when there is nothing."""
        file = proof_file(self.path, self.root)
        return ast.parse(file.read_text(encoding="utf-8") if file.exists() else "")

    @cached_property
    def headings(self) -> list[tuple[int, str]]:
        """(level, text) of every heading, in order."""
        text = "\n\n".join(without_code(cell.source, spans=False) for cell in self.markdown)
        return [(len(marks), words.strip()) for marks, words in re.findall(r"^(#{1,6}) +(.+)$", text, re.M)]


def tags(cell) -> list[str]:
    return cell.metadata.get("tags", [])


def label(cell) -> str:
    """How a reader finds a cell: its number, or its first words."""
    return f"cell [{cell.execution_count}]" if cell.cell_type == "code" else f"the text {cell.source[:40]!r}"


def figures(cell) -> list:
    """The outputs of a cell that are pictures."""
    return [out for out in cell.get("outputs", []) if "image/png" in out.get("data", {})]


def alt_text(out) -> str | None:
    """The alt text stored with a picture; None for one that was stored before figures had any."""
    return out.metadata.get("image/png", {}).get("alt")


def output_text(out) -> str:
    """What an output shows as text. Pictures are left out: base64 may hold any letters."""
    data = out.get("data", {})
    text = "".join(out.get("text", "")) + "".join(data.get("text/plain", "")) + "".join(data.get("text/html", ""))
    return re.sub(r"base64,[\w+/=]+", "", text)


def python(cell) -> ast.Module:
    """The syntax tree of a code cell, without its magics; empty when it is not Python."""
    lines = [re.sub(r"^(\s*)[%!].*", r"\1pass", line) for line in cell.source.splitlines()]
    try:
        return ast.parse("\n".join(lines))
    except SyntaxError:
        return ast.Module([], [])


# ---- form: every notebook ------------------------------------------------------------------------------------------


def valid_format(book: Book) -> Iterator[str]:
    stored = json.loads(book.raw)  # not book.nb: nbformat mends double ids, silently, when it reads or validates
    ids = [cell.get("id") for cell in stored["cells"]]
    if len(set(ids)) < len(ids):
        yield "two cells have the same id"
    if (stored["nbformat"], stored["nbformat_minor"]) != (4, 5):
        yield f"format {stored['nbformat']}.{stored['nbformat_minor']}, expected 4.5: run tools/run_notebooks.py on it"
    try:
        nbformat.validate(stored)
    except nbformat.ValidationError as error:
        yield f"not a valid notebook: {error}"


def no_empty_cells(book: Book) -> Iterator[str]:
    for i, cell in enumerate(book.nb.cells):
        if not cell.source.strip():
            yield f"the {cell.cell_type} cell at position {i} is empty"


def minimal_metadata(book: Book) -> Iterator[str]:
    meta = book.nb.metadata
    if set(meta) != {"kernelspec", "language_info"}:
        yield f"metadata holds {sorted(meta)}, expected kernelspec and language_info (widgets break GitHub)"
    elif meta.kernelspec.name != "python3" or meta.language_info != {"name": "python"}:
        yield f"kernel {meta.kernelspec.name}, language {dict(meta.language_info)}: expected python3 and python alone"
    for cell in book.nb.cells:
        if extra := set(cell.metadata) - {"tags", "editable", "deletable"}:
            yield f"{label(cell)} has metadata {sorted(extra)}"
        if cell.get("attachments"):
            yield f"{label(cell)} has an attachment, which Colab does not show: draw it in code, or use images/"


def known_tags(book: Book) -> Iterator[str]:
    for cell in book.nb.cells:
        if unknown := set(tags(cell)) - KNOWN_TAGS:
            yield f"{label(cell)} has the tags {sorted(unknown)}; there are {sorted(KNOWN_TAGS)}"


def short_cells(book: Book) -> Iterator[str]:
    for cell in book.code:
        if (n := len(cell.source.splitlines())) > 35:
            yield f"{label(cell)} has {n} lines, at most 35"


def small_file(book: Book) -> Iterator[str]:
    if (size := book.path.stat().st_size) >= 2_000_000:
        yield f"{size:,} bytes, it has to stay below 2 MB: fewer or smaller figures"


def one_statement_a_line(book: Book) -> Iterator[str]:
    """Before each statement its line is blank. A function that is only `...`, a gap to fill, may stand on one line."""
    for cell in book.code:
        lines = cell.source.splitlines()
        for node in ast.walk(python(cell)):
            if isinstance(node, ast.stmt) and ast.unparse(node) != "...":
                line = lines[node.lineno - 1]
                if before := line.encode()[: node.col_offset].decode().strip():
                    yield f"{label(cell)}: what comes after {before!r} in {line.strip()!r} needs its own line"


def defined_names(book: Book) -> Iterator[str]:
    """Undefined names, unused imports, redefinitions: what ruff's F rules find over all cells together."""
    command = [
        sys.executable,
        "-m",
        "ruff",
        "check",
        "--isolated",
        "--no-cache",
        "--select=F",
        "--output-format=concise",
    ]
    if book.path.parent.name == "exercises":
        command.append("--ignore=F401,F841")  # what the answer will use
    done = subprocess.run([*command, str(book.path)], capture_output=True, encoding="utf-8")
    if done.returncode:
        yield from re.findall(r"cell \d+:.*", done.stdout) or [done.stdout + done.stderr]


def careful_code(book: Book) -> Iterator[str]:
    """Habits that break on other machines or teach something wrong. A cell tagged trap may show one on purpose."""
    for cell in book.code:
        for line in cell.source.splitlines():
            if re.match(r"\s*[%!]", line) and not line.strip().startswith(ALLOWED_MAGICS):
                yield f"{label(cell)}: {line.strip()!r} works only in some places; use Python"
        if re.search(r"\bpip3? +install|\bconda +install", cell.source):
            yield f"{label(cell)} installs something: it would replace what Colab brings; requirements.txt is the place"
        if cell.source.rstrip().endswith(";"):
            yield f"{label(cell)} ends with a semicolon; assign the value to _, or show it"
        if "trap" not in tags(cell):
            for node in ast.walk(python(cell)):
                if why := careless(node, "expect_error" in cell.source):
                    yield f"{label(cell)}: {why}"


def careless(node: ast.AST, expected: bool) -> str:
    """Why this one expression is a bad habit, or ""."""
    if not isinstance(node, ast.Call) or not isinstance(node.func, (ast.Attribute, ast.Name)):
        return ""
    name = ast.unparse(node.func)
    keywords = {k.arg: ast.unparse(k.value) for k in node.keywords}
    arguments = [ast.unparse(a) for a in node.args]
    if name == "cv2.imshow":
        return "cv2.imshow needs a screen and stops the kernel; use plt.imshow"
    if keywords.get("num_workers", "0") != "0":
        return "num_workers above 0 fails in notebooks on Windows and macOS, and is slower here"
    if name == "torch.load" and keywords.get("weights_only") != "True":
        return "torch.load without weights_only=True runs whatever code the file holds"
    if name.endswith(".next"):
        return ".next() is Python 2; use next(iterator)"
    depth = keywords.get("ddepth") or (arguments[1:2] or [""])[0]
    if re.fullmatch(r"cv2\.(filter2D|Sobel|Scharr|Laplacian|sepFilter2D)", name) and depth == "-1" and not expected:
        return "ddepth=-1 keeps uint8 and cuts off negative results; use cv2.CV_32F (or the tag trap)"
    return ""


# ---- links and pictures: every notebook, and the .md files ---------------------------------------------------------


def without_code(markdown: str, spans: bool = True) -> str:
    """Markdown without fenced code and, unless spans is False, without `code` in the line."""
    text = re.sub(r"^( *)(```|~~~).*?^ *\2 *$", "", markdown, flags=re.M | re.S)
    return re.sub(r"(`+)(?!`).+?(?<!`)\1(?!`)", " ", text) if spans else text


def slug(heading: str) -> str:
    """GitHub's anchor of a heading; JupyterLab's differs only in what is compared away here."""
    return re.sub(r"\s", "-", re.sub(r"[^\w\s-]", "", heading.lower()).strip())


def anchors(path: Path) -> set[str]:
    if path.suffix == ".ipynb":
        return {slug(text) for _, text in Book(path).headings}
    text = without_code(path.read_text(encoding="utf-8"), spans=False)
    return {slug(words) for words in re.findall(r"^#{1,6} +(.+)$", text, re.M)} | set(
        re.findall(r'(?:id|name)="([^"]+)"', text)
    )


def link_faults(markdown: str, path: Path) -> Iterator[str]:
    """Relative links of a text in the file `path` that lead nowhere."""
    text = without_code(markdown)
    targets = re.findall(r"\]\(\s*<?([^)\s>]+)>?[^)]*\)", text) + re.findall(r'(?:href|src)="([^"]+)"', text)
    for target in targets:
        if re.match(r"[a-z][a-z0-9+.-]*:", target):  # https: and the like
            continue
        name, _, anchor = target.partition("#")
        goal = (path.parent / name).resolve() if name else path
        if not goal.exists():
            yield f"the link {target!r} leads to no file"
        elif anchor and goal.suffix in (".md", ".ipynb") and slug(anchor) not in anchors(goal):
            yield f"the link {target!r}: {goal.name} has no heading #{anchor}"


def alt_faults(markdown: str) -> Iterator[str]:
    text = without_code(markdown)
    for target in re.findall(r"!\[\s*\]\(([^)]*)\)", text):
        yield f"the picture {target!r} has no alt text: say what it shows"
    for picture in re.findall(r"<img\b[^>]*>", text):
        if not re.search(r'alt="[^"]*\w[^"]*"', picture):
            yield f"the picture {picture[:60]!r} has no alt text: say what it shows"


FILLER = re.compile(
    r"\b(?:simply|just|easily|obvious|obviously|of course|basically|trivial|trivially|straightforward|leverage"
    r"|utili[sz]e|in order to|note that|as we know|\w+n't|it's|let's|we'll|you'll)\b",
    re.IGNORECASE,
)


def word_faults(markdown: str) -> Iterator[str]:
    """Filler words, short forms and long sentences, which are hard for who reads English as a second language."""
    text = re.sub(r"^ *\|.*$", " ", prose(markdown), flags=re.M)
    for found in FILLER.finditer(text):
        place = " ".join(text[max(found.start() - 30, 0) : found.end() + 30].split())
        yield f"{found.group()!r} in {place!r}: say it without"
    for sentence in re.split(r"(?<=[.!?:;])\s+|\n\s*\n|\n\s*[-*]|\n#", text):
        if (n := len(re.findall(r"[^\W\d_][\w'’-]*", sentence))) > 35:
            yield f"a sentence of {n} words, at most 35: {' '.join(sentence.split())[:80]!r}"


def links_lead_somewhere(book: Book) -> Iterator[str]:
    for cell in book.markdown:
        yield from link_faults(cell.source, book.path)


def pictures_have_alt_text(book: Book) -> Iterator[str]:
    for cell in book.markdown:
        yield from alt_faults(cell.source)


# ---- outputs: lessons and solutions --------------------------------------------------------------------------------


def run_once_in_order(book: Book) -> Iterator[str]:
    counts = [cell.execution_count for cell in book.code]
    if counts != list(range(1, len(counts) + 1)):
        yield f"execution counts {counts}: run tools/run_notebooks.py on it"


def no_stored_errors(book: Book) -> Iterator[str]:
    for cell in book.code:
        for out in cell.outputs:
            if out.output_type == "error":
                yield f"{label(cell)} ends in {out.ename}; an error that is meant belongs into expect_error"
            if out.get("name") == "stderr":
                yield f"{label(cell)} writes to stderr: {output_text(out)[:80]!r}"


def portable_outputs(book: Book) -> Iterator[str]:
    for cell in book.code:
        for out in cell.outputs:
            if found := MACHINE_PATH.search(output_text(out)):
                yield f"{label(cell)} shows {found.group()!r}, which holds on one machine only"
            if any("widget-view" in kind for kind in out.get("data", {})):
                yield f"{label(cell)} stores a widget, which GitHub cannot show; draw a static figure before it"


def outputs_of_real_data(book: Book) -> Iterator[str]:
    for cell in book.code:
        for out in cell.outputs:
            if re.search(r"stand-?in", output_text(out), re.IGNORECASE):
                yield f"{label(cell)} was run on the stand-in data: make data, then tools/run_notebooks.py"


def no_seconds_of_epochs(book: Book) -> Iterator[str]:
    """A line that fit prints for an epoch ends with its seconds, which are others in every run."""
    for cell in book.code:
        for out in cell.outputs:
            if found := re.search(r"^epoch.*\| *[\d.]+ s *$", output_text(out), re.M | re.I):
                yield f"{label(cell)} stores the line {found.group()!r}: show curves or a table in place of such lines"


def seconds_are_those_of_a_quiet_machine(book: Book) -> Iterator[str]:
    """What a lesson prints of its own seconds, against those of results/timing.json. Twice, for a sum beside its parts.

    A cell that shows seconds of another run, such as a table of results, has the tag stored-seconds.
    """
    timing = book.root / "results" / "timing.json"
    lessons = json.loads(timing.read_text(encoding="utf-8"))["class"]["lessons"] if timing.exists() else {}
    name = book.path.relative_to(book.root / "notebooks").with_suffix("").as_posix()
    cells = [cell for cell in book.code if "stored-seconds" not in tags(cell)]
    printed = {label(cell): sum(printed_seconds(out) for out in cell.outputs) for cell in cells}
    if name in lessons and (together := sum(printed.values())) > 2 * (measured := lessons[name]["seconds"]):
        most = max(printed, key=printed.get)
        yield (
            f"its outputs print {together:.0f} s together, most in {most}, but in results/timing.json the whole lesson "
            f"takes {measured:.0f} s: run tools/run_notebooks.py again, with nothing beside it"
        )


def printed_seconds(out) -> float:
    if "image/png" in out.get("data", {}):
        return 0.0  # its text tells what is drawn
    text = "".join(out.get("text", "")) + "".join(out.get("data", {}).get("text/plain", ""))
    return sum(
        float(number.replace(",", ""))
        for number in re.findall(r"(?<![\w.,])(\d[\d,]*(?:\.\d+)?) (?:s|seconds?)\b", text)
    )


def checked_outputs(book: Book) -> Iterator[str]:
    """nbval compares tagged cells only, so most cells that print need the tag, and a tag needs an output."""
    speaking = [cell for cell in book.code if cell.outputs]
    checked = [cell for cell in speaking if "nbval-check-output" in tags(cell)]
    if len(checked) < 0.6 * len(speaking):
        yield (
            f"{len(checked)} of {len(speaking)} cells with an output are tagged nbval-check-output, expected 60 %: "
            "all whose output depends neither on speed nor on data source nor on the machine"
        )
    for cell in book.nb.cells:
        if "nbval-check-output" in tags(cell) and not cell.get("outputs"):
            yield f"{label(cell)} is tagged nbval-check-output but has no output, so nothing is compared"


NO_ALT_TEXT = re.compile(r"figure (drawn by|size|without a title)|the text around|an empty figure", re.IGNORECASE)


def figures_have_alt_text(book: Book) -> Iterator[str]:
    """Each figure is told in one or two sentences of its own; course_utils/figures/alt_text.py makes them."""
    seen: dict[str, str] = {}
    drawn = [(cell, out) for cell in book.code for out in figures(cell)]
    for cell, out in drawn:
        alt = " ".join((alt_text(out) or "").split())
        if len(alt) < 20 or NO_ALT_TEXT.search(alt):
            yield f"{label(cell)}: the alt text {alt!r} does not say what the figure shows: title it in show.finish"
        if len(alt) > ALT_TEXT_LIMIT:
            yield f"{label(cell)}: an alt text of {len(alt)} letters, at most {ALT_TEXT_LIMIT}: {alt[:60]!r}"
        if alt in seen:
            yield f"{label(cell)} has the alt text of {seen[alt]}: say what differs, {alt[:60]!r}"
        seen[alt] = label(cell)


# ---- numbers in the prose: lessons and solutions -------------------------------------------------------------------

NUMBER = re.compile(r"(?<![\w.])(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?(?:[eE][-+]?\d+)?")
TIMES = re.compile(r"(?<=\d)\s?[x×]\s?(?=\d)")  # 28x28 holds two numbers


def numbers(text: str) -> set[float]:
    """All numbers of a text, without their signs."""
    return {float(found.replace(",", "")) for found in NUMBER.findall(TIMES.sub(" ", text))}


def prose(markdown: str) -> str:
    """What a reader reads as text: no code, LaTeX, pictures, HTML, <details>; links by their words."""
    text = re.sub(r"<details.*?</details>", " ", markdown, flags=re.S)
    text = without_code(text)
    text = re.sub(r"\$\$.*?\$\$|\$[^$\n]+\$", " ", text, flags=re.S)
    text = re.sub(r"!\[[^\]]*\]\([^)]*\)", " ", text)
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", text)
    return re.sub(r"<[^>]+>|https?://\S+", " ", text)


def stated_numbers(markdown: str) -> Iterator[tuple[str, float, bool, str]]:
    """(number as written, its value, is it a percentage, its sentence) for every number that needs a proof."""
    text = re.sub(r"\[[^\]]*\]\([^)]*\)", " ", re.sub(r"<details.*?</details>", " ", markdown, flags=re.S))
    text = re.sub(r"^#.*$", " ", prose(text), flags=re.M)
    for sentence in re.split(r"(?<=[.!?:])\s+|\n\s*\n|\n\s*[-*|]", text):
        words = re.sub(r"(?<=\d) ?(percent|per cent)\b", "%", TIMES.sub(" ", sentence))
        words = re.sub(r"\b[Ll]essons? \d\d(?:(?:,| and| to|, and) \d\d)*\b", " ", words)
        words = re.sub(
            r"(?<!\w)(?<!\d[.,])[A-Za-z_]\w*(?:[-.]\w+)*", " ", words
        )  # names, such as CIFAR-10 and Conv32-64
        for found in NUMBER.finditer(words):
            written = found.group()
            value = float(written.replace(",", ""))
            small = written.isdigit() and value <= 10
            year = re.fullmatch(r"19[89]\d|20[0-2]\d|2030", written)
            if not small and not year:
                percent = bool(re.match(r"\s?%", words[found.end() :]))
                yield written, value, percent, " ".join(sentence.split())


def proven_numbers(book: Book) -> set[float]:
    """Numbers that are checked: in assert, between, expect_error, check_..., in a compared output, in results/."""
    proven: set[float] = set()
    for cell in book.code:
        if "nbval-check-output" in tags(cell):
            for out in cell.outputs:
                if out not in figures(cell):  # nobody compares their numbers, which depend on the speed
                    proven |= numbers(output_text(out))
    for tree in (*map(python, book.code), book.proofs):
        for node in ast.walk(tree):
            if isinstance(node, ast.Assert) or (isinstance(node, ast.Call) and is_check(node.func)):
                proven |= constants(node)
    for file in book.root.glob("results/*.json"):
        if file.name not in ("timing.json", "reproduction.json"):  # of thousands of numbers, one would always fit
            proven |= json_numbers(json.loads(file.read_text(encoding="utf-8")))
    for file in book.root.glob("results/*.md"):
        proven |= numbers("\n".join(re.findall(r"^\|.*", file.read_text(encoding="utf-8"), re.M)))
    return proven


def is_check(function: ast.expr) -> bool:
    return bool(re.search(r"(^|\.)(between|expect_error|check\w*|checks\.\w+)$", ast.unparse(function)))


def constants(node: ast.AST) -> set[float]:
    """Every number in an expression, and the value of products and sums of plain numbers such as 16 * 4 * 4."""
    found: set[float] = set()
    for part in ast.walk(node):
        if isinstance(part, ast.BinOp) and not any(
            isinstance(p, (ast.Name, ast.Call, ast.Attribute)) for p in ast.walk(part)
        ):
            try:
                found.add(abs(float(eval(compile(ast.Expression(part), "", "eval")))))
            except (TypeError, ValueError, ArithmeticError):
                continue
        if isinstance(part, ast.Constant) and type(part.value) in (int, float):
            found.add(abs(float(part.value)))
        if isinstance(part, ast.Constant) and isinstance(part.value, str):
            found |= numbers(part.value)
    return found


def json_numbers(value) -> set[float]:
    if isinstance(value, dict):
        return set().union(*map(json_numbers, value.values()))
    if isinstance(value, list):
        return set().union(*map(json_numbers, value))
    return {abs(float(value))} if type(value) in (int, float) else set()


def is_proven(written: str, value: float, percent: bool, proven: set[float]) -> bool:
    """Equal, or equal after rounding to the decimals in the text when there are two or more; 97 % may be 0.97."""
    decimals = len(written.partition(".")[2]) if "e" not in written.lower() else 0
    known = proven | {round(100 * p, 10) for p in proven} if percent else proven
    return any(abs(value - p) < 1e-9 * max(1, value) or (decimals >= 2 and round(p, decimals) == value) for p in known)


def numbers_are_proven(book: Book) -> Iterator[str]:
    proven = proven_numbers(book)
    for cell in book.markdown:
        text = re.sub(r"^\| \*\*.*$", "", cell.source, flags=re.M)  # the card says what to expect
        text = re.sub(r"about \d+ minutes", "", text)  # of an exercise: an estimate
        for written, value, percent, sentence in stated_numbers(text):
            if not is_proven(written, value, percent, proven):
                yield (
                    f"nothing proves the number {written} in {sentence!r}: assert it in "
                    f"{proof_file(book.path, book.root).relative_to(book.root).as_posix()}, "
                    "show it in a cell tagged nbval-check-output, or leave it out"
                )


# ---- anatomy: lessons ----------------------------------------------------------------------------------------------


def title(book: Book) -> Iterator[str]:
    first = book.nb.cells[0].source.splitlines()[0] if book.nb.cells else ""
    if not re.fullmatch(rf"# {book.number} · \S.*", first):
        yield f"the first line is {first!r}, expected '# {book.number} · ...' as in the file's name"
    if sum(level == 1 for level, _ in book.headings) != 1:
        yield "there has to be exactly one heading of level 1, the title"


def colab_badge(book: Book) -> Iterator[str]:
    expected = address.badge(book.path.relative_to(book.root).as_posix())
    badges = re.findall(r"\]\((https://colab\.research\.google\.com/github/[^)]*)\)", book.front)
    if badges != [expected]:
        yield f"the Colab badge leads to {badges or 'nowhere'}, expected {expected}"


def page_of_the_site(book: Book) -> Iterator[str]:
    """A lesson whose outputs store a control can be tried in the browser, any other one be read there."""
    controls = any(MIME in out.get("data", {}) for cell in book.code for out in cell.outputs)
    page = address.site(book.path.relative_to(book.root).with_suffix(".html").as_posix())
    expected = f" · [{'Try' if controls else 'Read'} it in the browser]({page})"
    if expected not in book.front:
        yield f"after the Colab badge, {expected!r} is expected"


def card(book: Book) -> Iterator[str]:
    for row in CARD:
        if not re.search(rf"\*\*{row}:?\*\*", book.front):
            yield f"the card above the first code cell has no row **{row}**; it has {', '.join(CARD)}"


def setup_cell(book: Book) -> Iterator[str]:
    """The first code cell; lesson 00 first explains what a cell is."""
    first = [cell.source for cell in book.code if book.number != "00" or "setup(" in cell.source]
    source = first[0] if first else ""
    seed = re.search(r"seed=(\d+), version=.*\)$", source)
    expected = setup_cells.cell(book.number, seed.group(1) if seed else "777")
    if source != expected:
        yield f"this is not the setup cell; expected:\n{expected}\nfound:\n{source}"


def sections(book: Book) -> Iterator[str]:
    """## 1 ..., ## 2 ... and so on, at least two; then Exercises, Quiz, Recap, Next."""
    names = [text for level, text in book.headings if level == 2]
    numbered = [int(found.group(1)) for text in names if (found := re.match(r"(\d+)\b", text))]
    if numbered != list(range(1, len(numbered) + 1)) or len(numbered) < 2:
        yield f"numbered sections {numbered}, expected 1, 2, 3 and so on, at least two"
    rest = [text.split()[0].rstrip(":") for text in names[len(numbered) :]]
    if rest != LAST_SECTIONS:
        yield f"after the numbered sections come {rest}, expected {LAST_SECTIONS}"


def small_tasks(book: Book) -> Iterator[str]:
    """At least three in each lesson, called a, b, c and so on, each with its three cells."""
    try:
        names = [task.name for task in tasks(book.nb)]
    except ValueError as fault:
        yield str(fault)
        return
    if names != [f"{book.number}.{letter}" for letter in ascii_lowercase[: len(names)]]:
        yield f"the tasks are called {names}, expected {book.number}.a, {book.number}.b and so on"
    if len(names) < 3 and book.number != "00":
        yield f"there are {len(names)} tasks inside the sections, expected at least 3: see tests/notebooks/tasks.py"


def ends_with_next(book: Book) -> Iterator[str]:
    names = [text for level, text in book.headings if level == 2]
    if not names or not names[-1].startswith("Next"):
        yield f"the last section is {names[-1] if names else None!r}, expected Next"


FORM: tuple[Rule, ...] = (
    valid_format,
    no_empty_cells,
    minimal_metadata,
    known_tags,
    short_cells,
    small_file,
    one_statement_a_line,
    defined_names,
    careful_code,
    links_lead_somewhere,
    pictures_have_alt_text,
)
OUTPUTS: tuple[Rule, ...] = (
    run_once_in_order,
    no_stored_errors,
    portable_outputs,
    outputs_of_real_data,
    no_seconds_of_epochs,
    seconds_are_those_of_a_quiet_machine,
    checked_outputs,
    figures_have_alt_text,
    numbers_are_proven,
)
FIRST: tuple[Rule, ...] = (title, colab_badge, page_of_the_site, card, setup_cell, ends_with_next)
ANATOMY: tuple[Rule, ...] = (*FIRST, sections, small_tasks)


def rules_for(book: Book) -> tuple[Rule, ...]:
    """Exercises have no outputs yet; solutions have them; lessons have an anatomy too, lesson 00 a lighter one."""
    kind = book.path.parent.name
    if kind in ("exercises", "solutions"):
        return FORM + (OUTPUTS if kind == "solutions" else ())
    return FORM + OUTPUTS + (FIRST if book.number == "00" else ANATOMY)


# ---- README --------------------------------------------------------------------------------------------------------


def index_faults(readme: str, lessons: list[str], timing: dict) -> Iterator[str]:
    """The lesson table against the folder and results/timing.json (minutes at class speed, rounded up)."""
    header, listed = [], []
    for line in readme.splitlines():
        cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
        if line.startswith("|") and any("minutes" in cell.lower() for cell in cells):
            header = cells
        found = re.search(r"\]\(notebooks/([^)/]+)\.ipynb\)", line)
        if not (line.startswith("|") and found):
            continue
        listed.append(lesson := found.group(1))
        if lesson in timing and header:
            stated = cells[next(i for i, cell in enumerate(header) if "minutes" in cell.lower())]
            measured = -(-timing[lesson]["seconds"] // 60)
            if stated != f"{measured:.0f}":
                yield f"{lesson}: the table says {stated} minutes, results/timing.json rounds to {measured:.0f}"
    if not header:
        yield "the lesson table has no column of minutes"
    if listed != lessons:
        yield f"the lesson table lists {listed}, the folder holds {lessons}"
