"""Diversity: how evenly events spread over the nodes of each tree level, and which node is first."""

from __future__ import annotations

from teacher.features.context import KEY, Context, Query
from teacher.features.demand import Aggregate
from teacher.features.text import literal, quote
from understudy.contracts.event_recipes import Diversity, leaf_map

__all__ = ["diversity"]


def diversity(recipe: Diversity, context: Context) -> list[Query]:
    """One query per level and window; ``tree_distance`` sums ``1 - sum p^2`` over the levels (Rao 1982)."""
    cells: dict[tuple[str, int], dict[str, str]] = {}
    found: list[Query] = []
    for measure, level, months, name in recipe.columns():
        if measure == "tree_distance":
            found.append(_tree_distance(recipe, context, months, name))
        else:
            cells.setdefault((level, months), {})[name] = _MEASURES[measure]
    for (level, months), named in cells.items():
        listed = ", ".join(f"{sql} AS {quote(name)}" for name, sql in named.items())
        sql = f"SELECT {KEY}, {listed} FROM {_by_node(recipe, context, level, months)} GROUP BY {KEY}"
        found.append(Query(sql, dict.fromkeys(named, "NULL")))
    return found


# n: events, w: weight, l: newest event, v: node. Logs of whole counts: sum p ln p = sum n ln n / N - ln N.
_MEASURES = {
    "entropy": "ln(sum(n)) - sum(n * ln(n)) / sum(n)",
    "simpson": "1 - sum(n * (n - 1)) / nullif(sum(n) * (sum(n) - 1), 0)",
    "distinct": "count(*)",
    "top_share": "max(w) / nullif(sum(w), 0)",
    "top": "max_by(v, (w, v))",
    "last": "max_by(v, (l, v))",
}


def _by_node(recipe: Diversity, context: Context, level: str, months: int) -> str:
    weight = quote(Aggregate("sum", recipe.value).column if recipe.value else Aggregate("n").column)
    leaves = leaf_map(context.trees, recipe.tree, level)
    node = '"@value"' if leaves is None else _node(leaves)
    return (
        f"(SELECT {KEY}, {node} AS v, CAST(sum({quote(Aggregate('n').column)}) AS DOUBLE) AS n, "
        f"CAST(sum({weight}) AS DOUBLE) AS w, max({quote(Aggregate('last').column)}) AS l "
        f"FROM {context.window(recipe.source, months, recipe.skip, recipe.column)} "
        f"GROUP BY {KEY}, v HAVING v IS NOT NULL)"
    )


def _node(leaves: dict[str, str]) -> str:
    if all(leaf == node for leaf, node in leaves.items()):
        return f'CASE WHEN "@value" IN ({", ".join(map(literal, leaves))}) THEN "@value" END'
    pairs = ", ".join(f"{literal(leaf)}: {literal(node)}" for leaf, node in leaves.items())
    return f'(MAP {{{pairs}}})["@value"]'


def _tree_distance(recipe: Diversity, context: Context, months: int, name: str) -> Query:
    levels = context.trees[recipe.tree or ""].levels
    parts = " UNION ALL ".join(
        f"SELECT {KEY}, 1 - sum(n * n) / (sum(n) * sum(n)) AS d "
        f"FROM {_by_node(recipe, context, level, months)} GROUP BY {KEY}"
        for level in levels
    )
    return Query(f"SELECT {KEY}, sum(d) AS {quote(name)} FROM ({parts}) GROUP BY {KEY}", {name: "NULL"})
