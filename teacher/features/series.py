"""Regular series as lists: one table per source and step, oldest step first, NULL where a step is absent."""

from __future__ import annotations

import datetime as dt

import duckdb

from teacher.features.context import KEY, ROWS, TIME
from teacher.features.demand import SeriesTable
from teacher.features.text import quote
from understudy.contracts.recipes import Step
from understudy.errors import UserError

__all__ = ["make_series", "step_of"]


def make_series(
    con: duckdb.DuckDBPyConnection, source: str, step: Step, wanted: SeriesTable, cutoff: dt.date, table: str
) -> None:
    """Create ``table``: every key of ``@rows`` and a DOUBLE list of ``wanted.length`` per column.

    Step 1 is the step before the one that holds the cutoff, so that a step is never cut short.

    Raises:
        UserError: a customer has two rows in one step.
    """
    back = f"({_index_of(cutoff, step)} - {step_of(TIME, step)})"
    n = wanted.length
    lists = ", ".join(
        "["
        + ", ".join(f"max(CAST({quote(c)} AS DOUBLE)) FILTER (k = {k})" for k in range(n, 0, -1))
        + f"] AS {quote(c)}"
        for c in sorted(wanted.columns)
    )
    con.execute(
        f'CREATE OR REPLACE TEMP TABLE {table} AS SELECT {KEY}, count(k) AS "@rows", count(DISTINCT k) AS "@steps", '
        f"{lists} FROM {ROWS} LEFT JOIN (SELECT *, {back} AS k FROM {quote(source + '@asof')} "
        f"WHERE {back} BETWEEN 1 AND {n}) USING ({KEY}) GROUP BY {KEY}"
    )
    twice = con.execute(f'SELECT min({KEY}) FROM {table} WHERE "@rows" > "@steps"').fetchall()[0][0]
    if twice is not None:
        what = f"the key {twice!r} has two rows in one {step}"
        raise UserError(
            what, where=f"source {source!r}", fix=f"Aggregate to one row per customer and {step} in a view."
        )


def step_of(time: str, step: Step) -> str:
    """SQL of the number of the step that holds ``time``. A dekad is a third of a month: days 1-10, 11-20, 21-end."""
    if step == "month":
        return f"(year({time}) * 12 + month({time}))"
    if step == "dekad":
        return f"((year({time}) * 12 + month({time})) * 3 + least((day({time}) - 1) // 10, 2))"
    days = f"date_diff('day', DATE '1970-01-05', CAST({time} AS DATE))"
    return days if step == "day" else f"CAST(floor({days} / 7.0) AS BIGINT)"


def _index_of(day: dt.date, step: Step) -> int:
    if step == "month":
        return day.year * 12 + day.month
    if step == "dekad":
        return (day.year * 12 + day.month) * 3 + min((day.day - 1) // 10, 2)
    days = (day - dt.date(1970, 1, 5)).days
    return days if step == "day" else days // 7
