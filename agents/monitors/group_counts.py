"""Who got how many yeses, by protected group: single attributes, and every pair of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.evidence.columns import Columns

__all__ = ["Cells", "Comparison", "attributes", "count", "flattened"]

Bools = NDArray[np.bool_]
PAIR = " x "


@dataclass(frozen=True)
class Comparison:
    """One group of one attribute (or pair of attributes), and one decision."""

    attribute: str
    group: str
    decision: str

    @property
    def crossed(self) -> bool:
        """Whether it is an intersection of two attributes."""
        return PAIR in self.attribute

    def __str__(self) -> str:
        return f"{self.attribute}={self.group}, {self.decision}"


# attribute -> {"of": [G][D], "yes": [G][D]}, as JSON keeps it; G groups, D decisions.
Cells = dict[str, dict[str, list[list[int]]]]


def attributes(groups: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    """Attribute or pair -> names of its groups."""
    found = {name: list(names) for name, names in groups.items()}
    for one, two in combinations(groups, 2):
        found[one + PAIR + two] = [f"{a}{PAIR}{b}" for a in groups[one] for b in groups[two]]
    return found


def count(columns: Columns, yes: Bools, counted: Bools) -> Cells:
    """Count yeses and rows per group.

    Args:
        columns: n decisions with their protected groups; a row of unknown group counts nowhere.
        yes: ``[n, D]``.
        counted: ``[n, D]`` rows that the decision is about.
    """
    codes = dict(columns.protected)
    for one, two in combinations(columns.groups, 2):
        left, right = codes[one].astype(np.int32), codes[two].astype(np.int32)
        joint = left * len(columns.groups[two]) + right
        codes[one + PAIR + two] = np.where((left < 0) | (right < 0), -1, joint)
    names = attributes(columns.groups)
    return {name: _cells(code, len(names[name]), yes, counted) for name, code in codes.items()}


def _cells(code: NDArray[Any], groups: int, yes: Bools, counted: Bools) -> dict[str, list[list[int]]]:
    found: dict[str, list[list[int]]] = {}
    for name, mask in (("of", counted), ("yes", yes & counted)):
        columns = [np.bincount(code[(code >= 0) & mask[:, d]], minlength=groups) for d in range(mask.shape[1])]
        found[name] = np.stack(columns, axis=1).tolist() if columns else [[] for _ in range(groups)]
    return found


def flattened(
    days: Sequence[Cells], groups: Mapping[str, Sequence[str]], decisions: Sequence[str]
) -> tuple[list[Comparison], NDArray[np.float64]]:
    """Every comparison, and its counts ``[days, comparisons, 4]``: yes and rows in the group, and among all others."""
    names = attributes(groups)
    keys = [Comparison(name, group, decision) for name in names for group in names[name] for decision in decisions]
    found = np.zeros((len(days), len(keys), 4))
    for index, day in enumerate(days):
        place = 0
        for name, group_names in names.items():
            size = len(group_names) * len(decisions)
            yes, of = (np.asarray(day[name][kind], dtype=np.float64) for kind in ("yes", "of"))
            rest_yes, rest_of = yes.sum(axis=0) - yes, of.sum(axis=0) - of
            block = np.stack([yes, of, rest_yes, rest_of], axis=-1).reshape(size, 4)
            found[index, place : place + size] = block
            place += size
    return keys, found
