"""What the labels are, how far the features go with them, and how well the truth itself would do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from teacher.leakage.scores import auc, explained
from teacher.leakage.tables import correlation_errors, correlations, rank_columns
from teacher.leakage.targets import outcome_columns
from understudy.contracts.features import FeatureSchema
from understudy.contracts.spec import DatasetSpec, TaskSpec
from understudy.wilson import wilson

__all__ = ["associations", "describe_task"]

Parts = Mapping[str, NDArray[np.int64]]
_ROWS = 20_000


def describe_task(
    task: TaskSpec, label: NDArray[np.float64], truth: NDArray[np.float64] | None, parts: Parts
) -> dict[str, Any]:
    """Known labels, class rates with their 95 % intervals or mean and spread per split, and the ceiling if known."""
    found: dict[str, Any] = {"type": task.type, "known": {}}
    for name, rows in parts.items():
        known = label[rows][~np.isnan(label[rows])]
        found["known"][name] = len(known)
        if task.type == "regression":
            found.setdefault("mean", {})[name] = float(known.mean()) if known.size else None
            found.setdefault("std", {})[name] = float(known.std()) if known.size else None
        else:
            classes = task.classes or ["0", "1"]
            counts = [int((known == index).sum()) for index in range(len(classes))]
            found.setdefault("counts", {})[name] = dict(zip(classes, counts, strict=True))
            pairs = list(zip(classes, counts, strict=True))
            found.setdefault("rates", {})[name] = {c: _rate(n, len(known)) for c, n in pairs}
            found.setdefault("intervals", {})[name] = {c: _interval(n, len(known)) for c, n in pairs}
    if truth is not None:
        found["ceiling"] = {name: _ceiling(task, label[rows], truth[rows]) for name, rows in parts.items()}
    return found


def _rate(count: int, rows: int) -> float:
    return round(count / rows, 6) if rows else 0.0


def _interval(count: int, rows: int) -> list[float]:
    return [round(end, 6) for end in wilson(count / rows if rows else 0.0, rows)]


def _ceiling(task: TaskSpec, label: NDArray[np.float64], truth: NDArray[np.float64]) -> dict[str, float | None]:
    """The score of the true probability or mean: no model of the same history does better but by luck."""
    known = ~np.isnan(label)
    y, p = label[known], truth[known]
    if task.type == "regression":
        return {"r2": round(explained(y, p), 6) if y.size else None}
    if task.type == "multiclass":
        return {"accuracy": round(float((p.argmax(axis=1) == y).mean()), 6) if y.size else None}
    both = 0 < y.sum() < y.size
    return {"auc": round(auc(y, p), 6) if both else None}


def associations(
    spec: DatasetSpec,
    schema: FeatureSchema,
    features: NDArray[np.float64],
    labels: Mapping[str, NDArray[np.float64]],
    train: NDArray[np.int64],
) -> dict[str, dict[str, Any]]:
    """Feature -> the label (and class) it goes with most on training rows, the measure, its value and standard error.

    Numbers: rank correlation. Categories: the correlation ratio, its square freed of what chance adds (epsilon squared,
    Kelley 1935); it has no sign, and its error is that of no association, ``1 / sqrt(rows)``.
    """
    rows = train[:: max(1, -(-len(train) // _ROWS))]
    outcomes = outcome_columns(spec, labels, rows)
    if not outcomes.tasks:
        return {}
    X = rank_columns(features[rows])
    r, n = correlations(X, outcomes.values)
    errors = correlation_errors(X, outcomes.values, r, n)
    found: dict[str, dict[str, Any]] = {}
    for index, feature in enumerate(schema.features):
        measure, values, error = "rank correlation", r[index], errors[index]
        if feature.kind == "categorical":
            measure, values = "correlation ratio", _ratios(features[rows, index], outcomes.values)
            error = 1 / np.sqrt(np.maximum(n[index], 1))
        best = int(np.abs(values).argmax())
        found[feature.name] = {
            "task": outcomes.tasks[best],
            "detail": outcomes.details[best],
            "measure": measure,
            "value": round(float(values[best]), 4),
            "error": round(float(error[best]), 4),
        }
    return found


def _ratios(codes: NDArray[np.float64], outcomes: NDArray[np.float64]) -> NDArray[np.float64]:
    """Correlation ratio of a category with each outcome; missing is a category of its own."""
    groups = np.nan_to_num(codes, nan=-1).astype(np.int64) + 1
    values = np.zeros(outcomes.shape[1])
    for index, outcome in enumerate(outcomes.T):
        known = ~np.isnan(outcome)
        y, g = outcome[known], groups[known]
        counts = np.bincount(g)
        k, total = int((counts > 0).sum()), float(((y - y.mean()) ** 2).sum())
        if total <= 0 or len(y) <= k:
            continue
        means = np.bincount(g, weights=y) / np.maximum(counts, 1)
        within = float(((y - means[g]) ** 2).sum()) / (len(y) - k)
        values[index] = np.sqrt(max(0.0, 1 - within / (total / (len(y) - 1))))
    return values
