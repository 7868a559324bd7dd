"""Calibrators recover a known distortion, and the choice between them is not won by fitting noise."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from distill.calibration import (
    calibrate_binary,
    calibrate_multiclass,
    choose_binary,
    choose_multiclass,
    fit_isotonic,
    fit_platt,
    fit_temperature,
)
from distill.metrics import log_loss_rows


def drawn(rows: int, a: float, b: float, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Scores, and labels whose logit is ``a * score + b``."""
    rng = np.random.default_rng(seed)
    z = rng.normal(size=rows) * 2
    return z, (rng.random(rows) < expit(a * z + b)).astype(float)


def test_platt_is_logistic_regression_on_the_score() -> None:
    z, labels = drawn(5000, 0.5, -1.0)
    found = fit_platt(z, labels)
    oracle = LogisticRegression(C=1e9, tol=1e-9).fit(z[:, None], labels)
    assert found is not None
    # Platt's targets differ from 0 and 1 by about 1 / N.
    assert found.a == pytest.approx(oracle.coef_[0, 0], abs=2e-3)
    assert found.b == pytest.approx(oracle.intercept_[0], abs=2e-3)


def test_platt_stays_finite_on_separable_labels_and_refuses_reversed_ones() -> None:
    z = np.linspace(-3, 3, 40)
    found = fit_platt(z, (z > 0).astype(float))
    assert found is not None
    assert np.isfinite([found.a, found.b]).all()
    assert fit_platt(z, (z < 0).astype(float)) is None


def test_isotonic_straightens_a_bent_map_and_keeps_the_order() -> None:
    rng = np.random.default_rng(0)
    p = rng.random(20_000)
    labels = (rng.random(20_000) < p**3).astype(float)
    knots = fit_isotonic(p, labels)
    assert knots is not None
    fresh = np.linspace(0.02, 0.98, 400)
    np.testing.assert_allclose(np.interp(fresh, knots.x, knots.y), fresh**3, atol=0.06)
    assert (np.diff(np.interp(np.sort(p), knots.x, knots.y)) > 0).mean() > 0.95
    assert fit_isotonic(np.full(10, 0.5), np.array([0.0, 1.0] * 5)) is None


def test_temperature_recovers_the_scale() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(8000, 4)) * 2
    labels = (rng.gumbel(size=z.shape) + z / 2.5).argmax(axis=1).astype(float)
    assert fit_temperature(z, labels).t == pytest.approx(2.5, rel=0.06)


def test_the_right_calibrator_is_chosen() -> None:
    z, labels = drawn(4000, 0.4, 1.0)
    assert choose_binary(z, labels, np.arange(len(z)), folds=5).kind == "platt"
    rng = np.random.default_rng(1)
    bent = (rng.random(4000) < np.where(expit(z) > 0.5, 0.9, 0.1)).astype(float)
    assert choose_binary(z, bent, np.arange(len(z)), folds=5).kind == "isotonic"


def test_a_calibrated_student_is_hardly_touched() -> None:
    z, labels = drawn(600, 1.0, 0.0)
    fresh_z, fresh_labels = drawn(20_000, 1.0, 0.0, seed=1)
    chosen = choose_binary(z, labels, np.arange(len(z)), folds=5)
    loss = log_loss_rows(fresh_labels, calibrate_binary(fresh_z, chosen)).mean()
    assert loss - log_loss_rows(fresh_labels, expit(fresh_z)).mean() < 0.005


def test_too_few_positives_keep_the_identity() -> None:
    z, labels = np.linspace(-1, 1, 50), np.zeros(50)
    labels[:3] = 1
    assert choose_binary(z, labels, np.arange(len(z)), folds=5).kind == "identity"
    assert choose_multiclass(np.zeros((0, 3)), np.zeros(0), np.arange(0), folds=5).kind == "identity"


def test_multiclass_chooses_the_temperature_when_it_helps() -> None:
    rng = np.random.default_rng(0)
    z = rng.normal(size=(3000, 3)) * 3
    labels = (rng.gumbel(size=z.shape) + z / 3).argmax(axis=1).astype(float)
    chosen = choose_multiclass(z, labels, np.arange(len(z)), folds=5)
    assert chosen.kind == "temperature"
    np.testing.assert_allclose(calibrate_multiclass(z, chosen).sum(axis=1), 1)


def test_a_foreign_calibrator_is_refused() -> None:
    z, labels = drawn(500, 0.5, 0.0)
    platt = fit_platt(z, labels)
    assert platt is not None
    with pytest.raises(ValueError, match="multiclass"):
        calibrate_multiclass(np.zeros((2, 3)), platt)
    with pytest.raises(ValueError, match="binary"):
        calibrate_binary(z, fit_temperature(np.column_stack([z, -z, z]), labels))


def test_copies_of_a_row_do_not_make_a_noisy_calibrator_look_good() -> None:
    kinds = []
    for seed in range(8):
        z, labels = (np.repeat(values, 5) for values in drawn(400, 1.0, 0.0, seed=seed))
        kinds.append(choose_binary(z, labels, np.arange(2000) // 5, folds=5).kind)
    assert kinds.count("isotonic") <= 1
