"""The transaction stream: single purchases whose amounts add up to the spend of their dekad, to the won."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.merchants import LEAVES, TOP_OF
from teacher.datasets.finsynth.timeline import DEKAD_START, QUARTER

__all__ = ["CHANNELS", "TIERS", "Quarter", "lay_out"]

CHANNELS = ("card", "mobile", "online", "overseas", "transfer")
TIERS = 12
I8 = NDArray[np.int8]


@dataclass
class Quarter:
    """The purchases of one quarter (9 dekads) of one partition, sorted by customer and day.

    ``start [n, 9]`` is the position of each dekad's first purchase; the other arrays have one entry per purchase.
    """

    index: int
    start: NDArray[np.int64]
    customer: NDArray[np.int32]
    day: NDArray[np.int16]
    amount: NDArray[np.int32]
    category: I8
    tier: I8
    channel: I8

    @property
    def customers(self) -> int:
        return len(self.start)

    @cached_property
    def size(self) -> NDArray[np.int64]:
        """Purchases of each customer ``[n]``."""
        return np.diff(self.start[:, 0], append=len(self.customer))

    @cached_property
    def by_category(self) -> NDArray[np.int32]:
        """``[n, 50]`` purchases."""
        return self._count(self.category, LEAVES)

    @cached_property
    def by_tier(self) -> NDArray[np.int32]:
        """``[n, 12]`` purchases per price tier of the merchant."""
        return self._count(self.tier, TIERS)

    @cached_property
    def by_channel(self) -> NDArray[np.int32]:
        """``[n, 5]`` purchases."""
        return self._count(self.channel, len(CHANNELS))

    @cached_property
    def spend_by_branch(self) -> NDArray[np.float64]:
        """``[n, 10]`` KRW."""
        return self.branch_spend(np.zeros(self.customers, dtype=np.int64))

    def branch_spend(self, first: NDArray[np.int64]) -> NDArray[np.float64]:
        """KRW per branch ``[n, 10]`` over the purchases from position ``first[customer]`` on."""
        counted = np.arange(len(self.customer)) >= first[self.customer]
        cell = self.customer.astype(np.int64) * 10 + TOP_OF[self.category]
        weights = np.where(counted, self.amount, 0)
        return np.bincount(cell, weights=weights, minlength=self.customers * 10).reshape(-1, 10).astype(np.float64)

    def _count(self, code: I8, width: int) -> NDArray[np.int32]:
        cell = self.customer.astype(np.int64) * width + code
        return np.bincount(cell, minlength=self.customers * width).reshape(-1, width).astype(np.int32)


@dataclass(frozen=True)
class Layout:
    """Where the purchases of a quarter lie: ``customer``, ``day`` and ``cell`` per purchase, ``start`` per cell."""

    start: NDArray[np.int64]
    customer: NDArray[np.int32]
    day: NDArray[np.int16]
    cell: NDArray[np.int32]


def lay_out(quarter: int, counts: NDArray[np.int64], rng: np.random.Generator) -> Layout:
    """Place ``counts [n, 9]`` purchases on days; in each first dekad the last one falls on day 8, 9 or 10.

    Every customer thus pays at least once in the three days after the 7-day gap that follows a cutoff: the next
    merchant category is always known.
    """
    n = len(counts)
    first = DEKAD_START[quarter * QUARTER : (quarter + 1) * QUARTER]
    length = np.diff(DEKAD_START[quarter * QUARTER : (quarter + 1) * QUARTER + 1])
    cell = np.repeat(np.arange(n * QUARTER, dtype=np.int32), counts.ravel())
    within = (rng.random(len(cell), dtype=np.float32) * length.astype(np.float32)[cell % QUARTER]).astype(np.int32)
    within = np.sort(cell * 16 + within) - cell * 16
    start = (np.cumsum(counts.ravel()) - counts.ravel()).reshape(n, QUARTER)
    last = start[:, 0] + counts[:, 0] - 1
    within[last] = np.maximum(within[last], 7 + rng.integers(0, 3, n, dtype=np.int32))
    day = (first.astype(np.int32)[cell % QUARTER] + within).astype(np.int16)
    return Layout(start=start, customer=(cell // QUARTER).astype(np.int32), day=day, cell=cell)


def split_amounts(spend: NDArray[np.int64], layout: Layout, rng: np.random.Generator) -> NDArray[np.int32]:
    """Split the whole-won spend of each dekad ``[n, 9]`` over its purchases; the parts add up exactly."""
    part = rng.standard_exponential(len(layout.cell), dtype=np.float32) + np.float32(0.15)
    running = np.cumsum(part, dtype=np.float64)
    start = layout.start.ravel()
    end = np.append(start[1:], len(part)) - 1
    before = running[start] - part[start]
    total = running[end] - before
    share = (running - before[layout.cell]) / total[layout.cell]
    upto = np.rint(share * spend.ravel()[layout.cell])
    amount = np.diff(upto, prepend=0.0)
    amount[start] = upto[start]
    return np.asarray(amount, dtype=np.int32)
