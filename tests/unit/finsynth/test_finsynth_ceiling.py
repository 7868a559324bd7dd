"""The ceiling is worth having: a model of the generating terms reaches it, and it falls where a signal is off."""

from __future__ import annotations

import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

from distill.metrics import Functional, Resampler, auc, log_loss_rows, r2, weighted_mean
from teacher.datasets.finsynth import SIGNALS, FinsynthConfig
from teacher.datasets.finsynth.equations import EQUATIONS, carriers
from teacher.datasets.finsynth.simulate import Partition, Snapshot
from teacher.datasets.finsynth.truth import NEXT_MIX, label_truth

FOLDER = Path(__file__).resolve().parents[3] / "benchmarks"
N, TRAIN = 12_000, 8_000
TASKS = [
    "churn_signal", "product_stability", "nba_primary", "cross_sell_count", "will_acquire_deposits",
    "will_acquire_investments", "will_acquire_accounts", "will_acquire_lending", "will_acquire_payments", "next_mcc",
    "top_mcc_shift", "mcc_diversity_trend", "spend_next_quarter",
]  # fmt: skip
CARRIED = [(signal, task) for signal in SIGNALS for task in carriers(signal)]


@pytest.fixture(scope="module")
def oracle() -> ModuleType:
    sys.path.insert(0, str(FOLDER))
    import _finsynth_oracle

    return _finsynth_oracle


@pytest.fixture(scope="module")
def world(oracle: ModuleType) -> Partition:
    return oracle.world(N, 21)


@pytest.fixture(scope="module")
def fitted(oracle: ModuleType, world: Partition):
    return oracle.fit_terms(world.snapshots[0], np.arange(N) < TRAIN)


def score(kind: str, labels: np.ndarray, said: np.ndarray, keep: np.ndarray) -> Functional:
    """AUC, R2, or the log likelihood in nats; larger is better."""
    if kind == "binary":
        return auc(labels, said, keep)
    if kind == "regression":
        return r2(labels, said - labels, keep)
    return weighted_mean(-log_loss_rows(labels, said), keep)


def compare(kind: str, labels: np.ndarray, better: np.ndarray, worse: np.ndarray) -> tuple[float, float, float]:
    """Difference of the scores, and its paired 95 % interval over customers."""
    known = ~np.isnan(labels)
    labels, better, worse = labels[known], better[known], worse[known]
    keep = np.arange(len(labels))
    resampler = Resampler(keep, np.zeros(len(keep)), 100, seed=1)
    found = resampler.run({"better": score(kind, labels, better, keep), "worse": score(kind, labels, worse, keep)})
    gap = found["better"] - found["worse"]
    low, high = gap.interval(0.95)
    return float(gap.value), float(low), float(high)


def later(oracle: ModuleType, world: Partition, truth: object, task: str) -> tuple[np.ndarray, np.ndarray]:
    """Predictions and labels of the customers that no fit saw, at the second snapshot."""
    said, labels = oracle.task_pairs(truth, world.snapshots[1].labels)[task]
    return said[TRAIN:], labels[TRAIN:]


@pytest.mark.parametrize("task", TASKS)
def test_a_model_of_the_generating_terms_reaches_the_ceiling(oracle, world: Partition, fitted, task: str) -> None:
    second: Snapshot = world.snapshots[1]
    truth, labels = later(oracle, world, second.truth, task)
    said, _ = later(oracle, world, fitted.predict(second.history), task)
    gap, low, _ = compare(oracle.TASKS[task], labels, truth, said)
    assert gap < 0.008  # of an AUC, an R2 or a nat: what estimating some five weights costs
    assert low < 0.004  # no measurable distance beyond that


@pytest.mark.parametrize("name", EQUATIONS)
def test_the_fitted_weights_are_the_published_ones(fitted, name: str) -> None:
    published, found = EQUATIONS[name], fitted.linear[name]
    assert found.intercept == pytest.approx(published.intercept, abs=0.4)
    for term, weight in published.weights.items():
        expected = -FinsynthConfig().disparity if term == "unfavoured" else weight
        # the top share has a deviation of a tenth of the others'
        assert found.weights[term] == pytest.approx(expected, abs=1.2 if term == "top_share" else 0.2), term


def test_the_fitted_mixture_is_the_published_one(fitted) -> None:
    for name, share in NEXT_MIX.items():
        assert fitted.mix[name] == pytest.approx(share, abs=0.04)


@pytest.mark.parametrize(("signal", "task"), CARRIED)
def test_who_ignores_a_signal_stays_below_the_ceiling(oracle, world: Partition, signal: str, task: str) -> None:
    second = world.snapshots[1]
    blind = label_truth(second.history, FinsynthConfig(signals=frozenset(SIGNALS) - {signal}))
    truth, labels = later(oracle, world, second.truth, task)
    said, _ = later(oracle, world, blind, task)
    _, low, _ = compare(oracle.TASKS[task], labels, truth, said)
    assert low > 0


@pytest.fixture(scope="module")
def worlds_without(oracle: ModuleType) -> dict[str, Partition]:
    return {
        signal: oracle.world(6_000, 21, FinsynthConfig(signals=frozenset(SIGNALS) - {signal})) for signal in SIGNALS
    }


@pytest.fixture(scope="module")
def whole(oracle: ModuleType) -> Partition:
    return oracle.world(6_000, 21)


@pytest.mark.parametrize("signal", SIGNALS)
def test_a_signal_that_is_off_has_no_effect_left(oracle, worlds_without, signal: str) -> None:
    """In a world without it, adding the signal to the truth makes the score worse: no label follows it any more."""
    world = worlds_without[signal].snapshots[1]
    with_it = oracle.task_pairs(label_truth(world.history, FinsynthConfig()), world.labels)
    without = oracle.task_pairs(world.truth, world.labels)
    for task in carriers(signal):
        said, labels = without[task]
        assert compare(oracle.TASKS[task], labels, said, with_it[task][0])[1] > 0, task


# by how much the ceiling (AUC, log-loss skill, R2) falls at least when a signal goes; docs/finsynth.md states it
FALLS = {
    "deepfm": {"nba_primary": 0.015, "cross_sell_count": 0.01, "will_acquire_lending": 0.12},
    "temporal": {"churn_signal": 0.08, "nba_primary": 0.005, "cross_sell_count": 0.005},
    "hgcn": {"mcc_diversity_trend": 0.03, "next_mcc": 0.08},
    "perslay": {
        "nba_primary": 0.01, "cross_sell_count": 0.01, "will_acquire_deposits": 0.1, "spend_next_quarter": 0.01,
    },
    "causal": {
        "nba_primary": 0.015, "cross_sell_count": 0.015, "product_stability": 0.25, "will_acquire_accounts": 0.1,
    },
    "lightgcn": {"nba_primary": 0.01, "cross_sell_count": 0.01, "will_acquire_payments": 0.1},
    "optimal_transport": {
        "nba_primary": 0.02, "cross_sell_count": 0.02, "will_acquire_investments": 0.12, "top_mcc_shift": 0.06,
    },
}  # fmt: skip


def ceiling(oracle: ModuleType, snapshot: Snapshot, task: str) -> float:
    said, labels = oracle.task_pairs(snapshot.truth, snapshot.labels)[task]
    known = ~np.isnan(labels)
    keep, kind = np.arange(int(known.sum())), oracle.TASKS[task]
    found = float(score(kind, labels[known], said[known], keep)(np.ones((1, len(keep))))[0])
    if kind != "multiclass":
        return found
    share = np.bincount(labels.astype(int)) / len(labels)
    return 1 - found / float((share * np.log(share)).sum())


@pytest.mark.parametrize(("signal", "task"), CARRIED)
def test_the_ceiling_falls_where_a_signal_is_off(oracle, worlds_without, whole, signal: str, task: str) -> None:
    on, off = ceiling(oracle, whole.snapshots[1], task), ceiling(oracle, worlds_without[signal].snapshots[1], task)
    assert on - off > FALLS[signal][task]


@pytest.mark.parametrize("signal", SIGNALS)
def test_the_data_of_a_signal_that_is_off_stay(worlds_without, whole: Partition, signal: str) -> None:
    """Nothing before the first cutoff changes: customers, purchases, holdings, activity and indices."""
    ours, theirs = whole.snapshots[0].history, worlds_without[signal].snapshots[0].history
    assert np.array_equal(ours.held, theirs.held)
    assert np.array_equal(ours.spend, theirs.spend)
    assert np.array_equal(ours.indicators, theirs.indicators)
    for mine, other in zip(ours.quarters, theirs.quarters, strict=True):
        for column in ("customer", "day", "amount", "category", "tier", "channel"):
            assert np.array_equal(getattr(mine, column), getattr(other, column)), column
    for name, values in ours.flows.values.items():
        assert np.array_equal(values, theirs.flows.values[name]), name


# one task per signal
ONE_EACH = {
    "deepfm": "will_acquire_lending", "temporal": "churn_signal", "hgcn": "mcc_diversity_trend",
    "perslay": "will_acquire_deposits", "causal": "product_stability", "lightgcn": "will_acquire_payments",
    "optimal_transport": "will_acquire_investments",
}  # fmt: skip


@pytest.mark.parametrize("signal", SIGNALS)
def test_boosted_trees_on_plain_features_stay_below_the_ceiling(
    oracle, partition: Partition, plain: dict[str, np.ndarray], signal: str
) -> None:
    import _boosted

    task, first = ONE_EACH[signal], partition.snapshots[0]
    truth, labels = oracle.task_pairs(first.truth, first.labels)[task]
    rows = dict(zip(("train", "valid", "test"), np.split(np.arange(len(labels)), [1_400, 2_000]), strict=True))
    said = _boosted.predict_boosted(np.stack(list(plain.values()), axis=1), labels, rows, oracle.TASKS[task], 0, [])
    _, low, _ = compare(oracle.TASKS[task], labels[rows["test"]], truth[rows["test"]], said)
    assert low > 0
