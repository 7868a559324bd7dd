"""The checklist as a page of documentation, from the items and the definitions of what they measure."""

from __future__ import annotations

import inspect
from collections.abc import Sequence

from agents.checklist.registry import registered
from understudy.contracts.watch import Item

__all__ = ["as_markdown", "bounds"]

PARTS = {
    "P1": "Ingestion",
    "P2": "Features",
    "P3": "Training",
    "P4": "Distillation",
    "P5": "Serving",
    "P6": "Audit",
}
HEAD = """\
# The checklist: 53 items

Made by `understudy ops checklist`; a test holds this page against `agents/checklist/items.toml`.

Every night each item is bound to a measurement of something that the one path wrote. It is PASS, WARN, FAIL, or
UNKNOWN where the evidence is missing: an item that cannot be measured never passes, and keeps a day from being GREEN.
*Fails at* means at that value and beyond; *fails under* means below it. `tests/e2e/test_checklist_states.py` shows
each item in each of its states on a real run and a real day, changed in one place.

A bank sets its own thresholds in a TOML file, one table an item, each with a reason that the reader of the report is
told; a threshold that the measurement cannot reach is refused:

```toml
[P5-03]
warn = 0.08
fail = 0.20
why = "strict profile of the risk committee"
```

`understudy ops run --checklist FILE`; the scheduled agents read the path from `UNDERSTUDY_CHECKLIST`.
"""


def as_markdown(items: Sequence[Item]) -> str:
    """The page for ``items``."""
    parts = [HEAD]
    for part, title in PARTS.items():
        rows = [_row(item) for item in items if item.part == part]
        head = "| item | question | bounds | measured | owner | regulation |\n|---|---|---|---|---|---|"
        parts.append(f"## {part}: {title}\n\n{head}\n" + "\n".join(rows) + "\n")
    return "\n".join(parts)


def bounds(item: Item) -> str:
    """The thresholds in words."""
    if item.direction == "present":
        return "must hold"
    if item.direction == "outside":
        return f"within {item.warn:g} to {item.fail:g}"
    sign = "at" if item.direction == "above" else "under"
    warns = f"warns {sign} {item.warn:g}, " if item.warn is not None else ""
    return f"{warns}fails {sign} {item.fail:g}"


def _row(item: Item) -> str:
    function = registered().get(item.measurement)
    words = inspect.getdoc(function) if function is not None else None
    told = " ".join(words.split()) if words else "a monitor; see [monitoring.md](monitoring.md)"
    cells = (item.id, item.title, bounds(item), f"`{item.measurement}`: {told}", item.owner, item.regulation or "")
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
