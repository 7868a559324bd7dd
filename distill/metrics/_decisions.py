"""From predictions to decisions: what agreement and the fairness gate compare."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from understudy.contracts._model import TaskType

__all__ = ["decide", "outcomes", "threshold"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# A regression decision singles out the highest quarter.
TOP = 0.25


def threshold(kind: TaskType, train_labels: Floats, valid_predictions: Floats) -> float:
    """The score from which a model says yes.

    Each model gets the threshold at which its share of yes among the validation rows is the share of positive training
    labels (binary) or a quarter (regression). A fixed 0.5 would say no to everybody where positives are rare: every
    two models would agree, and every ratio of selection rates would be 0/0. No test row is used. A multiclass decision
    is the most probable class and needs no threshold (NaN).
    """
    if kind == "multiclass":
        return float("nan")
    share = TOP if kind == "regression" else float(np.nanmean(train_labels))
    return float(np.quantile(valid_predictions, 1 - share))


def decide(kind: TaskType, predictions: Floats, cut: float) -> Bools:
    """Decisions ``[m, D]``: yes at or above ``cut`` (D = 1), or the most probable class, one-hot (D = K)."""
    if kind == "multiclass":
        top = predictions.argmax(axis=1)
        return np.asarray(top[:, None] == np.arange(predictions.shape[1]))
    return np.asarray(predictions >= cut)[:, None]


def outcomes(kind: TaskType, labels: Floats, train_labels: Floats, classes: int) -> Bools:
    """What a perfect model would decide, ``[m, D]``, for rows whose label is known.

    Binary: the label; multiclass: the label's class; regression: the label reaches the highest quarter of the
    training labels.
    """
    if kind == "multiclass":
        return np.eye(classes, dtype=np.bool_)[labels.astype(np.int64)]
    cut = 0.5 if kind == "binary" else float(np.nanquantile(train_labels, 1 - TOP))
    return np.asarray(labels >= cut)[:, None]
