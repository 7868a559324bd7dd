"""The feature schema and the one way from a feature record to the vector that a student reads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

from pydantic import Field, model_validator

from understudy.contracts._model import Contract, Name

__all__ = ["FeatureDef", "FeatureSchema", "Value", "encode"]

Value = float | int | str | bool | None


class FeatureDef(Contract):
    """One column of the student's input, in order.

    ``categories`` (categorical only) is the vocabulary of the training rows; its index is the code. Absent, NaN and
    unseen values become NaN, which LightGBM treats as missing.
    """

    name: str
    kind: Literal["numeric", "categorical"]
    group: Name
    tier: Literal["plain", "structural"]
    categories: list[str] | None = None

    @model_validator(mode="after")
    def _vocabulary(self) -> FeatureDef:
        if (self.kind == "categorical") != (self.categories is not None):
            raise ValueError(f"feature {self.name!r}: categories belong to categorical features, and only to them")
        return self


class FeatureSchema(Contract):
    """Ordered features of the students and of the online feature record."""

    version: str = Field(description="first 16 hex digits of the sha256 of the canonical JSON of `features`")
    features: list[FeatureDef] = Field(min_length=1)

    @property
    def names(self) -> list[str]:
        return [feature.name for feature in self.features]


def encode(schema: FeatureSchema, record: Mapping[str, Value]) -> tuple[list[float], list[str]]:
    """Turn a feature record into the student's vector.

    Returns:
        The values in schema order (length = number of features), and the names of features that were missing from
        the record or could not be read as their kind (these are NaN in the vector).
    """
    vector: list[float] = []
    unreadable: list[str] = []
    for feature in schema.features:
        raw = record.get(feature.name)
        value = _number(raw) if feature.kind == "numeric" else _code(feature, raw)
        if value is None:
            unreadable.append(feature.name)
            value = math.nan
        vector.append(value)
    return vector, unreadable


def _number(raw: Value) -> float | None:
    if isinstance(raw, bool | int | float):
        value = float(raw)
        return value if math.isfinite(value) else None
    return None


def _code(feature: FeatureDef, raw: Value) -> float | None:
    if not isinstance(raw, str):
        return None
    try:
        return float((feature.categories or []).index(raw))
    except ValueError:
        return None
