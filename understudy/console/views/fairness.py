"""Fairness in production: every group's ratio with its interval on one day, and the worst of them over the days."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from understudy.console.days import days_of, no_report, report_of, strip
from understudy.console.desk import Desk, Go, Page
from understudy.console.figures import number
from understudy.console.plots import Level, Span, forest
from understudy.console.tables import empty, panel
from understudy.console.views.drift import measurements_of, small_multiples
from understudy.console.words import Words
from understudy.contracts.watch import Measurement, OpsReport
from understudy.page import Markup, join, tag

__all__ = ["fairness"]

SERIES = ("fairness_di_min", "fairness_di_max", "fairness_spd_max", "fairness_eod_max", "auc_gap")
# Measurement -> the range in which each group should lie.
ZONES = {
    "fairness_di_min": (0.80, 1.25),
    "fairness_di_max": (0.80, 1.25),
    "fairness_spd_max": (-0.10, 0.10),
    "fairness_eod_max": (-0.10, 0.10),
}


SHOWN = 8
LIMITS = {
    "fairness_di_min": (Level(0.80, "bad"),),
    "fairness_di_max": (Level(1.25, "bad"),),
    "fairness_spd_max": (Level(0.10, "bad"),),
    "fairness_eod_max": (Level(0.10, "bad"),),
}


def fairness(desk: Desk) -> Page | Go:
    """By group, single and two-way."""
    words, days = desk.words, days_of(desk)
    report = report_of(desk, days)
    if report is None:
        return Page("fairness", words("fairness.title"), (strip(days, desk), no_report(days, words)))
    content = (
        strip(days, desk),
        tag("p", words("fairness.lead"), class_="lead"),
        panel("groups", words("fairness.groups", day=report.period), _groups(report, words)),
        panel("series", words("fairness.series"), small_multiples(SERIES, days, report, words, LIMITS)),
    )
    return Page("fairness", words("fairness.title"), content, tag("span", report.period, class_="date-of"))


def _groups(report: OpsReport, words: Words) -> Markup:
    found = measurements_of(report)
    figures: list[Markup] = []
    seen: set[tuple[Span, ...]] = set()
    for name, zone in ZONES.items():
        spans = _spans(found[name]) if name in found else ()
        if not spans or spans in seen:
            continue
        seen.add(spans)
        columns = [words(f"fairness.{key}") for key in ("group", "value", "interval", "rows", "inherited")]
        title = words.named("measure", name)
        figures.append(forest(f"groups-{name}", title, spans, words, zone=zone, columns=columns))
    if not figures:
        return empty(words("fairness.no_groups"))
    return join(_confirmed(found, words), tag("div", *figures, class_="plots wide"))


def _confirmed(found: Mapping[str, Measurement], words: Words) -> Markup:
    """What the sequential tests have confirmed; a value outside its range alone is no breach."""
    said = {_said(one): None for name in ZONES if name in found for one in found[name].detail.get("confirmed") or []}
    if not said:
        return tag("p", words("fairness.unconfirmed"), class_="lead")
    first, more = list(said)[:SHOWN], list(said)[SHOWN:]
    folded = tag("details", tag("summary", words("evidence.more", more=len(more))), _plain_list(more))
    return join(
        tag("p", words("fairness.confirmed", count=len(said)), class_="lead"),
        tag("div", _plain_list(first), folded if more else None, class_="notice bad"),
    )


def _plain_list(lines: Sequence[str]) -> Markup:
    return tag("ul", *(tag("li", line) for line in lines), class_="plain")


def _said(one: Any) -> str:
    if not isinstance(one, Mapping):
        return str(one)
    name = f"{one.get('attribute')}: {one.get('group')} · {one.get('decision')}"
    return f"{name}: {one.get('measure')} {number(_number(one.get('value')))} ({one.get('since')})"


def _spans(one: Measurement) -> tuple[Span, ...]:
    groups: Any = one.detail.get("groups")
    return tuple(_span(group) for group in groups if isinstance(group, Mapping)) if isinstance(groups, list) else ()


def _span(group: Mapping[str, Any]) -> Span:
    rows = group.get("n")
    value, low, high = (_number(group.get(key)) for key in ("value", "low", "high"))
    name = f"{group.get('attribute', '')}: {group.get('group', '')}"
    if group.get("decision"):
        name = f"{name} · {group['decision']}"
    return Span(name, value, low, high, rows if isinstance(rows, int) else None, group.get("inherited") is True)


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
