"""The seven kinds of wrong answers, and what the answers of a lesson say of them.

Each module answers/lesson_NN.py holds RIGHT and WRONG for each exercise, and a table KINDS: which kinds an exercise can
meet, such as {"1": "value once memory"}. A wrong answer of a kind says so: (answer, part of the verdict, kind).
"""

from collections.abc import Hashable

import numpy as np
import torch

from course_utils.practice.judge import array

KINDS = {
    "value": "right for one value of a parameter alone",
    "once": "right when it is called once: something stays from call to call, or is shared by two instances",
    "memory": "changes its arguments, or gives back their memory where the text says new",
    "structure": "a network that is built otherwise than the text says",
    "chance": "draws otherwise than the text says: not independent, not each time, not with this probability",
    "type": "another type, optimizer or number than the text names",
    "state": "leaves something behind: a mode, a gradient, a hook",
}


def faults(exercise: str, right: list, wrong: list, table: str) -> list[str]:
    """What is missing in the answers to one exercise, a sentence for each."""
    listed, shown = set(table.split()), {kind for _, _, *kinds in wrong for kind in kinds}
    found = [f"there is no kind {kind!r}" for kind in sorted((listed | shown) - set(KINDS))]
    found += [f"no wrong answer of the kind {kind!r}, which its table lists" for kind in sorted(listed - shown)]
    found += [f"a wrong answer of the kind {kind!r}, which its table does not list" for kind in sorted(shown - listed)]
    if len(right) < 3:
        found.append(f"{len(right)} right answers, expected three that differ in kind")
    if any(map(callable, right)) and (missing := {"value", "once"} - listed):
        found.append(f"what is called can be wrong in these kinds, too: {sorted(missing)}")
    return [f"{exercise}: {fault}" for fault in found]


def key(value: object) -> Hashable:
    """Equal for two arguments that look equal to an answer."""
    if isinstance(value, torch.nn.Module):
        return str(value), key(list(value.state_dict().values()))
    if isinstance(value, torch.Tensor):
        return str(value.dtype), key(array(value))
    if isinstance(value, np.ndarray):
        return value.dtype.str, value.shape, value.tobytes()
    if isinstance(value, dict):
        return tuple((name, key(part)) for name, part in value.items())
    if isinstance(value, list | tuple):
        return tuple(map(key, value))
    return (type(value).__name__, value) if isinstance(value, Hashable) else id(value)
