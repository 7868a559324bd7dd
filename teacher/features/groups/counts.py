"""Counts: events, sums or shares per value of a categorical column or per node of a tree level."""

from __future__ import annotations

from teacher.features.context import KEY, Context, Query
from teacher.features.demand import Aggregate
from teacher.features.text import literal, months_before, quote
from understudy.contracts.event_recipes import Counts, leaf_map

__all__ = ["counts", "members"]


def counts(recipe: Counts, context: Context) -> list[Query]:
    """One column per value and window. A share of no events is unknown."""
    amount = quote(Aggregate("sum", recipe.value).column if recipe.value else Aggregate("n").column)
    groups = members(recipe.known(context.trees), leaf_map(context.trees, recipe.tree, recipe.level))
    rows = context.window(recipe.source, max(recipe.months), recipe.skip, recipe.column)
    cells, fill = {}, {}
    for months in recipe.months:
        recent = f'"@period" >= {literal(months_before(context.cutoff, months))}'
        for value, leaves in groups.items():
            name = recipe.name(recipe.measure, value=value, months=months)
            inside = ", ".join(map(literal, leaves))
            cell = f"coalesce(sum(a) FILTER ({recent} AND v IN ({inside})), 0)"
            share = f"{cell} / nullif(sum(a) FILTER ({recent}), 0)"
            cells[name] = share if recipe.measure == "share" else cell
            fill[name] = "NULL" if recipe.measure == "share" else "0"
    # Adding up the months of one value first leaves few rows for the many conditional sums.
    if len(recipe.months) == 1:
        cells_ = f'{KEY}, any_value("@period") AS "@period", "@value", sum({amount}) AS a'
        rows = f'(SELECT {cells_} FROM {rows} GROUP BY {KEY}, "@value")'
        amount = "a"
    listed = ", ".join(f"{sql} AS {quote(name)}" for name, sql in cells.items())
    inner = f'(SELECT {KEY}, "@period", "@value" AS v, {amount} AS a FROM {rows})'
    return [Query(f"SELECT {KEY}, {listed} FROM {inner} GROUP BY {KEY}", fill)]


def members(values: list[str], leaves: dict[str, str] | None) -> dict[str, list[str]]:
    """Value -> the values of the column that it stands for (itself, or the leaves below it)."""
    if leaves is None:
        return {value: [value] for value in values}
    return {value: [leaf for leaf, node in leaves.items() if node == value] for value in values}
