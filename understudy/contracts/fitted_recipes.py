"""Recipes that are fitted on a population: on training rows only, as recorded beside what was fitted."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

from pydantic import Field, model_validator
from typing_extensions import override

from understudy.contracts._model import Contract, Name, Sha256
from understudy.contracts.recipes import Column, Output, Recipe, Trees, filled

__all__ = ["CoHolding", "Cohort", "FeatureFit", "FeatureFits", "Innovations", "Rank"]


class CoHolding(Recipe):
    """Holdings of similar customers: how often holders of the customer's products hold each family's products.

    Fitted: ``P(holds q | holds p)`` over the training rows, diagonal 0. ``kin_<family>`` sums the mean over the held
    products ``p`` over the family's ``q``; ``kin_max`` is the largest single product's. 0 where nothing is held.
    ``kin_cohesion`` is the mean lift ``P(p and q) / (P(p) P(q))`` over the pairs of products held: above 1 they are
    often held together. Unknown with fewer than two products.
    """

    fitted: ClassVar[bool] = True
    kind: Literal["co_holding"] = "co_holding"
    families: dict[Name, list[Column]] = Field(min_length=1)
    flag: str = "has_{product}"
    measures: list[Literal["families", "max", "cohesion"]] = ["families", "max"]

    def columns(self) -> list[str]:
        """The flag columns, family by family."""
        return [
            filled(self.flag, ("product",), product=product) for family in self.families.values() for product in family
        ]

    @override
    def outputs(self, trees: Trees) -> list[Output]:
        names = [f"kin_{family}" for family in self.families] if "families" in self.measures else []
        names += [f"kin_{measure}" for measure in ("max", "cohesion") if measure in self.measures]
        return [(name, "numeric") for name in names]

    def features(self) -> list[str]:
        return self.columns()


class Cohort(Recipe):
    """Each column against the customer's cohort: ``(x - mean) / sd`` over the training rows with equal ``by`` values.

    A cohort of fewer than ``min_rows`` training rows, or one never seen, is compared with all training rows.
    """

    fitted: ClassVar[bool] = True
    kind: Literal["cohort"] = "cohort"
    by: list[Column] = Field(min_length=1)
    columns: list[Column] = Field(min_length=1)
    log: bool = False
    min_rows: int = Field(default=30, ge=2)
    names: str = "{column}_in_cohort"

    @model_validator(mode="after")
    def _names(self) -> Cohort:
        filled(self.names, ("column",), column="x")
        return self

    @override
    def outputs(self, trees: Trees) -> list[Output]:
        return [(filled(self.names, ("column",), column=column), "numeric") for column in self.columns]

    def features(self) -> list[str]:
        return [*self.by, *self.columns]


class Rank(Recipe):
    """Where the customer stands among all: the share of training rows with a smaller value, in steps of 1/``bins``."""

    fitted: ClassVar[bool] = True
    kind: Literal["rank"] = "rank"
    columns: list[Column] = Field(min_length=1)
    bins: int = Field(default=100, ge=4, le=1000)
    names: str = "{column}_rank"

    @model_validator(mode="after")
    def _names(self) -> Rank:
        filled(self.names, ("column",), column="x")
        return self

    @override
    def outputs(self, trees: Trees) -> list[Output]:
        return [(filled(self.names, ("column",), column=column), "numeric") for column in self.columns]

    def features(self) -> list[str]:
        return self.columns


class Innovations(Recipe):
    """What a column owes to none of its causes: the residual of its least-squares regression on them (training rows).

    ``products`` multiplies residuals: two surprises at once. A row with an unknown cause has no residual.
    """

    fitted: ClassVar[bool] = True
    kind: Literal["innovations"] = "innovations"
    effects: dict[Column, list[Column]] = Field(min_length=1)
    products: list[tuple[Column, Column]] = []
    names: str = "{column}_out_of_line"

    @model_validator(mode="after")
    def _consistent(self) -> Innovations:
        filled(self.names, ("column",), column="x")
        for effect, causes in self.effects.items():
            if not causes or effect in causes:
                raise ValueError(f"{effect!r} needs causes other than itself")
        odd = sorted({c for pair in self.products for c in pair} - set(self.effects))
        if odd:
            raise ValueError(f"products names {', '.join(odd)}, which is not among the effects")
        return self

    @override
    def outputs(self, trees: Trees) -> list[Output]:
        own = [filled(self.names, ("column",), column=effect) for effect in self.effects]
        return [(name, "numeric") for name in [*own, *(f"{a}_and_{b}_surprise" for a, b in self.products)]]

    def features(self) -> list[str]:
        return list(dict.fromkeys([*self.effects, *(c for causes in self.effects.values() for c in causes)]))


class FeatureFit(Contract):
    """What one recipe learned, from how many training rows, and the digest of their ids."""

    group: Name
    index: int = Field(ge=0, description="place of the recipe within its group")
    kind: str
    rows: int = Field(ge=1)
    row_ids_sha256: Sha256
    state: dict[str, Any]


class FeatureFits(Contract):
    """Everything that was fitted on a population; travels with the models so that online features equal offline
    ones."""

    schema_version: Literal[1] = 1
    fits: list[FeatureFit] = []
