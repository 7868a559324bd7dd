"""How widely a customer shops: where the purchases of a quarter go, and the diversity that this implies."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.equations import Linear
from teacher.datasets.finsynth.merchants import LEAVES
from teacher.datasets.finsynth.plain_state import overseas_trips, purchase_count
from teacher.datasets.finsynth.purchases import Quarter
from teacher.datasets.finsynth.signals.tree import focus_of

__all__ = [
    "ANYTHING",
    "BRANCH_SHARE",
    "DRIFT_LIMIT",
    "FIRST_OF_PAIR",
    "drift_after",
    "drift_of",
    "expected_simpson",
    "main_branches",
    "simpson",
]

F64 = NDArray[np.float64]

BRANCH_SHARE: Final = np.array([133, 77, 46]) / 256
"""Of the three main branches: 52, 30 and 18 %, in 256ths, in which they are drawn."""

FIRST_OF_PAIR: Final = 0.6
"""Share of the first of the two favourite categories of a branch."""

ANYTHING: Final = 0.06
"""Of purchases, in any of the 50 categories."""

DRIFT_LIMIT: Final = 0.4


def drift_of(z: F64) -> F64:
    """``0.4 tanh z``: the share of a quarter's purchases that leave the main branches.

    They go to any branch (> 0) or all to the first main branch (< 0).
    """
    return np.asarray(DRIFT_LIMIT * np.tanh(z))


def drift_after(recent: Quarter, year: NDArray[np.integer], equation: Linear) -> F64:
    """Drift of the quarter after ``recent``; ``year [n, 50]``: purchases per category in the last year."""
    terms = {"purchases": purchase_count(recent), "overseas": overseas_trips(recent), "hgcn": focus_of(year)}
    return drift_of(equation(terms))


def main_branches(counts: NDArray[np.integer]) -> NDArray[np.int8]:
    """The three branches with the most purchases in the year before, largest first: ``[n, 50] -> [n, 3]``."""
    by_branch = counts.reshape(-1, 10, 5).sum(axis=2)
    return np.argsort(-by_branch, axis=1, kind="stable")[:, :3].astype(np.int8)


def expected_simpson(drift: F64) -> F64:
    """Mean Simpson index of a quarter's purchases drawn with ``drift [n]``: ``1 - sum_c p_c^2``.

    ``p_c = a / 50 + (1 - a) q_b w_c`` with ``a`` the share of anything, ``q`` the branches' shares and ``w`` = .6 and
    .4 for the two favourites of a branch, so ``sum p^2 = (a^2 + 2 a (1 - a)) / 50 + (1 - a)^2 (.6^2 + .4^2) sum q^2``:
    it does not depend on which categories are the favourites.
    """
    away, near = np.abs(drift), 1 - np.abs(drift)
    main = near**2 * (BRANCH_SHARE**2).sum()
    spread = main + 2 * near * away / 10 + away**2 / 10
    gathered = main + 2 * near * away * BRANCH_SHARE[0] + away**2
    branches = np.where(drift > 0, spread, gathered)
    within = FIRST_OF_PAIR**2 + (1 - FIRST_OF_PAIR) ** 2
    alike = (ANYTHING**2 + 2 * ANYTHING * (1 - ANYTHING)) / LEAVES + (1 - ANYTHING) ** 2 * within * branches
    return np.asarray(1 - alike)


def simpson(counts: NDArray[np.integer]) -> F64:
    """Probability that two different purchases differ in category: ``1 - sum n_i (n_i - 1) / (n (n - 1))``.

    Its mean over independent draws is ``1 - sum p_i^2`` exactly, whatever their number (two or more).
    """
    counts = counts.astype(np.float64)
    size = counts.sum(axis=1)
    return np.asarray(1 - (counts * (counts - 1)).sum(axis=1) / np.maximum(size * (size - 1), 1.0))
