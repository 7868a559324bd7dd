"""Rhythm: burstiness, memory, autocorrelation and cycles of one series."""

from __future__ import annotations

from teacher.features.context import KEY, Context, Query
from teacher.features.groups.rolling import slope
from teacher.features.text import quote
from understudy.contracts.series_recipes import Rhythm

__all__ = ["rhythm", "standardised"]


def rhythm(recipe: Rhythm, context: Context) -> list[Query]:
    """Every measure needs every step: order with holes is no order."""
    n = recipe.length
    table, x = context.series(recipe.source, recipe.step, recipe.column, n, recipe.missing)
    cells = {recipe.name(m, column=recipe.column, lag=""): _measure(m, n, recipe.period) for m in recipe.measures}
    for lag in recipe.lags:
        product = f"list_dot_product(z[{lag + 1}:{n}], z[1:{n - lag}])"
        cells[recipe.name("autocorr", column=recipe.column, lag=lag)] = f"{product} / {n - lag}"
    listed = ", ".join(f"{sql} AS {quote(name)}" for name, sql in cells.items())
    return [Query(f"SELECT {KEY}, {listed} FROM ({standardised(table, x, n)})", dict.fromkeys(cells, "NULL"))]


def standardised(table: str, x: str, n: int, key: str = KEY) -> str:
    """SELECT of the key, the list ``x``, its mean ``m``, population deviation ``s`` and standardised list ``z``; only
    rows whose ``n`` steps are all known."""
    known = f"SELECT {key}, {x} AS x FROM {table}"
    moments = f"SELECT *, list_avg(x) AS m, list_stddev_pop(x) AS s FROM ({known}) WHERE list_count(x) = {n}"
    return f"SELECT *, list_transform(x, lambda v: (v - m) / (s + 1e-9)) AS z FROM ({moments})"


def _measure(measure: str, n: int, period: int) -> str:
    if measure == "burstiness":
        return "(s - m) / nullif(s + m, 0)"
    if measure == "trend":
        return slope("z", n)
    if measure == "top_phase":
        phases = [f"list_avg(x[{start}:{n}:{period}])" for start in range(1, period + 1)]
        return f"greatest({', '.join(phases)}) / nullif({' + '.join(phases)}, 0)"
    if measure == "turns":
        inner = f"range(2, {n})"
        turn = f"list_transform({inner}, lambda i: CAST((x[i] - x[i - 1]) * (x[i + 1] - x[i]) < 0 AS DOUBLE))"
        return f"list_avg({turn})"
    if measure == "crossings":
        return f"list_avg(list_transform(range(1, {n}), lambda i: CAST((x[i] - m) * (x[i + 1] - m) < 0 AS DOUBLE)))"
    head, tail = f"x[1:{n - 1}]", f"x[2:{n}]"
    covariance = f"list_dot_product({head}, {tail}) / {n - 1} - list_avg({head}) * list_avg({tail})"
    return f"({covariance}) / nullif(list_stddev_pop({head}) * list_stddev_pop({tail}), 0)"
