"""Each thing that an audit measures passes, warns, fails and is unknown; and what follows from that."""

from __future__ import annotations

from typing import Any

import pytest

from agents.audit_agent.bounds import Bound, load_bounds, status_within
from agents.audit_agent.judging import findings, risk_of
from agents.audit_agent.period import Period, ended_before
from agents.audit_agent.regulation import claims, duties
from agents.checklist import load_items
from understudy.contracts.watch import Evidence, Measurement, Status

ITEMS = {item.id: item for item in load_items()}
WEEK = Period("weekly", "2026-11-22")
EVIDENCE = [Evidence(kind="audit", ref="w/1")]


def found(name: str, value: float | None, **more: Any) -> Measurement:
    why = None if value is not None else "it was not there"
    return Measurement(name=name, period=WEEK.name, value=value, why=why, evidence=EVIDENCE, **more)


def marks(bound: Bound) -> tuple[str, float | None, float]:
    """Direction, warn, fail: its own, or the item's."""
    if bound.item is None:
        assert bound.direction is not None
        assert bound.fail is not None
        return bound.direction, bound.warn, bound.fail
    item = ITEMS[bound.item]
    return ("below", None, 1.0) if item.direction == "present" else (item.direction, item.warn, item.fail or 0.0)


@pytest.mark.parametrize("bound", load_bounds().values(), ids=lambda bound: bound.measurement)
def test_every_bound_passes_warns_fails_and_is_unknown(bound: Bound) -> None:
    direction, warn, fail = marks(bound)
    step = 1e-6 if direction == "above" else -1e-6
    good = fail - 0.5 if direction == "above" else fail + 0.5
    if warn is not None:
        good = warn - step * 1e3 if direction == "above" else warn - step
    expected: dict[float | None, Status] = {None: "UNKNOWN", fail + step: "FAIL"}
    if marks(bound)[2] != 1.0 or direction == "above":
        expected[good] = "PASS"
    else:
        expected[1.0] = "PASS"
    if warn is not None:
        expected[warn + step] = "WARN"
    for value, status in expected.items():
        assert status_within(bound, found(bound.measurement, value), ITEMS) == status, (value, status)


def test_items_are_those_of_the_checklist() -> None:
    for bound in load_bounds().values():
        if bound.item is not None:
            assert ITEMS[bound.item].measurement == bound.measurement


def test_noise_and_what_was_accepted_warn_and_do_not_fail() -> None:
    bound = load_bounds()["fairness_ratio_min"]
    assert status_within(bound, found("fairness_ratio_min", 0.7, low=0.6, high=0.78), ITEMS) == "FAIL"
    assert status_within(bound, found("fairness_ratio_min", 0.7, low=0.4, high=1.1), ITEMS) == "WARN"
    inherited = found("fairness_ratio_min", 0.7, low=0.6, high=0.78, detail={"inherited": True})
    assert status_within(bound, inherited, ITEMS) == "WARN"
    assert status_within(bound, found("fairness_ratio_min", 0.9), ITEMS) == "PASS"


def test_risk_is_that_of_the_gravest_finding() -> None:
    passing: dict[str, Status] = dict.fromkeys(load_bounds(), "PASS")

    def risk(**changed: Status) -> str:
        statuses = passing | changed
        values = {"PASS": 1.0, "WARN": 1.0, "FAIL": 0.0, "UNKNOWN": None}
        made = [found(name, values[status]) for name, status in statuses.items()]
        return risk_of(findings(WEEK, made, statuses, None, None), statuses)

    assert risk() == "LOW"
    assert risk(reason_quality="WARN", case_store="UNKNOWN") == "LOW"
    assert risk(reason_quality="FAIL") == "MEDIUM"
    assert risk(reason_quality="FAIL", lineage="FAIL") == "MEDIUM"
    assert risk(rescored_alike="UNKNOWN") == "MEDIUM"
    assert risk(rescored_alike="FAIL") == "HIGH"


def test_a_ratio_under_six_tenths_is_critical() -> None:
    groups = [{"attribute": "region", "group": "rural", "family": "lending", "n": 400}]
    for value, severity in ((0.7, "major"), (0.55, "critical")):
        one = found("fairness_ratio_min", value, detail={"groups": groups})
        (finding,) = findings(WEEK, [one], {"fairness_ratio_min": "FAIL"}, None, None)
        assert finding.severity == severity
        assert "region rural, lending, 400 persons" in finding.title


@pytest.mark.parametrize(
    ("statuses", "expected"),
    [
        (("PASS", "PASS"), "PASS"),
        (("PASS", "WARN"), "WARN"),
        (("WARN", "UNKNOWN"), "UNKNOWN"),
        (("UNKNOWN", "FAIL"), "FAIL"),
    ],
)
def test_a_claim_holds_as_far_as_the_worst_that_it_rests_on(statuses: tuple[Status, Status], expected: Status) -> None:
    duty = next(one for one in duties() if len(one.rests_on) == 2)
    values = {"PASS": 1.0, "WARN": 0.5, "FAIL": 0.0, "UNKNOWN": None}
    names = dict(zip(duty.rests_on, statuses, strict=True))
    made = {name: found(name, values[status]) for name, status in names.items()}
    claim = next(one for one in claims(made, names) if one.regulation == duty.regulation)
    assert claim.status == expected
    assert claim.evidence
    assert ("Not known" in claim.text) == (expected == "UNKNOWN")


def test_every_duty_rests_on_something_that_is_measured_and_without_it_is_unknown() -> None:
    assert {name for duty in duties() for name in duty.rests_on} <= set(load_bounds())
    assert {claim.status for claim in claims({}, {})} == {"UNKNOWN"}
    named = " ".join(duty.regulation for duty in duties())
    for regulation in ("SR 11-7", "13", "14", "15", "KFCPA, article 17", "KFCPA, article 19", "37-2", "AI Basic Act"):
        assert regulation in named


def test_periods_end_before_now() -> None:
    from datetime import UTC, datetime

    monday, sunday = datetime(2026, 11, 23, 1, tzinfo=UTC), datetime(2026, 11, 22, 23, tzinfo=UTC)
    assert ended_before("weekly", monday) == WEEK
    assert ended_before("weekly", sunday).last == "2026-11-15"
    assert (WEEK.first, len(WEEK.days)) == ("2026-11-16", 7)
    quarter = ended_before("quarterly", monday)
    assert (quarter.first, quarter.last, len(quarter.days)) == ("2026-07-01", "2026-09-30", 92)
    assert ended_before("quarterly", datetime(2027, 1, 1, tzinfo=UTC)).last == "2026-12-31"
