"""Bars that figures are held against: how much of each is used up, and whether it is kept."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

__all__ = ["at_least", "at_most", "kept", "said"]

Verdict = dict[str, Any]


def at_most(name: str, value: float, bar: float) -> Verdict:
    """The figure ``name`` must not exceed ``bar``; ``share`` is the part of the bar that it takes (None of nothing)."""
    share = value / bar if bar else None
    return {"name": name, "value": value, "sense": "at most", "bar": bar, "share": share, "passed": value <= bar}


def at_least(name: str, value: float, bar: float) -> Verdict:
    """The figure ``name`` must reach ``bar``; ``share`` is the part of the way that it has come."""
    return {"name": name, "value": value, "sense": "at least", "bar": bar, "share": value / bar, "passed": value >= bar}


def kept(verdicts: Iterable[Verdict]) -> bool:
    """Whether all are passed, and there is one at all: what was not measured is not passed."""
    found = [verdict["passed"] for verdict in verdicts]
    return bool(found) and all(found)


def said(verdicts: Iterable[Verdict]) -> list[str]:
    """Markdown: one row for each bar."""
    lines = ["| bar | measured | allowed | share of the bar | verdict |", "| --- | ---: | ---: | ---: | --- |"]
    for v in verdicts:
        word = "passed" if v["passed"] else "missed"
        share = "" if v["share"] is None else f"{v['share']:.0%}"
        lines.append(f"| {v['name']} | {v['value']:.2f} | {v['sense']} {v['bar']:g} | {share} | {word} |")
    return lines
