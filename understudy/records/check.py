"""From a row to a record, or the reason why it is none."""

from __future__ import annotations

import json
import math
from datetime import date, datetime, timedelta
from typing import Any

from pydantic import ValidationError

from understudy.contracts.api import CustomerProfile, CustomerRecord
from understudy.contracts.features import FeatureDef, FeatureSchema
from understudy.errors import UserError

__all__ = ["BadRowError", "RecordReader"]

# The columns of prepared data sets hold features under this prefix; other files name them as they are.
PREPARED = "feature:"
PROFILE = "profile"
REQUIRED = ("customer_id", "as_of")


class BadRowError(ValueError):
    """Why a row is not a record: the column, and what is wrong with it."""


class RecordReader:
    """Reads rows with the columns ``customer_id``, ``as_of``, one per feature, and the profile.

    The profile is one JSON text (column ``profile``), or a column for each field (``profile.age``, ...). Features are
    those of ``schema``, under their own names or prefixed with ``feature:``; other columns are ignored.

    Args:
        schema: The students' features; a record is only good for students of the same schema.
        columns: The source's columns.
        today: A record dated after tomorrow is from the future (the bank's time zone may be ahead of this clock).

    Raises:
        UserError: a column is missing. A file without a feature would be a file of half-empty records.
    """

    def __init__(self, schema: FeatureSchema, columns: set[str], today: date) -> None:
        self._schema = schema
        self._latest = today + timedelta(days=1)
        prefix = PREPARED if PREPARED + schema.names[0] in columns else ""
        self._columns = {feature.name: prefix + feature.name for feature in schema.features}
        fields = {f"{PROFILE}.{name}" for name in CustomerProfile.model_fields}
        self._fields = {} if PROFILE in columns else {name.partition(".")[2]: name for name in sorted(fields & columns)}
        missing = sorted({*REQUIRED, *self._columns.values()} - columns)
        if not self._fields and PROFILE not in columns:
            missing.append(PROFILE)
        if missing:
            some = ", ".join(missing[:8]) + (f" and {len(missing) - 8} more" if len(missing) > 8 else "")
            raise UserError("columns are missing", where=some, fix="Write the features of the bundle's schema.")

    def read(self, row: dict[str, Any]) -> CustomerRecord:
        """The record that ``row`` holds.

        Raises:
            BadRowError: it holds none.
        """
        as_of = self._date(row["as_of"])
        features = {f.name: _value(f, row[self._columns[f.name]]) for f in self._schema.features}
        if all(value is None for value in features.values()):
            raise BadRowError("every feature is missing")
        try:
            return CustomerRecord(
                customer_id=row["customer_id"],
                schema_version=self._schema.version,
                as_of=as_of,
                features=features,
                profile=self._profile(row),
            )
        except ValidationError as error:
            raise BadRowError("; ".join(_say(item) for item in error.errors())) from None

    def _date(self, value: Any) -> str:
        try:
            at = value if isinstance(value, date) else datetime.fromisoformat(str(value))
        except ValueError:
            raise BadRowError("as_of: not an ISO 8601 date") from None
        day = at.date() if isinstance(at, datetime) else at
        if day > self._latest:
            raise BadRowError("as_of: in the future")
        return value if isinstance(value, str) else at.isoformat()

    def _profile(self, row: dict[str, Any]) -> CustomerProfile:
        if self._fields:
            found = {name: row[column] for name, column in self._fields.items() if row[column] is not None}
            return CustomerProfile.model_validate(found)
        try:
            return CustomerProfile.model_validate(json.loads(row[PROFILE]))
        except (TypeError, json.JSONDecodeError, RecursionError):
            raise BadRowError("profile: not JSON") from None


def _value(feature: FeatureDef, value: Any) -> float | int | str | None:
    if value is None:
        return None
    if feature.kind == "categorical":
        if not isinstance(value, str):
            raise BadRowError(f"{feature.name}: not text")
        return value
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadRowError(f"{feature.name}: not a number")
    if isinstance(value, float) and math.isnan(value):
        return None  # how Parquet writers say missing
    if isinstance(value, float) and math.isinf(value):
        raise BadRowError(f"{feature.name}: infinite")
    return value


def _say(item: Any) -> str:
    return f"{'.'.join(map(str, item['loc'])) or 'row'}: {item['msg']}"
