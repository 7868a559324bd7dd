"""The stored reports of the watching agents: where they are, and what one of them says in a few lines."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from functools import cache
from typing import TypeVar, get_args

from pydantic import ValidationError

from lambda_app.app import App
from lambda_app.changing import store_failed
from lambda_app.deadline import current_deadline
from lambda_app.http import HttpError
from understudy.contracts.inspection import AuditState, Point, ReportKind, ReportSummary, StoredReport
from understudy.contracts.watch import AuditReport, ItemResult, Measurement, OpsReport, Status
from understudy.objects import Objects, open_objects

__all__ = ["latest_log_state", "read_stored", "reports_kept", "stored_periods", "summarise"]

T = TypeVar("T")

KINDS: tuple[ReportKind, ...] = get_args(ReportKind)
# A verification of the log is looked for among so many of the newest reports of each kind.
LOOK_BACK = 3
NO_REPORTS = "No reports are kept here."


def reports_kept(app: App) -> bool:
    """Whether the settings name a place for reports."""
    return bool(app.settings.understudy_reports)


def stored_periods(app: App, kind: ReportKind) -> list[str]:
    """The days that reports of this kind end on, newest first.

    Raises:
        HttpError: 404 where no reports are kept; 503 if their place cannot be reached.
    """
    folder = _folder(kind)
    names = _asked(app, lambda objects: objects.names(folder))
    return sorted(name.removeprefix(folder).removesuffix(".json") for name in names if _is_report(name, folder))[::-1]


def _is_report(name: str, folder: str) -> bool:
    rest = name.removeprefix(folder)
    return rest.endswith(".json") and len(rest) == len("2026-01-01.json") and rest[:4].isdigit()


def read_stored(app: App, kind: ReportKind, period: str) -> StoredReport:
    """One report, checked against its contract.

    Raises:
        HttpError: 404 if there is none; 503 if it cannot be read, or is no report.
    """
    found = _asked(app, lambda objects: objects.read(f"{_folder(kind)}{period}.json"))
    if found is None:
        raise HttpError(404, "There is no such report.")
    sha256 = hashlib.sha256(found.data).hexdigest()
    try:
        if kind == "ops":
            ops = OpsReport.model_validate_json(found.data)
            return StoredReport(kind=kind, period=period, sha256=sha256, ops=ops)
        audit = AuditReport.model_validate_json(found.data)
        return StoredReport(kind=kind, period=period, sha256=sha256, audit=audit)
    except ValidationError as error:
        fields = f"{error.error_count()} of its fields are not what the contract says"
        raise HttpError(503, f"The stored report cannot be read: {fields}.") from None


def summarise(app: App, kind: ReportKind, period: str) -> ReportSummary:
    """A report in a few lines; one that cannot be read is UNKNOWN.

    Raises:
        HttpError: 404 if there is none.
    """
    try:
        stored = read_stored(app, kind, period)
    except HttpError as error:
        if error.status != 503:
            raise
        return ReportSummary(kind=kind, period=period, level="UNKNOWN", problem=error.detail)
    return _of_ops(period, stored.ops) if stored.ops else _of_audit(kind, period, stored.audit)


def _of_ops(period: str, report: OpsReport) -> ReportSummary:
    return ReportSummary(
        kind="ops",
        period=period,
        made=report.made,
        level=report.colour,
        findings=len(report.attention_required),
        incidents=len(report.incidents),
        counts=_counts(report.items),
        values=_points(report.items, report.measurements),
    )


def _of_audit(kind: ReportKind, period: str, report: AuditReport | None) -> ReportSummary:
    assert report is not None, "a stored report is of operations or of an audit"
    return ReportSummary(
        kind=kind,
        period=period,
        first=report.first,
        made=report.made,
        level=report.risk,
        findings=len(report.focus_areas),
        counts=_counts(report.items),
        open_cases=sum(outcome.open for outcome in report.jury),
        log=report.log.verdict if report.log else None,
        values=_points(report.items, report.measurements),
    )


def _counts(items: Sequence[ItemResult]) -> dict[Status, int]:
    return {status: sum(item.status == status for item in items) for status in get_args(Status)}


def _points(items: Sequence[ItemResult], measurements: Sequence[Measurement]) -> dict[str, Point]:
    points = {one.name: Point(value=one.value, low=one.low, high=one.high) for one in measurements}
    for item in items:
        one = item.measurement
        points[one.name] = Point(value=one.value, low=one.low, high=one.high, status=item.status)
    return points


def latest_log_state(app: App) -> AuditState:
    """What the newest report that verified the audit log found. Without one, why there is none.

    Raises:
        HttpError: 503 if the place of the reports cannot be reached.
    """
    if not reports_kept(app):
        return AuditState(why=NO_REPORTS)
    newest = sorted(
        ((period, kind) for kind in KINDS if kind != "ops" for period in stored_periods(app, kind)[:LOOK_BACK]),
        key=lambda found: found[0],
        reverse=True,
    )
    unreadable = 0
    for period, kind in newest:
        try:
            report = read_stored(app, kind, period).audit
        except HttpError:
            unreadable += 1
            continue
        if report is not None and report.log is not None:
            return AuditState(kind=kind, period=period, log=report.log)
    seen = f"{len(newest)} reports were looked at, {unreadable} of them unreadable" if newest else "there is no report"
    return AuditState(why=f"No verification of the log is on record: {seen}.")


def _folder(kind: ReportKind) -> str:
    return "ops/" if kind == "ops" else f"audit/{kind}/"


def _asked(app: App, question: Callable[[Objects], T]) -> T:
    place = app.settings.understudy_reports
    if not place:
        raise HttpError(404, NO_REPORTS)
    try:
        return current_deadline().call(lambda: question(_opened(place)))
    except Exception as error:
        raise store_failed("reports", error) from error


@cache
def _opened(place: str) -> Objects:
    """Opened by the first request that needs it: a snapshot holds no connection."""
    return open_objects(place)
