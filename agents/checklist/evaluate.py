"""Judge a night by the checklist."""

from __future__ import annotations

from collections.abc import Sequence

from agents.checklist.night import Night
from agents.checklist.registry import measure
from understudy.contracts.watch import Item, ItemResult, Status

__all__ = ["evaluate", "status_of"]


def evaluate(night: Night, items: Sequence[Item]) -> list[ItemResult]:
    """One result per item, in order. What cannot be measured is UNKNOWN."""
    found = [(item, measure(item.measurement, night)) for item in items]
    return [ItemResult(item=item, status=status_of(item, m.value), measurement=m) for item, m in found]


def status_of(item: Item, value: float | None) -> Status:
    """The status of a value: at ``fail`` and beyond it fails, at ``warn`` and beyond it warns.

    ``above``: beyond is greater or equal. ``below``: beyond is less (a bound "at least .98" is kept by .98 itself).
    """
    if value is None:
        return "UNKNOWN"
    if item.direction == "present":
        return "PASS" if value == 1 else "FAIL"
    assert item.fail is not None
    if item.direction == "outside":
        assert item.warn is not None
        return "PASS" if item.warn <= value <= item.fail else "FAIL"
    if _beyond(item, value, item.fail):
        return "FAIL"
    return "WARN" if item.warn is not None and _beyond(item, value, item.warn) else "PASS"


def _beyond(item: Item, value: float, mark: float) -> bool:
    return value >= mark if item.direction == "above" else value < mark
