"""Whether the sources hold the columns that recipes read."""

from __future__ import annotations

from teacher.datasets.recipe_checks import recipe_places, refuse_at
from teacher.datasets.sources import Tables
from teacher.datasets.specs import LoadedSpec

__all__ = ["check_recipe_columns"]


def check_recipe_columns(loaded: LoadedSpec, tables: Tables) -> None:
    """Refuse recipes that read a column which their source lacks.

    Raises:
        UserError: naming the line of the spec and what the source has.
    """
    spec, path = loaded.spec, loaded.path or loaded.folder / "spec.toml"
    for source in spec.sources:
        if not any(source.name in recipe.sources() for _, _, recipe in spec.recipes()):
            continue
        known = tables.columns(source.name)
        missing = [c for c in [source.key or spec.key, source.time] if c is not None and c not in known]
        if missing:
            place = [s.name for s in spec.sources].index(source.name)
            what = f"source {source.name!r} has no column {missing[0]!r}"
            refuse_at(path, ("sources", place), what, f"It has {', '.join(known)}.")
    for where, recipe in recipe_places(spec):
        for name, columns in recipe.sources().items():
            known = tables.columns(name)
            missing = [column for column in columns if column not in known]
            if missing:
                what = f"source {name!r} has no column {missing[0]!r}"
                refuse_at(path, where, what, f"It has {', '.join(known)}.")
