"""Does the customer's record support a fact, and can the fact's value be said?"""

from __future__ import annotations

import math

from agents.slots import category_key, render
from understudy.contracts.api import CustomerRecord
from understudy.contracts.reasons import FactDef

__all__ = ["supported_value"]

RecordValue = float | int | str | None


def supported_value(fact: FactDef, record: CustomerRecord) -> RecordValue:
    """The value by which ``record`` supports ``fact``, or None if it does not.

    None also where the value is missing, or does not fit the fact's slot in either language: what cannot be said
    is not told.
    """
    value = record.features.get(fact.value_feature or fact.features[0])
    if value is None or (isinstance(value, float) and not math.isfinite(value)):
        return None
    if not (_in_range(fact, value) and _among(fact, value)):
        return None
    if fact.slot is not None and fact.value_feature is not None:
        said = [render(fact.slot, value, "ko", fact.categories), render(fact.slot, value, "en", fact.categories)]
        if None in said:
            return None
    return value


def _in_range(fact: FactDef, value: float | int | str) -> bool:
    if fact.supports_ge is None and fact.supports_lt is None:
        return True
    if isinstance(value, str):
        return False
    above = fact.supports_ge is None or value >= fact.supports_ge
    return above and (fact.supports_lt is None or value < fact.supports_lt)


def _among(fact: FactDef, value: float | int | str) -> bool:
    return fact.supports_any_of is None or category_key(value) in fact.supports_any_of
