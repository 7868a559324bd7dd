"""Persistence diagrams of the routed sequences, computed once, before training."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from teacher.persistence import persistence_pairs

__all__ = ["diagram_points", "diagrams"]


def diagram_points(length: int) -> int:
    """Most finite bars of a series of ``length`` values: every bar needs a local minimum of its own, but the lowest."""
    return max(1, (length - 1) // 2)


def diagrams(values: NDArray[np.float32], mask: NDArray[np.bool_]) -> NDArray[np.float32]:
    """The finite bars of every channel, longest first, each with a 1 that says that it is there.

    A channel is standardised over its own real steps first: its shape is left, its level and scale are the business of
    other features. Padding stands at infinity, where no finite bar can close.

    Shapes: ``[rows, length, channels]``, ``[rows, length]`` -> ``[rows, channels, points, 3]`` (birth, death, present).
    """
    rows, length, channels = values.shape
    points = diagram_points(length)
    found = np.zeros((rows, channels, points, 3), dtype=np.float32)
    for channel in range(channels):
        births, deaths = persistence_pairs(_standard(values[:, :, channel].astype(np.float64), mask))
        closed = np.isfinite(births) & np.isfinite(deaths) & (deaths > births)
        bars = np.subtract(deaths, births, out=np.full_like(deaths, -np.inf), where=closed)
        order = np.argsort(-bars, axis=1, kind="stable")[:, :points]
        there = np.isfinite(np.take_along_axis(bars, order, axis=1))
        for place, ends in enumerate((births, deaths)):
            found[:, channel, :, place] = np.where(there, np.take_along_axis(ends, order, axis=1), 0.0)
        found[:, channel, :, 2] = there
    return found


def _standard(series: NDArray[np.float64], mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    count = np.maximum(mask.sum(axis=1, keepdims=True), 1)
    mean = np.where(mask, series, 0.0).sum(axis=1, keepdims=True) / count
    spread = np.sqrt(np.where(mask, (series - mean) ** 2, 0.0).sum(axis=1, keepdims=True) / count)
    return np.where(mask, (series - mean) / np.where(spread > 0, spread, 1.0), np.inf)
