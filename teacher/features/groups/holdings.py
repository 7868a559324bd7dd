"""Holdings: what is held at the last month end before the cutoff, and what changed."""

from __future__ import annotations

from teacher.features.context import KEY, TIME, Context, Query
from teacher.features.text import literal, months_before, quote
from understudy.contracts.event_recipes import Holdings

__all__ = ["holdings"]

_DAYS_PER_MONTH = "30.4375"


def holdings(recipe: Holdings, context: Context) -> list[Query]:
    """Flags, counts per family and openings from the newest snapshot; closings from it and an earlier one.

    The snapshot is that of the last whole month before the cutoff's own, so that one customer's features do not depend
    on whose rows stand beside them. Who holds nothing has zeros, and unknown ages.
    """
    product = quote(recipe.product)
    held = _snapshot(recipe, context, 1)
    cells = {f"has_{p}": f"CAST(count(*) FILTER ({product} = {literal(p)}) > 0 AS INT)" for p in recipe.products()}
    for family, products in recipe.families.items():
        members = ", ".join(map(literal, products))
        cells[f"n_{family}"] = f"count(DISTINCT {product}) FILTER ({product} IN ({members}))"
    known = ", ".join(map(literal, recipe.products()))
    cells["n_products"] = f"count(DISTINCT {product}) FILTER ({product} IN ({known}))"
    cells["n_families"] = " + ".join(
        f"CAST(count(*) FILTER ({product} IN ({', '.join(map(literal, products))})) > 0 AS INT)"
        for products in recipe.families.values()
    )
    fill = dict.fromkeys(cells, "0")
    if recipe.opened:
        opened = f"CAST({quote(recipe.opened)} AS TIMESTAMP)"
        cutoff = f"epoch(CAST({literal(context.cutoff)} AS TIMESTAMP))"
        for name, function in (("months_since_last_opening", "max"), ("months_since_first_opening", "min")):
            cells[name] = f"({cutoff} - epoch({function}({opened}))) / 86400 / {_DAYS_PER_MONTH}"
            fill[name] = "NULL"
        for months in recipe.opened_months:
            cells[f"opened_{months}m"] = (
                f"count(*) FILTER ({opened} >= {literal(months_before(context.cutoff, months))})"
            )
            fill[f"opened_{months}m"] = "0"
    listed = ", ".join(f"{sql} AS {quote(name)}" for name, sql in cells.items())
    return [Query(f"SELECT {KEY}, {listed} FROM {held} GROUP BY {KEY}", fill), *_closed(recipe, context)]


def _snapshot(recipe: Holdings, context: Context, back: int) -> str:
    start = months_before(context.cutoff.replace(day=1), back)
    end = months_before(context.cutoff.replace(day=1), back - 1)
    return (
        f"(SELECT DISTINCT ON ({KEY}, {quote(recipe.product)}) * FROM {context.as_of(recipe.source)} "
        f"WHERE {TIME} >= {literal(start)} AND {TIME} < {literal(end)} "
        f"ORDER BY {KEY}, {quote(recipe.product)}, {TIME} DESC)"
    )


def _closed(recipe: Holdings, context: Context) -> list[Query]:
    """Products held so many months before the newest snapshot, and not in it."""
    found = []
    for months in recipe.closed_months:
        name = f"closed_{months}m"
        sql = (
            f"SELECT {KEY}, count(*) AS {quote(name)} FROM {_snapshot(recipe, context, months + 1)} b "
            f"ANTI JOIN {_snapshot(recipe, context, 1)} n USING ({KEY}, {quote(recipe.product)}) GROUP BY {KEY}"
        )
        found.append(Query(sql, {name: "0"}))
    return found
