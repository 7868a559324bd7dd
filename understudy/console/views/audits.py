"""Audit reports: risk, focus areas, claims with their evidence, the jury's votes, minority reports."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.console.days import days_of, no_report
from understudy.console.desk import Desk, Go, Page
from understudy.console.figures import interval, measured, moment, number, when
from understudy.console.findings import finding_list
from understudy.console.marks import KINDS, mark
from understudy.console.tables import empty, evidence, panel, table
from understudy.console.tabs import tabs
from understudy.console.views.checklist import item_table
from understudy.console.words import Words
from understudy.contracts.inspection import ReportKind, ReportSummary
from understudy.contracts.watch import AuditReport, Claim, JuryOutcome, Measurement, Vote
from understudy.page import Markup, join, tag

__all__ = ["audit", "audits"]

KINDS_OF_AUDIT: tuple[ReportKind, ...] = ("weekly", "quarterly", "nightly")


def audits(desk: Desk) -> Page | Go:
    """The reports of one kind, newest first."""
    words = desk.words
    kind = next((one for one in KINDS_OF_AUDIT if one == desk.asked("kind")), KINDS_OF_AUDIT[0])
    links = {words(f"audit.{one}"): f"/audits?kind={one}" for one in KINDS_OF_AUDIT}
    days = days_of(desk, kind)
    listing = _listing(days.reports, words) if days.reports else no_report(days, words)
    older = tag("a", words("days.older"), href=f"/audits?kind={kind}&until={days.older}", class_="more")
    content = (
        tag("p", words("audit.lead"), class_="lead"),
        tabs(words("audit.kinds"), links, f"/audits?kind={kind}"),
        panel("reports", words(f"audit.{kind}"), join(listing, older if days.older else None)),
    )
    return Page("audits", words("audit.title"), content)


def _listing(reports: Sequence[ReportSummary], words: Words) -> Markup:
    columns = [words(f"audit.{key}") for key in ("period", "risk", "findings", "open", "log", "made")]
    rows = [
        (
            tag("a", _span(one.first, one.period), href=f"/audits/{one.kind}/{one.period}"),
            mark(one.level, words),
            one.problem or str(one.findings),
            str(one.open_cases),
            mark(one.log or "UNKNOWN", words),
            when(one.made),
        )
        for one in reports
    ]
    return table(words("audit.caption"), columns, rows)


def _span(first: str | None, last: str) -> str:
    return last if first in (None, last) else f"{first} – {last}"


def audit(desk: Desk) -> Page | Go:
    """One report, whole."""
    words, kind = desk.words, next(one for one in KINDS_OF_AUDIT if one == desk.params["kind"])
    stored = desk.client.report(kind, desk.params["period"])
    report = stored.audit
    assert report is not None, "the contract of a stored report says so"
    outcomes = [_outcome(one, words) for one in report.jury] or [empty(words("audit.no_jury"))]
    content = (
        tag("p", tag("a", words("audit.back"), href=f"/audits?kind={kind}"), class_="back"),
        _verdict(report, stored.sha256, words),
        panel(
            "focus",
            words("audit.focus"),
            finding_list(report.focus_areas, words, report.last, words("audit.no_focus")),
        ),
        panel("claims", words("audit.claims"), _claims(report.claims, words), note=words("audit.claims_note")),
        panel("jury", words("audit.jury"), *outcomes, note=words("audit.jury_note")),
        panel("items", words("audit.items"), item_table(report.items, words) if report.items else empty("—")),
        panel("measurements", words("audit.measurements"), _measurements(report.measurements, words)),
    )
    title = words("audit.one", kind=words(f"audit.{kind}"), period=_span(report.first, report.last))
    return Page("audits", title, content, mark(report.risk, words))


def _verdict(report: AuditReport, sha256: str, words: Words) -> Markup:
    open_cases = sum(outcome.open for outcome in report.jury)
    counts = words("audit.counts", findings=len(report.focus_areas), open=open_cases, claims=len(report.claims))
    return tag(
        "div",
        tag("p", words(f"audit.{report.risk}"), class_="headline"),
        tag("p", counts),
        tag(
            "p",
            words("audit.made_at", at=moment(report.made)),
            " ",
            tag("code", f"sha256 {sha256[:16]}…", title=sha256),
            class_="meta",
        ),
        class_=f"verdict {KINDS[report.risk]}",
    )


def _claims(found: Sequence[Claim], words: Words) -> Markup:
    if not found:
        return empty(words("audit.no_claims"))
    columns = [words(f"audit.{key}") for key in ("regulation", "claim", "status", "evidence")]
    ordered = sorted(found, key=lambda claim: claim.regulation)
    rows = [(one.regulation, one.text, mark(one.status, words), evidence(one.evidence, words)) for one in ordered]
    return table(words("audit.claims"), columns, rows, class_="claims")


def _outcome(one: JuryOutcome, words: Words) -> Markup:
    decided = mark(one.decision, words) if one.decision else mark("UNKNOWN", words)
    state = words("audit.stays_open" if one.open else "audit.settled")
    head = tag(
        "div",
        tag("h3", one.item),
        mark(one.verdict, words, "verdict"),
        decided,
        tag("span", state, class_="hint"),
        class_="head",
    )
    dissenters = {vote.perspective for vote in one.dissent}
    votes = tag("ul", *(_vote(vote, vote.perspective in dissenters, words) for vote in one.votes), class_="votes")
    shown = tag("p", words("audit.shown", cases=", ".join(one.shown)), class_="meta") if one.shown else None
    return tag("article", head, votes, shown, class_="outcome")


def _vote(vote: Vote, dissents: bool, words: Words) -> Markup:
    said = mark(vote.vote, words) if vote.vote else mark("UNKNOWN", words)
    return tag(
        "li",
        tag("span", words.named("perspective", vote.perspective), class_="name"),
        said,
        tag("b", words("audit.dissent"), class_="dissent") if dissents else None,
        tag("p", vote.reason or words("audit.silent", error=vote.error or "")),
        tag("p", vote.juror, class_="meta"),
    )


def _measurements(found: Sequence[Measurement], words: Words) -> Markup:
    if not found:
        return empty(words("audit.no_measurements"))
    columns = [words(f"audit.{key}") for key in ("measurement", "value", "interval", "rows", "evidence")]
    rows = [
        (
            _named(one.name, words),
            number(one.value) if one.value is not None else measured(one),
            interval(one.low, one.high) or "—",
            number(one.n),
            evidence(one.evidence, words),
        )
        for one in found
    ]
    return table(words("audit.measurements"), columns, rows)


def _named(name: str, words: Words) -> Markup:
    called = words.named("measure", name)
    return tag("code", name) if called == name else join(called, " ", tag("code", name, class_="hint"))
