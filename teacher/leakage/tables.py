"""Correlations of all columns with all outcomes at once, each pair over the rows where both are known."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.stats import rankdata

__all__ = ["columns_of", "correlation_errors", "correlations", "rank_columns"]

_AT_ONCE = 16


def columns_of(table: NDArray[np.float64], indices: Sequence[int]) -> Iterator[NDArray[np.float64]]:
    """Each column ``[rows]`` as a contiguous array: read some at a time, a long table's rows are walked less often."""
    for start in range(0, len(indices), _AT_ONCE):
        yield from np.ascontiguousarray(table[:, list(indices[start : start + _AT_ONCE])].T)


def correlations(values: NDArray[np.float64], outcomes: NDArray[np.float64]) -> tuple[NDArray[np.float64], ...]:
    """Pearson correlations ``[columns, outcomes]`` and the rows ``[columns, outcomes]`` behind each; NaN is unknown.

    With ``m``, ``n`` the masks of what is known, all sums over shared rows are matrix products: ``n = m' n``,
    ``Sxy = (m x)' (n y)``, and so on. Columns are standardised first, so that no sum cancels. 0 where one side does not
    vary over the shared rows.
    """
    X, m = _standardised(values)
    Y, n = _standardised(outcomes)
    rows = m.T @ n
    with np.errstate(invalid="ignore", divide="ignore"):
        mean_x, mean_y = (X.T @ n) / rows, (m.T @ Y) / rows
        var_x, var_y = ((X * X).T @ n) / rows - mean_x**2, (m.T @ (Y * Y)) / rows - mean_y**2
        found = ((X.T @ Y) / rows - mean_x * mean_y) / np.sqrt(var_x * var_y)
    found[~np.isfinite(found) | (var_x < 1e-9) | (var_y < 1e-9)] = 0.0
    return np.clip(found, -1.0, 1.0), rows


def correlation_errors(
    values: NDArray[np.float64], outcomes: NDArray[np.float64], found: NDArray[np.float64], rows: NDArray[np.float64]
) -> NDArray[np.float64]:
    """Standard errors ``[columns, outcomes]`` of the correlations ``found`` over ``rows``.

    From the influence of a row, ``x y - r (x^2 + y^2) / 2`` for standardised ``x`` and ``y``, which holds where the
    spread of one depends on the other (a rare outcome at one end of a column); at least ``1 / sqrt(rows)``, which holds
    where there is no correlation, however few the cases are.
    """
    X, m = _standardised(values)
    Y, n = _standardised(outcomes)
    with np.errstate(invalid="ignore", divide="ignore"):
        xxyy, xxxy, xyyy = (X**2).T @ (Y**2) / rows, (X**3).T @ Y / rows, X.T @ (Y**3) / rows
        fourths = ((X**4).T @ n + m.T @ (Y**4)) / rows
        variance = xxyy - found * (xxxy + xyyy) + found**2 / 4 * (fourths + 2 * xxyy)
        error: NDArray[np.float64] = np.sqrt(np.maximum(np.nan_to_num(variance), 1.0) / np.maximum(rows - 3, 1))
    return error


def rank_columns(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Ranks of each column ``[rows, columns]`` among its known values, scaled to [0, 1]; NaN stays NaN."""
    ranked = np.full(values.shape, np.nan)
    for index in range(values.shape[1]):
        known = ~np.isnan(values[:, index])
        ranked[known, index] = rankdata(values[known, index]) / max(1, int(known.sum()))
    return ranked


def _standardised(values: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Values less their mean over their spread, 0 where unknown, and the mask of what is known."""
    known = ~np.isnan(values)
    filled = np.where(known, values, 0.0)
    filled /= np.maximum(np.abs(filled).max(axis=0, initial=0.0), 1e-300)
    counts = np.maximum(known.sum(axis=0), 1)
    filled = np.where(known, filled - filled.sum(axis=0) / counts, 0.0)
    spread = np.sqrt((filled**2).sum(axis=0) / counts)
    filled /= np.where(spread > 1e-12, spread, np.inf)
    return filled, known.astype(np.float64)
