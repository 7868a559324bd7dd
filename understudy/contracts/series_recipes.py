"""Recipes over regular series (one number per customer and step), and over features already computed."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar, Literal

from pydantic import Field, model_validator
from typing_extensions import override

from understudy.contracts._model import Name
from understudy.contracts.recipes import Column, Named, Output, Recipe, Sql, Step, Trees

__all__ = ["Crosses", "Derived", "Lags", "Leads", "Persistence", "Rhythm", "Rolling"]


class _Series(Named):
    """Columns of a source with at most one row per customer and ``step``; step 1 is the last whole one before the
    cutoff.

    ``missing = "zero"`` reads an absent step as 0 (no purchase, no spend); ``"unknown"`` leaves it out of sums and
    makes what needs every step unknown.
    """

    source: Name
    step: Step = "month"
    missing: Literal["zero", "unknown"] = "unknown"

    def series(self) -> dict[str, int]:
        """Column -> number of steps that are read."""
        raise NotImplementedError

    def sources(self) -> dict[str, list[str]]:
        return {self.source: list(self.series())}


class Rolling(_Series):
    """Statistics over the last steps: ``mean``, ``sum``, ``min``, ``max``, ``sd`` (population), ``slope`` (per step, by
    least squares, in units of the column), ``zeros`` (share of steps at 0), and ``last``."""

    kind: Literal["rolling"] = "rolling"
    placeholders = ("column", "steps", "measure")
    measured: ClassVar[Mapping[str, str]] = {
        m: f"{{column}}_{m}_{{steps}}" for m in ("mean", "sum", "min", "max", "sd", "slope", "zeros")
    } | {"last": "{column}_last"}
    columns: list[Column] = Field(min_length=1)
    steps: list[int] = Field(min_length=1)
    measures: list[Literal["mean", "sum", "min", "max", "sd", "slope", "zeros", "last"]] = Field(min_length=1)

    @model_validator(mode="after")
    def _lengths(self) -> Rolling:
        if min(self.steps) < 1 or max(self.steps) > 366 or len(set(self.steps)) != len(self.steps):
            raise ValueError(f"steps must be different numbers from 1 to 366, not {self.steps}")
        if "slope" in self.measures and min(self.steps) < 2:
            raise ValueError("a slope needs two steps")
        return self

    def cells(self) -> list[tuple[str, str, int, str]]:
        """(column, measure, steps, name)."""
        return [
            (column, measure, steps, self.name(measure, column=column, steps=steps))
            for column in self.columns
            for measure in self.measures
            for steps in (self.steps if measure != "last" else [1])
        ]

    @override
    def outputs(self, trees: Trees) -> list[Output]:
        return [(name, "numeric") for *_, name in self.cells()]

    def series(self) -> dict[str, int]:
        return dict.fromkeys(self.columns, max(self.steps))


class Lags(_Series):
    """The value ``lag`` steps back; ``relative``: divided by the mean of the last ``length`` steps."""

    kind: Literal["lags"] = "lags"
    placeholders = ("column", "lag", "measure")
    measured: ClassVar[Mapping[str, str]] = {"lag": "{column}_lag_{lag}"}
    columns: list[Column] = Field(min_length=1)
    lags: list[int] = Field(min_length=1)
    length: int = Field(default=12, ge=1, le=366)
    relative: bool = True

    @model_validator(mode="after")
    def _within(self) -> Lags:
        if min(self.lags) < 1 or max(self.lags) > self.length or len(set(self.lags)) != len(self.lags):
            raise ValueError(f"lags must be different numbers from 1 to length ({self.length}), not {self.lags}")
        return self

    def cells(self) -> list[tuple[str, int, str]]:
        """(column, lag, name)."""
        return [(c, lag, self.name("lag", column=c, lag=lag)) for c in self.columns for lag in self.lags]

    @override
    def outputs(self, trees: Trees) -> list[Output]:
        return [(name, "numeric") for *_, name in self.cells()]

    def series(self) -> dict[str, int]:
        return dict.fromkeys(self.columns, self.length)


class Rhythm(_Series):
    """Order within one series: ``burstiness`` ``(s - m) / (s + m)`` (Goh & Barabasi, EPL 2008), ``trend`` (slope of the
    standardised series), ``memory`` (correlation of neighbours, the same paper), ``turns`` (share of inner steps that
    are a peak or a valley), ``crossings`` (share of neighbours on two sides of the mean), ``top_phase`` (share of the
    best phase of a cycle of ``period`` steps), and ``autocorr`` at each of ``lags`` (``period`` steps: the salary's
    beat)."""

    kind: Literal["rhythm"] = "rhythm"
    placeholders = ("column", "lag", "measure")
    measured: ClassVar[Mapping[str, str]] = {
        "burstiness": "{column}_burstiness",
        "trend": "{column}_trend",
        "memory": "{column}_memory",
        "turns": "{column}_turns",
        "crossings": "{column}_crossings",
        "top_phase": "{column}_top_phase",
        "autocorr": "{column}_autocorr_{lag}",
    }
    column: Column
    length: int = Field(ge=4, le=366)
    period: int = Field(default=3, ge=2)
    lags: list[int] = []
    measures: list[Literal["burstiness", "trend", "memory", "turns", "crossings", "top_phase"]] = []

    @model_validator(mode="after")
    def _within(self) -> Rhythm:
        if self.lags and (min(self.lags) < 1 or max(self.lags) >= self.length or len(set(self.lags)) != len(self.lags)):
            raise ValueError(f"lags must be different numbers below length ({self.length}), not {self.lags}")
        if self.period > self.length:
            raise ValueError(f"a period of {self.period} does not fit into {self.length} steps")
        if not self.lags and not self.measures:
            raise ValueError("give measures or lags")
        return self

    @override
    def outputs(self, trees: Trees) -> list[Output]:
        names = [self.name(measure, column=self.column, lag="") for measure in self.measures]
        names += [self.name("autocorr", column=self.column, lag=lag) for lag in self.lags]
        return [(name, "numeric") for name in names]

    def series(self) -> dict[str, int]:
        return {self.column: self.length}


class Leads(_Series):
    """Which of two series moves first: ``follow``, both ways (how much more often than by chance the second is above
    its mean one step after the first was), and ``area``, the discrete Levy area of the standardised series (Lyons
    2014)."""

    kind: Literal["leads"] = "leads"
    placeholders = ("first", "second", "measure")
    measured: ClassVar[Mapping[str, str]] = {
        "follow": "{first}_leads_{second}",
        "area": "{first}_{second}_area",
    }
    pairs: list[tuple[Column, Column]] = Field(min_length=1)
    length: int = Field(ge=3, le=366)
    measures: list[Literal["follow", "area"]] = ["follow"]

    def cells(self) -> list[tuple[str, str, str, str]]:
        """(measure, first, second, name)."""
        found: list[tuple[str, str, str, str]] = []
        for a, b in self.pairs:
            for measure in self.measures:
                for first, second in ((a, b), (b, a)) if measure == "follow" else ((a, b),):
                    found.append((measure, first, second, self.name(measure, first=first, second=second)))
        return found

    @override
    def outputs(self, trees: Trees) -> list[Output]:
        return [(name, "numeric") for *_, name in self.cells()]

    def series(self) -> dict[str, int]:
        return dict.fromkeys([column for pair in self.pairs for column in pair], self.length)


class Persistence(_Series):
    """Statistics of the persistence diagram (sublevel sets, dimension 0) of one standardised series, computed by gudhi.

    ``log``: of ``ln(1 + x)``. ``bars``: finite bars; ``total``, ``max``, ``mean``, ``sd``: of their lengths;
    ``second``: the second longest; ``long``: bars longer than 1 (in standard deviations); ``birth``, ``death``: their
    means; ``entropy``: of the lengths (Atienza et al. 2019). A constant or incomplete series is unknown.
    """

    kind: Literal["persistence"] = "persistence"
    placeholders = ("column", "measure")
    measured: ClassVar[Mapping[str, str]] = {
        m: f"{{column}}_persistence_{m}"
        for m in ("bars", "total", "max", "mean", "sd", "second", "long", "birth", "death", "entropy")
    }
    column: Column
    length: int = Field(ge=4, le=366)
    log: bool = True
    measures: list[Literal["bars", "total", "max", "mean", "sd", "second", "long", "birth", "death", "entropy"]] = (
        Field(min_length=1)
    )

    @override
    def outputs(self, trees: Trees) -> list[Output]:
        return [(self.name(measure, column=self.column), "numeric") for measure in self.measures]

    def series(self) -> dict[str, int]:
        return {self.column: self.length}


class Derived(Recipe):
    """SQL expressions over columns that recipes before it computed."""

    kind: Literal["derived"] = "derived"
    reads: list[Column] = Field(min_length=1)
    numeric: dict[Column, Sql] = {}
    categorical: dict[Column, Sql] = {}

    @override
    def outputs(self, trees: Trees) -> list[Output]:
        numbers: list[Output] = [(name, "numeric") for name in self.numeric]
        return numbers + [(name, "categorical") for name in self.categorical]

    def features(self) -> list[str]:
        return self.reads


class Crosses(Recipe):
    """Pairs of categorical features as one, such as ``A3``; ``cohorts`` puts values of a field together first."""

    kind: Literal["crosses"] = "crosses"
    pairs: list[tuple[Column, Column]] = Field(min_length=1)
    cohorts: dict[Column, dict[str, list[str]]] = {}

    @model_validator(mode="after")
    def _cohorts_of_pairs(self) -> Crosses:
        odd = sorted(set(self.cohorts) - set(self.features()))
        if odd:
            raise ValueError(f"cohorts names {', '.join(odd)}, which no pair crosses")
        for field, cohorts in self.cohorts.items():
            values = [value for members in cohorts.values() for value in members]
            if len(set(values)) != len(values):
                raise ValueError(f"a value of {field!r} is in two cohorts")
        return self

    @override
    def outputs(self, trees: Trees) -> list[Output]:
        return [(f"{a}_x_{b}", "categorical") for a, b in self.pairs]

    def features(self) -> list[str]:
        return list(dict.fromkeys(field for pair in self.pairs for field in pair))
