"""From results to findings: what is broken, what is near it, and what is not known."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence

from agents.ops_agent.causes import Cause, load_causes
from agents.ops_agent.found import Found, graver
from agents.ops_agent.wording import said
from understudy.contracts.watch import Evidence, ItemResult

__all__ = ["item_findings", "unknown_findings"]


def item_findings(results: Sequence[ItemResult]) -> list[Found]:
    """One finding for each cause whose items warn or fail; what fails is told first."""
    causes = load_causes()
    groups: dict[str, list[ItemResult]] = defaultdict(list)
    for result in results:
        if result.status in ("WARN", "FAIL"):
            name = result.item.measurement
            groups[causes[name].finding or name].append(result)
    found = [_found(name, group, causes) for name, group in groups.items()]
    return sorted(found, key=lambda finding: not finding.failed)


def unknown_findings(results: Sequence[ItemResult]) -> list[Found]:
    """One finding for each reason why items could not be measured: what is not seen must not look healthy."""
    causes = load_causes()
    reasons: dict[str, list[ItemResult]] = defaultdict(list)
    for result in results:
        if result.status == "UNKNOWN":
            reasons[str(result.measurement.why)].append(result)
    return [
        Found(
            id=f"unknown:{group[0].item.id}",
            severity="minor",
            title=f"Not known: {_listed(group)}",
            cause=f"{why[:1].upper()}{why[1:]}.".replace("..", "."),
            action="Provide the evidence that is missing. Until then these items count as not passed.",
            checkpoint=causes[group[0].item.measurement].checkpoint,
            failed=False,
            evidence=[Evidence(kind="metric", ref=f"{r.item.measurement} of {r.measurement.period}") for r in group],
            items=tuple(result.item.id for result in group),
        )
        for why, group in reasons.items()
    ]


def _found(name: str, group: Sequence[ItemResult], causes: dict[str, Cause]) -> Found:
    failing = [result for result in group if result.status == "FAIL"]
    lead = (failing or list(group))[0]
    cause = causes[lead.item.measurement]
    severity = cause.severity if failing else "minor"
    for result in failing:
        severity = graver(severity, causes[result.item.measurement].severity)
    return Found(
        id=name,
        severity=severity,
        title=(cause.headline if failing and cause.headline else said(lead)) + _told(lead),
        cause=cause.cause,
        action=cause.action,
        checkpoint=cause.checkpoint,
        failed=bool(failing),
        evidence=[evidence for result in group for evidence in result.measurement.evidence],
        items=tuple(result.item.id for result in group),
    )


# Parts of a measurement's detail that say where to look.
_WHERE = (
    "task",
    "features",
    "lacking",
    "unknown",
    "wrong",
    "unsigned",
    "strays",
    "failed",
    "entries",
    "worst",
    "error",
)


def _told(result: ItemResult) -> str:
    detail = result.measurement.detail
    if result.item.measurement == "audit_chain":
        bad = detail.get("first bad entries") or []
        return f": {bad[0]}" if bad else ""
    for name in _WHERE:
        value = detail.get(name)
        if isinstance(value, str) and value:
            return f", {name} {value}"
        if isinstance(value, list | dict) and value:
            return f": {', '.join(str(one) for one in list(value)[:3])}"
    return ""


def _listed(group: Sequence[ItemResult]) -> str:
    titles = [f"{result.item.id} {result.item.title}" for result in group]
    shown = "; ".join(titles[:3])
    return shown if len(titles) <= 3 else f"{shown}; and {len(titles) - 3} more"
