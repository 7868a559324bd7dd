"""The audit log: what its last full verification found, signed checkpoints, where the chains end."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.console.days import days_of
from understudy.console.desk import Desk, Go, Page
from understudy.console.figures import moment, when
from understudy.console.marks import KINDS, mark
from understudy.console.tables import empty, facts, panel, table
from understudy.console.words import Words
from understudy.contracts.audit import Checkpoint
from understudy.contracts.inspection import AuditState, ReportSummary
from understudy.contracts.watch import LogState
from understudy.page import Markup, tag

__all__ = ["log"]

HEADS = 8  # more are shown when they are asked for


def log(desk: Desk) -> Page | Go:
    """The state of the log, and the nights before."""
    words, state, days = desk.words, desk.client.audit_state(), days_of(desk, "nightly")
    lead = tag("p", words("log.lead"), class_="lead")
    nights = panel("nights", words("log.nights"), _nights(days.reports, words)) if days.reports else Markup("")
    if state.log is None:
        told = (tag("p", tag("b", words("log.unknown"))), tag("p", state.why))
        nothing = tag("div", *told, class_="empty", role="status")
        return Page("log", words("log.title"), (lead, nothing, nights), mark("UNKNOWN", words))
    found = state.log
    content = (
        lead,
        _verdict(found, state, words),
        panel("bad", words("log.bad"), _bad(found, words)),
        panel("checkpoints", words("log.checkpoints"), _checkpoints(found, words)),
        panel("heads", words("log.heads"), _heads(found, words)),
        nights,
    )
    return Page("log", words("log.title"), content, mark(found.verdict, words))


def _verdict(found: LogState, state: AuditState, words: Words) -> Markup:
    return tag(
        "div",
        tag("p", words(f"log.{found.verdict}"), class_="headline"),
        tag("p", words("log.counted", entries=f"{found.entries:,}", writers=f"{found.writers:,}")),
        tag("p", words("log.when", at=moment(found.at), report=f"{state.kind} {state.period}"), class_="meta"),
        class_=f"verdict {KINDS.get(found.verdict, 'unknown')}",
    )


def _bad(found: LogState, words: Words) -> Markup:
    if not found.bad:
        return empty(words("log.no_bad"))
    columns = [words(f"log.{key}") for key in ("writer", "seq", "problem", "detail")]
    rows = [
        (tag("code", one.writer), tag("code", str(one.seq)), words.named("broken", one.problem), one.detail)
        for one in found.bad
    ]
    return table(words("log.bad"), columns, rows)


def _checkpoints(found: LogState, words: Words) -> Markup:
    if found.checkpoints is None:
        return tag("p", words("log.no_checkpoints"), class_="notice bad")
    told: list[tuple[str, str | Markup]] = [
        (words("log.signed"), f"{found.checkpoints:,}"),
        (words("log.covered"), words("log.covered_of", covered=f"{found.covered:,}", entries=f"{found.entries:,}")),
    ]
    return facts([*told, *(_last(found.last_checkpoint, words) if found.last_checkpoint else [])])


def _last(one: Checkpoint, words: Words) -> list[tuple[str, str | Markup]]:
    return [
        (words("log.last"), f"{one.number} · {moment(one.at)}"),
        (words("log.root"), tag("code", one.root, class_="hash")),
        (words("log.key"), tag("code", one.key)),
    ]


def _heads(found: LogState, words: Words) -> Markup:
    if not found.heads:
        return empty(words("log.no_heads"))
    columns = [words(f"log.{key}") for key in ("writer", "seq", "mac")]
    rows = [
        (tag("code", one.writer), tag("code", f"{one.seq:,}"), tag("code", one.mac, class_="hash"))
        for one in found.heads
    ]
    listing = table(words("log.heads"), columns, rows, class_="dense")
    if len(rows) <= HEADS:
        return listing
    return tag("details", tag("summary", words("log.show_heads", heads=len(rows))), listing)


def _nights(reports: Sequence[ReportSummary], words: Words) -> Markup:
    columns = [words(f"log.{key}") for key in ("night", "verdict", "made")]
    rows = [
        (
            tag("a", one.period, href=f"/audits/nightly/{one.period}"),
            mark(one.log or "UNKNOWN", words),
            when(one.made),
        )
        for one in reports
    ]
    return table(words("log.nights"), columns, rows, class_="dense")
