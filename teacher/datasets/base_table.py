"""Make the base table: one row per key (and cutoff), ordered, checked, its features read as arrays."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from teacher.datasets.csv_source import ROW
from teacher.datasets.roles import ROW_KEY, base_source
from teacher.datasets.sources import Tables
from teacher.datasets.sql import quote
from teacher.features import RawFeatures
from understudy.contracts.spec import DatasetSpec
from understudy.errors import UserError

__all__ = [
    "BASE",
    "CUTOFF",
    "KEY",
    "ROW_ID",
    "build_base",
    "check_features",
    "evaluate",
    "floats",
    "place",
    "read_features",
    "select_raw",
]

BASE, ROW_ID, KEY, CUTOFF = '"@base"', '"@row_id"', '"@key"', '"@cutoff"'
_ID = "[A-Za-z0-9._:@-]{1,64}"
_NUMBERS = ("BOOLEAN", "TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT", "FLOAT", "DOUBLE", "DECIMAL")


def build_base(spec: DatasetSpec, tables: Tables) -> None:
    """Create the table ``@base``: the columns of the base source, ``@row_id`` (0-based, in file order; in key order for
    a view), ``@key`` (text) and ``@cutoff`` (DATE, NULL without a time split; only the spec's two cutoffs are kept).

    Raises:
        UserError: no rows, a missing, repeated or unprintable key, a cutoff that is no date.
    """
    source = base_source(spec)
    has_row = ROW in tables.types(spec.base)
    if spec.key == ROW_KEY and not has_row:
        what = "the key @row needs a file: the rows of a view have no order of their own"
        raise UserError(what, where="key", fix="Name a key column, or a file as the base.")
    key = quote(ROW) if spec.key == ROW_KEY else quote(spec.key)
    cutoff = f"TRY_CAST({quote(spec.split.time.column)} AS DATE)" if spec.split.time else "CAST(NULL AS DATE)"
    row = "" if has_row else f"CAST(NULL AS BIGINT) AS {quote(ROW)}, "
    tables.con.execute(
        f"CREATE TABLE {BASE} AS SELECT row_number() OVER (ORDER BY {quote(ROW)}, {KEY}, {CUTOFF}) - 1 AS {ROW_ID}, * "
        f"FROM (SELECT {row}CAST({key} AS VARCHAR) AS {KEY}, {cutoff} AS {CUTOFF}, * FROM {quote(spec.base)})"
    )
    if _first(tables, "true") is None:
        raise UserError("the table has no rows", where=tables.where(source), fix="Give a file with rows.")
    _check_keys(spec, tables)
    _check_cutoffs(spec, tables)


def check_features(spec: DatasetSpec, tables: Tables) -> None:
    """Check the feature columns of the base table, computed ones included.

    Raises:
        UserError: a numeric feature that is not a number, a feature that is missing in every row.
    """
    _check_numbers(spec, tables)
    _check_not_all_missing(spec, tables)


def place(spec: DatasetSpec, tables: Tables, row_id: int, column: str | None = None) -> str:
    """Name the row as a person finds it: file and row, or view and key."""
    row, key = tables.con.execute(f"SELECT {quote(ROW)}, {KEY} FROM {BASE} WHERE {ROW_ID} = ?", [row_id]).fetchall()[0]
    if row is None:
        return tables.where(base_source(spec), column=column, key=str(key))
    return tables.where(base_source(spec), int(row), column)


def evaluate(tables: Tables, expressions: Sequence[str], field: str) -> pa.Table:
    """Evaluate SQL expressions over the base table, in row order; columns are named ``0``, ``1``, ...

    Raises:
        UserError: naming ``field`` and what DuckDB said.
    """
    listed = ", ".join(f"{sql} AS {quote(str(index))}" for index, sql in enumerate(expressions))
    try:
        return tables.con.sql(f"SELECT {listed} FROM {BASE} ORDER BY {ROW_ID}").to_arrow_table()
    except duckdb.Error as error:
        said = str(error).strip().splitlines()[0]
        raise UserError(f"the SQL does not run: {said}", where=field, fix="Correct the expression.") from None


def read_features(spec: DatasetSpec, tables: Tables) -> dict[str, NDArray[np.float64] | pa.Array]:
    """Read every column that is a feature, or that a fitted one is made of: numeric as float64 with NaN, categorical as
    text with null. Fitted columns do not exist yet."""
    raw: dict[str, NDArray[np.float64] | pa.Array] = {}
    for column, kind in _columns(spec).items():
        cell = f"CAST({quote(column)} AS {'DOUBLE' if kind == 'numeric' else 'VARCHAR'})"
        values = evaluate(tables, [cell], f"column {column}").column(0).combine_chunks()
        raw[column] = floats(values) if kind == "numeric" else values.cast(pa.string())
    return raw


def _columns(spec: DatasetSpec) -> dict[str, str]:
    """Feature columns of the base table, then the other computed ones that fitted recipes read, with their kinds."""
    fitted = spec.fitted_columns()
    features = {column: kind for _, column, kind in spec.features()}
    computed = spec.computed()
    read = {c: computed.get(c, "numeric") for _, _, r in spec.recipes() if r.fitted for c in r.features()}
    return {column: kind for column, kind in (read | features).items() if column not in fitted}


def floats(values: pa.Array) -> NDArray[np.float64]:
    """An arrow column of numbers as float64, NULL as NaN (a writable copy)."""
    numbers: NDArray[np.float64] = values.cast(pa.float64()).to_numpy(zero_copy_only=False)
    return np.array(numbers, dtype=np.float64)


def select_raw(raw: RawFeatures, positions: NDArray[np.int64]) -> dict[str, NDArray[np.float64] | pa.Array]:
    """The rows at ``positions`` of every column."""
    taken = pa.array(positions)
    return {
        name: values[positions] if isinstance(values, np.ndarray) else values.take(taken)
        for name, values in raw.items()
    }


def _first(tables: Tables, condition: str) -> int | None:
    found = tables.con.execute(f"SELECT min({ROW_ID}) FROM {BASE} WHERE {condition}").fetchall()[0][0]
    return None if found is None else int(found)


def _check_keys(spec: DatasetSpec, tables: Tables) -> None:
    missing = _first(tables, f"{KEY} IS NULL")
    if missing is not None:
        raise UserError("the key is missing", where=place(spec, tables, missing, spec.key), fix="Give each row a key.")
    odd = _first(tables, f"NOT regexp_full_match({KEY}, '{_ID}')")
    if odd is not None:
        what = "the key has a character that no identifier may have, or is longer than 64"
        fix = "Use letters, digits and . _ : @ - only."
        raise UserError(what, where=place(spec, tables, odd, spec.key), fix=fix)
    twice = tables.con.execute(
        f"SELECT {ROW_ID}, {KEY}, {CUTOFF} FROM {BASE} "
        f"QUALIFY row_number() OVER (PARTITION BY {KEY}, {CUTOFF} ORDER BY {ROW_ID}) = 2 ORDER BY {ROW_ID} LIMIT 1"
    ).fetchall()
    if twice:
        row_id, key, cutoff = twice[0]
        what = f"the key {key!r} is there twice" + (f" at the cutoff {cutoff}" if cutoff is not None else "")
        fix = "Keys must be unique; set key to '@row' if the rows have none, and split.key for groups."
        raise UserError(what, where=place(spec, tables, row_id, spec.key), fix=fix)


def _check_cutoffs(spec: DatasetSpec, tables: Tables) -> None:
    time = spec.split.time
    if time is None:
        return
    bad = _first(tables, f"{CUTOFF} IS NULL")
    if bad is not None:
        raise UserError("not an ISO date", where=place(spec, tables, bad, time.column), fix="Write it as 2024-01-31.")
    for name, cutoff in (("train", time.train), ("test", time.test)):
        if _first(tables, f"{CUTOFF} = CAST('{_iso(cutoff, name)}' AS DATE)") is None:
            what = f"no row has the {name} cutoff {cutoff}"
            known = tables.con.execute(f"SELECT DISTINCT {CUTOFF}::VARCHAR FROM {BASE} ORDER BY 1 LIMIT 13").fetchall()
            dates = ", ".join(str(row[0]) for row in known[:12]) + (" and more" if len(known) > 12 else "")
            raise UserError(what, where=f"split.time.{name}", fix=f"The column {time.column} has {dates}.")


def _iso(text: str, name: str) -> str:
    import datetime

    try:
        return datetime.date.fromisoformat(text).isoformat()
    except ValueError:
        raise UserError(f"{text!r} is not an ISO date", where=f"split.time.{name}", fix="Write 2024-01-31.") from None


def _check_numbers(spec: DatasetSpec, tables: Tables) -> None:
    """CSV cells were checked when read; this holds for Parquet and views. An infinity is no number."""
    types = tables.types("@base")
    wanted = [column for column, kind in _columns(spec).items() if kind == "numeric"]
    wanted += [column for distribution in spec.distributions for column in distribution.columns]
    for column in dict.fromkeys(wanted):
        cell, kind = quote(column), types[column]
        if kind == "VARCHAR":
            bad = _first(tables, f"{cell} IS NOT NULL AND NOT coalesce(isfinite(TRY_CAST({cell} AS DOUBLE)), false)")
        elif kind in ("FLOAT", "DOUBLE"):
            bad = _first(tables, f"isinf({cell})")
        elif kind.startswith(_NUMBERS) or kind.startswith("U"):
            bad = None
        else:
            raise UserError(f"{kind} is not a number", where=tables.where(base_source(spec), column=column))
        if bad is not None:
            text = tables.con.execute(f"SELECT {cell}::VARCHAR FROM {BASE} WHERE {ROW_ID} = ?", [bad]).fetchall()[0][0]
            where = place(spec, tables, bad, column)
            raise UserError(f"{text!r} is not a finite number", where=where, fix="Correct the value.")


def _check_not_all_missing(spec: DatasetSpec, tables: Tables) -> None:
    columns = list(_columns(spec))
    known = ", ".join(f"count({quote(column)})" for column in columns)
    counts = tables.con.execute(f"SELECT {known} FROM {BASE}").fetchall()[0]
    empty = [column for column, count in zip(columns, counts, strict=True) if count == 0]
    if empty:
        what = f"missing in every row: {', '.join(empty)}"
        fix = "Move the columns from their feature group to `ignore`."
        raise UserError(what, where=tables.where(base_source(spec)), fix=fix)
