"""Business facts, the glossary that names them, and the sentences with slots that carry them."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from understudy.contracts._model import Contract, Locale, Name, Text

__all__ = ["Fact", "FactDef", "Glossary", "Reason", "Sense", "SlotType", "Template", "TemplateSet"]

SlotType = Literal["number", "money", "percent", "count", "months", "years", "date", "category"]
Sense = Literal["higher", "lower", "state"]


class FactDef(Contract):
    """One business fact: the features that carry it and how it is said.

    ``phrase`` names the fact as a noun phrase without a final particle or full stop, for it is set into sentences
    such as "{fact1|을를} 고려하여 ..." and "in view of {fact1}": "최근 해외 결제 {value}건",
    "{value|overseas purchase|overseas purchases} of late". It may hold the slot ``{value}``, filled from
    ``value_feature``; ``{value|이가}`` adds the
    Korean particle, ``{value|one|many}`` the English noun in the right number.
    ``sensitive`` facts are never told. A fact is told only if its share of the absolute contributions is at least
    ``min_share``, and only if the record supports it: the value of ``value_feature`` (default: the first feature)
    lies in ``[supports_ge, supports_lt)`` or is among ``supports_any_of``, where these are set, and is not missing.
    Several facts may share features with disjoint supports ("many overseas purchases", "none").

    ``label`` names the fact without any value ("overseas purchases"); a phrase without a slot is its own label.
    ``direction`` says which values the fact speaks of: ``higher`` or ``lower`` ones, or a ``state`` that is or is not;
    left out, it follows from the support. ``slot`` is the value's unit, ``min_share`` the least effect worth telling.
    """

    key: Name
    features: list[str] = Field(min_length=1)
    value_feature: str | None = None
    slot: SlotType | None = None
    phrase: Text
    label: Text | None = None
    direction: Sense | None = None
    supports_ge: float | None = None
    supports_lt: float | None = None
    supports_any_of: list[str] | None = None
    categories: dict[str, Text] = {}
    sensitive: bool = False
    min_share: float = Field(default=0.02, ge=0, le=1)

    @model_validator(mode="after")
    def _slot_has_source(self) -> FactDef:
        uses = "{value" in self.phrase.ko or "{value" in self.phrase.en
        if uses and (self.slot is None or self.value_feature is None):
            raise ValueError(f"fact {self.key!r} has the slot {{value}} and needs value_feature and slot")
        if self.value_feature is not None and self.value_feature not in self.features:
            raise ValueError(f"fact {self.key!r}: value_feature {self.value_feature!r} is not among its features")
        return self

    @model_validator(mode="after")
    def _direction_fits_support(self) -> FactDef:
        unfit = {"higher": self.supports_ge is None, "lower": self.supports_lt is None}
        if self.direction is not None and unfit.get(self.direction, False):
            raise ValueError(f"fact {self.key!r}: direction {self.direction!r} contradicts its support")
        return self

    @property
    def sense(self) -> Sense:
        """Which values the fact speaks of."""
        if self.direction is not None:
            return self.direction
        bounds = (self.supports_ge is not None, self.supports_lt is not None)
        return {(True, False): "higher", (False, True): "lower"}.get(bounds, "state")  # type: ignore[return-value]

    @property
    def name(self) -> Text | None:
        """The label, or the phrase where that holds no value; None: the fact has no name."""
        return self.label or (None if self.value_feature is not None and "{" in self.phrase.ko else self.phrase)


class Glossary(Contract):
    """All facts that may be told. A feature outside every fact is never told; ``protected`` features never are.

    ``proxies`` are features from which a protected attribute could be guessed; they are never told either. ``untold``
    names the features that are left out on purpose (``*`` stands for any characters): a feature that is nowhere is a
    gap, and no bundle is built. ``correlated`` holds sets of facts whose features move together, found on the training
    rows when the bundle is built: of such a set one fact is told, for all.
    """

    schema_version: Literal[1]
    facts: list[FactDef]
    protected: list[str] = []
    proxies: list[str] = []
    untold: list[str] = []
    correlated: list[list[Name]] = []

    @model_validator(mode="after")
    def _unique(self) -> Glossary:
        keys = [fact.key for fact in self.facts]
        twice = sorted({k for k in keys if keys.count(k) > 1})
        if twice:
            raise ValueError(f"fact named twice: {', '.join(twice)}")
        for fact in self.facts:
            if not fact.sensitive and set(fact.features) & {*self.protected, *self.proxies}:
                raise ValueError(f"fact {fact.key!r} would tell a protected feature or a proxy of one")
        unknown = sorted({key for together in self.correlated for key in together} - set(keys))
        if unknown:
            raise ValueError(f"correlated: unknown facts {', '.join(unknown)}")
        return self


class Fact(Contract):
    """A fact about one customer: what supports it, and how much it weighed."""

    key: Name
    direction: Literal["for", "against"]
    share: float = Field(ge=0, le=1, description="share of the absolute contributions to the product's score")
    slot: SlotType | None = None
    value: float | str | None = None
    features: dict[str, float | str | None] = Field(description="the record's values behind the fact")
    merged: list[Name] = Field(default=[], description="correlated facts that this one stands for")
    literals: list[str] = Field(default=[], description="numbers of the fact's definition, as told: a window of 3개월")


class Template(Contract):
    """A sentence for a number of facts, a channel, and a product family or type (the family's wins; None: any).

    Slots: ``{product}``, ``{fact1}`` ... ``{factN}``; a Korean particle is written ``{product|은는}`` and resolved
    from the final sound of what fills the slot.
    """

    facts: int = Field(ge=0, le=3)
    channel: Literal["branch", "app"]
    family: Name | None = None
    text: Text


class TemplateSet(Contract):
    """The Layer-1 templates and the disclosures that each product type must carry."""

    schema_version: Literal[1]
    templates: list[Template] = Field(min_length=1)
    disclosures: dict[str, Text]
    ai_marker: Text


class Reason(Contract):
    """The text delivered for one product, and where it came from."""

    locale: Locale
    text: str
    disclosure: str = ""
    source: Literal["template", "llm", "fallback", "none"]
    facts: list[Fact] = []
    signature: str = ""
    note: str = Field(default="", description="why nothing, or less than asked for, could be said")
