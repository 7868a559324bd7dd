"""Build the base table again as it would have stood at a cutoff: a feature that changes has read the future."""

from __future__ import annotations

from dataclasses import dataclass

import duckdb

from teacher.datasets.base_table import BASE, CUTOFF, KEY
from teacher.datasets.roles import ROW_KEY
from teacher.datasets.sources import Tables
from teacher.datasets.sql import quote, select_only
from understudy.contracts.spec import DatasetSpec
from understudy.errors import UserError

__all__ = ["Replayed", "replay"]

_SCHEMA = '"@replay"'


@dataclass(frozen=True)
class Replayed:
    """How many rows of ``column`` at ``cutoff`` differ without the events from the cutoff on, of how many compared."""

    column: str
    cutoff: str
    changed: int
    rows: int


def replay(spec: DatasetSpec, tables: Tables) -> list[Replayed]:
    """For each cutoff of the time split: drop all rows of dated sources from the cutoff on, run the spec's views again,
    and compare every feature and distribution column of the rows at that cutoff.

    Dated are sources with a ``time``, and those that a sequence reads. An honest feature is a function of what lies
    before the cutoff and stays as it is, but for the last digits of a sum; labels change, and may. Rows that are only
    there because of later events cannot be compared. Nothing is measured without a time split, a view as the base, or
    a dated file.

    Raises:
        UserError: a view does not run without the later events: on the day of its cutoff nobody could have run it.
    """
    base = next(source for source in spec.sources if source.name == spec.base)
    times = _dated(spec)
    if spec.split.time is None or base.kind != "sql" or not times or spec.key == ROW_KEY:
        return []
    found = []
    for cutoff in (spec.split.time.train, spec.split.time.test):
        tables.con.execute(f"CREATE SCHEMA {_SCHEMA}")
        try:
            _build(spec, tables, times, cutoff)
            found += _compare(spec, tables, cutoff)
        except duckdb.Error as error:
            said = str(error).strip().splitlines()[0]
            what = f"the views do not run without what is dated from the cutoff {cutoff} on: {said}"
            fix = "Write them so that they run on the day of the cutoff."
            raise UserError(what, where=f"source {spec.base!r}", fix=fix) from None
        finally:
            tables.con.execute("SET search_path = 'main'")
            tables.con.execute(f"DROP SCHEMA {_SCHEMA} CASCADE")
    return found


def _dated(spec: DatasetSpec) -> dict[str, str]:
    files = {source.name: source for source in spec.sources if source.kind != "sql"}
    times = {sequence.source: sequence.time for sequence in spec.sequences if sequence.source in files}
    return times | {name: source.time for name, source in files.items() if source.time}


def _build(spec: DatasetSpec, tables: Tables, times: dict[str, str], cutoff: str) -> None:
    for name, time in times.items():
        before = f"NOT coalesce(CAST({quote(time)} AS TIMESTAMP) >= TIMESTAMP '{cutoff}', false)"
        tables.con.execute(f"CREATE VIEW {_SCHEMA}.{quote(name)} AS SELECT * FROM main.{quote(name)} WHERE {before}")
    # Names are looked up in the order of the path: what is dated or a view is found here, the rest as it was read.
    tables.con.execute("SET search_path = '\"@replay\",main'")
    for source in spec.sources:
        if source.kind == "sql":
            body = select_only(source.sql or "", f"source {source.name!r}, sql")
            tables.con.execute(f"CREATE TABLE {_SCHEMA}.{quote(source.name)} AS SELECT * FROM ({body}\n)")


def _compare(spec: DatasetSpec, tables: Tables, cutoff: str) -> list[Replayed]:
    time = spec.split.time
    if time is None:
        return []
    columns = [column for group in spec.groups for column in [*group.numeric, *group.categorical]]
    columns += [column for distribution in spec.distributions for column in distribution.columns]
    columns = [column for column in dict.fromkeys(columns) if column not in spec.computed()]
    types = tables.types("@base")
    counts = ", ".join(f"count(*) FILTER ({_differs(column, types[column])})" for column in columns)
    then = f"SELECT *, CAST({quote(spec.key)} AS VARCHAR) AS {KEY} FROM {_SCHEMA}.{quote(spec.base)}"
    row = tables.con.execute(
        f"SELECT count(*), {counts} FROM main.{BASE} a JOIN ({then}) b ON a.{KEY} = b.{KEY} "
        f"AND a.{CUTOFF} = TRY_CAST(b.{quote(time.column)} AS DATE) WHERE a.{CUTOFF} = DATE '{cutoff}'"
    ).fetchall()[0]
    return [Replayed(column, cutoff, int(n), int(row[0])) for column, n in zip(columns, row[1:], strict=True) if row[0]]


def _differs(column: str, kind: str) -> str:
    a, b = f"a.{quote(column)}", f"b.{quote(column)}"
    if kind not in ("FLOAT", "DOUBLE"):
        return f"{a}::VARCHAR IS DISTINCT FROM {b}::VARCHAR"
    known = f"{a} IS NOT NULL AND {b} IS NOT NULL AND NOT isnan({b})"
    near = f"abs({a} - {b}) <= 1e-9 * greatest(abs({a}), abs({b}), 1e-300)"
    return f"NOT CASE WHEN {known} THEN {near} ELSE {a} IS NULL AND ({b} IS NULL OR isnan({b})) END"
