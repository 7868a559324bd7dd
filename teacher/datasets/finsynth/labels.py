"""The 13 labels of a snapshot, read off the events of its window."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.history import History
from teacher.datasets.finsynth.window import ProductEvents, Window

__all__ = ["Labels", "label_values"]

F64 = NDArray[np.float64]


@dataclass(frozen=True)
class Labels:
    """One array per label; ``acquired [n, 6]`` per family, ``nba [n]`` 0 = none, else 1 + family."""

    churn: NDArray[np.bool_]
    stability: F64
    """Share of the products held at the cutoff that are still held at the window's end; NaN without products."""
    acquired: NDArray[np.bool_]
    nba: NDArray[np.int64]
    cross_sell: NDArray[np.int64]
    next_category: NDArray[np.int8]
    shifted: NDArray[np.bool_]
    diversity_change: F64
    log_spend: F64


def label_values(history: History, products: ProductEvents, window: Window) -> Labels:
    """Read the labels of one snapshot off its events."""
    day = products.acquired.reshape(-1, 6, 4).min(axis=2)
    acquired = np.isfinite(day)
    held = history.held.sum(axis=1)
    kept = (history.held & ~np.isfinite(products.dropped)).sum(axis=1)
    stability = np.divide(kept, held, out=np.full(len(held), np.nan), where=held > 0)
    return Labels(
        churn=np.isfinite(products.payroll_moved),
        stability=stability,
        acquired=acquired,
        nba=np.where(acquired.any(axis=1), 1 + day.argmin(axis=1), 0),
        cross_sell=acquired.sum(axis=1),
        next_category=window.next_category,
        shifted=window.shifted,
        diversity_change=window.diversity_change,
        log_spend=window.log_spend,
    )
