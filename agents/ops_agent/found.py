"""A finding on its way into the report."""

from __future__ import annotations

from dataclasses import dataclass

from understudy.contracts.watch import Checkpoint7, Evidence, Finding, Severity

__all__ = ["Found", "graver"]

_GRAVITY: dict[Severity, int] = {"minor": 0, "major": 1, "critical": 2}


@dataclass(frozen=True)
class Found:
    """``failed``: a bound is broken, and not only near or unknown; then it is red, and an incident.

    ``incident``: it is one although nothing that a customer gets depends on it.
    """

    id: str
    severity: Severity
    title: str
    cause: str
    action: str
    checkpoint: Checkpoint7
    failed: bool
    evidence: list[Evidence]
    items: tuple[str, ...] = ()
    incident: bool = False

    def as_finding(self, since: str) -> Finding:
        return Finding(
            id=self.id,
            severity=self.severity,
            title=self.title,
            likely_cause=self.cause,
            suggested_action=self.action,
            checkpoint=self.checkpoint,
            items=list(self.items),
            evidence=self.evidence[:20],
            since=since,
        )


def graver(one: Severity, other: Severity) -> Severity:
    """The graver of two severities."""
    return one if _GRAVITY[one] >= _GRAVITY[other] else other
