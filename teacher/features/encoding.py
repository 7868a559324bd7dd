"""Encode rows as the online function does, but all at once."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from teacher.features.schema import RawFeatures
from understudy.contracts.features import FeatureDef, FeatureSchema

__all__ = ["encode_rows"]


def encode_rows(schema: FeatureSchema, raw: RawFeatures) -> NDArray[np.float64]:
    """Encode to ``[rows, features]``, value by value what ``understudy.contracts.features.encode`` gives for a record.

    Numeric columns stay as they are (infinite becomes NaN); categories become their index; missing and unseen
    categories become NaN.
    """
    rows = len(raw[schema.features[0].name])
    matrix = np.empty((rows, len(schema.features)), dtype=np.float64)
    for index, feature in enumerate(schema.features):
        matrix[:, index] = _column(feature, raw[feature.name])
    return matrix


def _column(feature: FeatureDef, values: NDArray[np.float64] | pa.Array) -> NDArray[np.float64]:
    if feature.kind == "numeric":
        numbers = np.asarray(values, dtype=np.float64)
        return np.where(np.isfinite(numbers), numbers, np.nan)
    codes = pc.index_in(values, value_set=pa.array(feature.categories or [], type=pa.string()))
    filled: NDArray[np.float64] = pc.fill_null(codes, -1).to_numpy(zero_copy_only=False).astype(np.float64)
    filled[filled < 0] = np.nan
    return filled
