"""Numbers and statuses in words."""

from __future__ import annotations

from agents.checklist.document import bounds
from understudy.contracts.watch import ItemResult, Measurement

__all__ = ["number", "said", "sentence"]


SMALLEST = 1e-5


def number(value: float | None) -> str:
    """At most four significant digits, and no exponent."""
    if value is None:
        return "-"
    if value == 0 or float(value).is_integer():
        return f"{value:,.0f}"
    if abs(value) < SMALLEST:
        return f"under {SMALLEST:.5f}" if value > 0 else f"over -{SMALLEST:.5f}"
    return f"{value:,.0f}" if abs(value) >= 10_000 else f"{value:.4g}"


def sentence(words: str) -> str:
    """Begins with a capital, and ends without a full stop."""
    return f"{words[:1].upper()}{words[1:]}".rstrip(".")


def said(result: ItemResult) -> str:
    """One line: what was measured against what."""
    measured = result.measurement
    if measured.value is None:
        return f"{result.item.title}: not known ({measured.why})"
    if result.item.direction == "present":
        return f"{result.item.title}: {'yes' if measured.value == 1 else 'no'}"
    return f"{result.item.title}: {_valued(measured)} ({bounds(result.item)})"


def _valued(measured: Measurement) -> str:
    interval = ""
    if measured.low is not None and measured.high is not None:
        interval = f" [{number(measured.low)}, {number(measured.high)}]"
    unit = f" {measured.unit}" if measured.unit else ""
    return f"{number(measured.value)}{unit}{interval}"
