"""Layer 3: what the rules of a bundle say about one record."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import combinations

from understudy.contracts.features import Value
from understudy.contracts.rules import Condition, Segment, TaskRules

__all__ = ["find_segment", "segment_contributions"]


def find_segment(rules: TaskRules, features: Mapping[str, Value]) -> Segment | None:
    """The first segment whose conditions all hold; None: no rule knows the customer, and only the prior is left."""
    for segment in rules.segments:
        if all(_holds(condition, features.get(condition.feature)) for condition in segment.when):
            return segment
    return None


def segment_contributions(
    rules: TaskRules, spoken: Segment, features: Mapping[str, Value], output: int
) -> dict[str, float]:
    """Feature -> its Shapley value in one output of ``spoken``, the segment that speaks, in that output's units.

    The value of a set of features is the mean over the segments that the record matches on these features, weighted by
    their training rows: the expectation that path-dependent TreeSHAP takes (Lundberg et al. 2020, algorithm 1), for a
    table in place of a tree. The values add up to the segment's value less the mean of all segments.
    """
    players = list(dict.fromkeys(condition.feature for condition in spoken.when))
    worth = _worths(rules, features, players, output)
    everybody = frozenset(players)
    worth[everybody] = spoken.value[output]
    count = len(players)
    found = dict.fromkeys(players, 0.0)
    for player in players:
        others = [other for other in players if other != player]
        for size in range(count):
            weight = 1 / (count * math.comb(count - 1, size))
            for chosen in map(frozenset, combinations(others, size)):
                found[player] += weight * (worth[chosen | {player}] - worth[chosen])
    return found


def _worths(
    rules: TaskRules, features: Mapping[str, Value], players: list[str], output: int
) -> dict[frozenset[str], float]:
    """Set of features -> the mean of ``output`` over the segments that agree with the record on all of them."""
    rows: dict[frozenset[str], float] = {}
    sums: dict[frozenset[str], float] = {}
    for segment in rules.segments:
        broken = {c.feature for c in segment.when if not _holds(c, features.get(c.feature))}
        agreed = frozenset(player for player in players if player not in broken)
        # One row more each, so that a segment that nobody fell into still counts as what it says.
        rows[agreed] = rows.get(agreed, 0) + segment.rows + 1
        sums[agreed] = sums.get(agreed, 0) + (segment.rows + 1) * segment.value[output]
    return {
        chosen: sum(sums[agreed] for agreed in sums if chosen <= agreed)
        / sum(rows[agreed] for agreed in rows if chosen <= agreed)
        for size in range(len(players) + 1)
        for chosen in map(frozenset, combinations(players, size))
    }


def _holds(condition: Condition, value: Value) -> bool:
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return condition.missing
    if isinstance(value, str):
        return condition.any_of is not None and value in condition.any_of
    if condition.ge is None and condition.lt is None:
        return False
    above = condition.ge is None or value >= condition.ge
    return above and (condition.lt is None or value < condition.lt)
