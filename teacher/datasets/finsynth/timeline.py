"""The calendar of the generated bank: 18 calendar months in thirds (dekads), and two snapshots.

The stream starts one month before the first of the 17 month-end snapshots of holdings, so that both cutoffs look back
on 12 whole months. Everything is counted in dekads (days 1-10, 11-20, 21-end): they nest in months, quarters and
cutoffs, so no series is cut in the middle of a step.
"""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np
from numpy.typing import NDArray

__all__ = [
    "CUTOFF_QUARTERS",
    "DEKADS",
    "DEKAD_START",
    "EPOCH_DAY",
    "FIRST_HOLDING_MONTH",
    "GAP_DAYS",
    "MONTHS",
    "MONTH_START",
    "QUARTER",
    "QUARTERS",
    "START",
    "day_to_date",
]

START: Final = dt.date(2025, 2, 1)
MONTHS: Final = 18
QUARTERS: Final = 6
QUARTER: Final = 9  # dekads in a quarter
DEKADS: Final = 3 * MONTHS
FIRST_HOLDING_MONTH: Final = 1
GAP_DAYS: Final = 7
CUTOFF_QUARTERS: Final = (4, 5)  # a snapshot is taken when this quarter begins
EPOCH_DAY: Final = (START - dt.date(1970, 1, 1)).days


def _month_starts() -> NDArray[np.int64]:
    firsts = [dt.date(START.year + (START.month - 1 + m) // 12, (START.month - 1 + m) % 12 + 1, 1) for m in range(19)]
    return np.array([(first - START).days for first in firsts], dtype=np.int64)


MONTH_START: Final = _month_starts()
"""Day (0 = START) on which each month starts; the last entry is the day after the end."""

DEKAD_START: Final = np.append((MONTH_START[:-1, None] + np.array([0, 10, 20])).ravel(), MONTH_START[-1])
"""Day on which each dekad starts; the last entry is the day after the end."""


def day_to_date(day: int) -> dt.date:
    """The calendar date of ``day`` (0 = START)."""
    return START + dt.timedelta(days=int(day))
