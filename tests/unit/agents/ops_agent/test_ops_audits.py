"""Critical findings of an audit reach the next night's report, and stay until a later audit is without them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from agents.ops_agent.audits import audit_findings
from understudy.contracts.watch import AuditReport, Evidence, Finding
from understudy.objects import Objects, open_objects


@pytest.fixture
def objects(tmp_path: Path) -> Objects:
    return open_objects(f"file://{tmp_path}")


def finding(name: str, severity: Any = "critical", items: list[str] | None = None) -> Finding:
    return Finding(
        id=name,
        severity=severity,
        title=f"{name} failed",
        likely_cause="Somebody.",
        suggested_action="Look.",
        items=items or [],
        evidence=[Evidence(kind="audit", ref="w/1")],
        since="2026-11-16",
    )


def audited(objects: Objects, last: str, *found: Finding, kind: Any = "weekly") -> None:
    report = AuditReport(
        kind=kind,
        first="2026-11-01",
        last=last,
        made=f"{last}T23:59:00+00:00",
        risk="HIGH" if found else "LOW",
        focus_areas=list(found),
        measurements=[],
        items=[],
        input_sha256="0" * 64,
    )
    objects.write(f"audit/{kind}/{last}.json", report.model_dump_json().encode())
    objects.write(f"audit/{kind}/{last}.html", b"<!doctype html>")


def test_a_critical_finding_reaches_the_next_night_with_its_evidence(objects: Objects) -> None:
    audited(objects, "2026-11-22", finding("rescored_alike"), finding("lineage", "major"))
    assert audit_findings(objects, "2026-11-22") == [], "the night of that day was before the audit"
    (found,) = audit_findings(objects, "2026-11-23")
    assert (found.id, found.severity, found.failed) == ("audit:rescored_alike", "critical", True)
    assert [evidence.ref for evidence in found.evidence] == ["audit/weekly/2026-11-22.json", "w/1"]


def test_what_nights_see_themselves_is_not_told_twice(objects: Objects) -> None:
    audited(objects, "2026-11-22", finding("audit_chain", items=["P6-07"]), finding("fairness_ratio_min"))
    assert audit_findings(objects, "2026-11-23") == []


def test_it_stays_until_a_later_audit_is_without_it(objects: Objects) -> None:
    audited(objects, "2026-11-22", finding("case_store"))
    assert len(audit_findings(objects, "2026-11-28")) == 1
    audited(objects, "2026-11-29")
    assert audit_findings(objects, "2026-11-30") == []


def test_both_kinds_are_looked_at(objects: Objects) -> None:
    audited(objects, "2026-11-22", finding("case_store"))
    audited(objects, "2026-09-30", finding("rescored_alike"), kind="quarterly")
    assert [one.id for one in audit_findings(objects, "2026-11-23")] == ["audit:case_store", "audit:rescored_alike"]


def test_a_report_that_cannot_be_read_is_a_finding(objects: Objects) -> None:
    objects.write("audit/weekly/2026-11-22.json", b'{"risk":"LOW"}')
    (found,) = audit_findings(objects, "2026-11-23")
    assert (found.id, found.failed) == ("audit:unreadable", True)


def test_no_audit_is_no_finding(objects: Objects) -> None:
    assert audit_findings(objects, "2026-11-23") == []
