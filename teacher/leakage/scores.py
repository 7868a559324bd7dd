"""The measures by which a leak is seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

__all__ = ["auc", "correlation", "explained", "low_auc", "low_auc_of_counts", "ranks"]


def auc(outcome: NDArray[np.float64], score: NDArray[np.float64]) -> float:
    """Area under the ROC curve (Mann-Whitney, ties count half); ``outcome`` is 0/1 and holds both."""
    order: NDArray[np.float64] = rankdata(score)
    positive = outcome == 1
    cases = int(positive.sum())
    return float((order[positive].sum() - cases * (cases + 1) / 2) / (cases * (len(outcome) - cases)))


def low_auc(outcome: NDArray[np.float64], score: NDArray[np.float64]) -> float:
    """The AUC less two standard errors, ``A - 2 sqrt(A (1 - A) / m)`` with ``m`` the rarer outcome's cases.

    An upper bound of the error (Birnbaum and Klose 1957). A perfect score has none, so a leak stays 1 however few the
    rows are, and an honest .98 does not reach .99 by the luck of a small sample.
    """
    cases = min(float(outcome.sum()), float((1 - outcome).sum()))
    return _less_two_errors(auc(outcome, score), cases)


def low_auc_of_counts(scores: NDArray[np.float64], cases: NDArray[np.float64], others: NDArray[np.float64]) -> float:
    """``low_auc`` where rows come in groups that share a score: ``scores``, ``cases``, ``others`` are ``[groups]``.

    Sorting a few hundred groups instead of all rows: a wide table is measured column by column, class by class.
    """
    _, level = np.unique(scores, return_inverse=True)
    positive, negative = np.bincount(level, weights=cases), np.bincount(level, weights=others)
    below = np.cumsum(negative) - negative / 2
    value = float((positive * below).sum() / (positive.sum() * negative.sum()))
    return _less_two_errors(value, min(positive.sum(), negative.sum()))


def _less_two_errors(value: float, cases: float) -> float:
    return value - 2.0 * float(np.sqrt(max(0.0, value * (1 - value)) / cases))


def correlation(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """|Pearson| over rows where both are known; 0 where one does not vary."""
    known = ~(np.isnan(a) | np.isnan(b))
    if known.sum() < 3 or np.ptp(a[known]) == 0 or np.ptp(b[known]) == 0:
        return 0.0
    with np.errstate(invalid="ignore", over="ignore"):
        value = abs(float(np.corrcoef(a[known], b[known])[0, 1]))
    return value if np.isfinite(value) else 0.0


def explained(label: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    """R2 on the rows given, at least 0; 0 where the label does not vary."""
    spread = float(((label - label.mean()) ** 2).sum())
    return max(0.0, 1.0 - float(((label - predicted) ** 2).sum()) / spread) if spread > 0 else 0.0


def ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks scaled to [0, 1], ties averaged: a measure that heavy tails do not blind."""
    ordered: NDArray[np.float64] = rankdata(values) / len(values)
    return ordered
