"""From per-feature contributions to the few business facts worth telling."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.feature_selector.completeness import Coverage
from agents.feature_selector.signature import signature
from agents.feature_selector.support import supported_value
from understudy.contracts.api import CustomerRecord
from understudy.contracts.reasons import Fact, FactDef, Glossary

__all__ = ["FeatureSelector", "Selection", "select_facts"]

# How many unknown features a note names.
NAMED = 3


@dataclass(frozen=True)
class Selection:
    """The facts to tell, the weightiest first, and the signature under which sentences for them are kept.

    ``note`` says why there is nothing, or less, to tell than there might be.
    """

    facts: tuple[Fact, ...]
    signature: str
    note: str = ""


class FeatureSelector:
    """Chooses facts by one glossary."""

    def __init__(self, glossary: Glossary) -> None:
        never = {*glossary.protected, *glossary.proxies}
        told = [fact for fact in glossary.facts if not fact.sensitive and never.isdisjoint(fact.features)]
        tellable = {fact.key: fact for fact in told}
        self._coverage = Coverage(glossary)
        groups = [[tellable[key] for key in keys if key in tellable] for keys in glossary.correlated]
        grouped = {fact.key for group in groups for fact in group}
        groups = [g for g in groups if g] + [[f] for f in told if f.key not in grouped]
        self._groups = [_Group.of(group) for group in groups]

    def select(self, contributions: Mapping[str, float], record: CustomerRecord, *, limit: int = 3) -> Selection:
        """Choose at most ``limit`` facts that argue for the product.

        The contributions ``c_f`` (raw-score units, one per feature) behind a fact are summed::

            share(fact) = sum_{f in F} c_f / sum_f |c_f|

        F are the fact's features and those of all facts correlated with it: where an effect is spread over features
        that move together, one fact tells it, and opposite signs among them cancel first. The denominator runs over
        all features, told or not. A fact is told only if its share is positive and at least ``min_share``, its own
        features argue for the product, the record supports it, it is not sensitive, and none of its features is
        protected or a proxy. Facts that share a feature would tell one contribution twice: only the first in order
        (share descending, then key) is told. Features outside every fact and NaN or infinite contributions are never
        told; features that the glossary does not know are noted as well.
        """
        total = math.fsum(map(abs, contributions.values()))
        weights = contributions
        if not math.isfinite(total):
            weights = {name: c for name, c in contributions.items() if math.isfinite(c)}
            total = math.fsum(map(abs, weights.values()))
        if total <= 0:
            return Selection((), "", "no contributions")
        found = [fact for group in self._groups if (fact := group.told(weights, total, record)) is not None]
        told = tuple(_without_overlap(sorted(found, key=lambda fact: (-fact.share, fact.key)))[:limit])
        unknown = self._coverage.unknown(contributions)
        if unknown:
            return Selection(told, signature(told), f"unknown features: {', '.join(unknown[:NAMED])}")
        return Selection(told, signature(told), "" if told else "no fact of the customer argues for the product")


def select_facts(
    contributions: Mapping[str, float], record: CustomerRecord, glossary: Glossary, *, limit: int = 3
) -> Selection:
    """`FeatureSelector.select` for one call."""
    return FeatureSelector(glossary).select(contributions, record, limit=limit)


@dataclass(frozen=True)
class _Group:
    """Correlated facts, of which one speaks for all (a lone fact is a group).

    Attributes:
        facts: The facts.
        names: Their features, each once.
        least: The smallest share that any of them is told at.
    """

    facts: tuple[FactDef, ...]
    names: tuple[str, ...]
    least: float

    @classmethod
    def of(cls, facts: Sequence[FactDef]) -> _Group:
        names = dict.fromkeys(name for fact in facts for name in fact.features)
        return cls(tuple(facts), tuple(names), min(fact.min_share for fact in facts))

    def told(self, weights: Mapping[str, float], total: float, record: CustomerRecord) -> Fact | None:
        """The fact that speaks for the group, if any may."""
        weight = _sum(weights, self.names)
        share = min(1.0, weight / total)
        if weight <= 0 or share < self.least:
            return None
        speakers = [
            (own, fact, value)
            for fact in self.facts
            if share >= fact.min_share
            and (own := _sum(weights, fact.features)) > 0
            and (value := supported_value(fact, record)) is not None
        ]
        if not speakers:
            return None
        _, fact, value = min(speakers, key=lambda speaker: (-speaker[0], speaker[1].key))
        merged = [other for other in self.facts if other is not fact]
        behind = dict.fromkeys([*fact.features, *(name for other in merged for name in other.features)])
        return Fact(
            key=fact.key,
            direction="for",
            share=share,
            slot=fact.slot,
            value=value if fact.value_feature is not None else None,
            features={name: _finite(record.features.get(name)) for name in behind},
            merged=[other.key for other in merged],
        )


def _sum(weights: Mapping[str, float], names: Sequence[str]) -> float:
    if len(names) == 1:
        return weights.get(names[0], 0.0)
    return math.fsum([weights.get(name, 0.0) for name in names])


def _finite(value: float | int | str | None) -> float | str | None:
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _without_overlap(facts: list[Fact]) -> list[Fact]:
    used: set[str] = set()
    kept = []
    for fact in facts:
        if used.isdisjoint(fact.features):
            used.update(fact.features)
            kept.append(fact)
    return kept
