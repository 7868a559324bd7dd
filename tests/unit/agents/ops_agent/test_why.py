"""Why? From the report, and from nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from agents.bedrock import LlmRefusedError, LlmUnavailableError
from agents.checklist import Night, Papers
from agents.evidence import open_artefacts
from agents.ops_agent import answer, put_better
from agents.ops_agent.assemble import assemble
from agents.ops_agent.diagnose import item_findings
from agents.ops_agent.why import Told
from understudy.contracts.watch import OpsReport


@pytest.fixture
def report(results: Any) -> OpsReport:
    found = results(psi_max=(0.41, {"features": {"balance_1m": 0.41}}), audit_chain=0.0)
    night = Night("2026-06-12", Papers(open_artefacts(None)))
    made = datetime(2026, 6, 13, tzinfo=UTC)
    return assemble(night, found, item_findings(found), before=None, made=made, actions=[], inputs="0" * 64)


@pytest.mark.parametrize(
    ("question", "said", "unsaid"),
    [
        ("P5-03?", "balance_1m", "audit log"),
        ("why does the population drift", "balance_1m", "audit log"),
        ("audit_chain", "entries of the audit log", "balance_1m"),
        ("why is it red?", "balance_1m", "latency"),
        ("P5-01", "P5-01 is PASS", "balance_1m"),
        ("latency", "99th percentile", "balance_1m"),
    ],
)
def test_it_answers_from_the_report(report: OpsReport, question: str, said: str, unsaid: str) -> None:
    found = answer(report, question)
    told = "\n".join(found.lines)
    assert said in told
    assert unsaid not in told
    assert found.evidence


def test_what_the_report_does_not_hold_is_not_answered(report: OpsReport) -> None:
    found = answer(report, "why did Mrs Kim complain about parking?")
    assert "holds nothing about" in found.lines[0]
    assert found.evidence == []


class Model:
    """Says one thing, or fails."""

    id = "a-model"

    def __init__(self, said: str | Exception) -> None:
        self._said = said
        self.asked = ""

    def ask(self, prompt: Any, answer: Any, *, remaining: Any) -> Any:
        self.asked = prompt.user
        if isinstance(self._said, Exception):
            raise self._said
        return type("Answer", (), {"value": Told(answer=self._said)})()


def test_a_models_wording_stands_beside_the_lines(report: OpsReport) -> None:
    found, model = answer(report, "P5-03"), Model("Customers moved: the index reached 0.41, and fails at 0.25.")
    worded = put_better(found, "P5-03", model)  # type: ignore[arg-type]
    assert worded.wording == "Customers moved: the index reached 0.41, and fails at 0.25."
    assert worded.lines == found.lines
    assert "0.41" in model.asked


@pytest.mark.parametrize(
    "said",
    ["It reached 0.52 and fails at 0.25.", LlmUnavailableError("service_error"), LlmRefusedError("invalid_answer")],
)
def test_a_number_of_its_own_or_an_outage_leaves_the_lines_alone(report: OpsReport, said: str | Exception) -> None:
    found = answer(report, "P5-03")
    assert put_better(found, "P5-03", Model(said)) == found  # type: ignore[arg-type]
