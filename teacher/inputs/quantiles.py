"""Quantile transform of numeric columns: the training distribution becomes a standard normal one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.special import ndtri

__all__ = ["QuantileMap"]

# A transformed value lies within the normal quantiles of this tail: one far outlier must not stretch the scale.
_TAIL = 1e-3


@dataclass(frozen=True)
class QuantileMap:
    """Per column: knots of the training distribution, and where the bins of the piecewise-linear encoding end.

    Attributes:
        knots: ``[columns, Q]`` training quantiles at equally spaced probabilities, in raw units.
        edges: ``[columns, T + 1]`` bin edges in transformed units: distinct quantiles, padded at the right with +inf.
    """

    knots: NDArray[np.float64]
    edges: NDArray[np.float32]

    @classmethod
    def fit(cls, values: NDArray[np.float64], bins: int, quantiles: int = 1024) -> QuantileMap:
        """Fit on training rows ``values`` of shape ``[rows, columns]`` (NaN = missing, left out)."""
        probabilities = np.linspace(0.0, 1.0, quantiles)
        knots = np.empty((values.shape[1], quantiles))
        edges = np.full((values.shape[1], bins + 1), np.inf, dtype=np.float32)
        for column in range(values.shape[1]):
            known = values[np.isfinite(values[:, column]), column]
            knots[column] = np.quantile(known, probabilities) if len(known) else 0.0
            distinct = _edges(_transform(known, knots[column]), bins)
            edges[column, : len(distinct)] = distinct
        return cls(knots, edges)

    def transform(self, values: NDArray[np.float64]) -> NDArray[np.float32]:
        """Standard normal scores ``[rows, columns]``; ties share the middle of their ranks, NaN stays NaN."""
        out = np.empty(values.shape, dtype=np.float32)
        for column in range(values.shape[1]):
            out[:, column] = _transform(values[:, column], self.knots[column])
        return out


def _transform(values: NDArray[np.float64], knots: NDArray[np.float64]) -> NDArray[np.float32]:
    if not len(values):
        return np.empty(0, dtype=np.float32)
    probabilities = np.linspace(0.0, 1.0, len(knots))
    low = np.interp(values, knots, probabilities)
    # On a flat stretch np.interp answers its right end; on the mirrored axis it answers the left end.
    high = 1.0 - np.interp(-values, -knots[::-1], probabilities)
    ranks = np.clip(0.5 * (low + high), _TAIL, 1.0 - _TAIL)
    return np.asarray(ndtri(ranks), dtype=np.float32)


def _edges(scores: NDArray[np.float32], bins: int) -> NDArray[np.float32]:
    """Bin edges at quantiles; a value that alone fills a bin is an edge, and the others share the remaining edges.

    With plain quantiles an amount that is zero for 95 % of the customers would leave one bin for all the rest.
    """
    if not len(scores):
        return np.array([0.0, 1.0], dtype=np.float32)
    values, counts = np.unique(scores, return_counts=True)
    heavy = counts * bins >= len(scores)
    light = np.repeat(values[~heavy], counts[~heavy])
    spread = np.linspace(0.0, 1.0, max(2, bins - 1 - int(heavy.sum())))
    chosen = np.quantile(light, spread, method="nearest") if len(light) else light
    distinct = np.unique(np.concatenate([values[heavy], chosen, values[[0, -1]]]))
    if len(distinct) == 1:
        return np.array([distinct[0], distinct[0] + 1.0], dtype=np.float32)
    return np.asarray(distinct, dtype=np.float32)
