"""Activity: recency, frequency and amount over windows, from the monthly rollups."""

from __future__ import annotations

from teacher.features.context import KEY, Context, Query
from teacher.features.demand import Aggregate
from teacher.features.text import literal, months_before, quote
from understudy.contracts.event_recipes import Activity

__all__ = ["activity"]


def activity(recipe: Activity, context: Context) -> list[Query]:
    """All windows in one pass: sums of monthly sums, extremes of monthly extremes."""
    cells, fill = {}, {}
    for measure, months, name in recipe.columns():
        start = months_before(context.cutoff, months)
        cells[name] = _measure(recipe, measure, f'FILTER ("@period" >= {literal(start)})', context)
        fill[name] = "0" if measure in ("count", "days", "sum") else "NULL"
    listed = ", ".join(f"{sql} AS {quote(name)}" for name, sql in cells.items())
    rows = context.window(recipe.source, max(recipe.months), recipe.skip)
    return [Query(f"SELECT {KEY}, {listed} FROM {rows} GROUP BY {KEY}", fill)]


def _measure(recipe: Activity, measure: str, window: str, context: Context) -> str:
    where = recipe.where or ""

    def column(function: str, value: str = "") -> str:
        return quote(Aggregate(function, value, where).column)

    value = recipe.value or ""
    if measure == "count":
        return f"coalesce(sum({column('n')}) {window}, 0)"
    if measure == "days":
        return f"coalesce(sum({column('days')}) {window}, 0)"
    if measure == "sum":
        return f"coalesce(sum({column('sum', value)}) {window}, 0)"
    if measure == "mean":
        return f"sum({column('sum', value)}) {window} / nullif(sum({column('n')}) {window}, 0)"
    if measure == "recency":
        return f"date_diff('day', CAST(max({column('last')}) AS DATE), {literal(context.cutoff)})"
    return f"{measure}({column(measure, value)}) {window}"
