"""The entry points of the scheduled agents. Settings come from the environment; each run is safe to repeat.

``{"day": "2026-11-21"}`` asks for a day (of an audit: its last one); by itself a run takes the day that ended last.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from agents.evidence import WatchSettings
from agents.watch.keeping import publish, stored
from agents.watch.nightly import fsck_night, ops_night
from agents.watch.settings import asked_day, thresholds
from understudy.clock import utc_now

__all__ = ["nightly_fsck", "nightly_ops", "quarterly_audit", "weekly_audit"]


def nightly_fsck(event: Any, context: Any) -> dict[str, Any]:
    """Verify the whole audit log. Runs before `nightly_ops`, which reads what it found."""
    del context
    report, kept, told = fsck_night(WatchSettings.from_environment(), asked_day(event))
    verdict = report.log.verdict if report.log else "unknown"
    return {"report": kept.name, "sha256": kept.sha256, "new": kept.new, "verdict": verdict, "told": told}


def nightly_ops(event: Any, context: Any) -> dict[str, Any]:
    """Judge the day by the checklist and the monitors."""
    del context
    items = thresholds()
    judged, kept, told = ops_night(
        WatchSettings.from_environment(), asked_day(event), items=Path(items) if items else None
    )
    return {
        "report": kept.name,
        "sha256": kept.sha256,
        "new": kept.new,
        "colour": judged.report.colour,
        "findings": [finding.id for finding in judged.report.attention_required],
        "told": told,
    }


def weekly_audit(event: Any, context: Any) -> dict[str, Any]:
    """Re-verify the week that ended."""
    return _audited("weekly", event, context)


def quarterly_audit(event: Any, context: Any) -> dict[str, Any]:
    """Re-verify the quarter that ended."""
    return _audited("quarterly", event, context)


def _audited(kind: Literal["weekly", "quarterly"], event: Any, context: Any) -> dict[str, Any]:
    from agents.audit_agent import Period, ended_before, run_audit

    del context
    named = isinstance(event, Mapping) and event.get("day") is not None
    period = Period(kind, asked_day(event)) if named else ended_before(kind, utc_now())
    settings, items = WatchSettings.from_environment(), thresholds()
    before = stored(settings, period.report)
    report = run_audit(settings, period, items=Path(items) if items else None)
    new = stored(settings, period.report) != before
    grave = [finding for finding in report.focus_areas if finding.severity != "minor"] if new else []
    told = publish(settings.understudy_alarm_topic, [(one.severity, one.title, one.suggested_action) for one in grave])
    return {
        "report": period.report,
        "new": new,
        "risk": report.risk,
        "focus_areas": [finding.id for finding in report.focus_areas],
        "told": told,
    }
