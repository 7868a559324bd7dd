"""``/v1/admin/reports`` and ``/v1/admin/audit``: people read what the watching agents found."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from lambda_app.app import App
from lambda_app.http import HttpError, HttpRequest, answer
from lambda_app.operators import authorised_operator
from lambda_app.recording import record_by_operator
from lambda_app.report_store import KINDS, latest_log_state, read_stored, stored_periods, summarise
from lambda_app.shapes import DAY, KIND, LIMIT
from understudy.contracts.api import FieldError
from understudy.contracts.inspection import ReportKind, ReportPage

__all__ = ["read_audit_state", "read_report", "read_reports"]


def read_reports(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """A page of the reports of one kind, newest first, each in a few lines."""
    del params
    operator = authorised_operator(app, http, request_id)
    kind, after, limit = _asked(http.query)
    periods = [period for period in stored_periods(app, kind) if not after or period < after]
    shown = periods[:limit]
    page = ReportPage(
        reports=[summarise(app, kind, period) for period in shown], next=shown[-1] if len(periods) > limit else None
    )
    payload = {"operation": "read_reports", "request_id": request_id, "kind": kind, "periods": shown}
    record_by_operator(app, "data_access", payload, operator)
    return answer(200, page)


def read_report(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """One report, whole."""
    operator = authorised_operator(app, http, request_id)
    kind = _kind(params["kind"])
    stored = read_stored(app, kind, params["period"])
    payload = {
        "operation": "read_report",
        "request_id": request_id,
        "kind": kind,
        "period": stored.period,
        "sha256": stored.sha256,
    }
    record_by_operator(app, "data_access", payload, operator)
    return answer(200, stored)


def read_audit_state(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """What the last full verification of the audit log found."""
    del params
    operator = authorised_operator(app, http, request_id)
    state = latest_log_state(app)
    record_by_operator(app, "data_access", {"operation": "read_audit_state", "request_id": request_id}, operator)
    return answer(200, state)


def _asked(query: Mapping[str, str]) -> tuple[ReportKind, str, int]:
    kind, after, limit = query.get("kind", "ops"), query.get("after", ""), query.get("limit", "7")
    wrong = []
    if not re.fullmatch(KIND, kind):
        wrong.append(FieldError(field="kind", message=f"one of {', '.join(KINDS)}"))
    if after and not re.fullmatch(DAY, after):
        wrong.append(FieldError(field="after", message="not a day"))
    if not re.fullmatch(LIMIT, limit):
        wrong.append(FieldError(field="limit", message="1 to 31"))
    if wrong:
        raise HttpError(400, "The query was refused.", errors=wrong)
    return _kind(kind), after, int(limit)


def _kind(text: str) -> ReportKind:
    return next(kind for kind in KINDS if kind == text)
