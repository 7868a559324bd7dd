"""Put a night's findings together: who is told first, what is red, and which incidents are opened."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any, get_args

from agents.checklist import Night
from agents.ops_agent.causes import load_causes
from agents.ops_agent.found import Found, graver
from agents.ops_agent.incidents import draft
from understudy.contracts.watch import (
    Checkpoint7,
    Colour,
    Finding,
    Incident,
    ItemResult,
    OpsReport,
    Severity,
)

__all__ = ["assemble", "merged", "without_explained"]

_ORDER: dict[Severity, int] = {"critical": 0, "major": 1, "minor": 2}


def assemble(
    night: Night,
    results: Sequence[ItemResult],
    found: Sequence[Found],
    *,
    before: OpsReport | None,
    made: datetime,
    actions: Sequence[Mapping[str, Any]],
    inputs: str,
) -> OpsReport:
    """The report of the night.

    ``before``: the report of the day before. A finding that stood in it keeps its date; one that is new, and failed,
    opens an incident. RED: something failed; YELLOW: something warns, or is not known; GREEN: neither, anywhere.
    """
    told = sorted(without_explained(merged(found)), key=lambda one: (not one.failed, _ORDER[one.severity], one.id))
    since = {finding.id: finding.since for finding in before.attention_required} if before else {}
    opened = {(incident.finding, incident.severity) for incident in _open(before)}
    findings = [one.as_finding(since.get(one.id, night.day)) for one in told]
    fresh = [
        f
        for one, f in zip(told, findings, strict=True)
        if (one.failed or one.incident) and (f.id, f.severity) not in opened
    ]
    colours = _colours(results, told)
    item_names = {result.item.measurement for result in results}
    return OpsReport(
        period=night.day,
        made=made.isoformat(timespec="seconds"),
        colour=_worst(colours.values()),
        checkpoints=colours,
        attention_required=findings,
        items=list(results),
        measurements=[one for name, one in sorted(night.monitors.items()) if name not in item_names],
        incidents=[*_still_open(before, findings), *(draft(finding, night.day, made) for finding in fresh)],
        actions=[dict(action) for action in actions],
        input_sha256=inputs,
    )


def merged(found: Sequence[Found]) -> list[Found]:
    """One finding per id, told in the words of what has failed, and of two that did of the first."""
    groups: dict[str, list[Found]] = {}
    for one in found:
        groups.setdefault(one.id, []).append(one)
    return [_one(sorted(group, key=lambda each: not each.failed)) for group in groups.values()]


def _one(group: Sequence[Found]) -> Found:
    lead, *others = group
    severity = lead.severity
    for other in others:
        severity = graver(severity, other.severity) if other.failed else severity
    return replace(
        lead,
        severity=severity,
        evidence=list({(e.kind, e.ref): e for one in group for e in one.evidence}.values()),
        items=tuple(dict.fromkeys(item for one in group for item in one.items)),
        incident=any(one.incident for one in group),
    )


def without_explained(found: Sequence[Found]) -> list[Found]:
    """Findings, without those whose items another finding with more of them explains, or which a graver one names."""
    kept: list[Found] = []
    for one in sorted(found, key=lambda each: (-len(each.items), _ORDER[each.severity])):
        explained = bool(one.items) and any(
            set(one.items) <= set(other.items)
            and _ORDER[other.severity] <= _ORDER[one.severity]
            and (other.failed or not one.failed)
            for other in kept
        )
        if not explained:
            kept.append(one)
    return kept


def _open(before: OpsReport | None) -> list[Incident]:
    return before.incidents if before else []


def _still_open(before: OpsReport | None, findings: Sequence[Finding]) -> list[Incident]:
    """Incidents of the day before whose finding still stands, as grave as it was."""
    severities = {finding.id: finding.severity for finding in findings}
    return [incident for incident in _open(before) if severities.get(incident.finding) == incident.severity]


def _colours(results: Sequence[ItemResult], told: Sequence[Found]) -> dict[Checkpoint7, Colour]:
    causes = load_causes()
    marks: dict[Checkpoint7, list[Colour]] = {name: ["GREEN"] for name in get_args(Checkpoint7)}
    for result in results:
        colour: Colour = {"PASS": "GREEN", "FAIL": "RED"}.get(result.status, "YELLOW")  # type: ignore[assignment]
        marks[causes[result.item.measurement].checkpoint].append(colour)
    for one in told:
        marks[one.checkpoint].append("RED" if one.failed else "YELLOW")
    return {name: _worst(colours) for name, colours in marks.items()}


def _worst(colours: Any) -> Colour:
    found = set(colours)
    return "RED" if "RED" in found else "YELLOW" if "YELLOW" in found else "GREEN"
