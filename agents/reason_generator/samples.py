"""Values that a fact may have, made up from its definition: a sentence is tried on these before a customer hears it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from agents.slots import render
from understudy.contracts.reasons import Fact, FactDef

__all__ = ["sample_facts"]

_COUNTS = {"none": (0, 0), "one": (1, 1), "few": (2, 9), "many": (10, 1_234)}


def sample_facts(definitions: Sequence[tuple[FactDef, str]]) -> list[list[Fact]]:
    """Two fillings of the facts, each with its bucket: a small and a large value of every slot.

    Raises:
        ValueError: no value of a fact's support falls into its bucket, or can be said.
    """
    pairs = [_extremes(fact, bucket) for fact, bucket in definitions]
    return [[_fact(fact, values[end]) for (fact, _), values in zip(definitions, pairs, strict=True)] for end in (0, -1)]


def _extremes(fact: FactDef, bucket: str) -> list[float | str | None]:
    if fact.slot is None or fact.value_feature is None:
        return [None]
    fitting: list[float | str | None] = [
        value
        for value in _candidates(fact, bucket)
        if _supported(fact, value) and all(render(fact.slot, value, locale, fact.categories) for locale in ("ko", "en"))
    ]
    if not fitting:
        raise ValueError(f"fact {fact.key}: nothing to try in bucket {bucket}")
    return fitting


def _candidates(fact: FactDef, bucket: str) -> Iterator[float | str]:
    if fact.slot == "category":
        yield from fact.categories
    elif fact.slot == "date":
        yield from ("2026-03-01", "2026-12-25")
    elif fact.slot == "count":
        low, high = _COUNTS.get(bucket, (0, 0))
        start = int(max(low, fact.supports_ge or 0))
        yield from range(start, min(high, start + 9) + 1)
        yield high
    elif bucket == "zero":
        yield 0.0
    else:
        sign = -1.0 if bucket == "neg" else 1.0
        base = abs(fact.supports_ge or fact.supports_lt or 1.0)
        yield from sorted(sign * base * scale for scale in (0.31, 0.5, 1.0, 1.7, 23.0))


def _supported(fact: FactDef, value: float | str) -> bool:
    if isinstance(value, str):
        return fact.supports_any_of is None or value in fact.supports_any_of
    return (fact.supports_ge is None or value >= fact.supports_ge) and (
        fact.supports_lt is None or value < fact.supports_lt
    )


def _fact(definition: FactDef, value: float | str | None) -> Fact:
    return Fact(key=definition.key, direction="for", share=0.1, slot=definition.slot, value=value, features={})
