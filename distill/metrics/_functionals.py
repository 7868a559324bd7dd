"""Metrics as functionals of row weights ``[replicates, rows]``; a weight counts a row that many times.

``keep`` are the positions of the rows whose label is known; a functional without labels uses every row.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from distill.metrics._resample import Functional

__all__ = [
    "auc",
    "calibration_error",
    "macro_f1",
    "quartiles",
    "r2",
    "rmse",
    "spearman",
    "weighted_mean",
]

Floats = NDArray[np.float64]
Positions = NDArray[np.int64]


def weighted_mean(values: Floats, keep: Positions | None = None) -> Functional:
    """Mean of per-row ``values`` (accuracy, agreement, MAE, log loss, KL, JSD): ``sum w v / sum w``."""

    def functional(weights: Floats) -> Floats:
        chosen = _take(weights, keep)
        return _ratio(chosen @ values, chosen.sum(axis=1))

    return functional


def rmse(errors: Floats, keep: Positions) -> Functional:
    """Root mean squared error: ``sqrt(sum w e^2 / sum w)``."""
    mean = weighted_mean(errors**2, keep)
    return lambda weights: np.sqrt(mean(weights))


def r2(labels: Floats, errors: Floats, keep: Positions) -> Functional:
    """Coefficient of determination: ``1 - sum w e^2 / sum w (y - mean_w y)^2``; NaN where the labels do not vary."""
    centred = labels - labels.mean() if len(labels) else labels

    def functional(weights: Floats) -> Floats:
        chosen = _take(weights, keep)
        total = chosen.sum(axis=1)
        spread = chosen @ centred**2 - _ratio((chosen @ centred) ** 2, total)
        return 1 - _ratio(chosen @ errors**2, np.where(spread > 1e-12 * np.maximum(total, 1), spread, 0.0))

    return functional


def auc(labels: Floats, scores: Floats, keep: Positions) -> Functional:
    """Area under the ROC curve: P(score of a positive > of a negative) + P(equal) / 2; NaN with one class."""
    order = np.argsort(scores, kind="stable")
    starts = _tie_starts(scores[order])
    positive = labels[order]
    position = keep[order]

    def functional(weights: Floats) -> Floats:
        chosen = weights[:, position]
        ups = np.add.reduceat(chosen * positive, starts, axis=1)
        downs = np.add.reduceat(chosen, starts, axis=1) - ups
        below = np.cumsum(downs, axis=1) - downs / 2
        return _ratio((ups * below).sum(axis=1), ups.sum(axis=1) * downs.sum(axis=1))

    return functional if len(scores) else _nan


def macro_f1(labels: Floats, predicted: Positions, keep: Positions, classes: int) -> Functional:
    """Unweighted mean over the classes that occur among the labels of ``2 TP / (predicted + actual)``.

    A class without a test row has no recall to measure, so it does not count (scikit-learn counts it as 0 when it was
    predicted).
    """
    actual_onehot = np.eye(classes)[labels.astype(np.int64)]
    predicted_onehot = np.eye(classes)[predicted]
    present = actual_onehot.any(axis=0)
    hits, actual, said = (
        matrix[:, present] for matrix in (actual_onehot * predicted_onehot, actual_onehot, predicted_onehot)
    )

    def functional(weights: Floats) -> Floats:
        chosen = _take(weights, keep)
        denominator = chosen @ actual + chosen @ said
        scores = np.divide(2 * (chosen @ hits), denominator, out=np.zeros_like(denominator), where=denominator > 0)
        return np.asarray(scores.mean(axis=1), dtype=np.float64)

    return functional if present.any() else _nan


def calibration_error(confidence: Floats, correct: Floats, keep: Positions) -> Functional:
    """Expected calibration error without the noise of finite bins.

    With ``G_b = sum_{i in b} w_i (correct_i - confidence_i)`` and ``V_b = sum_{i in b} w_i^2 c_i (1 - c_i)``, its
    variance if the model is calibrated: ``sum_b sqrt(max(0, G_b^2 - V_b)) / sum w``. The plug-in ``sum_b |G_b|`` is
    biased upwards: with 100 rows a bin it reads .03 for a perfect model. Subtracting the variance is the debiased
    estimator of Kumar, Liang and Ma (NeurIPS 2019), here taken bin by bin so that the result stays an absolute error.
    ``w_i^2`` makes it right for bootstrap weights too, whose drawing adds the same variance once more.

    Bins hold equally many rows (Nguyen and O'Connor, 2015): 10, or fewer so that each has at least 100; ties share a
    bin. For a binary task ``confidence`` is the probability of the positive class; for a multiclass task it is the top
    probability and ``correct`` says whether that class was right.
    """
    bins = int(np.clip(len(confidence) // 100, 1, 10))
    bin_of_row = np.minimum(bins - 1, (rankdata(confidence) - 0.5) * bins / max(1, len(confidence))).astype(np.int64)
    member = np.zeros((len(confidence), bins))
    member[np.arange(len(confidence)), bin_of_row] = 1.0
    gaps = member * (correct - confidence)[:, None]
    variances = member * (confidence * (1 - confidence))[:, None]

    def functional(weights: Floats) -> Floats:
        chosen = _take(weights, keep)
        squares = (chosen @ gaps) ** 2 - chosen**2 @ variances
        return _ratio(np.sqrt(np.maximum(squares, 0)).sum(axis=1), chosen.sum(axis=1))

    return functional


def spearman(first: Floats, second: Floats) -> Functional:
    """Pearson correlation of midranks, ranks recomputed in every replicate; NaN where either is constant."""
    ranks = [_weighted_ranks(values) for values in (first, second)]

    def functional(weights: Floats) -> Floats:
        total = weights.sum(axis=1)
        a, b = (rank(weights) - (total[:, None] + 1) / 2 for rank in ranks)
        covariance = (weights * a * b).sum(axis=1)
        spread = (weights * a * a).sum(axis=1) * (weights * b * b).sum(axis=1)
        return _ratio(covariance, np.sqrt(np.maximum(spread, 0)))

    return functional


def _weighted_ranks(values: Floats) -> Functional:
    """Midrank of every row when row i occurs ``w_i`` times: ``[replicates, rows]``."""
    order = np.argsort(values, kind="stable")
    starts = _tie_starts(values[order])
    group = np.empty(len(values), dtype=np.int64)
    group[order] = np.repeat(np.arange(len(starts)), np.diff([*starts, len(values)]))

    def functional(weights: Floats) -> Floats:
        counts = np.add.reduceat(weights[:, order], starts, axis=1)
        midranks = np.cumsum(counts, axis=1) - (counts - 1) / 2
        return np.asarray(midranks[:, group], dtype=np.float64)

    return functional


def quartiles(values: Floats) -> Positions:
    """Quartile 0 to 3 of each row among these rows, by midrank: ties share a quartile."""
    return np.asarray(np.minimum(3, 4 * (rankdata(values) - 0.5) / max(1, len(values))), dtype=np.int64)


def _tie_starts(ordered: Floats) -> Positions:
    return np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))


def _take(weights: Floats, keep: Positions | None) -> Floats:
    return weights if keep is None or len(keep) == weights.shape[1] else weights[:, keep]


def _ratio(numerator: Floats, denominator: Floats) -> Floats:
    """NaN where the denominator is zero: what cannot be computed is unknown."""
    out = np.full(np.shape(numerator), np.nan)
    np.divide(numerator, denominator, out=out, where=denominator != 0)
    return out


def _nan(weights: Floats) -> Floats:
    return np.full(len(weights), np.nan)
