"""Bring the spec's computed features into the base table: export what is not Parquet yet, compute, join."""

from __future__ import annotations

import datetime as dt
import os
from collections.abc import Sequence
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from teacher.datasets.base_table import BASE, CUTOFF, KEY
from teacher.datasets.roles import ROW_KEY
from teacher.datasets.sources import Tables
from teacher.datasets.sql import quote
from teacher.features import Population, build_features, demand_of
from understudy.contracts.spec import DatasetSpec
from understudy.errors import UserError
from understudy.progress import Progress

__all__ = ["add_computed", "compute_and_join"]


def add_computed(spec: DatasetSpec, tables: Tables, kept: Path, progress: Progress) -> None:
    """Compute the features of every base row at its cutoff and add their columns to ``@base``.

    Args:
        kept: folder of parts and monthly aggregates that stay for the next run.

    Raises:
        UserError: a recipe does not fit its source, or there is no cutoff.
    """
    if not any(True for _ in spec.recipes()):
        return
    if spec.key == ROW_KEY:
        raise UserError("computed features need a key column", where="key", fix="Name the column of the customer.")
    compute_and_join(spec, tables, kept, progress, cutoffs=None if spec.split.time else [_as_of(spec)])


def compute_and_join(
    spec: DatasetSpec, tables: Tables, kept: Path, progress: Progress, *, cutoffs: Sequence[dt.date] | None
) -> None:
    """Compute the features of the rows of ``@base`` at ``cutoffs`` (None: at each row's own) and add their columns."""
    time = spec.split.time
    only = f"WHERE {CUTOFF} IN (DATE '{time.train}', DATE '{time.test}')" if time and cutoffs is None else ""
    people = tables.scratch / "population.parquet"
    _export(tables.con, f'SELECT {quote(spec.key)} AS "key", {CUTOFF} AS "cutoff" FROM {BASE} {only}', people)
    table = build_features(
        spec,
        _event_files(spec, tables),
        kept,
        cutoffs=cutoffs,
        population=Population([people], "key", "cutoff" if cutoffs is None else None),
        progress=progress,
        workers=_cores(),
    )
    _join(tables.con, table.files)


def _cores() -> int:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _as_of(spec: DatasetSpec) -> dt.date:
    if spec.as_of is None:
        what = "computed features need a cutoff, and the spec has neither split.time nor as_of"
        raise UserError(what, where="as_of", fix="Set as_of to the date of the data, or split.time to snapshots.")
    return dt.date.fromisoformat(spec.as_of)


def _event_files(spec: DatasetSpec, tables: Tables) -> dict[str, Path]:
    """Source -> Parquet for every source that a recipe reads; CSV files and views are written to the scratch folder."""
    files: dict[str, Path] = {}
    for name in sorted(demand_of(spec).columns):
        files[name] = tables.parquet.get(name) or tables.scratch / f"{name}.events.parquet"
        if name not in tables.parquet:
            _export(tables.con, f"SELECT COLUMNS(lambda c: c NOT LIKE '@%') FROM {quote(name)}", files[name])
    return files


def _join(con: duckdb.DuckDBPyConnection, files: Sequence[Path]) -> None:
    """Add the columns of the parts to the rows of ``@base`` with their key and cutoff; the others are NULL."""
    made = pa.concat_tables([pq.read_table(file) for file in files])
    con.register("@computed", made)
    con.execute(
        f'CREATE TABLE "@joined" AS SELECT b.*, c.* EXCLUDE ("@key", "@cutoff") FROM {BASE} b '
        f'LEFT JOIN "@computed" c ON b.{KEY} = CAST(c."@key" AS VARCHAR) '
        f'AND (b.{CUTOFF} = c."@cutoff" OR b.{CUTOFF} IS NULL)'
    )
    con.unregister("@computed")
    con.execute(f'DROP TABLE {BASE}; ALTER TABLE "@joined" RENAME TO {BASE}')


def _export(con: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    """Write a query's rows to Parquet, batch by batch (the connection itself may not touch files)."""
    reader = con.sql(sql).to_arrow_reader(1 << 18)
    with pq.ParquetWriter(path, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
