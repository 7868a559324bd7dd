"""Per row: the protected attributes, what suitability needs, and the date of the data."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from teacher.datasets.base_table import evaluate, place
from teacher.datasets.sources import Tables
from understudy.atomic import canonical_json
from understudy.contracts.spec import DatasetSpec
from understudy.errors import UserError

__all__ = ["read_as_of", "read_profiles", "read_protected"]

_RANGES = {"age": (0.0, 130.0), "income_krw": (0.0, math.inf), "risk_tolerance": (1.0, 5.0)}


def read_protected(spec: DatasetSpec, tables: Tables) -> dict[str, NDArray[np.str_]]:
    """Attribute -> group name of each row; NULL is ""."""
    return {name: _text(tables, sql, f"protected.{name}") for name, sql in spec.protected.items()}


def read_profiles(spec: DatasetSpec, tables: Tables) -> list[str]:
    """The ``CustomerProfile`` of each row as canonical JSON; NULL is unknown.

    Raises:
        UserError: a value outside its range, naming the row.
    """
    profile = spec.profile
    numbers = {
        name: _numbers(spec, tables, name, sql)
        for name, sql in (
            ("age", profile.age),
            ("income_krw", profile.income_krw),
            ("risk_tolerance", profile.risk_tolerance),
        )
        if sql is not None
    }
    owned = {product: _flags(tables, sql, f"profile.owned.{product}") for product, sql in profile.owned.items()}
    rows = tables.con.execute('SELECT count(*) FROM "@base"').fetchall()[0][0]
    return [_profile(numbers, owned, row) for row in range(rows)]


def _profile(numbers: dict[str, list[float | None]], owned: dict[str, list[bool | None]], row: int) -> str:
    held = sorted(product for product, flags in owned.items() if flags[row])
    values: dict[str, float | None] = {name: column[row] for name, column in numbers.items()}
    tolerance = values.pop("risk_tolerance", None)
    known = {**values, "risk_tolerance": None if tolerance is None else int(tolerance), "owned": held}
    return canonical_json(known).decode()


def read_as_of(spec: DatasetSpec, tables: Tables) -> list[str]:
    """The ISO date behind each row: its cutoff, else the spec's ``as_of``, else "unknown"."""
    if spec.split.time is None:
        rows = tables.con.execute('SELECT count(*) FROM "@base"').fetchall()[0][0]
        return [spec.as_of or "unknown"] * int(rows)
    return [str(value) for value in _text(tables, '"@cutoff"', "split.time").tolist()]


def _text(tables: Tables, sql: str, field: str) -> NDArray[np.str_]:
    values = evaluate(tables, [f"CAST(({sql}\n) AS VARCHAR)"], field).column(0).combine_chunks()
    return np.asarray(pc.fill_null(values.cast(pa.string()), "").to_pylist(), dtype=np.str_)


def _flags(tables: Tables, sql: str, field: str) -> list[bool | None]:
    flags: list[bool | None] = evaluate(tables, [f"CAST(({sql}\n) AS BOOLEAN)"], field).column(0).to_pylist()
    return flags


def _numbers(spec: DatasetSpec, tables: Tables, name: str, sql: str) -> list[float | None]:
    field = f"profile.{name}"
    values: list[float | None] = evaluate(tables, [f"CAST(({sql}\n) AS DOUBLE)"], field).column(0).to_pylist()
    low, high = _RANGES[name]
    for row, value in enumerate(values):
        if value is None:
            continue
        if not (low <= value <= high and math.isfinite(value)) or (name == "risk_tolerance" and value % 1):
            where = f"{place(spec, tables, row)}, {field}"
            bounds = f"between {low:g} and {high:g}" if math.isfinite(high) else f"at least {low:g}"
            raise UserError(f"{value:g} is not {bounds}", where=where, fix="Correct the expression; NULL is unknown.")
    return values
