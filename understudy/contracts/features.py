"""The feature schema and the one way from a feature record to the vector that a student reads."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import cached_property
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

    def codes(self) -> dict[str, float] | None:
        """Category -> its index (the first, if it is named twice); None for numeric features."""
        if self.categories is None:
            return None
        return {category: float(code) for code, category in reversed(list(enumerate(self.categories)))}


class FeatureSchema(Contract):
    """Ordered features of the students and of the online feature record."""

    version: str = Field(description="first 16 hex digits of the sha256 of the canonical JSON of `features`")
    features: list[FeatureDef] = Field(min_length=1)

    @property
    def names(self) -> list[str]:
        return [feature.name for feature in self.features]

    @cached_property
    def columns(self) -> tuple[tuple[str, ...], list[tuple[int, dict[str, float]]]]:
        """Names in order; place and codes (category -> code) of each categorical one. Every request looks them up."""
        coded = [(place, feature.codes()) for place, feature in enumerate(self.features)]
        return tuple(self.names), [(place, codes) for place, codes in coded if codes is not None]


def encode(schema: FeatureSchema, record: Mapping[str, Value]) -> tuple[list[float], list[str]]:
    """Turn a feature record into the student's vector.

    Returns:
        The values in schema order (length = number of features), and the names of features that were missing from
        the record or could not be read as their kind (these are NaN in the vector).
    """
    names, coded = schema.columns
    raw = list(map(record.get, names))
    vector = [value if value.__class__ is float and -_INF < value < _INF else _number(value) for value in raw]
    for place, codes in coded:
        value = raw[place]
        vector[place] = codes.get(value, math.nan) if isinstance(value, str) else math.nan
    return vector, [name for name, value in zip(names, vector, strict=True) if value != value]


_INF = math.inf


def _number(raw: Value) -> float:
    if raw is None or isinstance(raw, str):
        return math.nan
    return float(raw) if math.isfinite(raw) else math.nan
