"""Describe prepared data: types, missing values, class rates, drift between splits, group sizes, the ceiling."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from teacher.datasets.profile_drift import bin_counts, drift, profile_edges
from teacher.datasets.profile_labels import associations, describe_task
from teacher.datasets.splits import SPLITS
from teacher.features import RawFeatures
from understudy.contracts.features import FeatureDef, FeatureSchema
from understudy.contracts.spec import DatasetSpec

__all__ = ["describe"]


def describe(
    spec: DatasetSpec,
    schema: FeatureSchema,
    raw: RawFeatures,
    features: NDArray[np.float64],
    labels: Mapping[str, NDArray[np.float64]],
    truth: Mapping[str, NDArray[np.float64]],
    protected: Mapping[str, NDArray[np.str_]],
    split: NDArray[np.int8],
) -> dict[str, Any]:
    """The content of ``profile.json``; every rate is per split, in the order train, valid, test."""
    parts = {name: np.flatnonzero(split == index).astype(np.int64) for index, name in enumerate(SPLITS)}
    linked = associations(spec, schema, features, labels, parts["train"])
    return {
        "schema_version": 2,
        "dataset": spec.name,
        "title": spec.title,
        "rows": {name: len(rows) for name, rows in parts.items()},
        "features": {
            feature.name: _feature(feature, raw[feature.name], features[:, index], parts)
            | {"association": linked.get(feature.name)}
            for index, feature in enumerate(schema.features)
        },
        "tasks": {
            task.name: describe_task(task, labels[task.name], truth.get(task.name), parts) for task in spec.tasks
        },
        "protected": {name: _groups(values, parts) for name, values in protected.items()},
    }


def _feature(
    feature: FeatureDef,
    raw: NDArray[np.float64] | pa.Array,
    encoded: NDArray[np.float64],
    parts: Mapping[str, NDArray[np.int64]],
) -> dict[str, Any]:
    values = {name: encoded[rows] for name, rows in parts.items()}
    categories = None if feature.categories is None else len(feature.categories)
    edges = profile_edges(values["train"], categories)
    found: dict[str, Any] = {
        "kind": feature.kind,
        "group": feature.group,
        "tier": feature.tier,
        "missing": {name: _rate(np.isnan(column)) for name, column in values.items()},
        "histogram": {name: bin_counts(column, edges).astype(int).tolist() for name, column in values.items()},
        "drift": {name: drift(values["train"], values[name], edges) for name in ("valid", "test")},
    }
    if feature.kind == "categorical":
        known = np.asarray(pc.is_valid(raw).to_numpy(zero_copy_only=False))
        unseen = known & np.isnan(encoded)
        return found | {"categories": categories, "unseen": {n: int(unseen[rows].sum()) for n, rows in parts.items()}}
    known_values = values["train"][~np.isnan(values["train"])]
    if known_values.size:
        marks = np.quantile(known_values, [0, 0.25, 0.5, 0.75, 1])
        found["train"] = dict(zip(("min", "q25", "median", "q75", "max"), map(float, marks), strict=True))
        found["train"]["mean"] = float(known_values.mean())
    return found


def _rate(flags: NDArray[np.bool_]) -> float:
    return round(float(flags.mean()), 6) if flags.size else 0.0


def _groups(values: NDArray[np.str_], parts: Mapping[str, NDArray[np.int64]]) -> dict[str, dict[str, int]]:
    names = sorted(set(values.tolist()))
    return {
        name or "(unknown)": {part: int((values[rows] == name).sum()) for part, rows in parts.items()} for name in names
    }
