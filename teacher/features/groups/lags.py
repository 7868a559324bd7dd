"""Lags: the value so many steps back, as it is or relative to the customer's own mean."""

from __future__ import annotations

from teacher.features.context import KEY, Context, Query
from teacher.features.text import quote
from understudy.contracts.series_recipes import Lags

__all__ = ["lags"]


def lags(recipe: Lags, context: Context) -> list[Query]:
    """``x[-lag]``, divided by the mean of the known steps if ``relative`` (unknown where that mean is 0)."""
    cells = {}
    table = ""
    for column, lag, name in recipe.cells():
        table, x = context.series(recipe.source, recipe.step, column, recipe.length, recipe.missing)
        value = f"({x})[{recipe.length - lag + 1}]"
        cells[name] = f"{value} / nullif(list_avg({x}), 0)" if recipe.relative else value
    listed = ", ".join(f"{sql} AS {quote(name)}" for name, sql in cells.items())
    return [Query(f"SELECT {KEY}, {listed} FROM {table}", dict.fromkeys(cells, "NULL"))]
