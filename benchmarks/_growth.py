"""How a cost grows with size: the slope of its logarithm over the size's, with its interval."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy.stats import t as student

__all__ = ["exponent", "said"]


def exponent(points: Sequence[tuple[int, float]]) -> list[float | None]:
    """Slope, and the ends of its 95 % interval (least squares); 1 is linear.

    ``points``: (size, seconds). None where there are fewer than two points, or, for the interval, than three.
    """
    if len(points) < 2:
        return [None, None, None]
    x, y = (np.log([point[i] for point in points]) for i in (0, 1))
    x = x - x.mean()
    slope = float(x @ y / (x @ x))
    if len(points) < 3:
        return [slope, None, None]
    left = y - y.mean() - slope * x
    error = float(np.sqrt(left @ left / (len(points) - 2) / (x @ x)))
    half = float(student.ppf(0.975, len(points) - 2)) * error
    return [slope, slope - half, slope + half]


def said(values: Sequence[float | None], digits: int) -> str:
    """The slope with its interval, whose ends have ``digits`` decimals."""
    slope, low, high = values
    if slope is None:
        return "unknown"
    return f"{slope:.3f}" if low is None or high is None else f"{slope:.3f} [{low:.{digits}f}, {high:.{digits}f}]"
