"""The sources of one partition as views with ``@key`` and ``@time``, and the same cut off at a cutoff."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import duckdb

from teacher.features.context import KEY, TIME
from teacher.features.demand import Demand
from teacher.features.partitions import Partition, scan
from teacher.features.text import literal, quote
from understudy.contracts.event_recipes import Attributes, Counts, Diversity, Holdings, Movement
from understudy.contracts.spec import DatasetSpec, Source
from understudy.errors import UserError

__all__ = ["cut_views", "key_of", "open_views"]


def key_of(spec: DatasetSpec, source: Source) -> str:
    """The column that names the customer."""
    return source.key or spec.key


def open_views(con: duckdb.DuckDBPyConnection, spec: DatasetSpec, demand: Demand, partition: Partition) -> None:
    """Create a view per source: ``@key``, ``@time`` and the columns that recipes read, a stored NaN as NULL.

    Raises:
        UserError: a column is missing, or times that are no times.
    """
    for source in spec.sources:
        if source.name in demand.columns:
            if partition.files.get(source.name):
                _open(con, spec, source, demand.columns[source.name], partition)
            else:
                _empty(con, spec, source, demand.columns[source.name], partition.key_type)


def _open(
    con: duckdb.DuckDBPyConnection, spec: DatasetSpec, source: Source, columns: set[str], partition: Partition
) -> None:
    rows = scan(partition.files[source.name])
    types = {str(row[0]): str(row[1]) for row in con.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()}
    cells = [f"{quote(key_of(spec, source))} AS {KEY}", f"{_time(con, source, types, rows)} AS {TIME}"]
    # A condition may read any column; unread ones cost nothing in Parquet.
    cells += [_cell(column, kind) for column, kind in types.items()]
    missing = sorted(columns - set(types))
    if missing:
        where = f"source {source.name!r}"
        raise UserError(f"missing columns: {', '.join(missing)}", where=where, fix=f"It has {', '.join(types)}.")
    con.execute(f"CREATE OR REPLACE VIEW {quote(source.name)} AS SELECT {', '.join(cells)} FROM {rows}")


def _time(con: duckdb.DuckDBPyConnection, source: Source, types: Mapping[str, str], rows: str) -> str:
    if source.time is None:
        return "CAST(NULL AS TIMESTAMP)"
    kind, cell, where = types.get(source.time, ""), quote(source.time), f"source {source.name!r}, column {source.time}"
    if kind == "VARCHAR":
        bad = con.execute(
            f"SELECT {cell} FROM {rows} WHERE {cell} IS NOT NULL AND TRY_CAST({cell} AS TIMESTAMP) IS NULL LIMIT 1"
        ).fetchall()
        if bad:
            raise UserError(f"{bad[0][0]!r} is not an ISO date or time", where=where, fix="Write it as 2024-01-31.")
    elif not kind.startswith(("DATE", "TIMESTAMP")):
        raise UserError(f"{kind or 'missing'}: not a date or a time", where=where, fix="Name a column of dates.")
    if con.execute(f"SELECT count(*) FROM {rows} WHERE {cell} IS NULL").fetchall()[0][0]:
        raise UserError("an event without a time", where=where, fix="Give it one, or leave it out in a view.")
    return f"CAST({cell} AS TIMESTAMP)"


def _cell(column: str, kind: str) -> str:
    cell = quote(column)
    return f"CASE WHEN isnan({cell}) THEN NULL ELSE {cell} END AS {cell}" if kind in ("FLOAT", "DOUBLE") else cell


def _empty(con: duckdb.DuckDBPyConnection, spec: DatasetSpec, source: Source, columns: set[str], key_type: str) -> None:
    """No customer of this partition has a row in the source."""
    kinds = _types(spec, columns)
    cells = [f"CAST(NULL AS {key_type}) AS {KEY}", f"CAST(NULL AS TIMESTAMP) AS {TIME}"]
    cells += [f"CAST(NULL AS {kinds[column]}) AS {quote(column)}" for column in sorted(columns)]
    con.execute(f"CREATE OR REPLACE VIEW {quote(source.name)} AS SELECT {', '.join(cells)} WHERE false")


def _types(spec: DatasetSpec, columns: set[str]) -> dict[str, str]:
    """What a column's type must be for the recipes that read it, where there is no file to ask."""
    text = {column for column, kind in spec.computed().items() if kind == "categorical"}
    dates: set[str | None] = set()
    for _, _, recipe in spec.recipes():
        if isinstance(recipe, Counts | Diversity | Movement):
            text.add(recipe.column)
        elif isinstance(recipe, Holdings):
            text.add(recipe.product)
            dates.add(recipe.opened)
        elif isinstance(recipe, Attributes):
            dates |= set(recipe.months_since.values())
    return {c: "VARCHAR" if c in text else "TIMESTAMP" if c in dates else "DOUBLE" for c in columns}


def cut_views(con: duckdb.DuckDBPyConnection, spec: DatasetSpec, demand: Demand, cutoff: dt.date) -> None:
    """Create ``<source>@asof``: the rows strictly before ``cutoff``, or all rows of an undated source."""
    for source in spec.sources:
        if source.name in demand.columns:
            before = f"WHERE {TIME} < CAST({literal(cutoff)} AS TIMESTAMP)" if source.time else ""
            con.execute(
                f"CREATE OR REPLACE VIEW {quote(source.name + '@asof')} AS SELECT * FROM {quote(source.name)} {before}"
            )
