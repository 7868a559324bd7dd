"""What is predicted, as columns: the 0/1 outcomes of a task, or its number."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teacher.leakage.sampling import MIN_CASES, outcomes
from understudy.contracts.spec import DatasetSpec

__all__ = ["Outcomes", "outcome_columns"]


@dataclass(frozen=True)
class Outcomes:
    """``values`` ``[rows, outcomes]`` (NaN where masked), and the task and the class ("" without) of each column."""

    values: NDArray[np.float64]
    tasks: list[str]
    details: list[str]


def outcome_columns(spec: DatasetSpec, labels: Mapping[str, NDArray[np.float64]], rows: NDArray[np.int64]) -> Outcomes:
    """Every outcome over ``rows`` that has enough cases on either side."""
    columns, tasks, details = [], [], []
    for task in spec.tasks:
        label = labels[task.name][rows]
        regression = task.type == "regression"
        for name, outcome in [("", label)] if regression else outcomes(task, label):
            known = outcome[~np.isnan(outcome)]
            if len(known) < 2 * MIN_CASES or (not regression and min(known.sum(), (1 - known).sum()) < MIN_CASES):
                continue
            columns.append(outcome)
            tasks.append(task.name)
            details.append(f"class {name}" if name else "")
    stacked = np.stack(columns, axis=1) if columns else np.empty((len(rows), 0))
    return Outcomes(stacked, tasks, details)
