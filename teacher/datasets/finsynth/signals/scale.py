"""Centring and clipping of a planted signal."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["LIMIT", "unit"]

LIMIT = 2.5


def unit(raw: NDArray[np.float64], mean: float, deviation: float) -> NDArray[np.float64]:
    """``clip((raw - mean) / deviation, -2.5, 2.5)`` with constants, never with statistics of the sample."""
    return np.clip((raw - mean) / deviation, -LIMIT, LIMIT)
