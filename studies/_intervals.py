"""Means over seeds, and differences of two models on the same seeds."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.stats import t as student

__all__ = ["Interval", "interval", "paired"]


@dataclass(frozen=True)
class Interval:
    """A mean with its 95 % interval from the t distribution over ``n`` seeds; NaN bounds under two seeds."""

    mean: float
    low: float
    high: float
    n: int

    def said(self, digits: int = 4, factor: float = 1.0, unit: str = "") -> str:
        """As a table shows it."""
        if not self.n:
            return "not run"
        middle = f"{self.mean * factor:.{digits}f}{unit}"
        if not math.isfinite(self.low):
            return f"{middle} (n = {self.n})"
        return f"{middle} [{self.low * factor:.{digits}f}, {self.high * factor:.{digits}f}]"

    @property
    def verdict(self) -> str:
        """``higher``, ``lower``, or ``null effect`` where the interval holds zero; ``unknown`` without an interval."""
        if not math.isfinite(self.low):
            return "unknown"
        if self.low > 0:
            return "higher"
        return "lower" if self.high < 0 else "null effect"


def interval(values: Sequence[float]) -> Interval:
    """The interval of the mean of ``values``, one per seed."""
    n = len(values)
    if not n:
        return Interval(math.nan, math.nan, math.nan, 0)
    mean = float(np.mean(values))
    if n < 2:
        return Interval(mean, math.nan, math.nan, n)
    half = float(student.ppf(0.975, n - 1) * np.std(values, ddof=1) / math.sqrt(n))
    return Interval(mean, mean - half, mean + half, n)


def paired(one: Mapping[int, Mapping[str, float]], other: Mapping[int, Mapping[str, float]], task: str) -> Interval:
    """``one - other`` on the seeds that both have."""
    seeds = sorted(seed for seed in one.keys() & other.keys() if task in one[seed] and task in other[seed])
    return interval([one[seed][task] - other[seed][task] for seed in seeds])
