"""Standard errors of means over rows that come in units."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["as_good_as", "clustered_error"]

Floats = NDArray[np.float64]


def clustered_error(values: Floats, units: NDArray[np.int64]) -> float:
    """Standard error of the mean of ``values`` ``[m]`` when rows of one unit are not independent.

    ``sqrt(sum_u (sum_{i in u} (v_i - mean))^2) / m`` (Liang and Zeger, 1986); with one row a unit it is the usual one.
    """
    _, inverse = np.unique(units, return_inverse=True)
    sums = np.bincount(inverse, weights=values - values.mean())
    return float(np.sqrt(np.square(sums).sum()) / len(values))


def as_good_as(losses: Floats, best: Floats, units: NDArray[np.int64], tolerance_se: float) -> bool:
    """Whether the mean of ``losses`` exceeds that of ``best`` by no more than ``tolerance_se`` standard errors of the
    paired difference; both are ``[m]`` losses of the same rows. A loss that is not finite is never as good."""
    if not np.isfinite(losses).all():
        return False
    excess = losses - best
    return bool(excess.mean() <= tolerance_se * clustered_error(excess, units))
