"""Labels as the losses want them: one matrix, NaN where unknown, regression standardised by training rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from understudy.errors import UserError

if TYPE_CHECKING:
    from teacher.datasets.dataset import Dataset

__all__ = ["TargetScale", "row_weights"]


@dataclass(frozen=True)
class TargetScale:
    """Mean and deviation per task, ``[T]``; 0 and 1 for classification."""

    mean: NDArray[np.float64]
    std: NDArray[np.float64]

    @classmethod
    def fit(cls, dataset: Dataset, train: NDArray[np.int64]) -> TargetScale:
        """Statistics of the known training labels.

        Raises:
            UserError: a task has no known label among the training rows.
        """
        moments = [_moments(task.name, task.type, dataset.labels[task.name][train]) for task in dataset.spec.tasks]
        return cls(np.array([mean for mean, _ in moments]), np.array([std for _, std in moments]))

    def encode(self, dataset: Dataset, positions: NDArray[np.int64]) -> Tensor:
        """``[rows, T]`` float32: 0 or 1, class index, or standard units; NaN where masked."""
        raw = np.column_stack([dataset.labels[task.name][positions] for task in dataset.spec.tasks])
        return torch.from_numpy(((raw - self.mean) / self.std).astype(np.float32))


def row_weights(dataset: Dataset, positions: NDArray[np.int64]) -> Tensor | None:
    """``[rows, T]`` weights with mean 1 over the known labels of each task; None if no task weighs its rows.

    Mean 1 keeps a task's share in the sum of losses, and its learning rate, where they are without weights.

    Raises:
        UserError: a task's known rows weigh nothing together.
    """
    if not dataset.row_weights:
        return None
    columns = []
    for task in dataset.spec.tasks:
        known = np.isfinite(dataset.labels[task.name][positions])
        weights = dataset.row_weights.get(task.name)
        chosen = np.ones(len(positions)) if weights is None else weights[positions]
        mean = float(chosen[known].mean()) if known.any() else 1.0
        if mean <= 0:
            fix = "Correct its row_weight."
            raise UserError("the rows with a label weigh nothing together", where=f"task {task.name}", fix=fix)
        columns.append(chosen / mean)
    return torch.from_numpy(np.column_stack(columns).astype(np.float32))


def _moments(name: str, kind: str, labels: NDArray[np.float64]) -> tuple[float, float]:
    known = labels[np.isfinite(labels)]
    if not len(known):
        raise UserError("no training row has a known label", where=f"task {name}", fix="Check its label and its mask.")
    if kind != "regression":
        return 0.0, 1.0
    std = float(known.std())
    return float(known.mean()), std if std > 1e-12 else 1.0
