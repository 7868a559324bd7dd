"""Sublevel-set persistence of many short series at once (dimension 0, path graph)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["persistence_pairs"]


def persistence_pairs(series: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Births and deaths of the finite bars of each row: ``[n, T] -> [n, T], [n, T]``, NaN where there is none.

    Values enter in rising order; a value between two present neighbours merges their components, and the younger one
    (higher minimum) dies: the elder rule (Edelsbrunner & Harer 2010, VII.1). The component of the global minimum never
    dies and has no bar. Column ``k`` holds the bar that the ``k``-th lowest value closes. Rows advance together, so
    the cost is ``T`` vectorised steps.
    """
    n, length = series.shape
    row = np.arange(n)
    order = np.argsort(series, axis=1, kind="stable")
    present = np.zeros((n, length + 2), dtype=np.bool_)
    other_end = np.zeros((n, length + 2), dtype=np.int64)
    birth = np.full((n, length + 2), np.inf)
    births, deaths = np.full((n, length), np.nan), np.full((n, length), np.nan)
    for k in range(length):
        place = order[:, k] + 1
        value = series[row, place - 1]
        has_left, has_right = present[row, place - 1], present[row, place + 1]
        left = np.where(has_left, other_end[row, place - 1], place)
        right = np.where(has_right, other_end[row, place + 1], place)
        from_left, from_right = birth[row, place - 1], birth[row, place + 1]
        from_left = np.where(has_left, from_left, np.inf)
        from_right = np.where(has_right, from_right, np.inf)
        merged = has_left & has_right
        births[merged, k] = np.maximum(from_left, from_right)[merged]
        deaths[merged, k] = value[merged]
        eldest = np.minimum(np.minimum(from_left, from_right), value)
        present[row, place] = True
        other_end[row, left], other_end[row, right] = right, left
        birth[row, left], birth[row, right] = eldest, eldest
    return births, deaths
