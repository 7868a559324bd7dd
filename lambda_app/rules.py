"""Layer 3: what the rules of a bundle say about one record."""

from __future__ import annotations

import math
from collections.abc import Mapping

from understudy.contracts.features import Value
from understudy.contracts.rules import Condition, Segment, TaskRules

__all__ = ["find_segment"]


def find_segment(rules: TaskRules, features: Mapping[str, Value]) -> Segment | None:
    """The first segment whose conditions all hold; None: no rule knows the customer, and only the prior is left."""
    for segment in rules.segments:
        if all(_holds(condition, features.get(condition.feature)) for condition in segment.when):
            return segment
    return None


def _holds(condition: Condition, value: Value) -> bool:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return condition.missing
    if isinstance(value, str):
        return condition.any_of is not None and value in condition.any_of
    if condition.ge is None and condition.lt is None:
        return False
    above = condition.ge is None or value >= condition.ge
    return above and (condition.lt is None or value < condition.lt)
