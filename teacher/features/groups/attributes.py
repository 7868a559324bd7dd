"""Attributes: columns of a table with one row per customer."""

from __future__ import annotations

from teacher.features.context import KEY, Context, Query
from teacher.features.text import literal, quote
from understudy.contracts.event_recipes import Attributes

__all__ = ["attributes"]


def attributes(recipe: Attributes, context: Context) -> list[Query]:
    """The columns as they stand, and whole calendar months from a date column to the cutoff."""
    cells = [quote(column) for column in [*recipe.numeric, *recipe.categorical]]
    cells += [
        f"date_diff('month', CAST({quote(column)} AS DATE), {literal(context.cutoff)}) AS {quote(name)}"
        for name, column in recipe.months_since.items()
    ]
    sql = f"SELECT {KEY}, {', '.join(cells)} FROM {context.as_of(recipe.source)}"
    return [Query(sql, {name: "NULL" for name, _ in recipe.outputs(context.trees)})]
