"""All features of one partition at one cutoff: every recipe's query, joined to the rows."""

from __future__ import annotations

import datetime as dt

import duckdb

from teacher.features.context import KEY, ROWS, Context
from teacher.features.demand import Demand
from teacher.features.groups import QUERIES
from teacher.features.groups.derived import expressions
from teacher.features.rollups import Rollups, periods_of
from teacher.features.series import make_series
from teacher.features.text import literal, quote
from teacher.features.views import cut_views
from understudy.contracts.recipes import Recipe, Step
from understudy.contracts.spec import DatasetSpec
from understudy.errors import UserError

__all__ = ["CUTOFF_COLUMN", "KEY_COLUMN", "snapshot_sql"]

KEY_COLUMN, CUTOFF_COLUMN = "@key", "@cutoff"


def snapshot_sql(
    con: duckdb.DuckDBPyConnection, spec: DatasetSpec, demand: Demand, rollups: dict[str, Rollups], cutoff: dt.date
) -> str:
    """Run every recipe for the keys in ``@rows`` and return the SELECT that joins their columns, in the spec's order.

    Numbers are DOUBLE (what is no finite number is NULL), categories VARCHAR, rows in the order of the key.

    Raises:
        UserError: a recipe does not run on the data; names its group and its place.
    """
    cut_views(con, spec, demand, cutoff)
    context = Context(con, cutoff, spec.trees)
    for source, rollup in rollups.items():
        context.rollups[source] = quote(f"{source}@rollup")
        rollup.load(context.rollups[source], periods_of([cutoff], demand.months[source]))
    for (source, step), wanted in sorted(demand.series.items()):
        table = quote(f"{source}@{step}")
        make_series(con, source, _step(step), wanted, cutoff, table)
        context.series_tables[source, step] = (table, wanted.length)
    joined: list[str] = []
    cells: list[str] = []
    for group, index, recipe in spec.recipes():
        if recipe.fitted or recipe.kind not in QUERIES:
            continue
        try:
            for query in QUERIES[recipe.kind](recipe, context):
                table = quote(f"@q{len(joined)}")
                con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS {query.sql}")
                joined.append(f"LEFT JOIN {table} USING ({KEY})")
                cells += [f"coalesce({table}.{quote(c)}, {fill}) AS {quote(c)}" for c, fill in query.fill.items()]
        except duckdb.Error as error:
            raise _refused(group.name, index, recipe, error) from None
    select = f"SELECT {KEY}, {', '.join(cells)} FROM {ROWS} {' '.join(joined)}"
    return _typed(spec, _with_expressions(con, spec, select), cutoff)


def _step(step: str) -> Step:
    return step  # type: ignore[return-value]


def _with_expressions(con: duckdb.DuckDBPyConnection, spec: DatasetSpec, select: str) -> str:
    con.execute(f'CREATE OR REPLACE TEMP TABLE "@joined" AS {select}')
    select = 'SELECT * FROM "@joined"'
    for group, index, recipe in spec.recipes():
        made = expressions(recipe)
        if made:
            select = f"SELECT *, {', '.join(f'{sql} AS {quote(name)}' for name, sql in made.items())} FROM ({select})"
            try:
                con.execute(f"EXPLAIN {select}")
            except duckdb.Error as error:
                raise _refused(group.name, index, recipe, error) from None
    return select


def _typed(spec: DatasetSpec, select: str, cutoff: dt.date) -> str:
    cells = []
    for _, _, recipe in spec.recipes():
        for column, kind in [] if recipe.fitted else recipe.outputs(spec.trees):
            cell = f"CAST({quote(column)} AS {'DOUBLE' if kind == 'numeric' else 'VARCHAR'})"
            finite = f"CASE WHEN isfinite({cell}) THEN {cell} END" if kind == "numeric" else cell
            cells.append(f"{finite} AS {quote(column)}")
    key = f"{KEY} AS {quote(KEY_COLUMN)}, {literal(cutoff)} AS {quote(CUTOFF_COLUMN)}"
    return f"SELECT {key}, {', '.join(cells)} FROM ({select}) ORDER BY {KEY}"


def _refused(group: str, index: int, recipe: Recipe, error: Exception) -> UserError:
    said = str(error).strip().splitlines()[0]
    where = f"feature group {group!r}, compute {index + 1} ({recipe.kind})"
    return UserError(f"cannot be computed: {said}", where=where, fix="Correct the recipe, or the types of its source.")
