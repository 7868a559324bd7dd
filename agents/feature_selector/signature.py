"""The reason signature: what a sentence is about, without what it says of one customer."""

from __future__ import annotations

from collections.abc import Sequence

from understudy.contracts.reasons import Fact

__all__ = ["bucket", "parse_signature", "signature", "unordered"]


def signature(facts: Sequence[Fact]) -> str:
    """Ordered fact keys with direction and value bucket: ``overseas-purchases+many|salary-day+-``.

    Sentences are kept per signature (see `unordered`), so a bucket is as coarse as wording allows: customers with other
    values of the same facts share a sentence, and their values are filled in.
    """
    return "|".join(f"{fact.key}{'+' if fact.direction == 'for' else '-'}{bucket(fact)}" for fact in facts)


def unordered(text: str) -> str:
    """The signature of the same facts whatever their weights: sentences are kept under it.

    One sentence tells all of its facts, so that other weights need no other sentence; its slots follow this order.
    """
    return "|".join(sorted(text.split("|")))


def bucket(fact: Fact) -> str:
    """The part of a value that may change the wording.

    ``-`` without a slot. For a count ``none``, ``one``, ``few`` (under 10) or ``many``; for other numbers ``neg``,
    ``zero`` or ``some``: how much it is stands in the slot, and finer buckets would ask for the same sentence again.
    A category or date is filled in whole: ``some``.
    """
    value = fact.value
    if fact.slot is None or value is None:
        return "-"
    if isinstance(value, str) or fact.slot == "category":
        return "some"
    if fact.slot == "count":
        return "none" if value < 1 else "one" if value == 1 else "few" if value < 10 else "many"
    return "neg" if value < 0 else "zero" if value == 0 else "some"


def parse_signature(text: str) -> list[tuple[str, str]]:
    """Fact keys with their buckets, in order.

    Raises:
        ValueError: it is no signature of facts that argue for a product.
    """
    parts = [part.split("+") for part in text.split("|")]
    if not all(len(part) == 2 and all(part) for part in parts):
        raise ValueError("not a signature")
    return [(key, found) for key, found in parts]
