"""An audit whose jury is a model on (a fake) Bedrock, paid from the month's allowance, every call on record."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import audited
import pytest

from agents.audit_agent import run_audit
from agents.evidence import WatchSettings
from understudy.contracts.watch import AuditReport
from understudy.local.scripted_jury import FakeJury

MODEL = "global.anthropic.claude-haiku-4-5-20251001-v1:0"


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> Iterator[FakeJury]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with FakeJury() as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL_BEDROCK_RUNTIME", server.url)
        yield server


def settings(week: audited.Week, **more: Any) -> WatchSettings:
    return week.settings.model_copy(update={"understudy_judge_model": MODEL, **more})


def audit(week: audited.Week, **more: Any) -> AuditReport:
    return run_audit(settings(week, **more), audited.WEEK, replay=week.replay)


def used(report: AuditReport) -> float | None:
    return next(one for one in report.measurements if one.name == "audit_budget_used").value


def test_three_sessions_vote_and_every_call_is_on_record(week: audited.Week, fake: FakeJury) -> None:
    week.tamper()
    fake.script = {"business": "pass"}
    report = audit(week)
    (outcome,) = report.jury
    assert (outcome.item, outcome.verdict, outcome.decision, outcome.open) == ("P6-07", "MAJORITY", "FAIL", True)
    calls = [entry for entry in week.entries() if entry["operation"] == "llm_call"]
    assert sorted(call["prompt"] for call in calls) == [
        "jury_business@1", "jury_conservative@1", "jury_statistical@1",
    ]  # fmt: skip
    assert {call["outcome"] for call in calls} == {"ok"}
    assert "so I say" not in json.dumps(calls), "hashes, never words"
    assert 0 < (used(report) or 0) < 0.01


def test_jurors_see_no_customer(week: audited.Week, fake: FakeJury) -> None:
    week.tamper()
    audit(week)
    sent = json.dumps([body for _, body in fake.received])
    assert len(fake.received) == 3
    assert "c-1" not in sent
    assert "balance" not in sent


def test_a_spent_allowance_is_no_quorum_and_a_finding(week: audited.Week, fake: FakeJury) -> None:
    week.tamper()
    week.world.store.spend("audit#2026-11", {"tokens": 799_999, "micro_usd": 0}, {})
    report = audit(week)
    assert [outcome.verdict for outcome in report.jury] == ["NO_QUORUM"]
    assert {vote.error for vote in report.jury[0].votes} == {"budget_spent"}
    assert fake.received == []
    assert any(finding.id == "audit_budget_used" for finding in report.focus_areas)


def test_an_outage_is_heard_again_when_it_is_over(week: audited.Week, fake: FakeJury) -> None:
    week.tamper()
    fake.otherwise = "throttling"
    first = audit(week)
    assert first.jury[0].verdict == "NO_QUORUM"
    assert audit(week).jury == first.jury
    fake.otherwise = "as_measured"
    second = audit(week)
    assert second.jury[0].verdict == "CONSENSUS"
    asked = len(fake.received)
    assert audit(week) == second
    assert len(fake.received) == asked
