"""Numbers, times and thresholds as a reader wants them."""

from __future__ import annotations

from datetime import UTC, datetime

from understudy.contracts.watch import Item, Measurement
from understudy.page import Markup, join, tag

__all__ = ["interval", "measured", "moment", "number", "thresholds", "when"]


def number(value: float | None) -> str:
    """Four significant digits; an em dash for what is not known."""
    if value is None:
        return "—"
    if value == int(value) and abs(value) < 1e15:
        return f"{int(value):,}"
    text = f"{value:.4g}"
    if "e" in text:
        return text
    return f"{value:,.0f}" if abs(value) >= 10_000 else text


def interval(low: float | None, high: float | None) -> str:
    """``[low, high]``, or nothing where there is none."""
    return "" if low is None or high is None else f"[{number(low)}, {number(high)}]"


def measured(one: Measurement) -> Markup:
    """A measurement with its interval, or why there is none."""
    if one.value is None:
        return tag("span", one.why, class_="why")
    span = interval(one.low, one.high)
    unit = f" {one.unit}" if one.unit else ""
    return join(
        tag("span", f"{number(one.value)}{unit}", class_="value"),
        tag("span", f" {span}", class_="range") if span else None,
    )


def thresholds(item: Item) -> str:
    """Where an item warns and fails."""
    if item.direction == "present":
        return "= 1"
    if item.direction == "outside":
        return f"{number(item.warn)} – {number(item.fail)}"
    than = {"above": "≥", "below": "≤"}[item.direction]
    parts = [("W", item.warn), ("F", item.fail)]
    return " · ".join(f"{name} {than} {number(value)}" for name, value in parts if value is not None)


def moment(text: str | None) -> str:
    """An ISO 8601 time to the minute, in UTC; what is no time as it is."""
    if not text:
        return "—"
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        return text
    if len(text) <= 10:
        return text
    zoned = found if found.tzinfo else found.replace(tzinfo=UTC)
    return f"{zoned.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def when(text: str | None) -> Markup:
    """The same in a cell."""
    return tag("time", moment(text), datetime=text or None)
