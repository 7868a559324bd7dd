"""The sources of one partition as views with ``@key`` and ``@time``, and the same cut off at a cutoff."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping

import duckdb

from teacher.features.context import KEY, TIME
from teacher.features.demand import Demand
from teacher.features.partitions import Partition, scan
from teacher.features.text import literal, quote
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
                _empty(con, spec, source, demand.columns[source.name])


def _open(
    con: duckdb.DuckDBPyConnection, spec: DatasetSpec, source: Source, columns: set[str], partition: Partition
) -> None:
    rows = scan(partition.files[source.name])
    types = {str(row[0]): str(row[1]) for row in con.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()}
    cells = [f"{quote(key_of(spec, source))} AS {KEY}", f"{_time(source, types)} AS {TIME}"]
    # A condition may read any column; unread ones cost nothing in Parquet.
    cells += [_cell(column, kind) for column, kind in types.items()]
    missing = sorted(columns - set(types))
    if missing:
        where = f"source {source.name!r}"
        raise UserError(f"missing columns: {', '.join(missing)}", where=where, fix=f"It has {', '.join(types)}.")
    con.execute(f"CREATE OR REPLACE VIEW {quote(source.name)} AS SELECT {', '.join(cells)} FROM {rows}")


def _time(source: Source, types: Mapping[str, str]) -> str:
    if source.time is None:
        return "CAST(NULL AS TIMESTAMP)"
    kind = types.get(source.time, "")
    if not kind.startswith(("DATE", "TIMESTAMP")):
        what = f"{source.time!r} is {kind or 'missing'}, not a date or a time"
        raise UserError(what, where=f"source {source.name!r}, time", fix='Cast it in a view: kind = "sql".')
    return f"CAST({quote(source.time)} AS TIMESTAMP)"


def _cell(column: str, kind: str) -> str:
    cell = quote(column)
    return f"CASE WHEN isnan({cell}) THEN NULL ELSE {cell} END AS {cell}" if kind in ("FLOAT", "DOUBLE") else cell


def _empty(con: duckdb.DuckDBPyConnection, spec: DatasetSpec, source: Source, columns: set[str]) -> None:
    """No customer of this partition has a row in the source."""
    kinds = spec_types(spec, source, columns)
    cells = [f"CAST(NULL AS BIGINT) AS {KEY}", f"CAST(NULL AS TIMESTAMP) AS {TIME}"]
    cells += [f"CAST(NULL AS {kinds[column]}) AS {quote(column)}" for column in sorted(columns)]
    con.execute(f"CREATE OR REPLACE VIEW {quote(source.name)} AS SELECT {', '.join(cells)} WHERE false")


def spec_types(spec: DatasetSpec, source: Source, columns: set[str]) -> dict[str, str]:
    """What a column's type must be for the recipes that read it, where there is no file to ask."""
    text = {column for column, kind in spec.computed().items() if kind == "categorical"}
    text |= {r.column for _, _, r in spec.recipes() if r.kind in ("counts", "diversity", "movement")}  # type: ignore[attr-defined]
    text |= {r.product for _, _, r in spec.recipes() if r.kind == "holdings"}  # type: ignore[attr-defined]
    dates = {r.opened for _, _, r in spec.recipes() if r.kind == "holdings"}  # type: ignore[attr-defined]
    for _, _, recipe in spec.recipes():
        if recipe.kind == "attributes":
            dates |= set(recipe.months_since.values())  # type: ignore[attr-defined]
    return {c: "VARCHAR" if c in text else "TIMESTAMP" if c in dates else "DOUBLE" for c in columns}


def cut_views(con: duckdb.DuckDBPyConnection, spec: DatasetSpec, demand: Demand, cutoff: dt.date) -> None:
    """Create ``<source>@asof``: the rows strictly before ``cutoff``, or all rows of an undated source."""
    for source in spec.sources:
        if source.name in demand.columns:
            before = f"WHERE {TIME} < CAST({literal(cutoff)} AS TIMESTAMP)" if source.time else ""
            con.execute(
                f"CREATE OR REPLACE VIEW {quote(source.name + '@asof')} AS SELECT * FROM {quote(source.name)} {before}"
            )
