"""The reason signature: what a sentence is about, without what it says of one customer."""

from __future__ import annotations

import math
from collections.abc import Sequence

from understudy.contracts.reasons import Fact

__all__ = ["bucket", "signature"]


def signature(facts: Sequence[Fact]) -> str:
    """Ordered fact keys with direction and value bucket: ``overseas_purchases+many|salary_day+-``.

    Sentences are kept per signature, so a bucket is as coarse as wording allows: customers with other values of the
    same facts share a sentence, and their values are filled in.
    """
    return "|".join(f"{fact.key}{'+' if fact.direction == 'for' else '-'}{bucket(fact)}" for fact in facts)


def bucket(fact: Fact) -> str:
    """The part of a value that may change the wording.

    ``-`` without a slot; the category; for a count ``none``, ``one``, ``few`` (under 10) or ``many``; for other
    numbers ``neg``, ``zero`` or the decade ``e<floor(log10)>``.
    """
    value = fact.value
    if fact.slot is None or value is None:
        return "-"
    if isinstance(value, str):
        return value
    if fact.slot == "category":
        return f"{value:g}"
    if fact.slot == "count":
        return "none" if value < 1 else "one" if value == 1 else "few" if value < 10 else "many"
    if value <= 0:
        return "zero" if value == 0 else "neg"
    return f"e{math.floor(math.log10(value))}"
