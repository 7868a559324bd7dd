"""Bins that keep a mass point apart: the zeros of an amount must not share a bin with the smallest amounts."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["bin_edges", "binned"]

_BINS = 250  # below the 255 bins of scikit-learn's histogram boosters, which then keep every bin apart


def bin_edges(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Left edges of the bins: each mark has a bin of its own, and what lies between two marks another. Marks are the
    values themselves if there are few, else quantiles.

    Plain bins would put ``0 < x < q1`` into the bin of 0, and "holds any" would no longer be read off exactly.
    """
    known = values[~np.isnan(values)]
    marks = np.unique(known)
    if len(marks) > _BINS // 2:
        marks = np.unique(np.quantile(known, np.linspace(0, 1, _BINS // 2), method="inverted_cdf"))
    return np.unique(np.concatenate([marks, np.nextafter(marks, np.inf)]))


def binned(values: NDArray[np.float64], edges: NDArray[np.float64]) -> NDArray[np.float64]:
    """The bin of each value, counted from 1 (0: below the first edge); NaN stays NaN."""
    return np.where(np.isnan(values), np.nan, np.searchsorted(edges, values, side="right"))
