"""Recipes: how a feature group is computed from event tables, declared in the dataset spec.

A recipe names its inputs and so determines the names of its columns: a reader of the spec knows every feature without
running anything. ``kind`` chooses the recipe. Every recipe reads only what lies strictly before a row's cutoff. How
each is computed stands in ``teacher.features.groups``, one file per kind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from string import Formatter
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, ModelWrapValidatorHandler, field_validator, model_validator

from understudy.contracts._model import Contract, Name

__all__ = ["Column", "Output", "Recipe", "Sql", "Step", "Tree", "Trees", "filled"]

Column = Annotated[str, Field(min_length=1, max_length=128)]
Sql = Annotated[str, Field(min_length=1)]
Months = Annotated[int, Field(ge=1, le=120)]
Step = Literal["day", "week", "dekad", "month"]
Output = tuple[str, Literal["numeric", "categorical"]]


class Tree(Contract):
    """A tree of categories: ``levels`` from the leaves up, ``parents`` of every node below the top level.

    Raises:
        ValueError: a cycle, or a node whose number of ancestors does not fit the levels.
    """

    levels: list[Name] = Field(min_length=2)
    parents: dict[str, str] = Field(min_length=2)

    @model_validator(mode="after")
    def _is_a_tree(self) -> Tree:
        inner = set(self.parents.values())
        for node in self.parents:
            self._path(node)
        for leaf in (node for node in self.parents if node not in inner):
            path = self._path(leaf)
            if len(path) != len(self.levels):
                raise ValueError(f"{leaf!r} has {len(path) - 1} ancestors, the levels want {len(self.levels) - 1}")
        return self

    def _path(self, node: str) -> list[str]:
        path = [node]
        while path[-1] in self.parents:
            path.append(self.parents[path[-1]])
            if path[-1] in path[:-1]:
                raise ValueError(f"the tree has a cycle: {' -> '.join(path)}")
        return path

    def ancestors(self, level: str) -> dict[str, str]:
        """Leaf -> its ancestor at ``level`` (at the lowest level: itself), in the order of the spec."""
        inner, depth = set(self.parents.values()), self.levels.index(level)
        return {leaf: self._path(leaf)[depth] for leaf in self.parents if leaf not in inner}

    def nodes(self, level: str) -> list[str]:
        """The nodes of a level, in the order of the spec."""
        return list(dict.fromkeys(self.ancestors(level).values()))


Trees = Mapping[str, Tree]


class Recipe(Contract):
    """The common part of all recipes; validating a mapping gives the recipe that its ``kind`` names."""

    kinds: ClassVar[dict[str, type[Recipe]]] = {}
    fitted: ClassVar[bool] = False
    """True if it is fitted on a population (training rows only) instead of being a function of one customer."""
    kind: str

    @classmethod
    def __pydantic_init_subclass__(cls, **_: Any) -> None:
        Recipe.kinds[str(cls.model_fields["kind"].default)] = cls

    @model_validator(mode="wrap")
    @classmethod
    def _by_kind(cls, data: Any, handler: ModelWrapValidatorHandler[Recipe]) -> Recipe:
        if cls is not Recipe or not isinstance(data, dict):
            return handler(data)
        known = Recipe.kinds.get(str(data.get("kind")))
        if known is None:
            raise ValueError(f"{data.get('kind')!r} is no kind of recipe; there are {', '.join(sorted(Recipe.kinds))}")
        return known.model_validate(data)

    def outputs(self, trees: Trees) -> list[Output]:
        """Its columns, in order; a level of a tree may name them."""
        raise NotImplementedError(f"{type(self).__name__} with {len(trees)} trees")

    def sources(self) -> dict[str, list[str]]:
        """Source -> the columns that it reads there (key and time come with the source)."""
        return {}

    def features(self) -> list[str]:
        """Computed columns of other recipes that it reads."""
        return []

    def tree_levels(self) -> dict[str, list[str]]:
        """Tree -> the levels that it names."""
        return {}


def filled(pattern: str, allowed: Sequence[str], **values: object) -> str:
    """Fill a name pattern such as ``"spend_{months}m"``.

    Raises:
        ValueError: a placeholder that is not ``allowed``.
    """
    for _, name, _, _ in Formatter().parse(pattern):
        if name is not None and name not in allowed:
            raise ValueError(f"{{{name}}} in {pattern!r} is none of {', '.join(allowed) or 'no placeholders at all'}")
    return pattern.format(**values)


class Named(Recipe):
    """A recipe whose columns' names may be given per measure: ``names = { sum = "spend_{months}m" }``."""

    placeholders: ClassVar[tuple[str, ...]] = ()
    measured: ClassVar[Mapping[str, str]] = {}
    """measure -> default pattern"""
    names: dict[str, str] = {}

    @field_validator("names")
    @classmethod
    def _known(cls, names: dict[str, str]) -> dict[str, str]:
        for measure, pattern in names.items():
            if measure not in cls.measured:
                raise ValueError(f"{measure!r} is no measure; there are {', '.join(cls.measured)}")
            filled(pattern, cls.placeholders, **dict.fromkeys(cls.placeholders, ""))
        return names

    def name(self, measure: str, **values: object) -> str:
        """The column's name for ``measure``."""
        return filled(self.names.get(measure, self.measured[measure]), self.placeholders, measure=measure, **values)


class Windowed(Contract):
    """Mixin: windows of whole months that end at the cutoff, or ``skip`` months before it."""

    months: list[Months] = Field(min_length=1)
    skip: int = Field(default=0, ge=0, le=119)

    @field_validator("months")
    @classmethod
    def _once(cls, months: list[int]) -> list[int]:
        if len(set(months)) != len(months):
            raise ValueError(f"a window is named twice: {months}")
        return months

    @model_validator(mode="after")
    def _holds_something(self) -> Windowed:
        if min(self.months) <= self.skip:
            raise ValueError(f"a window of {min(self.months)} months that skips {self.skip} is empty")
        return self
