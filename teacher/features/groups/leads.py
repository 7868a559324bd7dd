"""Leads: which of two series moves first."""

from __future__ import annotations

from teacher.features.context import KEY, Context, Query
from teacher.features.groups.rhythm import standardised
from teacher.features.text import quote
from understudy.contracts.series_recipes import Leads

__all__ = ["leads"]


def leads(recipe: Leads, context: Context) -> list[Query]:
    """One query per pair; both series must be whole.

    ``follow``: the mean of (first above its mean, less its share) times (second above its mean one step later, less its
    share). ``area``: ``sum_t (x[t-1] y[t] - y[t-1] x[t]) / (n - 1)`` of the standardised series.
    """
    n = recipe.length
    found = []
    for a, b in recipe.pairs:
        cells = {
            name: _measure(measure, "ab" if first == a else "ba", n)
            for measure, first, second, name in recipe.cells()
            if {first, second} == {a, b}
        }
        sides = []
        for column in (a, b):
            table, x = context.series(recipe.source, recipe.step, column, n, recipe.missing)
            above = "list_transform(x, lambda v: CAST(v > m AS DOUBLE))"
            sides.append(f"(SELECT {KEY}, z, {above} AS u FROM ({standardised(table, x, n)}))")
        both = f"{sides[0]} a JOIN {sides[1]} b USING ({KEY})"
        pair = f"SELECT {KEY}, a.z AS za, b.z AS zb, a.u AS ua, b.u AS ub FROM {both}"
        listed = ", ".join(f"{sql} AS {quote(name)}" for name, sql in cells.items())
        found.append(Query(f"SELECT {KEY}, {listed} FROM ({pair})", dict.fromkeys(cells, "NULL")))
    return found


def _measure(measure: str, order: str, n: int) -> str:
    first, second = order[0], order[1]
    if measure == "area":
        forward = f"list_dot_product(z{first}[1:{n - 1}], z{second}[2:{n}])"
        back = f"list_dot_product(z{second}[1:{n - 1}], z{first}[2:{n}])"
        return f"({forward} - {back}) / {n - 1}"
    head = f"list_transform(u{first}[1:{n - 1}], lambda v: v - list_avg(u{first}))"
    tail = f"list_transform(u{second}[2:{n}], lambda v: v - list_avg(u{second}))"
    return f"list_dot_product({head}, {tail}) / {n - 1}"
