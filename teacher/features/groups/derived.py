"""Derived and crosses: functions of features already computed."""

from __future__ import annotations

from teacher.features.text import literal, quote
from understudy.contracts.recipes import Recipe
from understudy.contracts.series_recipes import Crosses, Derived

__all__ = ["expressions"]


def expressions(recipe: Recipe) -> dict[str, str]:
    """Column -> SQL over the computed columns; empty for recipes that read sources."""
    if isinstance(recipe, Derived):
        return {name: f"({sql}\n)" for name, sql in {**recipe.numeric, **recipe.categorical}.items()}
    if isinstance(recipe, Crosses):
        return {f"{a}_x_{b}": f"{_cohort(recipe, a)} || {_cohort(recipe, b)}" for a, b in recipe.pairs}
    return {}


def _cohort(recipe: Crosses, field: str) -> str:
    """The cohort's label, or the value itself; NULL for a value in no cohort, and then the cross is unknown."""
    cohorts = recipe.cohorts.get(field)
    if cohorts is None:
        return quote(field)
    arms = " ".join(
        f"WHEN {quote(field)} IN ({', '.join(map(literal, values))}) THEN {literal(label)}"
        for label, values in cohorts.items()
    )
    return f"(CASE {arms} END)"
