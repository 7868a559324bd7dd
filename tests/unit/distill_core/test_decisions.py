"""Thresholds follow the training rate, not one half."""

from __future__ import annotations

import numpy as np

from distill.metrics import decide, outcomes, threshold


def test_a_rare_outcome_still_selects_somebody() -> None:
    rng = np.random.default_rng(0)
    labels = (rng.random(5000) < 0.06).astype(float)
    said = rng.beta(1, 15, 5000)
    assert (said >= 0.5).mean() < 0.001
    assert abs(decide("binary", said, threshold("binary", labels, said)).mean() - 0.06) < 0.003


def test_multiclass_takes_the_top_class_and_regression_the_top_quarter() -> None:
    p = np.array([[0.2, 0.5, 0.3], [0.6, 0.1, 0.3]])
    assert decide("multiclass", p, np.nan).tolist() == [[False, True, False], [True, False, False]]
    values = np.arange(100.0)
    assert decide("regression", values, threshold("regression", values, values)).sum() == 25


def test_outcomes_match_the_kind_of_decision() -> None:
    train = np.array([0.0, 1.0, 2.0, 3.0, np.nan])
    assert outcomes("binary", np.array([0.0, 1.0]), train, 1).tolist() == [[False], [True]]
    assert outcomes("multiclass", np.array([2.0]), train, 3).tolist() == [[False, False, True]]
    assert outcomes("regression", np.array([2.0, 3.0]), train, 1).tolist() == [[False], [True]]
