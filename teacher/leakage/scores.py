"""The measures by which a leak is seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

__all__ = ["auc", "explained", "low_auc", "low_aucs_of_counts", "ranks"]


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


def low_aucs_of_counts(
    scores: NDArray[np.float64], cases: NDArray[np.float64], others: NDArray[np.float64]
) -> NDArray[np.float64]:
    """``low_auc`` of many outcomes ``[outcomes]`` where rows come in groups that share a score: ``scores``, ``cases``
    and ``others`` are ``[groups, outcomes]``.

    Sorting a few hundred groups instead of all rows: a wide table is measured column by column, all classes at once.
    """
    order = np.argsort(scores, axis=0, kind="stable")
    ordered, positive, negative = (np.take_along_axis(part, order, axis=0) for part in (scores, cases, others))
    level = np.zeros(ordered.shape, dtype=np.int64)
    level[1:] = np.cumsum(ordered[1:] > ordered[:-1], axis=0)
    groups, width = ordered.shape
    cell = (level + np.arange(width) * groups).T.ravel()

    def summed(counts: NDArray[np.float64]) -> NDArray[np.float64]:
        table = np.bincount(cell, weights=counts.T.ravel(), minlength=groups * width).astype(np.float64)
        return table.reshape(width, groups)

    tied_positive, tied_negative = summed(positive), summed(negative)
    below = np.cumsum(tied_negative, axis=1) - tied_negative / 2
    total = cases.sum(axis=0), others.sum(axis=0)
    values = (tied_positive * below).sum(axis=1) / (total[0] * total[1])
    lowered: NDArray[np.float64] = values - 2.0 * np.sqrt(np.maximum(0.0, values * (1 - values)) / np.minimum(*total))
    return lowered


def _less_two_errors(value: float, cases: float) -> float:
    return value - 2.0 * float(np.sqrt(max(0.0, value * (1 - value)) / cases))


def explained(label: NDArray[np.float64], predicted: NDArray[np.float64]) -> float:
    """R2 on the rows given, at least 0; 0 where the label does not vary."""
    spread = float(((label - label.mean()) ** 2).sum())
    return max(0.0, 1.0 - float(((label - predicted) ** 2).sum()) / spread) if spread > 0 else 0.0


def ranks(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks scaled to [0, 1], ties averaged: a measure that heavy tails do not blind."""
    ordered: NDArray[np.float64] = rankdata(values) / len(values)
    return ordered
