"""What recipes may name: sources, trees and columns that exist, and features computed before them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from teacher.datasets.sql import check_expression, columns_read
from teacher.datasets.toml_lines import line_of
from understudy.contracts.event_recipes import Activity, Attributes
from understudy.contracts.fitted_recipes import Cohort
from understudy.contracts.recipes import Recipe
from understudy.contracts.series_recipes import Crosses, Derived
from understudy.contracts.spec import DatasetSpec
from understudy.errors import UserError

__all__ = ["check_recipes", "recipe_places", "refuse_at"]

Where = tuple[str | int, ...]


def check_recipes(spec: DatasetSpec, path: Path) -> None:
    """Refuse recipes that name unknown sources, trees, levels or features, or read a source that is (not) dated.

    Raises:
        UserError: naming the file, the line and the field.
    """
    sources = {source.name: source for source in spec.sources}
    before: set[str] = {column for group in spec.groups for column in [*group.numeric, *group.categorical]}
    before |= {c for _, _, r in spec.recipes() if not _late(r) for c, _ in _outputs(spec, r, path)}
    for where, recipe in recipe_places(spec):
        for name in recipe.sources():
            if name not in sources:
                refuse_at(path, (*where, "source"), f"there is no source {name!r}", f"There are {', '.join(sources)}.")
            _check_dated(path, where, recipe, name, dated=sources[name].time is not None)
        _check_sql(path, where, recipe)
        for column in recipe.features():
            if column not in before:
                what = f"{column!r} is not computed before this recipe"
                refuse_at(path, where, what, "Name a column of a recipe above it, and spell it as there.")
        _check_kinds(spec, path, where, recipe)
        if _late(recipe):
            before |= {column for column, _ in recipe.outputs(spec.trees)}


def recipe_places(spec: DatasetSpec) -> Iterator[tuple[Where, Recipe]]:
    """Every recipe with its place in the spec's file."""
    for place, group in enumerate(spec.groups):
        for index, recipe in enumerate(group.compute):
            yield ("groups", place, "compute", index), recipe


def _late(recipe: Recipe) -> bool:
    """Whether it reads features: then its own place in the spec counts."""
    return recipe.fitted or isinstance(recipe, Derived | Crosses)


def _outputs(spec: DatasetSpec, recipe: Recipe, path: Path) -> list[tuple[str, str]]:
    for tree, levels in recipe.tree_levels().items():
        where = next(place for place, other in recipe_places(spec) if other is recipe)
        if tree not in spec.trees:
            known = ", ".join(spec.trees) or "none"
            refuse_at(path, (*where, "tree"), f"there is no tree {tree!r}", f"There are {known}.")
        odd = [level for level in levels if level not in spec.trees[tree].levels]
        if odd:
            known = ", ".join(spec.trees[tree].levels)
            refuse_at(path, where, f"the tree {tree!r} has no level {odd[0]!r}", f"Its levels are {known}.")
    return [(column, kind) for column, kind in recipe.outputs(spec.trees)]


def _check_dated(path: Path, where: Where, recipe: Recipe, source: str, *, dated: bool) -> None:
    if isinstance(recipe, Attributes) and dated:
        what = f"source {source!r} is dated: which row counts?"
        refuse_at(path, (*where, "source"), what, 'Use kind = "latest", or leave `time` out of the source.')
    if not isinstance(recipe, Attributes) and not dated:
        what = f"source {source!r} has no `time`, so nobody can tell what lies before the cutoff"
        refuse_at(path, (*where, "source"), what, 'Name its column of dates: time = "..." under [[sources]].')


def _check_sql(path: Path, where: Where, recipe: Recipe) -> None:
    if isinstance(recipe, Activity) and recipe.where:
        check_expression(recipe.where, _say(path, (*where, "where")))
    if isinstance(recipe, Derived):
        for name, sql in {**recipe.numeric, **recipe.categorical}.items():
            check_expression(sql, _say(path, where))
            known = [*recipe.reads, *recipe.numeric, *recipe.categorical]
            if not columns_read(sql, _say(path, where), known) & set(recipe.reads):
                refuse_at(path, where, f"{name!r} reads none of `reads`", "List the columns that it reads.")


def _check_kinds(spec: DatasetSpec, path: Path, where: Where, recipe: Recipe) -> None:
    kinds = spec.computed() | {c: k for g in spec.groups for c, k in g.outputs(spec.trees)}
    text = recipe.features() if isinstance(recipe, Crosses) else []
    numbers = recipe.features() if recipe.fitted else []
    if isinstance(recipe, Cohort):
        numbers = recipe.columns
    for wanted, columns in (("categorical", text), ("numeric", numbers)):
        odd = [column for column in columns if kinds.get(column) != wanted]
        if odd:
            refuse_at(path, where, f"{odd[0]!r} is not {wanted}", f"Name a {wanted} column.")


def _say(path: Path, where: Where) -> str:
    field = ".".join(str(part) for part in where)
    line = line_of(path.read_text(encoding="utf-8-sig"), where) if path.is_file() else None
    return f"{path}: line {line}, {field}" if line else f"{path}, {field}"


def refuse_at(path: Path, where: Where, what: str, fix: str) -> None:
    """Raise a UserError that names the line of the spec."""
    raise UserError(what, where=_say(path, where), fix=fix)
