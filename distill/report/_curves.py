"""What the plots show, as numbers: reliability by quantile, agreement by hexagon."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from understudy.wilson import wilson

__all__ = ["Hexagons", "Point", "hexagons", "reliability", "top_class"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Point:
    """One bin of rows: mean prediction, mean outcome, and a 95 % interval of the latter."""

    predicted: float
    observed: float
    low: float
    high: float
    rows: int


@dataclass(frozen=True)
class Hexagons:
    """Centres ``[cells, 2]`` in units of the range ``[low, high]`` of both axes, and the rows in each."""

    centres: Floats
    counts: NDArray[np.int64]
    low: float
    high: float
    radius: float


def reliability(predicted: Floats, observed: Floats, *, binary: bool, bins: int = 10) -> list[Point]:
    """Mean outcome against mean prediction in ``bins`` groups of equally many rows; tied predictions stay together.

    The interval is Wilson's for a binary outcome, else the mean plus or minus 1.96 standard errors.
    """
    if not len(predicted):
        return []
    edges = np.unique(np.quantile(predicted, np.arange(1, bins) / bins))
    group = np.searchsorted(edges, predicted, side="right")
    return [_point(predicted[group == g], observed[group == g], binary) for g in np.unique(group)]


def _point(predicted: Floats, observed: Floats, binary: bool) -> Point:
    rows, mean = len(observed), float(observed.mean())
    if binary:
        low, high = wilson(mean, rows, z=1.96)
    else:
        half = 1.96 * float(observed.std(ddof=1)) / math.sqrt(rows) if rows > 1 else 0.0
        low, high = mean - half, mean + half
    return Point(float(predicted.mean()), mean, low, high, rows)


def top_class(probabilities: Floats, truth: Floats) -> tuple[Floats, Floats]:
    """Confidence of the predicted class ``[m]`` and whether it was right (1 or 0)."""
    best = probabilities.argmax(axis=1)
    return probabilities[np.arange(len(best)), best], (best == truth).astype(np.float64)


def hexagons(x: Floats, y: Floats, *, low: float, high: float, across: int = 22) -> Hexagons:
    """Count points in a hexagonal grid over ``[low, high]`` squared; points outside count at the border.

    Two interleaved rectangular grids; each point goes to the nearer centre (Carr et al., 1987).
    """
    span = high - low
    u = np.clip((np.column_stack([x, y]) - low) / span, 0, 1) * across
    # Pointy-topped hexagons, one unit wide: rows are sqrt(3)/2 apart, every second row is shifted by a half.
    tall = math.sqrt(3)
    first = np.column_stack([np.round(u[:, 0]), np.round(u[:, 1] / tall) * tall])
    second = np.column_stack([np.floor(u[:, 0]) + 0.5, (np.floor(u[:, 1] / tall) + 0.5) * tall])
    nearer = ((u - first) ** 2).sum(axis=1) <= ((u - second) ** 2).sum(axis=1)
    centres, counts = np.unique(np.where(nearer[:, None], first, second).round(6), axis=0, return_counts=True)
    return Hexagons(centres / across, counts, low, high, 1 / tall / across)
