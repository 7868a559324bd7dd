"""The report as a page for a risk officer and a supervisor: how grave, what first, which duty, on what it rests."""

from __future__ import annotations

from collections.abc import Sequence

from agents.audit_agent.wording import told
from agents.checklist.document import bounds
from agents.ops_agent.wording import number
from understudy.contracts.watch import (
    AuditReport,
    Claim,
    Evidence,
    Finding,
    ItemResult,
    JuryOutcome,
    LogState,
    Measurement,
    Risk,
    Status,
    Vote,
)
from understudy.page import Markup, badge, document, join, section, tag

__all__ = ["render"]

HEADLINES: dict[Risk, str] = {
    "HIGH": "Something critical failed. It needs a person now.",
    "MEDIUM": "Something failed, or what has to be known is not known.",
    "LOW": "What was re-verified is as it was recorded.",
}
VERDICTS = {
    "CONSENSUS": "all three jurors agree",
    "MAJORITY": "two jurors agree",
    "MINORITY_REPORT": "a juror dissents, and the dissent is kept",
    "NO_QUORUM": "too few jurors could vote: nothing was decided",
}


def render(report: AuditReport) -> str:
    """One self-contained page."""
    parts = [
        _head(report),
        section("focus", "What to look at first", *_focus(report.focus_areas)),
        section("duties", "Regulatory summary", _claims(report.claims)),
        section("items", "The audit's part of the checklist", _items(report.items)),
    ]
    if report.jury:
        parts.append(section("jury", "The jury", *map(_outcome, report.jury)))
    parts.append(section("measured", "Everything that was measured", _measurements(report.measurements)))
    if report.log is not None:
        parts.append(section("log", "The audit log", *_log(report.log)))
    return document(f"Audit of {report.first} to {report.last}", parts)


def _head(report: AuditReport) -> Markup:
    statuses: list[Status] = [claim.status for claim in report.claims]
    order: tuple[Status, ...] = ("FAIL", "WARN", "UNKNOWN", "PASS")
    tiles = [
        tag("span", badge(status.lower()), tag("b", str(statuses.count(status))), class_="tile") for status in order
    ]
    made = f"Made {report.made}. Inputs {report.input_sha256[:12]}. Every statement names what it rests on."
    return join(
        tag("p", f"Understudy: {report.kind} audit", class_="kicker"),
        tag("h1", f"{report.first} to {report.last}: risk {report.risk}"),
        tag("p", made, class_="summary"),
        tag(
            "div",
            tag("p", tag("strong", HEADLINES[report.risk]), class_="headline"),
            tag("p", "Duties:"),
            tag("div", *tiles, class_="tiles"),
            class_=f"verdict {'rejected' if report.risk == 'HIGH' else 'accepted'}",
        ),
    )


def _focus(findings: Sequence[Finding]) -> list[Markup]:
    if not findings:
        return [tag("p", "Nothing.")]
    return [_finding(finding) for finding in findings]


def _finding(finding: Finding) -> Markup:
    rows = [
        ("Since", finding.since),
        ("Severity", finding.severity),
        ("Likely cause", finding.likely_cause),
        ("Do first", finding.suggested_action),
        ("Checklist", ", ".join(finding.items) or "-"),
        ("Evidence", _refs(finding.evidence, 6)),
    ]
    shown = "fail" if finding.severity != "minor" else "unknown" if finding.title.endswith("not known") else "warn"
    return tag(
        "article",
        tag("h3", badge(shown), " ", finding.title),
        tag("table", tag("tbody", *(tag("tr", tag("th", name, scope="row"), tag("td", text)) for name, text in rows))),
        class_="card",
    )


def _claims(claims: Sequence[Claim]) -> Markup:
    rows = [
        tag(
            "tr",
            tag("th", claim.regulation, scope="row"),
            tag("td", badge(claim.status.lower())),
            tag("td", claim.text),
            tag("td", _refs(claim.evidence, 4)),
        )
        for claim in claims
    ]
    return _table(("Duty", "Holds", "Claim", "Rests on"), rows)


def _items(items: Sequence[ItemResult]) -> Markup:
    rows = [
        tag(
            "tr",
            tag("th", f"{result.item.id} {result.item.title}", tag("small", result.item.owner), scope="row"),
            tag("td", badge(result.status.lower())),
            tag("td", told(result.measurement), _interval(result.measurement)),
            tag("td", bounds(result.item)),
        )
        for result in items
    ]
    return _table(("Item", "Status", "Measured", "Bounds"), rows)


def _outcome(outcome: JuryOutcome) -> Markup:
    first = [_vote(vote, "first round") for vote in outcome.first_round]
    decision = outcome.decision or "no decision"
    state = "is held open" if outcome.open else "is not held open"
    words = f"{VERDICTS[outcome.verdict]}. The item {state}."
    past = f"Past cases shown: {', '.join(outcome.shown)}." if outcome.shown else "No past case is alike."
    return tag(
        "article",
        tag("h3", f"{outcome.item} ({outcome.period}): {decision}, {outcome.verdict.replace('_', ' ').lower()}"),
        tag("p", f"{words[:1].upper()}{words[1:]} {past}" + (f" Case {outcome.case}." if outcome.case else "")),
        _table(("Perspective", "Vote", "Reason", "Cites"), [*first, *(_vote(vote, "") for vote in outcome.votes)]),
        class_="card",
    )


def _vote(vote: Vote, note: str) -> Markup:
    said = vote.vote or f"none: {vote.error}"
    return tag(
        "tr",
        tag("th", vote.perspective, tag("small", note) if note else None, scope="row"),
        tag("td", said),
        tag("td", vote.reason or "-"),
        tag("td", ", ".join(vote.cites) or "-"),
    )


def _measurements(measurements: Sequence[Measurement]) -> Markup:
    rows = [
        tag(
            "tr",
            tag("th", one.name, scope="row"),
            tag("td", told(one), _interval(one)),
            tag("td", _detail(one)),
            tag("td", _refs(one.evidence, 3)),
        )
        for one in measurements
    ]
    return _table(("Measurement", "Value", "In detail", "Rests on"), rows)


def _log(state: LogState) -> list[Markup]:
    words = f"{state.entries:,} entries of {state.writers:,} writers were verified from {state.at} on: {state.verdict}."
    signed = (
        "No signed checkpoint was held against it: a log set back whole would not be seen."
        if state.checkpoints is None
        else f"{state.checkpoints} signed checkpoints cover {state.covered:,} of them."
    )
    bad = [
        tag(
            "tr",
            tag("th", one.writer, scope="row"),
            tag("td", str(one.seq)),
            tag("td", one.problem),
            tag("td", one.detail),
        )
        for one in state.bad
    ]
    found = [_table(("Writer", "First bad entry", "Problem", "Detail"), bad)] if bad else []
    return [tag("p", f"{words} {signed}"), *found]


def _interval(one: Measurement) -> Markup | None:
    words = []
    if one.low is not None and one.high is not None:
        words.append(f"{one.interval or '95 % interval'}: {number(one.low)} to {number(one.high)}")
    if one.n is not None:
        words.append(f"n = {one.n:,}")
    return tag("small", "; ".join(words)) if words else None


def _detail(one: Measurement) -> str:
    """The plain entries of a detail; tables and lists are in the JSON."""
    plain = {name: value for name, value in one.detail.items() if isinstance(value, (str, int, float)) and value != ""}
    plain |= {
        name: ", ".join(f"{key} {_short(entry)}" for key, entry in value.items())
        for name, value in one.detail.items()
        if isinstance(value, dict) and 0 < len(value) <= 8 and not any(isinstance(v, dict) for v in value.values())
    }
    return "; ".join(f"{name}: {_short(value)}" for name, value in plain.items()) or "-"


def _short(value: object) -> str:
    return number(value) if isinstance(value, float) else str(value)


def _refs(evidence: Sequence[Evidence], most: int) -> str:
    told = [f"{one.kind} {one.ref}" + (f" ({one.sha256[:8]})" if one.sha256 else "") for one in evidence[:most]]
    more = [f"and {len(evidence) - most} more"] if len(evidence) > most else []
    return "; ".join([*told, *more]) or "-"


def _table(head: Sequence[str], rows: Sequence[Markup]) -> Markup:
    titles = tag("thead", tag("tr", *(tag("th", title, scope="col") for title in head)))
    return tag("div", tag("table", titles, tag("tbody", *rows)), class_="scroll")
