"""Structure among features (causal): two indices that are out of line with their causes, together."""

from __future__ import annotations

from typing import Final

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.indicators import INDICATORS, innovations
from teacher.datasets.finsynth.signals.scale import unit

__all__ = ["surprise"]

_DEBT: Final = INDICATORS.index("ix_debt")
_ENGAGEMENT: Final = INDICATORS.index("ix_engagement")


def surprise(history: History) -> NDArray[np.float64]:
    """Product of the innovations of debt and engagement: ``e_debt * e_engagement`` with ``e = x - x W``.

    Both are independent of every other index and of each other, so the product has mean 0 given any one index; it needs
    the weights of the five causes.
    """
    own = innovations(history.indicators)
    return unit(own[:, _DEBT] * own[:, _ENGAGEMENT], 0.0, 0.9)
