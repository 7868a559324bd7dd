"""From measurements to findings and a level of risk."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from agents.audit_agent.bounds import Bound, load_bounds
from agents.audit_agent.period import Period
from agents.audit_agent.wording import told
from understudy.contracts.watch import AuditReport, Evidence, Finding, LogState, Measurement, Risk, Severity, Status

__all__ = ["findings", "risk_of"]

ORDER: dict[Severity, int] = {"critical": 0, "major": 1, "minor": 2}
SEVERE_RATIO = 0.6
CHAIN = "audit_chain"  # about the log as it was found, not about the period's days


def findings(
    period: Period,
    measurements: Sequence[Measurement],
    statuses: Mapping[str, Status],
    log: LogState | None,
    before: AuditReport | None,
) -> list[Finding]:
    """What fails, warns, or is needed and not known; the gravest first.

    One that stood before, no less grave, keeps its date.
    """
    stood = {finding.id: finding for finding in before.focus_areas} if before else {}
    found = [one for measurement in measurements for one in _found(period, measurement, statuses, log)]
    dated = [
        one.model_copy(update={"since": old.since})
        if (old := stood.get(one.id)) is not None and ORDER[old.severity] <= ORDER[one.severity]
        else one
        for one in found
    ]
    return sorted(dated, key=lambda one: (ORDER[one.severity], one.id))


def risk_of(found: Sequence[Finding], statuses: Mapping[str, Status]) -> Risk:
    """HIGH: something critical failed. MEDIUM: something major did, or what is needed is not known."""
    grave = {one.severity for one in found}
    if "critical" in grave:
        return "HIGH"
    unknown = any(bound.needed and statuses.get(name) == "UNKNOWN" for name, bound in load_bounds().items())
    return "MEDIUM" if "major" in grave or unknown else "LOW"


def _found(
    period: Period, measurement: Measurement, statuses: Mapping[str, Status], log: LogState | None
) -> Iterator[Finding]:
    bound, status = load_bounds().get(measurement.name), statuses.get(measurement.name, "UNKNOWN")
    if bound is None or status == "PASS" or (status == "UNKNOWN" and not bound.needed):
        return
    yield Finding(
        id=bound.measurement,
        severity=_severity(bound, status, measurement),
        title=f"{bound.title}: {_said(measurement, status, log)}",
        likely_cause=_sentence(str(measurement.why)) if status == "UNKNOWN" else bound.cause,
        suggested_action="Provide what is missing; until then this is not known to be right."
        if status == "UNKNOWN"
        else bound.action,
        checkpoint=bound.checkpoint,
        items=[bound.item] if bound.item else [],
        evidence=measurement.evidence or [Evidence(kind="metric", ref=f"{measurement.name} of {period.name}")],
        since=period.last if measurement.name == CHAIN else period.first,
    )


def _severity(bound: Bound, status: Status, measurement: Measurement) -> Severity:
    if status != "FAIL":
        return "minor"
    ratio = measurement.name == "fairness_ratio_min" and measurement.value is not None
    if ratio and (measurement.value or 0.0) < SEVERE_RATIO:
        return "critical"
    return bound.severity


def _said(measurement: Measurement, status: Status, log: LogState | None) -> str:
    if status == "UNKNOWN":
        return "not known"
    if measurement.name == CHAIN and log is not None and log.bad:
        first = log.bad[0]
        more = f", and {len(log.bad) - 1} more chains" if len(log.bad) > 1 else ""
        return f"writer {first.writer}, entry {first.seq}: {first.problem}, {first.detail}{more}"
    lacking = measurement.detail.get("lacking")
    if lacking:
        return f"lacking {'; '.join(lacking)}"
    groups, broken = measurement.detail.get("groups"), measurement.detail.get("broken")
    value = told(measurement)
    if groups:
        worst = groups[0]
        value += f" ({worst['attribute']} {worst['group']}, {worst['family']}, {worst['n']:,} persons)"
    return f"{value}; {'; '.join(broken)}" if broken else value


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:].rstrip('.')}."
