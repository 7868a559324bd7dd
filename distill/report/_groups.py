"""Fairness measurements by group, read from their names: ``metric[attribute=group]``."""

from __future__ import annotations

import re
from dataclasses import dataclass

from understudy.contracts.gates import GateConfig, GateResult, Measure

__all__ = ["METRICS", "GroupMeasure", "by_group", "group_measures"]

METRICS = {"kl_ratio": "KL ratio", "di": "Disparate impact", "spd": "Parity diff.", "eod": "Equal opp. diff."}
_NAME = re.compile(r"^(\w+)\[([^=\]]+)=(.*)\]$", re.DOTALL)


@dataclass(frozen=True)
class GroupMeasure:
    """One metric of one group of a protected attribute."""

    metric: str
    attribute: str
    group: str
    measure: Measure

    def strain(self, config: GateConfig) -> float:
        """How far the value has gone from parity to its bound: above 1 it is outside. Unknown is 0."""
        value = self.measure.value
        if value is None:
            return 0.0
        if self.metric == "kl_ratio":
            return value / config.fairness_kl_ratio
        if self.metric == "di":
            return (max(value, 1 / value) - 1) / (1 / config.fairness_di - 1) if value > 0 else float("inf")
        return abs(value) / {"spd": config.fairness_spd, "eod": config.fairness_eod}[self.metric]


def group_measures(gate: GateResult) -> list[GroupMeasure]:
    """Those measures of ``gate`` that are about a group, in its order."""
    found = []
    for measure in gate.measures:
        match = _NAME.match(measure.name)
        if match and match[1] in METRICS:
            found.append(GroupMeasure(match[1], match[2], match[3], measure))
    return found


def by_group(measures: list[GroupMeasure]) -> dict[tuple[str, str], dict[str, GroupMeasure]]:
    """(attribute, group) -> metric -> measure."""
    table: dict[tuple[str, str], dict[str, GroupMeasure]] = {}
    for found in measures:
        table.setdefault((found.attribute, found.group), {})[found.metric] = found
    return table
