"""The page says everything that the report holds, in words, and nothing that a reader's browser would run."""

from __future__ import annotations

import audited
import pytest
from jury_judges import Fixed

from agents.audit_agent import run_audit
from agents.audit_agent.page import render
from agents.audit_agent.wording import told
from understudy.contracts.watch import AuditReport, Evidence, Measurement


@pytest.fixture
def report(week: audited.Week) -> AuditReport:
    week.tamper()
    bench = [Fixed("conservative", "FAIL"), Fixed("statistical", "WARN"), Fixed("business", "WARN")]
    return run_audit(week.settings, audited.WEEK, replay=week.replay, judges=bench)


def test_findings_duties_votes_and_the_log_are_told(report: AuditReport) -> None:
    page = render(report)
    for text in (
        "2026-11-16 to 2026-11-22: risk HIGH",
        "It needs a person now",
        "EU AI Act, article 12",
        "minority report",
        "seen from the conservative side",
        "Withdraw write access",
        "the mac does not fit the content",
        "1 signed checkpoints cover 22 of them",
    ):
        assert text in page, text
    assert all(claim.regulation in page for claim in report.claims)
    assert all(one.name in page for one in report.measurements)


def test_texts_of_others_are_escaped(report: AuditReport) -> None:
    vote = report.jury[0].votes[0].model_copy(update={"reason": "<script>alert(1)</script>"})
    outcome = report.jury[0].model_copy(update={"votes": [vote]})
    page = render(report.model_copy(update={"jury": [outcome]}))
    assert "<script" not in page
    assert "&lt;script&gt;" in page


def test_numbers_are_written_as_people_read_them() -> None:
    def made(value: float | None, unit: str) -> Measurement:
        why = None if value is not None else "nobody looked"
        evidence = [Evidence(kind="metric", ref="m")]
        return Measurement(name="m", period="p", value=value, unit=unit, why=why, evidence=evidence)

    assert told(made(0.25, "share")) == "25 %"
    assert told(made(0.5, "share of days")) == "50 % of days"
    assert told(made(34, "days")) == "34 days"
    assert told(made(None, "share")) == "not known: nobody looked"
