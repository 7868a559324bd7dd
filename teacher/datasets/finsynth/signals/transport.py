"""Movement between price tiers (optimal transport): how far did the spending distribution travel?"""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.signals.scale import unit

__all__ = ["movement", "tier_shares"]

_MEAN: Final = 1.09
_DEVIATION: Final = 0.53


def movement(history: History) -> NDArray[np.float64]:
    """1-Wasserstein distance, in tiers, between the recent quarter's purchases and those of the nine months before.

    ``sum_k |F_recent(k) - F_before(k)|``. The mass moves outwards or inwards with equal probability and around a
    fixed centre, so the mean tier does not move.
    """
    recent, before = tier_shares(history)
    return unit(np.abs(np.cumsum(recent - before, axis=1)).sum(axis=1), _MEAN, _DEVIATION)


def tier_shares(history: History) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Shares of purchases per price tier, recent and before: ``[n, 12]`` each."""
    recent, before = history.recent.by_tier.astype(np.float64), history.tiers_before().astype(np.float64)
    return recent / recent.sum(axis=1, keepdims=True), before / before.sum(axis=1, keepdims=True)
