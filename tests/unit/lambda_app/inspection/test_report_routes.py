"""Reports over HTTP: who may read them, what is answered, and that every look is on record."""

from __future__ import annotations

from pathlib import Path
from typing import Any, get_args

import pytest
import watch_reports
from overseers import ADMINS, ANNA, admin

from lambda_app.shapes import KIND
from understudy.contracts.inspection import AuditState, ReportKind, ReportPage, StoredReport

REPORTS, AUDIT = "/v1/admin/reports", "/v1/admin/audit"
PATHS = (REPORTS, f"{REPORTS}/ops/2026-10-05", AUDIT)


def test_the_kinds_of_the_path_are_those_of_the_contract() -> None:
    assert f"^({'|'.join(get_args(ReportKind))})$" == KIND


def test_a_page_is_newest_first_and_the_cursor_leads_through_all(function: Any) -> None:
    seen: list[str] = []
    after: dict[str, str] = {}
    while True:
        status, body = admin(function, "GET", REPORTS, kind="ops", limit="13", **after)
        page = ReportPage.model_validate(body)
        assert status == 200
        seen += [report.period for report in page.reports]
        if page.next is None:
            break
        after = {"after": page.next}
    assert seen == [watch_reports.day(number) for number in range(30, 0, -1)]


def test_a_summary_says_what_the_report_says(function: Any) -> None:
    page = ReportPage.model_validate(admin(function, "GET", REPORTS, limit="31")[1])
    (found,) = [one for one in page.reports if one.period == watch_reports.day(28)]
    report = watch_reports.ops_report(28)
    assert (found.level, found.findings, found.incidents) == ("RED", 3, len(report.incidents))
    assert sum(found.counts.values()) == 53
    assert (found.values["psi_max"].status, found.values["reason_variety"].value) == ("FAIL", None)
    assert found.values["fairness_di_min"].value == next(
        one.value for one in report.measurements if one.name == "fairness_di_min"
    )


def test_an_audit_summary_tells_of_the_log_and_of_open_cases(function: Any) -> None:
    page = ReportPage.model_validate(admin(function, "GET", REPORTS, kind="nightly", limit="31")[1])
    by_day = {one.period: one for one in page.reports}
    before, after = by_day[watch_reports.day(20)], by_day[watch_reports.day(21)]
    assert (before.log, after.log, after.level) == ("clean", "damaged", "HIGH")
    assert by_day[watch_reports.day(16)].open_cases == 1


@pytest.mark.parametrize(("kind", "part"), [("ops", "ops"), ("weekly", "audit")])
def test_one_report_is_answered_whole_and_with_the_hash_of_its_bytes(
    function: Any, month: Path, kind: str, part: str
) -> None:
    status, body = admin(function, "GET", f"{REPORTS}/{kind}/{watch_reports.day(14)}")
    stored = StoredReport.model_validate(body)
    wanted = watch_reports.ops_report(14) if kind == "ops" else watch_reports.audit_report("weekly", 14)
    assert status == 200
    assert getattr(stored, part) == wanted
    assert function.entries()[-1].payload["sha256"] == stored.sha256


def test_the_state_of_the_log_is_that_of_the_newest_verification(function: Any) -> None:
    status, body = admin(function, "GET", AUDIT)
    state = AuditState.model_validate(body)
    assert (status, state.period, state.log) == (200, watch_reports.day(30), watch_reports.log_state(30))


def test_without_a_verification_the_state_is_unknown_and_says_why(make_function: Any, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    function = make_function(understudy_admins=ADMINS, understudy_reports=str(tmp_path / "none"))
    state = AuditState.model_validate(admin(function, "GET", AUDIT)[1])
    assert state.log is None
    assert state.why == "No verification of the log is on record: there is no report."


def test_where_no_reports_are_kept_there_are_none(make_function: Any) -> None:
    function = make_function(understudy_admins=ADMINS)
    for path in PATHS[:2]:
        status, problem = admin(function, "GET", path)
        assert (status, problem["detail"]) == (404, "No reports are kept here.")
    assert admin(function, "GET", AUDIT)[1]["why"] == "No reports are kept here."


def test_a_report_that_is_none_is_unknown_in_the_list_and_refused_alone(make_function: Any, tmp_path: Path) -> None:
    folder = watch_reports.write(tmp_path / "some", first=5, last=6)
    (folder / "ops" / "2026-10-05.json").write_text('{"colour": "GREEN"}')
    (folder / "ops" / "notes.json").write_text("{}")
    function = make_function(understudy_admins=ADMINS, understudy_reports=str(folder))
    page = ReportPage.model_validate(admin(function, "GET", REPORTS)[1])
    assert [(one.period, one.level) for one in page.reports] == [("2026-10-06", "GREEN"), ("2026-10-05", "UNKNOWN")]
    assert admin(function, "GET", f"{REPORTS}/ops/2026-10-05")[0] == 503


def test_there_is_no_report_of_another_day(function: Any) -> None:
    assert admin(function, "GET", f"{REPORTS}/ops/2027-01-01")[0] == 404


@pytest.mark.parametrize(
    "query", [{"kind": "gossip"}, {"after": "yesterday"}, {"limit": "32"}, {"limit": "0"}, {"limit": "x"}]
)
def test_a_query_that_means_nothing_is_refused_by_name(function: Any, query: dict[str, str]) -> None:
    status, problem = admin(function, "GET", REPORTS, **query)
    assert (status, [error["field"] for error in problem["errors"]]) == (400, list(query))


@pytest.mark.parametrize("path", [f"{REPORTS}/gossip/2026-10-05", f"{REPORTS}/ops/..%2f", f"{REPORTS}/ops/20261005"])
def test_a_path_that_names_no_report_is_refused(function: Any, path: str) -> None:
    assert admin(function, "GET", path)[0] in (400, 404)


@pytest.mark.parametrize("path", PATHS)
def test_nobody_else_may_look(function: Any, path: str) -> None:
    assert admin(function, "GET", path, operator="arn:aws:iam::123456789012:user/mallory")[0] == 403
    assert function("GET", path)[0] == 403


def test_every_look_is_on_record_with_its_operator(function: Any) -> None:
    for path in PATHS:
        assert admin(function, "GET", path)[0] == 200
    payloads = [entry.payload for entry in function.entries()]
    assert [(one["operation"], one["operator"]) for one in payloads] == [
        ("read_reports", ANNA),
        ("read_report", ANNA),
        ("read_audit_state", ANNA),
    ]
    assert function.check_log().verdict == "clean"
