"""Drafts of incident reports, each with the clock of its severity."""

from __future__ import annotations

from datetime import datetime, timedelta

from understudy.contracts.watch import Finding, Incident, Severity

__all__ = ["CLOCKS", "draft"]

CLOCKS: dict[Severity, timedelta] = {
    "critical": timedelta(hours=1),
    "major": timedelta(hours=4),
    "minor": timedelta(hours=24),
}


def draft(finding: Finding, day: str, opened: datetime) -> Incident:
    """A draft that the person on duty completes: what, since when, what may be behind it, what comes first."""
    due = opened + CLOCKS[finding.severity]
    where = "\n".join(f"- {evidence.kind}: {evidence.ref}" for evidence in finding.evidence[:5])
    text = (
        f"What: {finding.title}\n"
        f"Since: {finding.since}\n"
        f"Likely cause: {finding.likely_cause}\n"
        f"First action: {finding.suggested_action}\n"
        f"Evidence:\n{where}\n"
        f"To be decided by {due:%Y-%m-%d %H:%M} UTC ({finding.severity}: {_hours(CLOCKS[finding.severity])})."
    )
    return Incident(
        id=f"{day}-{finding.id}",
        severity=finding.severity,
        opened=opened.isoformat(timespec="seconds"),
        due=due.isoformat(timespec="seconds"),
        title=finding.title,
        text=text,
        finding=finding.id,
    )


def _hours(clock: timedelta) -> str:
    hours = int(clock.total_seconds() // 3600)
    return f"{hours} hour" if hours == 1 else f"{hours} hours"
