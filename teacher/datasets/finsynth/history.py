"""All that can be observed about the customers of one partition before a cutoff."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.finsynth.flows import Flows
from teacher.datasets.finsynth.population import People
from teacher.datasets.finsynth.purchases import Quarter
from teacher.datasets.finsynth.timeline import MONTH_START, QUARTER

__all__ = ["History"]


@dataclass(frozen=True)
class History:
    """The observable history up to the beginning of ``month`` (exclusive); truth and features read nothing else."""

    month: int
    people: People
    flows: Flows
    spend: NDArray[np.int64]
    """KRW per dekad over the 12 months before the cutoff: ``[n, 36]``, oldest first."""
    quarters: tuple[Quarter, ...]
    """The four quarters before the cutoff, oldest first."""
    held: NDArray[np.bool_]
    """``[n, 24]`` at the cutoff."""
    indicators: NDArray[np.float64]
    payroll_moves: NDArray[np.int64]
    """Times the customer moved salary to another bank in the 12 months before the cutoff ``[n]``."""

    @property
    def cutoff_day(self) -> int:
        return int(MONTH_START[self.month])

    @property
    def recent(self) -> Quarter:
        """The quarter before the cutoff."""
        return self.quarters[-1]

    @property
    def spend_recent(self) -> NDArray[np.int64]:
        """KRW in the quarter before the cutoff ``[n]``."""
        return np.asarray(self.spend[:, -QUARTER:].sum(axis=1))

    def categories_12m(self) -> NDArray[np.int32]:
        """Purchases per category over 12 months: ``[n, 50]``."""
        return np.asarray(sum(quarter.by_category for quarter in self.quarters))

    def tiers_before(self) -> NDArray[np.int32]:
        """Purchases per price tier in the nine months before the recent quarter: ``[n, 12]``."""
        return np.asarray(sum(quarter.by_tier for quarter in self.quarters[:-1]))
