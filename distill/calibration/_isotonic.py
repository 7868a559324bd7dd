"""Isotonic calibration of binary probabilities that keeps the order of the rows."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from sklearn.isotonic import IsotonicRegression

from understudy.contracts.manifest import Isotonic

__all__ = ["fit_isotonic"]

Floats = NDArray[np.float64]


def fit_isotonic(p: Floats, labels: Floats) -> Isotonic | None:
    """Centred isotonic regression of ``labels`` on ``p`` (Oron and Flournoy, 2017).

    The pool-adjacent-violators blocks become knots at their mean ``p``, joined by straight lines: unlike the usual
    step function it ties no rows, so the ranking survives. Departures from the paper: a block of n rows has
    ``(positives + prior) / (n + 1)``, so no block claims a probability of exactly 0 or 1, and below the first and above
    the last knot the line goes on to (0, 0) and (1, 1), where the paper has a constant.

    Args:
        p: ``[m]`` uncalibrated probabilities.
        labels: ``[m]`` 0 or 1.

    Returns:
        The knots, or None with fewer than two blocks.
    """
    fitted = IsotonicRegression(y_min=0, y_max=1).fit_transform(p, labels)
    values, block, sizes = np.unique(fitted, return_inverse=True, return_counts=True)
    if len(values) < 2:
        return None
    x = np.bincount(block, weights=p) / sizes
    y = (np.bincount(block, weights=labels) + labels.mean()) / (sizes + 1)
    # A short block can overtake its neighbour once it is drawn to the prior.
    y = np.maximum.accumulate(y)
    return Isotonic(x=[0.0, *x.tolist(), 1.0], y=[0.0, *y.tolist(), 1.0])
