"""Today: the seven checkpoints, what needs a person, incidents, and the checklist in one line a part."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any, get_args

from understudy.console.days import days_of, no_report, report_of, strip
from understudy.console.desk import Desk, Go, Page
from understudy.console.figures import moment
from understudy.console.findings import finding_list, incident_table
from understudy.console.marks import KINDS, SIGNS, mark
from understudy.console.tables import empty, panel
from understudy.console.words import Words
from understudy.contracts.watch import Checkpoint7, OpsReport, Status
from understudy.page import Markup, join, tag

__all__ = ["status"]

CHECKPOINTS: tuple[Checkpoint7, ...] = get_args(Checkpoint7)
STATUSES: tuple[Status, ...] = ("FAIL", "WARN", "UNKNOWN", "PASS")
PARTS = ("P1", "P2", "P3", "P4", "P5", "P6")
# A report is of a day that is over, and is made in the following night.
FRESH_DAYS = 1


def status(desk: Desk) -> Page | Go:
    """The report of operations of one day."""
    words, days = desk.words, days_of(desk)
    report = report_of(desk, days)
    if report is None:
        return Page("status", words("status.title"), (strip(days, desk), no_report(days, words)))
    content = (
        strip(days, desk),
        _verdict(report, desk),
        panel("checkpoints", words("status.checkpoints"), _checkpoints(report, words)),
        panel(
            "attention",
            words("status.attention"),
            finding_list(report.attention_required, words, report.period, words("status.nothing")),
        ),
        panel("incidents", words("status.incidents"), incident_table(report.incidents, words, desk.now)),
        panel("parts", words("status.parts"), _parts(report, words)),
        panel("actions", words("status.actions"), _actions(report, words)),
    )
    return Page(
        "status",
        words("status.title"),
        content,
        join(tag("span", report.period, class_="date-of"), mark(report.colour, words)),
    )


def _verdict(report: OpsReport, desk: Desk) -> Markup:
    words = desk.words
    counts = Counter(item.status for item in report.items)
    age = (desk.now.date() - date.fromisoformat(report.period)).days
    newest = not desk.asked("day")
    told = words("status.told", findings=len(report.attention_required), incidents=len(report.incidents))
    known = words("status.known", items=len(report.items), unknown=counts["UNKNOWN"])
    stale = tag("p", words("status.stale", days=age), class_="stale") if newest and age > FRESH_DAYS else None
    return tag(
        "div",
        tag("p", words(f"status.{report.colour}"), class_="headline"),
        tag("p", told, " ", known),
        stale,
        tag(
            "p",
            words("status.made", day=report.period, at=moment(report.made)),
            " ",
            tag("code", f"input {report.input_sha256[:12]}…", title=report.input_sha256),
            class_="meta",
        ),
        class_=f"verdict {KINDS[report.colour]}",
    )


def _checkpoints(report: OpsReport, words: Words) -> Markup:
    tiles = []
    for name in CHECKPOINTS:
        colour = report.checkpoints.get(name, "UNKNOWN")
        kind = KINDS.get(colour, "unknown")
        tiles.append(
            tag(
                "li",
                tag("span", words.named("checkpoint", name), class_="name"),
                tag("span", tag("span", SIGNS[kind], aria_hidden="true"), words.named("mark", colour), class_="state"),
                class_=f"tile {kind}",
            )
        )
    return tag("ol", *tiles, class_="tiles")


def _parts(report: OpsReport, words: Words) -> Markup:
    rows = []
    for part in PARTS:
        counts = Counter(item.status for item in report.items if item.item.part == part)
        segments = [_count(name, counts[name]) for name in STATUSES if counts[name]]
        said = ", ".join(f"{words.named('mark', name)} {counts[name]}" for name in STATUSES if counts[name])
        rows.append(
            tag(
                "li",
                tag("a", words.named("part", part), href=f"/checklist?day={report.period}&part={part}"),
                tag("span", *segments, class_="counts", aria_hidden="true"),
                tag("span", said or words("status.no_items"), class_="unseen"),
            )
        )
    return tag("ul", *rows, class_="parts")


def _count(status: Status, items: int) -> Markup:
    kind = KINDS.get(status, "unknown")
    return tag("span", f"{SIGNS[kind]} {items}", class_=f"count {kind}")


def _actions(report: OpsReport, words: Words) -> Markup:
    if not report.actions:
        return empty(words("status.no_actions"))
    rows = [tag("li", *_action(action)) for action in report.actions]
    return tag("ul", *rows, class_="plain actions")


def _action(action: Mapping[str, Any]) -> Iterator[Markup]:
    """What was done first, then everything that is known of it."""
    yield tag("b", _plain(action.get("action", "?")))
    for key, value in action.items():
        if key != "action":
            yield tag("span", f"{key} ", tag("code", _plain(value)))


def _plain(value: object) -> str:
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
