"""Latest: the newest row of a dated source before the cutoff."""

from __future__ import annotations

from teacher.features.context import KEY, TIME, Context, Query
from teacher.features.text import literal, quote
from understudy.contracts.event_recipes import Latest

__all__ = ["latest"]


def latest(recipe: Latest, context: Context) -> list[Query]:
    """The columns of the newest row; where two rows share the time, the one that sorts last by its values."""
    columns = [*recipe.numeric, *recipe.categorical]
    cells = ", ".join(map(quote, columns))
    fresh = (
        f"WHERE {TIME} >= {literal(context.cutoff)} - INTERVAL {recipe.max_age_days} DAY" if recipe.max_age_days else ""
    )
    order = ", ".join(f"{quote(column)} DESC" for column in columns)
    sql = (
        f"SELECT {KEY}, {cells} FROM {context.as_of(recipe.source)} {fresh} "
        f"QUALIFY row_number() OVER (PARTITION BY {KEY} ORDER BY {TIME} DESC, {order}) = 1"
    )
    return [Query(sql, dict.fromkeys(columns, "NULL"))]
