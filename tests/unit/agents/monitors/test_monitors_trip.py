"""Each monitor trips on the change that it watches for, and on no other; and says so when it cannot see."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from agents.evidence import History, RequestDay
from agents.monitors import MonitorConfig, MonitorNight, run_monitors
from studies._production import Change, Production, day_name

BEGUN = 5
# What changes -> the rule that must trip, the days within which it must, and the measurement that shows it.
CHANGES: dict[str, tuple[Change, str, int, str]] = {
    "shift": (Change(shift=0.7), "drift", 1, "psi_max"),
    "missing": (Change(missing=0.3), "drift", 1, "psi_max"),
    "unequal": (Change(group_rate=0.4), "fairness_severe", 3, "fairness_di_min"),
    "herd": (Change(herd=0.95), "concentration", 1, "nba_entropy"),
    "scores": (Change(calibration=0.15), "calibration", 3, "calibration_ece"),
    "concept": (Change(concept=0.9), "concept", 3, "concept_drift"),
    "fidelity": (Change(disagreement=0.9), "fidelity", 3, "shadow_agreement"),
    "ratio": (Change(ratio=2.0), "sample_ratio", 2, "srm_p"),
    "errors": (Change(errors=0.1), "slo", 1, "slo_burn"),
    "slow": (Change(slow=0.2), "slo", 1, "slo_burn"),
    "stale": (Change(stale_hours=20), "staleness", 1, "staleness_hours_p99"),
}
# Breaches that follow from a change by right: scores that are off are also wrong more often.
AFTER = {"shift": {"retrain"}, "scores": {"concept", "fidelity"}, "concept": {"calibration"}}


@pytest.mark.parametrize("name", CHANGES)
def test_a_change_is_found_and_nothing_else(watch: Any, name: str) -> None:
    change, rule, within, measurement = CHANGES[name]
    nights = watch(Production(11, rows=1500, change={BEGUN: change}), BEGUN + within - 1)
    quiet, after = nights[: BEGUN - 1], nights[BEGUN - 1 :]
    assert [breach.rule for night in quiet for breach in night.breaches] == []
    found = {breach.rule for night in after for breach in night.breaches}
    assert rule in found
    assert found <= {rule, *AFTER.get(name, set())} | ({"fairness"} if name == "unequal" else set())
    before, now = quiet[-1][measurement].value, after[-1][measurement].value
    assert before is not None
    assert now is not None
    assert now != pytest.approx(before, rel=0.1)


def test_days_like_any_other_are_quiet(watch: Any) -> None:
    nights = watch(Production(12, rows=400), 12)
    assert [(night.day, breach.title) for night in nights for breach in night.breaches] == []
    assert all(one.value is not None for one in nights[-1].measurements)


def test_a_change_is_dated(watch: Any) -> None:
    nights = watch(Production(13, rows=1500, change={BEGUN: Change(group_rate=0.4)}), BEGUN + 3)
    (breach,) = [one for one in nights[-1].breaches if one.rule.startswith("fairness")]
    assert breach.since == day_name(BEGUN)
    assert breach.severity == "critical"
    assert breach.target == "task:next"
    worst = breach.detail["confirmed"][0]
    assert (worst["attribute"], worst["decision"]) == ("gender", "offer of investments")
    assert nights[-1]["fairness_di_min"].value == pytest.approx(worst["value"], abs=1e-4)
    assert worst["value"] < 0.6


def test_a_disparity_from_the_first_day_is_inherited(watch: Any) -> None:
    nights = watch(Production(14, rows=1500, change={0: Change(group_rate=0.4)}), 8)
    assert [breach.rule for night in nights for breach in night.breaches] == []
    shown = nights[-1]["fairness_di_min"]
    assert shown.value is not None
    assert shown.value < 0.5
    assert next(one for one in shown.detail["groups"] if one["attribute"] == "gender")["inherited"]


def test_what_was_inherited_may_not_get_worse(watch: Any) -> None:
    change = {0: Change(group_rate=0.6), 6: Change(group_rate=0.2)}
    nights = watch(Production(15, rows=1500, change=change), 8)
    assert [breach.rule for night in nights[:5] for breach in night.breaches] == []
    assert nights[-1].breaches[0].rule == "fairness_severe"


def test_three_days_of_drift_ask_for_a_new_model(watch: Any) -> None:
    nights = watch(Production(16, rows=1000, change={BEGUN: Change(shift=0.8)}), BEGUN + 3)
    asked = [night.day for night in nights if any(breach.rule == "retrain" for breach in night.breaches)]
    assert asked == [day_name(BEGUN + 2), day_name(BEGUN + 3)]
    drifts = [breach for night in nights for breach in night.breaches if breach.rule == "drift"]
    assert {breach.since for breach in drifts} == {day_name(BEGUN)}


def test_an_old_model_asks_for_a_new_one(watch: Any) -> None:
    nights = watch(Production(17, rows=300), 6, config=MonitorConfig(retrain_model_days=5))
    assert [bool(night.breaches) for night in nights] == [False] * 5 + [True]
    assert "has decided for 5 days" in nights[-1].breaches[0].title


def test_a_new_model_begins_anew(watch: Any) -> None:
    production = Production(18, rows=1500)
    watch(production, 4)
    other = replace(production, version="toy-111111111111", change={0: Change(group_rate=0.4)})
    assert [breach.rule for night in watch(other, 8, first=5) for breach in night.breaches] == []


def test_a_night_that_runs_again_is_the_same(watch: Any, history: History) -> None:
    production = Production(19, rows=800, change={BEGUN: Change(shift=0.7)})
    once = watch(production, BEGUN + 1)[-1]
    again = watch(production, BEGUN + 1, first=BEGUN + 1)[-1]
    assert once == again


def _night(history: History, config: MonitorConfig | None = None, **changes: Any) -> MonitorNight:
    production = Production(20, rows=200)
    given: dict[str, Any] = {"columns": production.columns(1), "metrics": production.requests(1)} | changes
    return run_monitors(day_name(1), frame=production.frame, history=history, config=config or MonitorConfig(), **given)


FROM_DECISIONS = [
    "psi_max", "psi_features", "psi_critical_features", "ks_min_p", "staleness_hours_p99", "herding_hhi",
    "concentration_top10", "nba_entropy", "srm_p", "fairness_di_min", "fairness_di_max", "fairness_spd_max",
    "shadow_kl", "shadow_agreement", "shadow_spearman",
]  # fmt: skip
FROM_REQUESTS = ["latency_p99_ms", "error_rate", "read_error_rate", "slo_burn"]
FROM_OUTCOMES = ["fairness_eod_max", "calibration_ece", "concept_drift"]


def test_without_the_log_nothing_about_decisions_is_known(history: History) -> None:
    night = _night(history, columns=None)
    for name in FROM_DECISIONS:
        assert night[name].value is None
        assert night[name].why
    assert night.breaches == []


def test_without_decisions_nothing_about_them_is_known(history: History) -> None:
    columns = Production(20, rows=1).columns(1)
    nothing = replace(
        columns,
        **{
            name: getattr(columns, name)[:0]
            for name in ("at", "person", "first", "products", "scores", "layers", "top_class", "as_of_age_hours")
        },
    )
    night = _night(history, columns=nothing)
    assert {name for name in FROM_DECISIONS if night[name].value is not None} == set()


def test_without_metrics_nothing_about_requests_is_known(history: History) -> None:
    night = _night(history, metrics=RequestDay(day_name(1)))
    assert {name for name in FROM_REQUESTS if night[name].value is not None} == set()


def test_without_outcomes_nothing_about_them_is_known(history: History) -> None:
    night = _night(history)
    assert {name for name in FROM_OUTCOMES if night[name].value is not None} == set()
    assert "no outcomes" in (night["calibration_ece"].why or "")


def test_without_a_teacher_fidelity_is_unknown(history: History) -> None:
    assert "no teacher" in (_night(history)["shadow_kl"].why or "")


def test_too_few_persons_cannot_show_drift(history: History) -> None:
    night = _night(history, columns=Production(20, rows=60).columns(1))
    assert night["psi_max"].value is None
    assert "could be chance" in (night["psi_max"].why or "")


def test_days_are_pooled_until_they_can_show_drift(watch: Any) -> None:
    nights = watch(Production(21, rows=100), 4)
    known = [night["psi_max"].value is not None for night in nights]
    assert known == sorted(known)
    assert known[-1]
    assert nights[-1]["psi_max"].detail["days"] > 1


def test_without_a_design_there_is_no_mismatch_to_see(history: History) -> None:
    production = Production(22, rows=200, review_share=0.0)
    night = run_monitors(
        day_name(1), production.columns(1), production.requests(1), production.frame, history, MonitorConfig()
    )
    assert "no shares are designed" in (night["srm_p"].why or "")


def test_traffic_that_is_split_otherwise_than_designed(history: History) -> None:
    production = Production(23, rows=3000)
    columns = production.columns(1)
    versions = [production.version, "toy-challenger"]
    for share, expected in ((0.1, False), (0.2, True)):
        challenger = np.random.default_rng(1).random(len(columns)) < share
        served = replace(columns, model_versions=versions, model_version=challenger.astype(np.int16))
        config = MonitorConfig(traffic={versions[0]: 0.9, versions[1]: 0.1})
        night = _night(history, config, columns=served)
        assert any(breach.rule == "sample_ratio" for breach in night.breaches) is expected


def test_a_fault_that_is_over_no_longer_pages(history: History) -> None:
    production = Production(24)
    requests = production.requests(1)
    burst = [500] + [0] * 23
    early = replace(requests, hours={**requests.hours, "faults": burst})
    night = _night(history, metrics=early)
    assert night["slo_burn"].value is not None
    assert night["slo_burn"].value >= 1
    assert night["slo_burn"].detail["hour"] == 0
    after = run_monitors(
        day_name(2), production.columns(2), production.requests(2), production.frame, history, MonitorConfig()
    )
    assert after["slo_burn"].value is not None
    assert after["slo_burn"].value < 1
