"""The checklist of one day: every item with its status, value, thresholds and evidence; filtered by a form."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any

from understudy.console.days import days_of, no_report, report_of, strip
from understudy.console.desk import Desk, Go, Page
from understudy.console.figures import measured, thresholds
from understudy.console.forms import Field, hidden, line, options, submit
from understudy.console.marks import mark
from understudy.console.tables import empty, evidence, facts, panel, table
from understudy.console.words import Words
from understudy.contracts.watch import ItemResult, OpsReport, Status
from understudy.page import Markup, join, tag

__all__ = ["checklist", "item_row", "item_table"]

STATUSES: tuple[Status, ...] = ("FAIL", "WARN", "UNKNOWN", "PASS")
PARTS = ("P1", "P2", "P3", "P4", "P5", "P6")


def checklist(desk: Desk) -> Page | Go:
    """``?day=``, ``?status=`` (one, or ``open`` for everything but PASS), ``?part=`` and ``?find=`` words."""
    words, days = desk.words, days_of(desk)
    report = report_of(desk, days)
    kept = {name: desk.asked(name) for name in ("status", "part", "find") if desk.asked(name)}
    if report is None:
        return Page("checklist", words("checklist.title"), (strip(days, desk, kept), no_report(days, words)))
    found = [result for result in report.items if _wanted(result, desk)]
    shown = words("checklist.shown", shown=len(found), all=len(report.items), day=report.period)
    listing = item_table(found, words) if found else empty(words("checklist.nothing"))
    content = (
        strip(days, desk, kept),
        _filter(desk, report),
        panel("items", shown, listing),
    )
    return Page("checklist", words("checklist.title"), content, tag("span", report.period, class_="date-of"))


def _wanted(result: ItemResult, desk: Desk) -> bool:
    status, part, find = desk.asked("status"), desk.asked("part"), desk.asked("find").lower()
    if status == "open" and result.status == "PASS":
        return False
    if status in STATUSES and result.status != status:
        return False
    if part in PARTS and result.item.part != part:
        return False
    item = result.item
    return find in f"{item.id} {item.title} {item.measurement} {item.regulation or ''} {item.owner}".lower()


def _filter(desk: Desk, report: OpsReport) -> Markup:
    words, counts = desk.words, Counter(item.status for item in report.items)
    open_items = sum(counts.values()) - counts["PASS"]
    statuses = {"": words("checklist.every"), "open": words("checklist.open", count=open_items)}
    statuses |= {name: f"{words.named('mark', name)} ({counts[name]})" for name in STATUSES}
    parts = {"": words("checklist.every")} | {part: words.named("part", part) for part in PARTS}
    return tag(
        "form",
        hidden("day", report.period),
        options(Field("status", words("checklist.status"), desk.asked("status"), required=False), statuses),
        options(Field("part", words("checklist.part"), desk.asked("part"), required=False), parts),
        line(Field("find", words("checklist.find"), desk.asked("find"), required=False)),
        submit(words("checklist.apply")),
        method="get",
        action="/checklist",
        class_="filter",
        role="search",
    )


def item_table(found: list[ItemResult], words: Words) -> Markup:
    """Items, one a row."""
    columns = [words(f"checklist.{key}") for key in ("item", "state", "value", "limits", "detail")]
    return table(words("checklist.caption"), columns, [item_row(result, words) for result in found], class_="items")


def item_row(result: ItemResult, words: Words) -> tuple[Markup, ...]:
    """The cells of one item."""
    item, one = result.item, result.measurement
    name = join(tag("span", item.id, class_="item-id", id=f"item-{item.id}"), " ", item.title)
    more = facts(
        [
            (words("checklist.measurement"), tag("code", item.measurement)),
            (words("checklist.rows"), f"{one.n:,}" if one.n is not None else "—"),
            (words("checklist.interval"), one.interval or words("checklist.plain_interval")),
            (words("checklist.owner"), item.owner),
            (words("checklist.regulation"), item.regulation or "—"),
            (words("evidence.title"), evidence(one.evidence, words)),
            *([(words("checklist.numbers"), tag("pre", _shown(one.detail)))] if one.detail else []),
        ]
    )
    unfold = tag("details", tag("summary", words("checklist.more"), tag("span", f" {item.id}", class_="unseen")), more)
    return name, mark(result.status, words), measured(one), tag("span", thresholds(item), class_="limits"), unfold


def _shown(detail: dict[str, Any]) -> str:
    text = json.dumps(detail, indent=1, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 4000 else f"{text[:4000]}\n…"
