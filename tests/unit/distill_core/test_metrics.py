"""Every metric equals its textbook value, weights count rows, replicates equal recomputed metrics."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from scipy.special import rel_entr
from scipy.stats import spearmanr
from sklearn import metrics as sk

from distill.metrics import (
    Bound,
    Functional,
    Resampler,
    as_good_as,
    auc,
    calibration_error,
    clustered_error,
    jsd_rows,
    kl_rows,
    log_loss_rows,
    macro_f1,
    quartiles,
    r2,
    rmse,
    spearman,
    weighted_mean,
)

RNG = np.random.default_rng(0)
N = 400
KEEP = np.arange(N)
LABELS = (RNG.random(N) < 0.3).astype(float)
# Rounded, so that there are ties.
SCORES = np.round(np.clip(0.3 * LABELS + RNG.random(N) * 0.7, 0.01, 0.99), 2)
CLASS = RNG.integers(0, 4, N).astype(float)
SAID = np.where(RNG.random(N) < 0.5, CLASS, RNG.integers(0, 4, N)).astype(int)
VALUE = RNG.normal(size=N) * 5 + 3
GUESS = VALUE + RNG.normal(size=N)


def once(functional: Functional) -> float:
    return float(functional(np.ones((1, N)))[0])


Oracle = Callable[[np.ndarray], float]
CASES: dict[str, tuple[Functional, Oracle]] = {
    "auc": (auc(LABELS, SCORES, KEEP), lambda i: sk.roc_auc_score(LABELS[i], SCORES[i])),
    "log_loss": (weighted_mean(log_loss_rows(LABELS, SCORES)), lambda i: sk.log_loss(LABELS[i], SCORES[i])),
    "macro_f1": (macro_f1(CLASS, SAID, KEEP, 4), lambda i: sk.f1_score(CLASS[i], SAID[i], average="macro")),
    "accuracy": (weighted_mean((CLASS == SAID).astype(float)), lambda i: sk.accuracy_score(CLASS[i], SAID[i])),
    "r2": (r2(VALUE, GUESS - VALUE, KEEP), lambda i: sk.r2_score(VALUE[i], GUESS[i])),
    "mae": (weighted_mean(np.abs(GUESS - VALUE)), lambda i: sk.mean_absolute_error(VALUE[i], GUESS[i])),
    "rmse": (rmse(GUESS - VALUE, KEEP), lambda i: sk.root_mean_squared_error(VALUE[i], GUESS[i])),
    "spearman": (spearman(VALUE, SCORES), lambda i: spearmanr(VALUE[i], SCORES[i]).statistic),
}


@pytest.mark.parametrize("name", CASES)
def test_metric_equals_its_oracle_on_the_sample_and_on_a_resample(name: str) -> None:
    functional, oracle = CASES[name]
    assert once(functional) == pytest.approx(oracle(np.arange(N)), abs=1e-9)
    drawn = np.random.default_rng(5).integers(0, N, N)
    weights = np.bincount(drawn, minlength=N)[None].astype(float)
    assert float(functional(weights)[0]) == pytest.approx(oracle(drawn), abs=1e-9)


def test_masked_rows_do_not_count() -> None:
    keep = np.arange(0, N, 2)
    functional = auc(LABELS[keep], SCORES[keep], keep)
    assert once(functional) == pytest.approx(sk.roc_auc_score(LABELS[keep], SCORES[keep]), abs=1e-9)


def test_what_cannot_be_computed_is_nan() -> None:
    none = np.zeros(0, dtype=np.int64)
    assert np.isnan(once(auc(np.ones(N), SCORES, KEEP)))
    assert np.isnan(once(auc(np.zeros(0), np.zeros(0), none)))
    assert np.isnan(once(r2(np.full(N, 3.0), np.ones(N), KEEP)))
    assert np.isnan(once(spearman(VALUE, np.ones(N))))
    assert np.isnan(once(macro_f1(np.zeros(0), none, none, 3)))
    assert np.isnan(once(calibration_error(np.zeros(0), np.zeros(0), none)))
    assert np.isnan(once(weighted_mean(np.zeros(0), none)))


def test_macro_f1_counts_only_classes_that_occur() -> None:
    keep = np.arange(4)
    said = np.array([0, 0, 1, 2])
    functional = macro_f1(np.array([0.0, 0, 1, 1]), said, keep, 5)
    expected = sk.f1_score([0, 0, 1, 1], said, labels=[0, 1], average="macro")
    assert float(functional(np.ones((1, 4)))[0]) == pytest.approx(expected)


def test_divergences() -> None:
    t, s = np.array([0.2, 0.5, 0.9]), np.array([0.3, 0.5, 0.1])
    both = [np.column_stack([1 - p, p]) for p in (t, s)]
    np.testing.assert_allclose(kl_rows(t, s), rel_entr(*both).sum(axis=1), atol=1e-9)
    np.testing.assert_allclose(kl_rows(*both), kl_rows(t, s), atol=1e-12)
    np.testing.assert_allclose(jsd_rows(t, s), jsd_rows(s, t), atol=1e-12)
    assert jsd_rows(np.array([1.0]), np.array([0.0]))[0] == pytest.approx(np.log(2), abs=1e-5)
    assert np.isfinite(kl_rows(np.array([1.0]), np.array([0.0]))).all()


def test_calibration_error_is_near_zero_for_the_truth_and_finds_an_offset() -> None:
    rng = np.random.default_rng(1)
    rows = 3000
    keep, ones = np.arange(rows), np.ones((1, rows))
    values = []
    for _ in range(20):
        p = rng.random(rows)
        values.append(float(calibration_error(p, (rng.random(rows) < p).astype(float), keep)(ones)[0]))
    assert np.mean(values) < 0.01
    p = rng.uniform(0.2, 0.7, rows)
    shifted = calibration_error(p, (rng.random(rows) < p + 0.2).astype(float), keep)
    assert float(shifted(ones)[0]) == pytest.approx(0.2, abs=0.03)


def test_quartiles_share_ties_and_are_even() -> None:
    assert np.bincount(quartiles(VALUE)).tolist() == [N // 4] * 4
    assert len(set(quartiles(np.ones(10)).tolist())) == 1


def test_the_interval_covers_the_truth_about_as_often_as_it_says() -> None:
    rng = np.random.default_rng(3)
    hits = 0
    for trial in range(60):
        sample = rng.normal(size=150)
        units = np.arange(150)
        result = Resampler(units, np.zeros(150), 200, trial).run({"mean": weighted_mean(sample)})["mean"]
        low, high = result.interval(0.9)
        hits += int(low <= 0 <= high)
    assert 46 <= hits <= 60


def test_strata_keep_their_size_and_units_stay_whole() -> None:
    units = np.arange(100) // 2
    strata = np.repeat((np.arange(50) < 5).astype(float), 2)
    for weights in Resampler(units, strata, 100, 0).chunks():
        assert (weights[:, strata == 1].sum(axis=1) == 10).all()
        assert (weights[:, ::2] == weights[:, 1::2]).all()


def test_replicates_repeat_with_the_seed_and_differences_are_paired() -> None:
    units = np.arange(N)
    functionals = {"a": auc(LABELS, SCORES, KEEP), "b": auc(LABELS, SCORES, KEEP)}
    first = Resampler(units, LABELS, 100, 7).run(functionals)
    again = Resampler(units, LABELS, 100, 7).run(functionals)
    other = Resampler(units, LABELS, 100, 8).run(functionals)
    assert np.array_equal(first["a"].samples, again["a"].samples)
    assert not np.array_equal(first["a"].samples, other["a"].samples)
    assert np.all((first["a"] - first["b"]).samples == 0)


def test_an_interval_of_mostly_unknown_replicates_is_unknown() -> None:
    def half(weights: np.ndarray) -> np.ndarray:
        return np.where(np.arange(len(weights)) % 2, np.nan, 1.0)

    result = Resampler(np.array([0, 1]), np.zeros(2), 100, 0).run({"half": half})["half"]
    assert np.isnan(result.interval(0.95)).all()
    assert np.isnan(result.standard_error())


def test_the_clustered_error_is_the_usual_one_for_single_rows_and_sees_through_copies() -> None:
    values = RNG.normal(size=200)
    usual = values.std() / np.sqrt(200)
    assert clustered_error(values, np.arange(200)) == pytest.approx(usual)
    assert clustered_error(np.repeat(values, 5), np.arange(1000) // 5) == pytest.approx(usual)


def test_as_good_as_allows_noise_and_no_more() -> None:
    best, units = np.zeros(100), np.arange(100)
    noise = RNG.normal(size=100)
    assert as_good_as(0.01 + noise - noise.mean(), best, units, 1.0)
    assert not as_good_as(0.5 + noise - noise.mean(), best, units, 1.0)
    assert not as_good_as(np.full(100, np.inf), best, units, 1.0)


def test_a_bound_is_drawn_in_by_its_margin() -> None:
    assert Bound("at least", 0.9).keeps(0.905)
    assert not Bound("at least", 0.9).keeps(0.905, margin=0.1)
    assert Bound("at most", 0.2).keeps(0.19)
    assert not Bound("at most", 0.2).keeps(0.19, margin=0.1)
    assert not Bound("at most", 0.2).keeps(float("nan"))
