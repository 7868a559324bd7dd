"""The one scorer by which epochs are compared: the mean over tasks of a skill that is 0 for knowing nothing."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

from understudy.contracts._model import TaskType

__all__ = ["auc", "mean_skill", "skill"]


def auc(labels: NDArray[np.float64], scores: NDArray[np.float64]) -> float:
    """Area under the ROC curve with ties counted half; NaN if only one class is present."""
    positive = labels > 0.5
    n_positive = int(positive.sum())
    n_negative = len(labels) - n_positive
    if not n_positive or not n_negative:
        return float("nan")
    ranks = rankdata(scores)
    return float((ranks[positive].sum() - n_positive * (n_positive + 1) / 2) / (n_positive * n_negative))


def skill(
    kind: TaskType,
    labels: NDArray[np.float64],
    predicted: NDArray[np.float64],
) -> float:
    """Skill of one task on the rows whose label is known.

    binary: ``2 AUC - 1``; multiclass: ``1 - log loss / log loss of the class shares``; regression: R2.
    All are 0 without and 1 with perfect knowledge; NaN where the rows cannot tell (one class, constant label).

    Shapes: labels ``[rows]`` (NaN = masked), predicted ``[rows]`` or ``[rows, K]`` probabilities.
    """
    known = np.isfinite(labels)
    labels, predicted = labels[known], predicted[known]
    if not len(labels):
        return float("nan")
    if kind == "binary":
        return 2.0 * auc(labels, predicted) - 1.0
    if kind == "multiclass":
        return _log_loss_skill(labels.astype(np.int64), predicted)
    spread = float(np.sum((labels - labels.mean()) ** 2))
    return 1.0 - float(np.sum((labels - predicted) ** 2)) / spread if spread > 0 else float("nan")


def _log_loss_skill(labels: NDArray[np.int64], predicted: NDArray[np.float64]) -> float:
    shares = np.bincount(labels, minlength=predicted.shape[1]) / len(labels)
    ceiling = -float(np.sum(shares[shares > 0] * np.log(shares[shares > 0])))
    loss = -float(np.mean(np.log(np.clip(predicted[np.arange(len(labels)), labels], 1e-12, 1.0))))
    return 1.0 - loss / ceiling if ceiling > 0 else float("nan")


def mean_skill(skills: dict[str, float]) -> float:
    """Mean over the tasks whose skill is defined; NaN if none is."""
    known = [value for value in skills.values() if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")
