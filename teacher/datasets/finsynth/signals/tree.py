"""The merchant tree (hgcn): within a branch, does a customer keep to one sub-branch?"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.signals.scale import unit

__all__ = ["branch_focus", "focus_of", "roll_up"]

_MEAN: Final = 0.7
_DEVIATION: Final = 0.175


def branch_focus(history: History) -> NDArray[np.float64]:
    """P(two purchases share a sub-branch | they share a branch), over 12 months: ``sum_m P_m^2 / sum_t P_t^2``.

    With ``P_m`` and ``P_t`` the shares of sub-branches and branches. It is a ratio of two tree-kernel energies
    (Rao's quadratic entropy with tree distances): the category shares alone are exchangeable among siblings.
    """
    return focus_of(history.categories_12m())


def focus_of(counts: NDArray[np.integer]) -> NDArray[np.float64]:
    """The signal from purchases per category ``[n, 50]``."""
    mid, top = roll_up(counts.astype(np.float64))
    return unit((mid**2).sum(axis=1) / (top**2).sum(axis=1), _MEAN, _DEVIATION)


def roll_up(counts: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums over sub-branches and branches: ``[n, 50] -> [n, 20], [n, 10]``."""
    by_branch = counts.reshape(-1, 10, 5)
    mid = np.stack([by_branch[:, :, :2].sum(axis=2), by_branch[:, :, 2:].sum(axis=2)], axis=2)
    return mid.reshape(-1, 20), by_branch.sum(axis=2)
