"""Scores on test rows, by the teacher's canonical scorer."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.dataset import Dataset
from teacher.training.scoring import auc, skill

__all__ = ["scores_on_test"]


def scores_on_test(
    dataset: Dataset, said: Mapping[str, NDArray[np.float64]], rows: NDArray[np.int64] | None = None
) -> dict[str, dict[str, float | None]]:
    """task -> ``skill`` and, for binary tasks, ``auc``, on the test rows; None where they cannot tell."""
    rows = dataset.rows("test") if rows is None else rows
    scores: dict[str, dict[str, float | None]] = {}
    for task in dataset.spec.tasks:
        labels = dataset.labels[task.name][rows]
        known = np.isfinite(labels)
        scores[task.name] = {"skill": _number(skill(task.type, labels, said[task.name]))}
        if task.type == "binary":
            scores[task.name]["auc"] = _number(auc(labels[known], said[task.name][known]))
    return scores


def _number(value: float) -> float | None:
    return value if np.isfinite(value) else None
