"""Fit the feature schema: the vocabulary of every categorical column, from training rows only."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from understudy.atomic import canonical_json
from understudy.contracts.features import FeatureDef, FeatureSchema
from understudy.contracts.spec import DatasetSpec

__all__ = ["FittedSchema", "RawFeatures", "fit_schema", "rows_digest"]

# column -> float64 [rows] (numeric, NaN = missing) or pyarrow string array [rows] (categorical, null = missing)
RawFeatures = Mapping[str, NDArray[np.float64] | pa.Array]


@dataclass(frozen=True)
class FittedSchema:
    """A schema and the proof of what it was fitted on: the number of training rows and the digest of their ids."""

    schema: FeatureSchema
    rows: int
    row_ids_sha256: str


def fit_schema(
    spec: DatasetSpec, raw: RawFeatures, train: NDArray[np.int64], row_ids: NDArray[np.int64]
) -> FittedSchema:
    """Fit on the rows at positions ``train``; categories are sorted by code point, so that the order is stable."""
    definitions = [
        FeatureDef(
            name=column,
            kind=kind,
            group=group.name,
            tier="structural" if group.tier == "structural" else "plain",
            categories=_vocabulary(raw[column], train) if kind == "categorical" else None,
        )
        for group, column, kind in spec.features()
    ]
    version = hashlib.sha256(canonical_json([d.model_dump(mode="json") for d in definitions])).hexdigest()[:16]
    return FittedSchema(
        schema=FeatureSchema(version=version, features=definitions),
        rows=len(train),
        row_ids_sha256=rows_digest(row_ids[train]),
    )


def rows_digest(row_ids: NDArray[np.int64]) -> str:
    """sha256 of the ids as little-endian int64 in ascending order."""
    return hashlib.sha256(np.sort(row_ids).astype("<i8").tobytes()).hexdigest()


def _vocabulary(values: pa.Array, train: NDArray[np.int64]) -> list[str]:
    seen = pc.unique(values.take(pa.array(train)))
    return sorted(str(value) for value in seen.to_pylist() if value is not None)
