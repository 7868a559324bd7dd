"""What the recipes of a spec ask of each source, gathered first so that each source is read once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

from understudy.contracts.event_recipes import Activity, Counts, Diversity, Movement
from understudy.contracts.recipes import Recipe
from understudy.contracts.series_recipes import Lags, Leads, Persistence, Rhythm, Rolling
from understudy.contracts.spec import DatasetSpec

__all__ = ["Aggregate", "Demand", "SeriesTable", "demand_of"]


@dataclass(frozen=True, order=True)
class Aggregate:
    """One aggregate of a stream: ``n``, ``days``, ``sum``, ``min`` or ``max`` of ``value`` where ``where`` holds."""

    function: str
    value: str = ""
    where: str = ""

    @property
    def column(self) -> str:
        return f"{self.function}:{self.value}:{self.where}"


@dataclass
class SeriesTable:
    """The columns of one source that are read as series of so many ``step``s."""

    columns: set[str] = field(default_factory=set)
    length: int = 0


@dataclass
class Demand:
    """Per source: the aggregates of its rollups by categorical column ("": of all), how many months back, its
    series."""

    aggregates: dict[str, dict[str, set[Aggregate]]] = field(default_factory=dict)
    months: dict[str, int] = field(default_factory=dict)
    series: dict[tuple[str, str], SeriesTable] = field(default_factory=dict)
    columns: dict[str, set[str]] = field(default_factory=dict)

    def roll_up(self, source: str, months: int, *aggregates: Aggregate, by: str = "") -> None:
        self.aggregates.setdefault(source, {}).setdefault(by, {Aggregate("n")}).update(aggregates)
        self.months[source] = max(self.months.get(source, 0), months)


def demand_of(spec: DatasetSpec) -> Demand:
    """Gather what all recipes of the spec ask."""
    demand = Demand()
    for _, _, recipe in spec.recipes():
        for source, columns in recipe.sources().items():
            demand.columns.setdefault(source, set()).update(columns)
        gather = _GATHER.get(type(recipe))
        if gather is not None:
            gather(recipe, demand)
    return demand


def _activity(recipe: Activity, demand: Demand) -> None:
    where = recipe.where or ""
    wanted = {Aggregate("n", "", where), Aggregate("last", "", where)}
    for measure in recipe.measures:
        if measure in ("sum", "mean"):
            wanted.add(Aggregate("sum", recipe.value or "", where))
        elif measure in ("min", "max"):
            wanted.add(Aggregate(measure, recipe.value or "", where))
        elif measure == "days":
            wanted.add(Aggregate("days", "", where))
    demand.roll_up(recipe.source, max(recipe.months), *wanted)


def _counts(recipe: Counts, demand: Demand) -> None:
    sums = [Aggregate("sum", recipe.value)] if recipe.value else []
    demand.roll_up(recipe.source, max(recipe.months), *sums, by=recipe.column)


def _diversity(recipe: Diversity, demand: Demand) -> None:
    sums = [Aggregate("sum", recipe.value)] if recipe.value else []
    demand.roll_up(recipe.source, max(recipe.months), Aggregate("last"), *sums, by=recipe.column)


def _movement(recipe: Movement, demand: Demand) -> None:
    demand.roll_up(recipe.source, recipe.recent + recipe.before, by=recipe.column)


def _series(recipe: Rolling | Lags | Rhythm | Leads | Persistence, demand: Demand) -> None:
    table = demand.series.setdefault((recipe.source, recipe.step), SeriesTable())
    for column, length in recipe.series().items():
        table.columns.add(column)
        table.length = max(table.length, length)


_GATHER: dict[type[Recipe], Callable[..., None]] = {
    Activity: _activity,
    Counts: _counts,
    Diversity: _diversity,
    Movement: _movement,
    Rolling: _series,
    Lags: _series,
    Rhythm: _series,
    Leads: _series,
    Persistence: _series,
}
"""Attributes, latest rows and holdings read their source as it stands."""
