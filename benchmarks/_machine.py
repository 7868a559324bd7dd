"""The machine behind a figure."""

from __future__ import annotations

import os
import platform
from importlib.metadata import version
from pathlib import Path

__all__ = ["LIBRARIES", "machine", "one_line"]

LIBRARIES = ("torch", "lightgbm", "numpy", "duckdb")


def machine() -> dict[str, str]:
    """Processor, usable cores, memory, accelerator, operating system, interpreter and libraries."""
    facts = {
        "processor": _processor(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB",
        "accelerator": _accelerator(),
        "system": f"{platform.system()} {platform.machine()}",
        "python": platform.python_version(),
    }
    return facts | {name: version(name) for name in LIBRARIES}


def one_line(facts: dict[str, str]) -> str:
    """The facts in one line, for below a table."""
    device = "" if facts["accelerator"] == "none" else f", {facts['accelerator']}"
    libraries = ", ".join(f"{name} {facts[name]}" for name in ("python", *LIBRARIES))
    return f"{facts['processor']}, {facts['cores']} cores, {facts['memory']}{device}; {libraries}"


def _processor() -> str:
    path = Path("/proc/cpuinfo")
    lines = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    return names[0] if names else platform.processor() or "unknown"


def _accelerator() -> str:
    import torch

    return torch.cuda.get_device_name(0) if torch.cuda.is_available() else "none"
