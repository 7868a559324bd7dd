import dataclasses

import numpy as np
import pytest

from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.indicators import EDGES, INDICATORS, innovations, weights
from teacher.datasets.finsynth.products import CIRCLE_OF
from teacher.datasets.finsynth.signals import branch_focus, cohesion, crosses, lead_lag, movement, surprise
from teacher.datasets.finsynth.signals.planted import FUNCTIONALS
from teacher.datasets.finsynth.simulate import Partition


@pytest.fixture(scope="module")
def history(partition: Partition) -> History:
    return partition.snapshots[0].history


@pytest.mark.parametrize("name", FUNCTIONALS)
@pytest.mark.parametrize("index", [0, 1])
def test_signals_are_centred_and_scaled(partition: Partition, name: str, index: int) -> None:
    signal = FUNCTIONALS[name](partition.snapshots[index].history)  # type: ignore[index]
    assert abs(signal.mean()) < 0.25
    assert 0.7 < signal.std() < 1.3
    assert np.abs(signal).max() <= 2.5


def test_signals_are_nearly_uncorrelated(history: History) -> None:
    matrix = np.corrcoef([functional(history) for functional in FUNCTIONALS.values()])
    assert np.abs(matrix - np.eye(7)).max() < 0.08


@pytest.mark.parametrize("name", FUNCTIONALS)
def test_no_plain_number_tells_a_signal(history: History, plain: dict[str, np.ndarray], name: str) -> None:
    signal = FUNCTIONALS[name](history)  # type: ignore[index]
    assert len(plain) > 150
    for column, numbers in plain.items():
        known = ~np.isnan(numbers)
        if numbers[known].std() > 0:
            assert abs(np.corrcoef(signal[known], numbers[known])[0, 1]) < 0.25, column


def test_leading_turns_round_with_time(history: History) -> None:
    flows = {name: values.copy() for name, values in history.flows.values.items()}
    for values in flows.values():
        values[:, history.month - 12 : history.month] = values[:, history.month - 12 : history.month][:, ::-1]
    back = lead_lag(dataclasses.replace(history, flows=type(history.flows)(flows)))
    # the weights favour recent months, so the area is not exactly reversed
    assert np.corrcoef(lead_lag(history), back)[0, 1] < -0.7


def test_focus_is_the_chance_of_one_sub_branch_given_one_branch(history: History) -> None:
    raw = []
    for counts in history.categories_12m()[:20].reshape(20, 10, 5).astype(float):
        middle = np.concatenate([counts[:, :2].sum(axis=1), counts[:, 2:].sum(axis=1)])
        raw.append((middle**2).sum() / (counts.sum(axis=1) ** 2).sum())
    got = branch_focus(history)[:20]
    inside = np.abs(got) < 2.5
    assert np.corrcoef(got[inside], np.array(raw)[inside])[0, 1] == pytest.approx(1.0)


def test_cohesion_counts_pairs_of_one_circle(history: History) -> None:
    raw = []
    for held in history.held[:200]:
        places = np.flatnonzero(held)
        pairs = [(p, q) for p in places for q in places if p < q]
        raw.append(np.mean([CIRCLE_OF[p] == CIRCLE_OF[q] for p, q in pairs]) if pairs else 0.26)
    got = cohesion(history)[:200]
    inside = np.abs(got) < 2.5
    assert np.corrcoef(got[inside], np.array(raw)[inside])[0, 1] == pytest.approx(1.0)


def test_movement_is_the_wasserstein_distance(history: History) -> None:
    from scipy.stats import wasserstein_distance

    tiers = np.arange(12)
    recent, before = history.recent.by_tier[:50], history.tiers_before()[:50]
    raw = np.array([wasserstein_distance(tiers, tiers, r, b) for r, b in zip(recent, before, strict=True)])
    np.testing.assert_allclose(movement(history)[:50], np.clip((raw - 1.09) / 0.53, -2.5, 2.5), atol=1e-9)


def test_surprise_needs_the_true_causes(history: History) -> None:
    own = innovations(history.indicators)
    np.testing.assert_allclose(np.corrcoef(own.T), np.eye(10), atol=0.08)
    np.testing.assert_allclose(own.std(axis=0), 1, atol=0.06)
    debt, engagement = INDICATORS.index("ix_debt"), INDICATORS.index("ix_engagement")
    product = np.clip(own[:, debt] * own[:, engagement] / 0.9, -2.5, 2.5)
    np.testing.assert_allclose(surprise(history), product)


def test_the_causal_graph_is_acyclic() -> None:
    matrix = weights()
    assert len(EDGES) == np.count_nonzero(matrix)
    assert np.allclose(np.linalg.matrix_power(np.abs(matrix), len(INDICATORS)), 0)


def test_crosses_have_no_main_effect(history: History) -> None:
    signal = crosses(history)
    for field in ("occupation", "joined_via", "housing"):
        values = getattr(history.people, field)
        sizes = np.bincount(values)
        means = np.bincount(values, weights=signal) / np.maximum(sizes, 1)
        # variance of the group means, less what sampling alone gives
        between = (sizes * means**2).sum() / sizes.sum() - len(sizes) / sizes.sum()
        assert between < 0.02
