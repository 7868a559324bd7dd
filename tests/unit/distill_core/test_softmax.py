"""The soft multiclass objective: the built-in one on hard labels, the teacher on soft ones, the right layout."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
import pytest
from scipy.optimize import approx_fprime
from scipy.special import softmax

from distill.students._softmax import SoftmaxObjective, cross_entropy_rows, log_prior

K = 4
PARAMETERS = {"num_class": K, "num_leaves": 7, "learning_rate": 0.1, "verbose": -1, "deterministic": True, "seed": 0}


@pytest.fixture(scope="module")
def problem() -> tuple[np.ndarray, np.ndarray]:
    """Features, and a teacher's probabilities that differ by class: a transposed layout could not pass."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2000, 5))
    return x, softmax(np.column_stack([3 * x[:, 0], 2 * x[:, 1] - 1, x[:, 2] * x[:, 3], np.full(2000, -1.0)]), axis=1)


def fit(x: np.ndarray, targets: np.ndarray, rounds: int = 40, weights: np.ndarray | None = None) -> np.ndarray:
    base = log_prior(targets, weights)
    dataset = lgb.Dataset(x, label=np.zeros(len(x)))
    booster = lgb.Booster(PARAMETERS | {"objective": "none"}, dataset)
    for _ in range(rounds):
        booster.update(fobj=SoftmaxObjective(targets, weights, base))
    return softmax(booster.predict(x, raw_score=True) + base, axis=1)


def test_one_hot_targets_reproduce_the_built_in_objective(problem: tuple[np.ndarray, np.ndarray]) -> None:
    x, p = problem
    labels = (np.random.default_rng(1).random((len(x), 1)) > p.cumsum(axis=1)).sum(axis=1)
    built_in = lgb.train(PARAMETERS | {"objective": "multiclass"}, lgb.Dataset(x, label=labels), 40).predict(x)
    ours = fit(x, np.eye(K)[labels])
    # The bases differ by the half row that log_prior adds to every class.
    assert np.abs(ours - built_in).mean() < 2e-3
    assert (ours.argmax(axis=1) == built_in.argmax(axis=1)).mean() > 0.99


def test_soft_targets_are_copied(problem: tuple[np.ndarray, np.ndarray]) -> None:
    x, p = problem
    ours = fit(x, p, rounds=120)
    assert (ours.argmax(axis=1) == p.argmax(axis=1)).mean() > 0.95
    assert np.abs(ours - p).mean() < 0.03


def test_gradient_is_that_of_the_cross_entropy() -> None:
    rng = np.random.default_rng(0)
    targets, base, scores = softmax(rng.normal(size=(1, K)), axis=1), rng.normal(size=K), rng.normal(size=(1, K))
    gradient, hessian = SoftmaxObjective(targets, np.array([2.0]), base)(scores, None)  # type: ignore[arg-type]

    def loss(z: np.ndarray) -> float:
        return 2.0 * float(cross_entropy_rows(targets, z[None] + base)[0])

    np.testing.assert_allclose(gradient[0], approx_fprime(scores[0], loss, 1e-7), atol=1e-5)
    assert (hessian > 0).all()


def test_another_layout_is_refused() -> None:
    with pytest.raises(ValueError, match=r"expected scores of shape \(5, 4\), got \(4, 5\)"):
        SoftmaxObjective(np.ones((5, K)) / K, None, np.zeros(K))(np.zeros((K, 5)), None)  # type: ignore[arg-type]


def test_an_absent_class_has_a_finite_base() -> None:
    base = log_prior(np.eye(3)[[0, 0, 1]], np.array([1.0, 1.0, 2.0]))
    assert np.isfinite(base).all()
    np.testing.assert_allclose(np.exp(base), [2.5 / 5.5, 2.5 / 5.5, 0.5 / 5.5])
