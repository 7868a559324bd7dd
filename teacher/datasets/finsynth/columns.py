"""The type of a generated column, and how codes become names."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

__all__ = ["Columns", "named", "numbers", "text"]

Columns = dict[str, pa.Array]


def numbers(values: dict[str, NDArray[Any]]) -> Columns:
    """Numeric columns: fractions as float32 with NaN as NULL, whole numbers and flags as int64 (exact)."""
    return {name: pa.array(_typed(value), from_pandas=True) for name, value in values.items()}


def _typed(value: NDArray[Any]) -> NDArray[Any]:
    return np.ascontiguousarray(value, dtype=np.float32 if np.issubdtype(value.dtype, np.floating) else np.int64)


def named(prefix: str, names: Sequence[str], matrix: NDArray[Any]) -> dict[str, NDArray[Any]]:
    """Name the columns of ``matrix [n, len(names)]`` ``<prefix><name>``."""
    return {f"{prefix}{name}": matrix[:, index] for index, name in enumerate(names)}


def text(codes: NDArray[Any], names: Sequence[str]) -> pa.Array:
    """A categorical column: ``names[code]`` as dictionary-encoded text."""
    return pa.DictionaryArray.from_arrays(pa.array(codes.astype(np.int8)), pa.array(list(names)))
