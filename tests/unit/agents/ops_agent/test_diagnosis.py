"""From results to findings."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from agents.checklist import Night, Papers
from agents.evidence import open_artefacts
from agents.monitors import Breach
from agents.ops_agent.breaches import breach_findings
from agents.ops_agent.correlate import correlations
from agents.ops_agent.diagnose import item_findings, unknown_findings
from agents.ops_agent.journal import Calls, Journal
from agents.ops_agent.layers import layer_findings
from agents.ops_agent.models import model_findings
from agents.ops_agent.trends import slope_and_tau, trends
from understudy.contracts.watch import Evidence

DAY = "2026-06-12"


def night(**fields: Any) -> Night:
    return Night(DAY, Papers(open_artefacts(None)), **fields)


def bundle(auc: float) -> Any:
    return SimpleNamespace(manifest=SimpleNamespace(metrics={"churn": {"teacher.auc": auc}}))


def test_a_quiet_night_has_no_finding(results: Any) -> None:
    found = results()
    assert item_findings(found) == []
    assert unknown_findings(found) == []
    assert correlations(night(), found, []) == []


def test_items_of_one_cause_are_one_finding_and_the_failure_leads(results: Any) -> None:
    (found,) = item_findings(results(ks_min_p=0.03, psi_max=(0.4, {"features": {"balance_1m": 0.4}})))
    assert (found.id, found.failed, found.items) == ("drift", True, ("P5-03", "P5-04"))
    assert found.title.startswith("Population stability")
    assert "balance_1m" in found.title


def test_a_warning_is_minor_whatever_its_failure_would_be(results: Any) -> None:
    (warned,) = item_findings(results(concentration_top10=0.36))
    assert (warned.severity, warned.failed) == ("minor", False)
    (failed,) = item_findings(results(concentration_top10=0.45))
    assert (failed.severity, failed.failed) == ("major", True)


def test_what_is_broken_security_is_critical_and_names_the_entry(results: Any) -> None:
    bad = {"first bad entries": ["function-1/7: edited: its mac does not fit"]}
    (found,) = item_findings(results(audit_chain=(0.0, bad)))
    assert found.severity == "critical"
    assert "function-1/7" in found.title


def test_unknown_items_are_told_by_their_reason(results: Any) -> None:
    (found,) = unknown_findings(results(psi_max=None, ks_min_p=None))
    assert (found.items, found.failed) == (("P5-03", "P5-04"), False)
    assert "source is gone" in found.cause


@pytest.mark.parametrize(
    ("changed", "fields", "expected"),
    [
        ({"zero_variance_features": 3.0}, {"bundle": bundle(0.52)}, "dead-features"),
        ({"zero_variance_features": 3.0}, {"bundle": bundle(0.71)}, None),
        ({}, {"bundle": bundle(0.52)}, None),
        ({"missing_columns": 2.0, "source_null_rate": 0.3}, {}, "broken-delivery"),
        ({"missing_columns": 2.0, "source_null_rate": 0.1}, {}, None),
        ({"completion_event": 1.0, "feature_null_rate": 0.3}, {}, None),
        ({"auc_gap": 0.06, "psi_max": 0.12}, {}, "fidelity-and-drift"),
        ({"auc_retention": 0.94, "psi_max": 0.3}, {}, "fidelity-and-drift"),
        ({"auc_gap": 0.06}, {}, None),
        ({"auc_gap": 0.04, "psi_max": 0.3}, {}, None),
        ({"gradient_norm": (0.9, {"largest": 250.0})}, {}, "exploding-gradients"),
        ({"gradient_norm": (0.9, {"largest": 80.0})}, {}, None),
    ],
)
def test_correlations(results: Any, changed: dict[str, Any], fields: dict[str, Any], expected: str | None) -> None:
    found = [one.id for one in correlations(night(**fields), results(**changed), [])]
    assert found == ([expected] if expected else [])


@pytest.mark.parametrize(
    ("p95", "told"),
    [([120, 140, 155, 165], True), ([165, 160, 170, 175], False), ([100, 110, 120, 130], False), ([150, 165], False)],
)
def test_latency_near_its_limit_and_rising(results: Any, p95: list[float], told: bool) -> None:
    series = [(f"2026-06-{9 + i:02}", float(value)) for i, value in enumerate(p95)]
    found = [one.id for one in correlations(night(), results(), series)]
    assert found == (["latency-near-limit"] if told else [])


def test_a_steady_rise_towards_a_bound_is_told_before_it_is_there(results: Any) -> None:
    today = results(error_rate=0.0049)
    rising = [(f"2026-06-{day:02}", 0.0008 * (day - 5)) for day in range(6, 12)]

    def series(points: list[tuple[str, float]]) -> Any:
        return lambda name: points if name == "error_rate" else []

    (found,) = trends(today, series(rising))
    assert found.id == "trend:error_rate"
    assert not found.failed
    assert trends(today, series(rising[-3:])) == [], "too short to be a trend"
    assert trends(today, series([(day, 0.0049) for day, _ in rising])) == [], "level"
    wild = [(day, value if index % 2 else 0.0095 - value) for index, (day, value) in enumerate(rising)]
    assert trends(today, series(wild)) == [], "noise"
    assert trends(results(error_rate=0.006), series(rising)) == [], "it warns already"


def test_slope_and_tau_by_hand() -> None:
    assert slope_and_tau([1.0, 2.0, 4.0]) == (1.5, 1.0)
    assert slope_and_tau([3.0, 2.0]) == (-1.0, -1.0)
    assert slope_and_tau([1.0]) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("outcomes", "told"),
    [
        ({"service_error": 4, "circuit_open": 1}, True),
        ({"ok": 2, "throttled": 2}, True),
        ({"ok": 9, "service_error": 2}, False),
        ({"service_error": 2}, False),
        ({"invalid_answer": 8}, False),
        ({}, False),
    ],
)
def test_an_outage_is_half_of_the_calls_unanswered(outcomes: dict[str, int], told: bool) -> None:
    calls = Calls()
    calls.outcomes.update(outcomes)
    calls.failures.append("sentences-1/4")
    found = model_findings(night(journal=Journal([], calls, {}, {})))
    assert [one.id for one in found] == (["language-model-outage"] if told else [])
    if told:
        assert found[0].incident
        assert not found[0].failed


def test_without_the_log_nothing_is_said_of_models() -> None:
    assert model_findings(night()) == []


def test_a_confirmed_breach_is_red_and_says_since_when() -> None:
    breach = Breach(
        rule="fairness_severe",
        measurement="fairness_di_min",
        severity="critical",
        title="gender=female, offer of lending: disparate impact 0.41",
        cause="the features treat this group otherwise",
        since="2026-06-10",
        evidence=[Evidence(kind="audit", ref="model_inference entries of 2026-06-12")],
    )
    (found,) = breach_findings([breach], DAY)
    assert (found.id, found.severity, found.failed) == ("fairness", "critical", True)
    assert "2026-06-10" in found.cause


@pytest.mark.parametrize(
    ("layers", "objecting", "told"),
    [
        ([0] * 40, 0, False),
        ([0] * 25 + [2] * 15, 0, False),
        ([2] * 40, 0, True),
        ([2] * 40, 40, False),
        ([2] * 9, 0, False),
    ],
)
def test_models_that_do_not_speak_are_found(layers: list[int], objecting: int, told: bool) -> None:
    class Columns(SimpleNamespace):
        def __len__(self) -> int:
            return len(layers)

    objected = np.arange(len(layers)) < objecting
    columns = Columns(
        tasks=["churn"],
        layers=np.asarray(layers, dtype=np.int8)[:, None],
        opted_out=objected,
        read_error=np.zeros(len(layers), dtype=bool),
    )
    served = SimpleNamespace(manifest=SimpleNamespace(tasks=[SimpleNamespace(name="churn", layer="distilled")]))
    found = layer_findings(night(columns=columns, bundle=served))
    assert [one.id for one in found] == (["models-silent"] if told else [])
