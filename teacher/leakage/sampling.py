"""Which rows the skill checks look at: training rows with a known label, in two halves (fit, score)."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from understudy.contracts.spec import TaskSpec

__all__ = ["MIN_CASES", "Halves", "halves", "outcomes"]

# Fewer cases than this on either side of a split of the data make a perfect score likely by chance.
MIN_CASES = 20


@dataclass(frozen=True)
class Halves:
    """Positions to fit on and positions to score on; disjoint."""

    fit: NDArray[np.int64]
    score: NDArray[np.int64]


def halves(train: NDArray[np.int64], units: NDArray[np.int64], limit: int, seed: int) -> Halves:
    """Up to ``limit`` training rows, halved at random by unit, so that no household stands on both sides.

    The test set is never looked at: a check that read it would itself be a leak.
    """
    rng = np.random.default_rng(seed)
    chosen = np.sort(rng.permutation(train)[:limit])
    names, index = np.unique(units[chosen], return_inverse=True)
    first = rng.permutation(len(names)) < len(names) // 2
    return Halves(fit=chosen[first[index]], score=chosen[~first[index]])


def outcomes(task: TaskSpec, label: NDArray[np.float64]) -> list[tuple[str, NDArray[np.float64]]]:
    """The 0/1 outcomes of a task: the label itself, or one per class; each is NaN where the label is masked."""
    if task.type == "binary":
        return [("", label)]
    known = ~np.isnan(label)
    return [(name, np.where(known, label == index, np.nan)) for index, name in enumerate(task.classes or [])]
