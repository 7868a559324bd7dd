"""The two runs of every night: verify the whole log, then judge the day."""

from __future__ import annotations

from pathlib import Path

from agents.checklist import Night, Papers, evaluate, load_items
from agents.evidence import WatchSettings, open_artefacts
from agents.ops_agent import Judged, judge
from agents.ops_agent.log_page import render_log
from agents.watch.keeping import Kept, keep, publish
from agents.watch.verification import verify_log
from understudy.clock import utc_now
from understudy.contracts.watch import AuditReport, Evidence, Finding, LogState, OpsReport, Risk
from understudy.stages import fingerprint

__all__ = ["fsck_night", "ops_night"]

CHAIN = "audit_chain"


def ops_night(settings: WatchSettings, day: str, *, items: Path | None = None) -> tuple[Judged, Kept, int]:
    """Judge ``day``, keep the report and what was measured, and tell people of new incidents; how many were told."""
    judged = judge(settings, day, items=items)
    kept = keep(settings, f"ops/{day}", judged.report, judged.page, agent="ops-agent")
    if not kept.new:
        return judged, kept, 0
    judged.history.put_measurements(day, judged.measurements)
    return judged, kept, publish(settings.understudy_alarm_topic, _alarms(judged.report))


def fsck_night(settings: WatchSettings, day: str) -> tuple[AuditReport, Kept, int]:
    """Verify the whole log at the end of ``day``, and keep what was found; damage is told at once."""
    report = log_report(verify_log(settings), day)
    kept = keep(settings, f"audit/nightly/{day}", report, render_log(report), agent="fsck-agent")
    alarms = [(one.severity, one.title, _alarm_text(one)) for one in report.focus_areas if one.severity == "critical"]
    return report, kept, publish(settings.understudy_alarm_topic, alarms if kept.new else [])


def log_report(state: LogState, day: str) -> AuditReport:
    """The nightly audit: the one item of the checklist that the log alone decides."""
    item = next(item for item in load_items() if item.measurement == CHAIN)
    night = Night(day, Papers(open_artefacts(None)), log=state)
    result = evaluate(night, [item])[0]
    risk: Risk = {"PASS": "LOW", "FAIL": "HIGH"}.get(result.status, "MEDIUM")  # type: ignore[assignment]
    bad = state.bad[0] if state.bad else None
    focus = []
    if bad is not None:
        focus.append(
            Finding(
                id=CHAIN,
                severity="critical",
                title=f"The audit log was altered: writer {bad.writer}, entry {bad.seq}: {bad.problem}: {bad.detail}",
                likely_cause="Somebody or something changed, removed or added entries of the audit log.",
                suggested_action="Keep the log and its checkpoints as they are; treat it as a security incident.",
                items=[item.id],
                evidence=[Evidence(kind="audit", ref=f"{each.writer}/{each.seq}") for each in state.bad[:20]],
                since=day,
            )
        )
    return AuditReport(
        kind="nightly",
        first=day,
        last=day,
        made=utc_now().isoformat(timespec="seconds"),
        risk=risk,
        focus_areas=focus,
        measurements=[result.measurement],
        items=[result],
        log=state,
        input_sha256=fingerprint({"day": day, **state.model_dump(mode="json", include={"verdict", "bad"})}),
    )


def _alarms(report: OpsReport) -> list[tuple[str, str, str]]:
    """New incidents that cannot wait for somebody to open the report."""
    opened = [incident for incident in report.incidents if incident.opened == report.made]
    return [(one.severity, f"{one.severity}: {one.title}", one.text) for one in opened if one.severity != "minor"]


def _alarm_text(finding: Finding) -> str:
    return f"{finding.title}\n{finding.likely_cause}\n{finding.suggested_action}"
