"""Describe prepared data: types, missing values, class rates, drift between splits, group sizes."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from teacher.datasets.splits import SPLITS
from teacher.features import RawFeatures
from understudy.contracts.features import FeatureDef, FeatureSchema
from understudy.contracts.spec import DatasetSpec, TaskSpec

__all__ = ["describe", "stability_index"]

_BINS = 10


def describe(
    spec: DatasetSpec,
    schema: FeatureSchema,
    raw: RawFeatures,
    features: NDArray[np.float64],
    labels: dict[str, NDArray[np.float64]],
    protected: dict[str, NDArray[np.str_]],
    split: NDArray[np.int8],
) -> dict[str, Any]:
    """The content of ``profile.json``; every rate is per split, in the order train, valid, test."""
    parts = {name: np.flatnonzero(split == index) for index, name in enumerate(SPLITS)}
    return {
        "schema_version": 1,
        "rows": {name: len(rows) for name, rows in parts.items()},
        "features": {
            feature.name: _feature(feature, raw[feature.name], features[:, index], parts)
            for index, feature in enumerate(schema.features)
        },
        "tasks": {task.name: _task(task, labels[task.name], parts) for task in spec.tasks},
        "protected": {name: _groups(values, parts) for name, values in protected.items()},
    }


def stability_index(expected: NDArray[np.float64], actual: NDArray[np.float64]) -> float:
    """Population stability index ``sum (a - e) ln(a / e)`` over bins of two histograms of counts.

    Half a case is added to each bin, so that an empty bin stays finite.
    """
    e = (expected + 0.5) / (expected + 0.5).sum()
    a = (actual + 0.5) / (actual + 0.5).sum()
    return float(((a - e) * np.log(a / e)).sum())


def _feature(
    feature: FeatureDef, raw: NDArray[np.float64] | pa.Array, encoded: NDArray[np.float64], parts: dict[str, Any]
) -> dict[str, Any]:
    found: dict[str, Any] = {
        "kind": feature.kind,
        "group": feature.group,
        "tier": feature.tier,
        "missing": {name: _rate(np.isnan(encoded[rows])) for name, rows in parts.items()},
        "drift_psi": {name: _drift(feature, encoded, parts["train"], parts[name]) for name in ("valid", "test")},
    }
    if feature.kind == "categorical":
        known = np.asarray(pc.is_valid(raw).to_numpy(zero_copy_only=False))
        unseen = known & np.isnan(encoded)
        found["categories"] = len(feature.categories or [])
        found["unseen"] = {name: int(unseen[rows].sum()) for name, rows in parts.items()}
        return found
    values = encoded[parts["train"]]
    values = values[~np.isnan(values)]
    if values.size:
        marks = np.quantile(values, [0, 0.25, 0.5, 0.75, 1])
        found["train"] = dict(zip(("min", "q25", "median", "q75", "max"), map(float, marks), strict=True))
        found["train"]["mean"] = float(values.mean())
    return found


def _rate(flags: NDArray[np.bool_]) -> float:
    return round(float(flags.mean()), 6) if flags.size else 0.0


def _drift(feature: FeatureDef, values: NDArray[np.float64], train: NDArray[Any], other: NDArray[Any]) -> float:
    if feature.kind == "categorical":
        edges = np.arange(len(feature.categories or []), dtype=np.float64)
    else:
        known = values[train][~np.isnan(values[train])]
        edges = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1])) if known.size else np.empty(0)
    return round(stability_index(_counts(values[train], edges), _counts(values[other], edges)), 6)


def _counts(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    bins = np.where(np.isnan(values), 0, np.searchsorted(edges, values, side="right") + 1)
    return np.bincount(bins, minlength=len(edges) + 2).astype(np.float64)


def _task(task: TaskSpec, label: NDArray[np.float64], parts: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {"type": task.type, "known": {}}
    for name, rows in parts.items():
        known = label[rows][~np.isnan(label[rows])]
        found["known"][name] = len(known)
        if task.type == "regression":
            found.setdefault("mean", {})[name] = float(known.mean()) if known.size else None
            found.setdefault("std", {})[name] = float(known.std()) if known.size else None
        else:
            classes = task.classes or ["0", "1"]
            found.setdefault("rates", {})[name] = {text: _rate(known == index) for index, text in enumerate(classes)}
    return found


def _groups(values: NDArray[np.str_], parts: dict[str, Any]) -> dict[str, dict[str, int]]:
    names = sorted(set(values.tolist()))
    return {
        name or "(unknown)": {part: int((values[rows] == name).sum()) for part, rows in parts.items()} for name in names
    }
