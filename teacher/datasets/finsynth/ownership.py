"""Who holds what: the customer-product graph over 17 month ends, with the moment each product was opened."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.population import Latent
from teacher.datasets.finsynth.products import CIRCLE_OF, PRODUCTS
from teacher.datasets.finsynth.streams import Streams
from teacher.datasets.finsynth.timeline import MONTH_START, MONTHS

__all__ = ["Ownership", "affinity", "choose", "start_ownership"]

_MONTHLY_JOIN = np.array([0.050, 0.042, 0.060, 0.042, 0.055, 0.040])
_MONTHLY_DROP = 0.055
_HIDDEN_MONTHS = 30


@dataclass
class Ownership:
    """``held [n, 18, 24]``: products held at each month end."""

    held: NDArray[np.bool_]
    opened: NDArray[np.float32]
    """``[n, 18, 24]``: day on which the product held at that month end was opened (0 = START, negative before it)."""

    def at(self, month: int) -> NDArray[np.bool_]:
        """Products held when ``month`` begins: ``[n, 24]``."""
        return self.held[:, month - 1]

    def follow(self, month: int, months: int, acquired: NDArray[np.float64], dropped: NDArray[np.float64]) -> None:
        """Fill ``months`` month ends from ``month`` on, given the days of opening and closing (inf: never)."""
        before, opened = self.at(month), self.opened[:, month - 1]
        for m in range(month, month + months):
            end = MONTH_START[m + 1]
            self.held[:, m] = (before & (dropped >= end)) | (acquired < end)
            self.opened[:, m] = np.where(acquired < end, acquired, opened)


def affinity(latent: Latent) -> NDArray[np.float32]:
    """How a customer's circle tilts the choice within a family: ``[n, 24]``."""
    match = latent.circle[:, None] == CIRCLE_OF[None, :]
    loyal = latent.loyalty[:, None]
    return ((1 - loyal) + loyal * np.where(match, 4.0, 0.05)).astype(np.float32)


def start_ownership(latent: Latent, first_window: int, streams: Streams) -> Ownership:
    """Holdings from the first snapshot up to ``first_window`` (the month in which the first label window begins).

    Each month a family is joined with a fixed probability, by a product that the customer lacks, and each product is
    closed with a fixed probability. Hidden months before the first snapshot bring the graph near its steady state.
    """
    rng = streams("holdings")
    n = len(latent.circle)
    tilt = affinity(latent)
    held = rng.random((n, len(PRODUCTS)), dtype=np.float32) < 0.2 * tilt
    opened = -rng.exponential(600, held.shape).astype(np.float32) - 30.0 * _HIDDEN_MONTHS
    own = Ownership(np.zeros((n, MONTHS, len(PRODUCTS)), np.bool_), np.zeros((n, MONTHS, len(PRODUCTS)), np.float32))
    for month in range(-_HIDDEN_MONTHS, first_window):
        acquired, dropped = _one_month(held, tilt, rng)
        held = (held & ~dropped) | acquired
        day = (MONTH_START[month] if month >= 0 else 30 * month) + 27 * rng.random(held.shape, dtype=np.float32)
        opened = np.where(acquired, day, opened).astype(np.float32)
        if month >= 0:
            own.held[:, month], own.opened[:, month] = held, opened
    return own


def _one_month(
    held: NDArray[np.bool_], tilt: NDArray[np.float32], rng: np.random.Generator
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    n = len(held)
    joins = rng.random((n, 6), dtype=np.float32) < _MONTHLY_JOIN
    choice = choose(np.where(held, 0.0, tilt).reshape(n, 6, 4), rng)
    acquired = (joins[:, :, None] & (np.arange(4) == choice[:, :, None])).reshape(n, 24) & ~held
    may_close = held.sum(axis=1, keepdims=True) > 1
    return acquired, held & may_close & (rng.random(held.shape, dtype=np.float32) < _MONTHLY_DROP)


def choose(weight: NDArray[np.floating], rng: np.random.Generator) -> NDArray[np.int64]:
    """Index of the last axis, drawn in proportion to the weights."""
    edge = np.cumsum(weight, axis=-1)
    u = rng.random(edge.shape[:-1]) * edge[..., -1]
    return np.asarray((edge <= u[..., None]).sum(axis=-1).clip(max=weight.shape[-1] - 1))
