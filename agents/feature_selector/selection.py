"""From per-feature contributions to the few business facts worth telling."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from agents.feature_selector.signature import signature
from agents.feature_selector.support import supported_value
from understudy.contracts.api import CustomerRecord
from understudy.contracts.reasons import Fact, FactDef, Glossary

__all__ = ["Selection", "select_facts"]


@dataclass(frozen=True)
class Selection:
    """The facts to tell, the weightiest first, and the signature under which sentences for them are kept."""

    facts: tuple[Fact, ...]
    signature: str


def select_facts(
    contributions: Mapping[str, float], record: CustomerRecord, glossary: Glossary, *, limit: int = 3
) -> Selection:
    """Choose at most ``limit`` facts that argue for the product.

    The contributions ``c_f`` (raw-score units, one per feature) of one fact's features are summed::

        share(fact) = |sum_{f in fact} c_f| / sum_f |c_f|

    where the denominator runs over all features, told or not. A fact is told only if its sum is positive, its share
    is at least ``min_share``, the record supports it, it is not sensitive and none of its features is protected.
    Facts that share a feature would tell one contribution twice: only the first in order (share descending, then
    key) is told. Features outside every fact, unknown names and NaN or infinite contributions are never told.
    """
    weights = {name: c for name, c in contributions.items() if math.isfinite(c)}
    total = math.fsum(abs(c) for c in weights.values())
    if total <= 0:
        return Selection((), "")
    protected = set(glossary.protected)
    candidates = [_candidate(fact, weights, total, record) for fact in glossary.facts if _tellable(fact, protected)]
    ordered = sorted((c for c in candidates if c is not None), key=lambda fact: (-fact.share, fact.key))
    told = tuple(_without_overlap(ordered)[:limit])
    return Selection(told, signature(told))


def _tellable(fact: FactDef, protected: set[str]) -> bool:
    return not fact.sensitive and not protected.intersection(fact.features)


def _candidate(fact: FactDef, weights: Mapping[str, float], total: float, record: CustomerRecord) -> Fact | None:
    weight = math.fsum(weights.get(name, 0.0) for name in fact.features)
    share = min(1.0, abs(weight) / total)
    if weight <= 0 or share < fact.min_share:
        return None
    value = supported_value(fact, record)
    if value is None:
        return None
    return Fact(
        key=fact.key,
        direction="for",
        share=share,
        slot=fact.slot,
        value=value if fact.value_feature is not None else None,
        features={name: _finite(record.features.get(name)) for name in fact.features},
    )


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
