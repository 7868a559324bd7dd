"""The two runs of every night: verify the whole log, then judge the day."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

from agents.checklist import Night, Papers, evaluate, load_items
from agents.evidence import History, WatchSettings, open_artefacts
from agents.monitors import (
    Breach,
    Executors,
    FolderAlarms,
    MonitorConfig,
    SnsAlarms,
    StoredKillSwitches,
    act,
    open_retraining,
)
from agents.ops_agent import Judged, judge, load_rules
from agents.ops_agent.agent import Actor
from agents.ops_agent.log_page import render_log
from agents.watch.keeping import Kept, keep, publish
from agents.watch.verification import verify_log
from understudy.audit import AuditLog, open_keyring
from understudy.clock import utc_now
from understudy.contracts.watch import AuditReport, Evidence, Finding, LogState, OpsReport, Risk
from understudy.objects import open_objects
from understudy.stages import fingerprint
from understudy.stores import open_store

__all__ = ["fsck_night", "ops_night"]

CHAIN = "audit_chain"
AGENT = "ops-agent"


def ops_night(settings: WatchSettings, day: str, *, items: Path | None = None) -> tuple[Judged, Kept, int]:
    """Judge ``day``, keep the report and what was measured, and tell people of new incidents; how many were told."""
    config = MonitorConfig()
    judged = judge(settings, day, items=items, config=config, actor=_actor(settings, day, config))
    kept = keep(settings, f"ops/{day}", judged.report, judged.page, agent=AGENT)
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


def _actor(settings: WatchSettings, day: str, config: MonitorConfig) -> Actor:
    """What sets off what the monitors' policy names: alarms, kill switches, events; each once, and audited."""

    def set_off(breaches: Sequence[Breach], history: History) -> list[dict[str, Any]]:
        objects = open_objects(settings.understudy_reports)
        with closing(open_store(settings.understudy_store)) as store:
            log = AuditLog(store, open_keyring(settings.understudy_audit_keys), AGENT)
            executors = Executors(
                log=log,
                since=utc_now().isoformat(timespec="seconds"),
                alarms=SnsAlarms(topic) if (topic := settings.understudy_alarm_topic) else FolderAlarms(objects),
                switches=StoredKillSwitches(store, log),
                retraining=open_retraining(settings.understudy_retrain_events),
            )
            return act(day, breaches, config, executors, history)

    return set_off


def _alarms(report: OpsReport) -> list[tuple[str, str, str]]:
    """New incidents that cannot wait for somebody to open the report, and that no monitor has told already."""
    rules = load_rules()
    told = {rules[str(action["rule"])].finding for action in report.actions if action.get("action") == "alarm"}
    opened = [one for one in report.incidents if one.opened == report.made and one.finding not in told]
    return [(one.severity, f"{one.severity}: {one.title}", one.text) for one in opened if one.severity != "minor"]


def _alarm_text(finding: Finding) -> str:
    return f"{finding.title}\n{finding.likely_cause}\n{finding.suggested_action}"
