"""Rolling: statistics over the last steps of monthly or finer series."""

from __future__ import annotations

from teacher.features.context import KEY, Context, Query
from teacher.features.text import quote
from understudy.contracts.series_recipes import Rolling

__all__ = ["rolling", "slope"]

_FUNCTIONS = {
    "mean": "list_avg",
    "sd": "list_stddev_pop",
    "sum": "list_sum",
    "min": "list_min",
    "max": "list_max",
}


def rolling(recipe: Rolling, context: Context) -> list[Query]:
    """Unknown steps are left out; a slope needs every step."""
    cells = {}
    table = ""
    for column, measure, steps, name in recipe.cells():
        table, x = context.series(recipe.source, recipe.step, column, steps, recipe.missing)
        cells[name] = _measure(measure, x, steps)
    listed = ", ".join(f"{sql} AS {quote(name)}" for name, sql in cells.items())
    return [Query(f"SELECT {KEY}, {listed} FROM {table}", dict.fromkeys(cells, "NULL"))]


def _measure(measure: str, x: str, steps: int) -> str:
    if measure == "last":
        return f"({x})[1]"
    if measure == "slope":
        return slope(x, steps)
    if measure == "zeros":
        return f"list_avg(list_transform({x}, lambda v: CAST(v = 0 AS DOUBLE)))"
    return f"{_FUNCTIONS[measure]}({x})"


def slope(x: str, steps: int) -> str:
    """Least-squares slope of the list ``x`` over 1..``steps``; NULL if a step is."""
    middle = (steps + 1) / 2
    time = [i - middle for i in range(1, steps + 1)]
    weights = ", ".join(f"{t!r}" for t in time)
    squares = sum(t * t for t in time)
    # The product refuses NULL even on rows that CASE leaves out, so they are filled before they are left out.
    whole = f"list_transform({x}, lambda v: coalesce(v, 0))"
    return (
        f"CASE WHEN list_count({x}) = {steps} THEN list_dot_product({whole}, [{weights}]::DOUBLE[]) / {squares!r} END"
    )
