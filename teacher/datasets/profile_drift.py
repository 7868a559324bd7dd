"""How far a column's values moved between two splits, beside how far chance moves them."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.stats import chi2

__all__ = ["bin_counts", "drift", "ks_distance", "profile_edges", "stability_index"]

_BINS = 10
_LEVEL = 0.95


def stability_index(expected: NDArray[np.float64], actual: NDArray[np.float64]) -> float:
    """Population stability index ``sum (a - e) ln(a / e)`` over bins of two histograms of counts.

    Half a case is added to each bin, so that an empty bin stays finite.
    """
    e = (expected + 0.5) / (expected + 0.5).sum()
    a = (actual + 0.5) / (actual + 0.5).sum()
    return float(((a - e) * np.log(a / e)).sum())


def profile_edges(values: NDArray[np.float64], categories: int | None) -> NDArray[np.float64]:
    """Bin edges: one bin per category, or the deciles of the known (training) values."""
    if categories is not None:
        return np.arange(categories, dtype=np.float64)
    known = values[~np.isnan(values)]
    return np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1])) if known.size else np.empty(0)


def bin_counts(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """Rows per bin; the first bin is missing."""
    bins = np.where(np.isnan(values), 0, np.searchsorted(edges, values, side="right") + 1)
    return np.bincount(bins, minlength=len(edges) + 2).astype(np.float64)


def drift(train: NDArray[np.float64], other: NDArray[np.float64], edges: NDArray[np.float64]) -> dict[str, Any]:
    """PSI and KS distance of one column, each with ``chance``, what it stays below in 95 of 100 draws without drift.

    Without drift ``PSI / (1/n + 1/m)`` is chi-squared with one degree less than there are bins in use (Yurdakul 2018),
    and ``KS`` stays below ``1.358 sqrt(1/n + 1/m)`` (Smirnov).
    """
    expected, actual = bin_counts(train, edges), bin_counts(other, edges)
    used = int(((expected + actual) > 0).sum())
    apart = 1 / max(1, len(train)) + 1 / max(1, len(other))
    return {
        "psi": round(stability_index(expected, actual), 6),
        "psi_chance": round(float(chi2.ppf(_LEVEL, max(1, used - 1))) * apart, 6),
        "ks": round(ks_distance(train, other), 6),
        "ks_chance": round(1.358 * float(np.sqrt(apart)), 6),
    }


def ks_distance(a: NDArray[np.float64], b: NDArray[np.float64]) -> float:
    """Largest difference of the two distribution functions over the known values; 0 where one side has none."""
    a, b = np.sort(a[~np.isnan(a)]), np.sort(b[~np.isnan(b)])
    if not a.size or not b.size:
        return 0.0
    at = np.concatenate([a, b])
    return float(
        np.abs(np.searchsorted(a, at, side="right") / a.size - np.searchsorted(b, at, side="right") / b.size).max()
    )
