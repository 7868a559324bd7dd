"""What the latest audits found that no night can see, until a later audit no longer finds it."""

from __future__ import annotations

import hashlib

from pydantic import ValidationError

from agents.ops_agent.found import Found
from understudy.contracts.watch import AuditReport, Evidence, Finding
from understudy.objects import Objects

__all__ = ["audit_findings"]

KINDS = ("weekly", "quarterly")
# Nights measure these themselves, by items of the checklist or by monitors.
SEEN_NIGHTLY = frozenset({"fairness_ratio_min"})


def audit_findings(objects: Objects, day: str) -> list[Found]:
    """Critical findings of the last audit of each kind whose period ended before ``day``.

    Raises:
        UserError: the place of the reports cannot be reached.
    """
    found: dict[str, Found] = {}
    for kind in KINDS:
        names = [name for name in objects.names(f"audit/{kind}/") if name.endswith(".json")]
        earlier = [name for name in names if name.removeprefix(f"audit/{kind}/").removesuffix(".json") < day]
        if earlier:
            found = {one.id: one for one in _critical(objects, earlier[-1])} | found
    return [found[name] for name in sorted(found)]


def _critical(objects: Objects, name: str) -> list[Found]:
    stored = objects.read(name)
    if stored is None:
        return []
    digest = hashlib.sha256(stored.data).hexdigest()
    try:
        report = AuditReport.model_validate_json(stored.data)
    except ValidationError:
        return [_unreadable(name, digest)]
    return [
        _escalated(finding, Evidence(kind="store", ref=name, sha256=digest))
        for finding in report.focus_areas
        if finding.severity == "critical" and not finding.items and finding.id not in SEEN_NIGHTLY
    ]


def _escalated(finding: Finding, report: Evidence) -> Found:
    return Found(
        id=f"audit:{finding.id}",
        severity="critical",
        title=finding.title,
        cause=finding.likely_cause,
        action=finding.suggested_action,
        checkpoint=finding.checkpoint or "serving",
        failed=True,
        evidence=[report, *finding.evidence],
    )


def _unreadable(name: str, digest: str) -> Found:
    return Found(
        id="audit:unreadable",
        severity="major",
        title=f"The last audit's report cannot be read: {name}",
        cause="The file was changed after it was written, or by another version of this program.",
        action="Compare it with the hash that the audit log holds of it, and audit the period again.",
        checkpoint="serving",
        failed=True,
        evidence=[Evidence(kind="store", ref=name, sha256=digest)],
    )
