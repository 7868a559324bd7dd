"""Movement: the distance between the recent and the earlier distribution of events over values."""

from __future__ import annotations

from teacher.features.context import KEY, Context, Query
from teacher.features.demand import Aggregate
from teacher.features.groups.counts import members
from teacher.features.text import literal, months_before, quote
from understudy.contracts.event_recipes import Movement, leaf_map

__all__ = ["movement"]

_DIVERGENCE = "list_sum([{a}[i] * ln(2 * {a}[i] / ({a}[i] + {b}[i])) FOR i IN range(1, len({a}) + 1) IF {a}[i] > 0])"
_MEASURES = {
    "total_variation": "list_sum([abs(x) FOR x IN d]) / 2",
    "wasserstein": "list_sum([abs(list_sum(d[1:i])) FOR i IN range(1, len(d) + 1)])",
    "hellinger": "sqrt(list_sum([(sqrt(p[i]) - sqrt(q[i])) ** 2 FOR i IN range(1, len(p) + 1)]) / 2)",
    "jensen_shannon": f"({_DIVERGENCE.format(a='p', b='q')} + {_DIVERGENCE.format(a='q', b='p')}) / 2",
}


def movement(recipe: Movement, context: Context) -> list[Query]:
    """Shares ``p`` (recent) and ``q`` (before) as lists in the order of the values, then the distances."""
    values = recipe.known(context.trees)
    groups = members(values, leaf_map(context.trees, recipe.tree, recipe.level))
    rows = context.window(recipe.source, recipe.recent + recipe.before, 0, recipe.column)
    recent = f'"@period" >= {literal(months_before(context.cutoff, recipe.recent))}'
    n = quote(Aggregate("n").column)

    def shares(condition: str) -> str:
        counts = [
            f'coalesce(sum({n}) FILTER ({condition} AND "@value" IN ({", ".join(map(literal, leaves))})), 0)'
            for leaves in groups.values()
        ]
        return f"[{', '.join(f'CAST({count} AS DOUBLE)' for count in counts)}]"

    counted = f"SELECT {KEY}, {shares(recent)} AS r, {shares(f'NOT ({recent})')} AS b FROM {rows} GROUP BY {KEY}"
    known = "list_sum(r) > 0 AND list_sum(b) > 0"
    p, q = "[x / list_sum(r) FOR x IN r]", "[x / list_sum(b) FOR x IN b]"
    shared = f"SELECT {KEY}, {p} AS p, {q} AS q FROM ({counted}) WHERE {known}"
    moved = f"SELECT *, [p[i] - q[i] FOR i IN range(1, len(p) + 1)] AS d FROM ({shared})"
    cells = _cells(recipe, values)
    listed = ", ".join(f"{sql} AS {quote(name)}" for name, sql in cells.items())
    return [Query(f"SELECT {KEY}, {listed} FROM ({moved})", dict.fromkeys(cells, "NULL"))]


def _cells(recipe: Movement, values: list[str]) -> dict[str, str]:
    base = {"column": recipe.column, "recent": recipe.recent}
    cells = {recipe.name(measure, segment="", **base): _MEASURES[measure] for measure in recipe.measures}
    for segment, members_ in recipe.segments.items():
        places = [values.index(value) + 1 for value in members_]
        for measure, shares in (("share", "p"), ("change", "d")):
            cells[recipe.name(measure, segment=segment, **base)] = " + ".join(f"{shares}[{place}]" for place in places)
    return cells
