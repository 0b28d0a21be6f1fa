"""Numbers, names and sentences as a reader would say them, and what is written beside the axes of a panel."""

import re
from collections.abc import Sequence
from itertools import groupby

import numpy as np
from matplotlib.axes import Axes

LIMIT = 400  # letters: a screen reader says them in about half a minute


def sentence(text: str) -> str:
    """On one line, with a capital letter and a full stop."""
    text = " ".join(text.split())
    if text and text[0].islower() and not re.match(r"\w+[\d_(]|\w:", text):  # conv1, relu(x), x: are names
        text = text[0].upper() + text[1:]
    return f"{text}." if text and text[-1] not in ".!?" else text


def cut(text: str) -> str:
    """At most LIMIT letters, cut between two things that are said."""
    if len(text) <= LIMIT:
        return text
    ends = [found.start() for found in re.finditer(r"[,;.:] ", text) if found.start() < LIMIT - 4]
    return text[: ends[-1] if ends else LIMIT - 4] + " ..."


def number(value: float, among: Sequence[float] = ()) -> str:
    """Rounded as a reader would: three digits that count, fewer where `among` are much larger."""
    value = float(value)
    if not np.isfinite(value):
        return str(value)
    sizes = np.abs(np.append(np.ravel(among), value))
    largest = sizes[np.isfinite(sizes)].max()
    if value == 0 or abs(value) < largest / 500:
        return "0"
    if abs(value) >= 100 or value == round(value):
        return f"{value:,.0f}"
    decimals = max(2 - int(np.floor(np.log10(abs(value)))), 0)
    return f"{value:.{decimals}f}".rstrip("0").rstrip(".")


def span(values: Sequence[float]) -> str:
    low, high = number(np.nanmin(values), values), number(np.nanmax(values), values)
    return low if low == high else f"{low} to {high}"


def listed(names: Sequence[str], most: int = 24) -> str:
    """Names with commas; repeated ones are counted, numbered ones are one range; of many, the first ones."""
    names = [" ".join(name.split()) for name in names]
    numbered = [re.fullmatch(r"(.*?)(\d+)", name) for name in names]
    if len(names) > 3 and all(numbered) and len({found[1] for found in numbered}) == 1:
        numbers = [int(found[2]) for found in numbered]
        if numbers == list(range(numbers[0], numbers[0] + len(numbers))):
            return f"{names[0]} to {names[-1]}"
    texts = []
    for name, group in groupby(names):
        n = len(list(group))
        texts += [f"{n} times {name}"] if n > 2 and name else [name] * n
    texts = list(filter(None, texts))
    comma = "; " if any("," in text for text in texts) else ", "
    return comma.join(texts[:most]) + f"{comma}and {len(texts) - most} more" * (len(texts) > most)


def label_of(axis: Axes, which: str) -> str:
    """What stands beside an axis; beside the first of several that share it."""
    shared = getattr(axis, f"get_shared_{which}_axes")().get_siblings(axis)
    labels = [getattr(one, f"get_{which}label")() for one in (axis, *shared)]
    return " ".join(next(filter(None, labels), "").split())


def tick_names(axis: Axes, which: str, numbers: bool = False) -> dict[float, str]:
    """Where a tick has a name instead of its number: place -> name. Names that are `numbers` count if asked for."""
    side = getattr(axis, f"{which}axis")
    names = {}
    for place, text in zip(side.get_ticklocs(), side.get_ticklabels(), strict=False):
        text = " ".join(text.get_text().split())
        if text and (numbers or not re.fullmatch(r"[-−]?[\d.,]+%?|\$.*\$", text)):
            names[round(float(place), 6)] = text
    return names
