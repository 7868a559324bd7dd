from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import log_loss, r2_score, roc_auc_score

from teacher.training.scoring import auc, mean_skill, skill

RNG = np.random.default_rng(0)


def test_auc_with_ties_is_scikit_learn_s() -> None:
    labels = RNG.integers(0, 2, 200).astype(float)
    scores = np.round(labels * 0.3 + RNG.random(200), 1)
    assert auc(labels, scores) == pytest.approx(roc_auc_score(labels, scores))


def test_multiclass_skill_is_the_log_loss_against_that_of_the_class_shares() -> None:
    labels = RNG.integers(0, 3, 300).astype(float)
    predicted = RNG.dirichlet(np.ones(3), 300) + 0.5 * np.eye(3)[labels.astype(int)]
    predicted /= predicted.sum(axis=1, keepdims=True)
    shares = np.tile(np.bincount(labels.astype(int)) / 300, (300, 1))
    expected = 1 - log_loss(labels, predicted) / log_loss(labels, shares)
    assert skill("multiclass", labels, predicted) == pytest.approx(expected)
    assert skill("multiclass", labels, shares) == pytest.approx(0.0)


def test_regression_skill_is_r2() -> None:
    labels = RNG.normal(size=100)
    predicted = labels + RNG.normal(size=100)
    assert skill("regression", labels, predicted) == pytest.approx(r2_score(labels, predicted))


@pytest.mark.parametrize("kind", ["binary", "multiclass", "regression"])
def test_perfect_knowledge_is_one_and_masked_rows_do_not_count(kind: str) -> None:
    labels = np.array([0.0, 1.0, 0.0, 1.0, np.nan])
    known = np.nan_to_num(labels)
    predicted = np.eye(2)[known.astype(int)] if kind == "multiclass" else known
    assert skill(kind, labels, predicted) == pytest.approx(1.0)  # type: ignore[arg-type]


def test_rows_that_cannot_tell_give_no_skill_and_are_left_out_of_the_mean() -> None:
    ones = np.ones(5)
    assert math.isnan(skill("binary", ones, ones))
    assert math.isnan(skill("regression", ones, ones))
    assert math.isnan(skill("multiclass", ones, np.full((5, 3), 1 / 3)))
    assert math.isnan(skill("binary", ones * np.nan, ones))
    assert mean_skill({"a": math.nan, "b": 0.4, "c": 0.2}) == pytest.approx(0.3)
    assert math.isnan(mean_skill({"a": math.nan}))
