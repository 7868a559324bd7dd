"""Findings and incidents, as operations and audits report them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from understudy.console.figures import when
from understudy.console.marks import mark
from understudy.console.tables import empty, evidence, table
from understudy.console.words import Words
from understudy.contracts.watch import Finding, Incident
from understudy.page import Markup, join, tag

__all__ = ["finding_list", "incident_table"]

WORST_FIRST = {"critical": 0, "major": 1, "minor": 2}


def finding_list(found: Sequence[Finding], words: Words, day: str, nothing: str) -> Markup:
    """The worst first; each says what it is, why it probably is, and what to do."""
    if not found:
        return empty(nothing)
    ordered = sorted(found, key=lambda one: (WORST_FIRST[one.severity], one.since, one.id))
    return tag("ul", *(_finding(one, words, day) for one in ordered), class_="findings")


def _finding(one: Finding, words: Words, day: str) -> Markup:
    place = words.named("checkpoint", one.checkpoint) if one.checkpoint else ""
    items = [tag("a", item, href=f"/checklist?day={day}#item-{item}") for item in one.items]
    meta = [
        tag("span", words("finding.since", day=one.since)),
        tag("span", place) if place else None,
        tag("span", words("finding.items"), " ", *items, class_="items") if items else None,
    ]
    return tag(
        "li",
        tag("div", mark(one.severity, words), tag("h3", one.title), class_="head"),
        tag("p", *meta, class_="meta"),
        tag(
            "dl",
            tag("div", tag("dt", words("finding.cause")), tag("dd", one.likely_cause)),
            tag("div", tag("dt", words("finding.action")), tag("dd", one.suggested_action, class_="action")),
            tag("div", tag("dt", words("evidence.title")), tag("dd", evidence(one.evidence, words))),
        ),
        class_=f"finding {one.severity}",
        id=f"finding-{one.id}",
    )


def incident_table(found: Sequence[Incident], words: Words, now: datetime) -> Markup:
    """Drafts of incident reports, and whether their clock has run out."""
    if not found:
        return empty(words("incident.none"))
    columns = [words(f"incident.{key}") for key in ("title", "severity", "opened", "due", "draft")]
    overdue = tag("span", f" {words('incident.overdue')}", class_="late")
    ordered = sorted(found, key=lambda one: (WORST_FIRST[one.severity], one.due, one.id))
    rows = [
        (
            join(tag("code", one.id), tag("br"), one.title),
            mark(one.severity, words),
            when(one.opened),
            join(when(one.due), overdue if _late(one, now) else None),
            _draft(one, words),
        )
        for one in ordered
    ]
    return table(words("incident.caption"), columns, rows)


def _draft(one: Incident, words: Words) -> Markup:
    called = tag("summary", words("incident.show"), tag("span", f" {one.id}", class_="unseen"))
    return tag("details", called, tag("p", one.text, class_="draft"))


def _late(one: Incident, now: datetime) -> bool:
    try:
        due = datetime.fromisoformat(one.due)
    except ValueError:
        return True  # a clock that cannot be read is no excuse
    return (due if due.tzinfo else due.replace(tzinfo=UTC)) < now
