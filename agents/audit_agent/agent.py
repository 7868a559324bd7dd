"""One audit: verify, measure, judge, hear the jury, and keep the report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from pydantic import ValidationError

from agents.audit_agent.bench import budget_used, seated
from agents.audit_agent.bounds import load_bounds, status_within
from agents.audit_agent.judging import findings, risk_of
from agents.audit_agent.log_check import LogCheck, check_log
from agents.audit_agent.measuring import Evidences, measured
from agents.audit_agent.page import render
from agents.audit_agent.past_cases import record_cases
from agents.audit_agent.period import Period
from agents.audit_agent.regulation import claims
from agents.audit_agent.replay import Replay, open_replay
from agents.checklist import load_items, status_of
from agents.evidence import WatchSettings
from agents.jury import Case, Judge, Jury, open_cases
from agents.watch.keeping import keep, stored
from understudy.audit import AuditLog, open_keyring
from understudy.clock import utc_now
from understudy.contracts.watch import AuditReport, Item, ItemResult, JuryOutcome, Measurement, OpsReport, Status
from understudy.errors import UserError
from understudy.objects import Objects, open_objects
from understudy.stages import fingerprint
from understudy.stores import open_store

__all__ = ["WRITER", "run_audit"]

WRITER = "audit-agent"
HEARD = 20  # items at most; failures first
MINE = "P6"


def run_audit(
    settings: WatchSettings,
    period: Period,
    *,
    replay: Replay | None = None,
    judges: Sequence[Judge] | None = None,
    rounds: int = 1,
    items: Path | None = None,
) -> AuditReport:
    """Audit ``period``, keep the report, and record that it was made.

    A second run for the same period and inputs returns the stored report, and changes and appends nothing; only a jury
    that had no quorum is heard again, because its jurors may be there now.

    Args:
        settings: Where everything is.
        period: What is audited.
        replay: What decides again (default: what the settings name; without any, that is reported as unknown).
        judges: Who sits on the jury (default: the model that the settings name; without any, there is no quorum).
        rounds: 2: jurors who disagree hear each other, and vote again.
        items: TOML of thresholds that differ from the shipped ones.

    Raises:
        UserError: keys, checkpoints, thresholds or the place of the reports cannot be read.
        StoreError: the log cannot be read, or entries about this run may not be durable.
    """
    checklist = {item.id: item for item in load_items(items)}
    objects = open_objects(settings.understudy_reports)
    check = check_log(settings, period)
    if replay is None and settings.understudy_replay is not None:
        replay = open_replay(settings.understudy_replay)
    gathered = Evidences(settings, period, check)
    inputs = gathered.inputs | {"replay": replay is not None, "items": [_thresholds(one) for one in checklist.values()]}
    earlier = _earlier(settings, period)
    can_hear = bool(judges if judges is not None else settings.understudy_judge_model)
    if earlier is not None and _stands(earlier, inputs, can_hear=can_hear):
        return earlier
    with closing(open_store(settings.understudy_store)) as store:
        log = AuditLog(store, open_keyring(settings.understudy_audit_keys), WRITER)
        with open_cases(objects) as cases:
            found = measured(gathered, cases, replay, log)
            results = _results(checklist, found)
            bench = list(judges) if judges is not None else seated(settings, store, log)
            outcomes = Jury(bench, rounds=rounds, now=utc_now).hear(_docket(results, settings, period), cases)
            kept = [case for outcome in outcomes if outcome.case and (case := cases.get(outcome.case))]
        found.append(budget_used(settings, store, period.name))
        report = _report(period, check, found, results, outcomes, _before(objects, period), checklist)
        report = report.model_copy(update={"input_sha256": _fingerprint(inputs, outcomes)})
        record_cases(log, _unrecorded(kept, check))
    keep(settings, period.report, report, render(report), agent=WRITER)
    return report


def _report(
    period: Period,
    check: LogCheck,
    found: Sequence[Measurement],
    results: Sequence[ItemResult],
    outcomes: Sequence[JuryOutcome],
    before: AuditReport | None,
    checklist: Mapping[str, Item],
) -> AuditReport:
    bounds = load_bounds()
    statuses: dict[str, Status] = {
        one.name: status_within(bounds[one.name], one, checklist) for one in found if one.name in bounds
    }
    focus = findings(period, found, statuses, check.state, before)
    return AuditReport(
        kind=period.kind,
        first=period.first,
        last=period.last,
        made=utc_now().isoformat(timespec="seconds"),
        risk=risk_of(focus, statuses),
        focus_areas=focus,
        measurements=list(found),
        items=list(results),
        jury=list(outcomes),
        claims=claims({one.name: one for one in found}, statuses),
        log=check.state,
        input_sha256="0" * 64,
    )


def _results(checklist: Mapping[str, Item], found: Sequence[Measurement]) -> list[ItemResult]:
    """The audit's part of the checklist, by what was measured just now."""
    measured_now = {one.name: one for one in found}
    return [
        ItemResult(item=item, status=status_of(item, one.value), measurement=one)
        for item in checklist.values()
        if item.part == MINE and (one := measured_now.get(item.measurement)) is not None
    ]


def _docket(results: Sequence[ItemResult], settings: WatchSettings, period: Period) -> list[ItemResult]:
    """What the jury hears: the audit's own items, and what the latest nights of the period could not pass."""
    heard = {result.item.id: result for result in results}
    objects = open_objects(settings.understudy_reports)
    for day in reversed(period.days):
        stored_report = objects.read(f"ops/{day}.json")
        if stored_report is None:
            continue
        try:
            report = OpsReport.model_validate_json(stored_report.data)
        except ValidationError:
            continue
        for result in report.items:
            if result.status in ("WARN", "FAIL"):
                heard.setdefault(result.item.id, result)
    bad = [result for result in heard.values() if result.status in ("WARN", "FAIL")]
    return sorted(bad, key=lambda result: (result.status != "FAIL", result.item.id))[:HEARD]


def _earlier(settings: WatchSettings, period: Period) -> AuditReport | None:
    data = stored(settings, period.report)
    try:
        return None if data is None else AuditReport.model_validate_json(data)
    except ValidationError:
        return None


def _before(objects: Objects, period: Period) -> AuditReport | None:
    """The latest report of the same kind for an earlier period."""
    mine = f"{period.report}.json"
    names = [name for name in objects.names(f"audit/{period.kind}/") if name.endswith(".json") and name < mine]
    found = objects.read(names[-1]) if names else None
    try:
        return None if found is None else AuditReport.model_validate_json(found.data)
    except ValidationError:
        raise UserError("an earlier report cannot be read", where=names[-1], fix="Restore it.") from None


def _stands(earlier: AuditReport, inputs: Mapping[str, object], *, can_hear: bool) -> bool:
    """Whether nothing has come up since: the same inputs, and no item that a jury could decide now."""
    waits = can_hear and any(outcome.verdict == "NO_QUORUM" for outcome in earlier.jury)
    return earlier.input_sha256 == _fingerprint(inputs, earlier.jury) and not waits


def _fingerprint(inputs: Mapping[str, object], outcomes: Sequence[JuryOutcome]) -> str:
    """Of what was read, and of which items the jury could decide."""
    decided = sorted(outcome.item for outcome in outcomes if outcome.verdict != "NO_QUORUM")
    return fingerprint({**inputs, "decided": decided})


def _unrecorded(cases: Sequence[Case], check: LogCheck) -> list[Case]:
    return [case for case in cases if case.id not in check.cases]


def _thresholds(item: Item) -> list[object]:
    return [item.id, item.warn, item.fail]
