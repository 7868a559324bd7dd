"""Recipes over dated events and over customer attributes: one customer's own history, no fit."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, model_validator
from typing_extensions import override

from understudy.contracts._model import Name
from understudy.contracts.recipes import Column, Months, Named, Output, Recipe, Sql, Tree, Trees, Windowed

__all__ = ["Activity", "Attributes", "Counts", "Diversity", "Holdings", "Latest", "Movement"]


class Attributes(Recipe):
    """Columns of a table with one row per customer, and the whole months since a date in it.

    The table says what is known at the time of the run: attributes that change belong in a dated source (``latest``).
    """

    kind: Literal["attributes"] = "attributes"
    source: Name
    numeric: list[Column] = []
    categorical: list[Column] = []
    months_since: dict[Column, Column] = {}

    @override
    def outputs(self, trees: Trees) -> list[Output]:
        numbers: list[Output] = [(c, "numeric") for c in [*self.numeric, *self.months_since]]
        return numbers + [(c, "categorical") for c in self.categorical]

    def sources(self) -> dict[str, list[str]]:
        return {self.source: [*self.numeric, *self.categorical, *self.months_since.values()]}


class Latest(Recipe):
    """Columns of the newest row of a dated source before the cutoff, unknown if it is older than ``max_age_days``."""

    kind: Literal["latest"] = "latest"
    source: Name
    numeric: list[Column] = []
    categorical: list[Column] = []
    max_age_days: int | None = Field(default=None, ge=1)

    @override
    def outputs(self, trees: Trees) -> list[Output]:
        numbers: list[Output] = [(c, "numeric") for c in self.numeric]
        return numbers + [(c, "categorical") for c in self.categorical]

    def sources(self) -> dict[str, list[str]]:
        return {self.source: [*self.numeric, *self.categorical]}


class Holdings(Recipe):
    """What is held at the last month end before the cutoff: a flag per product, counts per family, changes.

    The source has one row per customer, month end and product held; ``opened`` is the column with the opening time.
    """

    kind: Literal["holdings"] = "holdings"
    source: Name
    product: Column
    opened: Column | None = None
    families: dict[Name, list[Column]] = Field(min_length=1)
    opened_months: list[Months] = []
    closed_months: list[Months] = []

    @model_validator(mode="after")
    def _consistent(self) -> Holdings:
        products = [product for family in self.families.values() for product in family]
        twice = sorted({p for p in products if products.count(p) > 1})
        if twice:
            raise ValueError(f"product in two families: {', '.join(twice)}")
        if self.opened_months and self.opened is None:
            raise ValueError("opened_months needs the column `opened`")
        return self

    def products(self) -> list[str]:
        return [product for family in self.families.values() for product in family]

    @override
    def outputs(self, trees: Trees) -> list[Output]:
        names = [f"has_{p}" for p in self.products()] + [f"n_{f}" for f in self.families] + ["n_products", "n_families"]
        if self.opened:
            names += ["months_since_last_opening", "months_since_first_opening"]
        names += [f"opened_{m}m" for m in self.opened_months] + [f"closed_{m}m" for m in self.closed_months]
        return [(name, "numeric") for name in names]

    def sources(self) -> dict[str, list[str]]:
        return {self.source: [self.product, *([self.opened] if self.opened else [])]}


class Activity(Named, Windowed):
    """How recent, how often, how much: events of a stream counted and summed over windows.

    ``where`` keeps the events for which a SQL condition over the stream's columns is true. Without any event a count is
    0 and a sum is 0; a mean, minimum, maximum and the days since the last event are unknown. ``recency`` looks back
    over the longest window.
    """

    kind: Literal["activity"] = "activity"
    placeholders = ("label", "months", "measure")
    measured: ClassVar[Mapping[str, str]] = {
        "count": "{label}_{months}m",
        "days": "{label}_days_{months}m",
        "sum": "{label}_sum_{months}m",
        "mean": "{label}_mean_{months}m",
        "min": "{label}_min_{months}m",
        "max": "{label}_max_{months}m",
        "recency": "days_since_{label}",
    }
    source: Name
    label: Name
    value: Column | None = None
    where: Sql | None = None
    measures: list[Literal["count", "days", "sum", "mean", "min", "max", "recency"]] = Field(min_length=1)

    @model_validator(mode="after")
    def _value_for_amounts(self) -> Activity:
        wanting = sorted({"sum", "mean", "min", "max"}.intersection(self.measures))
        if wanting and self.value is None:
            raise ValueError(f"{', '.join(wanting)} needs the column `value`")
        return self

    @override
    def outputs(self, trees: Trees) -> list[Output]:
        return [(name, "numeric") for _, _, name in self.columns()]

    def columns(self) -> list[tuple[str, int, str]]:
        """(measure, months, column name)."""
        return [
            (measure, months, self.name(measure, label=self.label, months=months))
            for measure in self.measures
            for months in (self.months if measure != "recency" else [max(self.months)])
        ]

    def sources(self) -> dict[str, list[str]]:
        return {self.source: [self.value] if self.value else []}


class _Valued(Recipe):
    """A categorical column whose values the spec lists, or takes from a level of a tree."""

    source: Name
    column: Column
    values: list[str] = []
    tree: Name | None = None
    level: Name | None = None

    @model_validator(mode="after")
    def _values_or_tree(self) -> _Valued:
        if bool(self.values) == bool(self.tree and self.level):
            raise ValueError("give either values, or tree and level")
        if len(set(self.values)) != len(self.values):
            raise ValueError("a value is listed twice")
        return self

    def known(self, trees: Trees) -> list[str]:
        """The values, in order."""
        if self.tree is None or self.level is None:
            return self.values
        tree = trees.get(self.tree)
        return tree.nodes(self.level) if tree is not None and self.level in tree.levels else []

    def tree_levels(self) -> dict[str, list[str]]:
        return {self.tree: [self.level]} if self.tree and self.level else {}


class Counts(_Valued, Named, Windowed):
    """Per value of a categorical column: number of events, sum, or share of the customer's events.

    Events with another value belong to the total of a share, and to nothing else.
    """

    kind: Literal["counts"] = "counts"
    placeholders = ("value", "months", "measure")
    measured: ClassVar[Mapping[str, str]] = {
        "count": "{value}_{months}m",
        "sum": "{value}_sum_{months}m",
        "share": "{value}_share_{months}m",
    }
    value: Column | None = None
    measure: Literal["count", "sum", "share"] = "count"

    @model_validator(mode="after")
    def _value_for_sums(self) -> Counts:
        if (self.measure == "sum") != (self.value is not None):
            raise ValueError('`value` belongs to measure = "sum", and only to it')
        return self

    @override
    def outputs(self, trees: Trees) -> list[Output]:
        return [
            (self.name(self.measure, value=value, months=months), "numeric")
            for months in self.months
            for value in self.known(trees)
        ]

    def sources(self) -> dict[str, list[str]]:
        return {self.source: [self.column, *([self.value] if self.value else [])]}


class Diversity(Named, Windowed):
    """How evenly events spread over categories, per level of a tree, and which category is first.

    ``entropy`` (Shannon, nats), ``simpson`` ``1 - sum n (n - 1) / (N (N - 1))``, ``distinct`` categories,
    ``top_share``; ``tree_distance``: levels up to the lowest common ancestor of two events drawn at random, on average
    (Rao's quadratic entropy on the tree); ``top`` and ``last``: the commonest and the newest category (ties: the last
    name in the alphabet). With ``value``, ``top`` and ``top_share`` weigh by it.
    """

    kind: Literal["diversity"] = "diversity"
    placeholders = ("level", "months", "measure")
    measured: ClassVar[Mapping[str, str]] = {
        "entropy": "entropy_{level}_{months}m",
        "simpson": "simpson_{level}_{months}m",
        "distinct": "distinct_{level}_{months}m",
        "top_share": "top_{level}_share_{months}m",
        "tree_distance": "tree_distance_{months}m",
        "top": "top_{level}_{months}m",
        "last": "last_{level}",
    }
    source: Name
    column: Column
    value: Column | None = None
    tree: Name | None = None
    levels: list[Name] = []
    measures: list[Literal["entropy", "simpson", "distinct", "top_share", "tree_distance", "top", "last"]] = Field(
        min_length=1
    )

    @model_validator(mode="after")
    def _levels_of_tree(self) -> Diversity:
        if bool(self.tree) != bool(self.levels):
            raise ValueError("tree and levels belong together")
        if "tree_distance" in self.measures and not self.tree:
            raise ValueError("tree_distance needs a tree")
        return self

    def columns(self) -> list[tuple[str, str, int, str]]:
        """(measure, level, months, column name); the level of a column without a tree is its name."""
        return [
            (measure, level, months, self.name(measure, level=level, months=months))
            for measure in self.measures
            for level in ([""] if measure == "tree_distance" else self.levels or [self.column])
            for months in ([max(self.months)] if measure == "last" else self.months)
        ]

    @override
    def outputs(self, trees: Trees) -> list[Output]:
        return [(name, "categorical" if m in ("top", "last") else "numeric") for m, _, _, name in self.columns()]

    def sources(self) -> dict[str, list[str]]:
        return {self.source: [self.column, *([self.value] if self.value else [])]}

    def tree_levels(self) -> dict[str, list[str]]:
        return {self.tree: self.levels} if self.tree else {}


class Movement(_Valued, Named):
    """How far the distribution of events over values moved: the last ``recent`` months against the ``before`` earlier.

    ``total_variation`` ``sum |p - q| / 2``; ``wasserstein`` ``sum_k |F_p(k) - F_q(k)|`` over the values in their order
    (unit steps); ``hellinger`` ``sqrt(sum (sqrt p - sqrt q)^2 / 2)``; ``jensen_shannon`` (nats). Segments are sets of
    values: their recent share and its change. Unknown unless both windows hold events.
    """

    kind: Literal["movement"] = "movement"
    placeholders = ("column", "segment", "recent", "measure")
    measured: ClassVar[Mapping[str, str]] = {
        "total_variation": "{column}_total_variation",
        "wasserstein": "{column}_wasserstein",
        "hellinger": "{column}_hellinger",
        "jensen_shannon": "{column}_jensen_shannon",
        "share": "{segment}_share_{recent}m",
        "change": "{segment}_share_change",
    }
    recent: Months
    before: Months
    measures: list[Literal["total_variation", "wasserstein", "hellinger", "jensen_shannon"]] = []
    segments: dict[Name, list[str]] = {}

    @model_validator(mode="after")
    def _segments_of_values(self) -> Movement:
        for name, values in self.segments.items():
            odd = sorted(set(values) - set(self.values)) if self.values else []
            if odd:
                raise ValueError(f"segment {name!r} names {', '.join(odd)}, which is not among the values")
        if not self.measures and not self.segments:
            raise ValueError("give measures or segments")
        return self

    @override
    def outputs(self, trees: Trees) -> list[Output]:
        base = {"column": self.column, "recent": self.recent}
        names = [self.name(measure, segment="", **base) for measure in self.measures]
        for segment in self.segments:
            names += [self.name(measure, segment=segment, **base) for measure in ("share", "change")]
        return [(name, "numeric") for name in names]

    def sources(self) -> dict[str, list[str]]:
        return {self.source: [self.column]}


def leaf_map(trees: Trees, tree: str | None, level: str | None) -> dict[str, str] | None:
    """Leaf -> node at ``level``, or None without a tree."""
    found: Tree | None = trees.get(tree) if tree else None
    return found.ancestors(level) if found is not None and level else None
