"""What every benchmark here needs: the machine in words, results written whole, tables put where readers see them."""

import json
import os
import platform
import statistics
from datetime import date
from pathlib import Path

import torch

from course_utils import ROOT
from course_utils.files.atomic import atomic

README = ROOT / "README.md"
RESULTS = ROOT / "results"


def machine(device: str = "cpu") -> dict:
    """Where and when something was measured."""
    processor = torch.cuda.get_device_name() if device == "cuda" else _cpu()
    return {
        "machine": f"{platform.system()}, {processor}",
        "cores": os.cpu_count(),
        "threads": torch.get_num_threads(),
        "torch": torch.__version__.split("+")[0],
        "date": date.today().isoformat(),
    }


def _cpu() -> str:
    """The kind of CPU, and what it has for bfloat16, where torch can tell: torch 2.6 cannot."""
    can = torch.cpu.get_capabilities() if hasattr(torch.cpu, "get_capabilities") else {}
    units = [name for key, name in (("amx_bf16", "AMX"), ("avx512_bf16", "AVX512-BF16")) if can.get(key)]
    return " with ".join([platform.machine(), *units[:1]])


def read_json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8")) if path.exists() else {}


def write_json(path: Path, result: dict) -> None:
    """Each list of numbers on one line."""
    with atomic(path) as part:
        part.write_text(_lists_on_one_line(json.dumps(result, indent=1)) + "\n", encoding="utf-8", newline="\n")


def _lists_on_one_line(text: str) -> str:
    lines, inside = [], False
    for line in text.splitlines():
        if inside:
            lines[-1] += line.strip() if line.strip().startswith("]") else line.strip() + " " * line.endswith(",")
            inside = not line.strip().startswith("]")
        else:
            lines.append(line)
            inside = line.endswith("[")
    return "\n".join(lines)


def spread(values: list[float]) -> str:
    """Mean, and in brackets the least and the greatest, of fractions, in percent."""
    if not values:
        return "not yet run"
    mean = f"{100 * statistics.mean(values):.2f} %"
    return mean if len(values) == 1 else f"{mean} ({100 * min(values):.2f} to {100 * max(values):.2f})"
