"""The measures against their definitions."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import r2_score, roc_auc_score

from teacher.leakage.findings import Evidence, check_of
from teacher.leakage.sampling import halves
from teacher.leakage.scores import auc, explained, low_auc, low_aucs_of_counts, ranks


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=4, max_size=50))
def test_auc_is_the_one_of_scikit_learn(pairs: list[tuple[bool, int]]) -> None:
    outcome = np.array([float(o) for o, _ in pairs])
    score = np.array([float(s) for _, s in pairs])
    if 0 < outcome.sum() < len(outcome):
        np.testing.assert_allclose(auc(outcome, score), roc_auc_score(outcome, score))


@settings(max_examples=50, deadline=None)
@given(st.lists(st.tuples(st.booleans(), st.integers(0, 5)), min_size=4, max_size=50))
def test_counts_give_what_rows_give(pairs: list[tuple[bool, int]]) -> None:
    outcome = np.array([float(o) for o, _ in pairs])
    groups = np.array([s for _, s in pairs])
    scores = np.array([0.1, 0.4, 0.4, 0.2, 0.9, 0.0])
    if 0 < outcome.sum() < len(outcome):
        cases = np.bincount(groups, weights=outcome, minlength=6)
        others = np.bincount(groups, minlength=6) - cases
        both = [np.stack(pair, axis=1) for pair in ((scores, -scores), (cases, cases), (others, others))]
        expected = [low_auc(outcome, scores[groups]), low_auc(outcome, -scores[groups])]
        np.testing.assert_allclose(low_aucs_of_counts(*both), expected)


def test_low_auc_spares_small_samples_but_not_perfect_scores() -> None:
    outcome = np.array([0.0] * 40 + [1.0] * 40)
    assert low_auc(outcome, outcome) == 1.0
    score = outcome.copy()
    score[39], score[40] = 1.0, 0.0
    assert low_auc(outcome, score) < auc(outcome, score) - 0.03


def test_explained_is_r2_clipped_at_zero(rng: np.random.Generator) -> None:
    label, predicted = rng.normal(size=100), rng.normal(size=100)
    assert explained(label, predicted) == 0.0
    np.testing.assert_allclose(explained(label, label + 0.1), r2_score(label, label + 0.1))
    assert explained(np.ones(5), np.ones(5)) == 0.0


def test_ranks_share_ties() -> None:
    np.testing.assert_allclose(ranks(np.array([10.0, 30.0, 20.0, 20.0])), [0.25, 1.0, 0.625, 0.625])


def test_halves_part_no_unit_and_stay_within_train() -> None:
    train, units = np.arange(0, 1000, 2), np.arange(1000) // 10
    parts = halves(train, units, 300, 0)
    assert not set(units[parts.fit]) & set(units[parts.score])
    assert set(parts.fit) | set(parts.score) <= set(train)
    assert len(parts.fit) + len(parts.score) == 300


def test_a_check_without_a_measurement_is_unknown() -> None:
    assert check_of("c", "?", "!", []).status == "unknown"
    assert check_of("c", "?", "!", [Evidence("m", 0.5, 1.0, ["x"])]).status == "pass"
    failed = check_of("c", "?", "!", [Evidence("m", 1.0, 1.0, ["x"]), Evidence("m", 0.1, 1.0, ["y"])])
    assert failed.status == "fail"
    assert failed.as_json()["failures"][0]["columns"] == ["x"]
    assert failed.as_json()["way_out"] == "!"
