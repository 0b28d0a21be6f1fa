"""Give lessons new numbers, everywhere at once: to make room for a lesson, or to close a gap.

    python -m tools.renumber 03=04 04=05 05=07

Files are renamed with git, and every place that names a lesson by its number follows: links, badges, exercises,
tests, results, prose. Look at `git diff` before you commit. CHANGELOG.md tells of what was, and stays.
"""

import re
import subprocess
import sys

from course_utils import ROOT

NUMBER = r"\d\d(?!\d)"
PLACES = [  # each with one number in its group
    rf"(?<![\w.])({NUMBER})_[a-z]",  # 04_lenet_build_up
    rf"lesson[_s]?({NUMBER})",  # lesson_04, runs/lesson04
    rf"\b[Ll]essons? (?:{NUMBER}(?:, | and | or | to ))*({NUMBER})",  # lessons 04, 05 and 07: all of them, see below
    rf"(?:exercises? |## |\b(?:check|judge)\(f?\\?\"|[\"`])({NUMBER})\.(?:\d\d?\b(?! ?%)|{{)",  # 04.2 as an exercise
    rf"(?:lesson=|\b(?:setup|quiz|keys|Course)\()\\?\"({NUMBER})\\?\"",  # setup(lesson="04"), quiz("04")
    rf"(?m)^    \"({NUMBER})\": \(\"",  # the data of each lesson
    rf"\[({NUMBER})(?:\]\(| · )",  # [04](04_lenet_build_up.ipynb), [04 · LeNet](...)
    rf"(?:# |Open |\"|; |: |and |\()({NUMBER})(?: · |  [A-Z]| in Colab| LeNet)",  # headings, badges, the overview
]


def renumber(text: str, new: dict[str, str]) -> str:
    """The text with every lesson number that `new` names replaced; other numbers are left alone.

    >>> renumber("lessons 03, 04 and 06, 03_mlp.ipynb, 3.03", {"03": "04", "04": "05"})
    'lessons 04, 05 and 06, 04_mlp.ipynb, 3.03'
    """
    spots = set()
    for pattern in PLACES:
        for match in re.finditer(pattern, text):
            spots.add(match.span(1))
            if match[0].lower().startswith("lessons"):
                spots.update(
                    (match.start() + m.start(), match.start() + m.end()) for m in re.finditer(r"\d\d", match[0])
                )
    for start, end in sorted(spots, reverse=True):
        text = text[:start] + new.get(text[start:end], text[start:end]) + text[end:]
    return text


def main(pairs: list[str]) -> None:
    new = dict(pair.split("=") for pair in pairs)
    tracked = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True).stdout
    names = [name for name in tracked.split("\0") if name]
    for name in names:
        path = ROOT / name
        if name == "CHANGELOG.md" or name.startswith("tools/renumber") or not path.is_file():
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:  # a picture
            continue
        if (after := renumber(text, new)) != text:
            path.write_text(after, encoding="utf-8")
    moves = {name: renumber(name, new) for name in names}
    moves = {old: to for old, to in moves.items() if to != old}
    for old in moves:  # in two steps: 03 becomes 04 while there is still a 04
        subprocess.run(["git", "mv", old, old + ".moving"], cwd=ROOT, check=True)
    for old, to in moves.items():
        subprocess.run(["git", "mv", old + ".moving", to], cwd=ROOT, check=True)
        print(old, "->", to)


if __name__ == "__main__":
    main(sys.argv[1:])
