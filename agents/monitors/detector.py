"""When has something begun? Detectors whose false alarms are rare by design, however long they run.

Let E_k be an e-process (`agents.monitors.mixtures`) that begins on day k. The sum R = E_1 + ... + E_n over all days on
which the change may have begun is an *e-detector* (Shin, Ramdas and Rinaldo, "E-detectors: a nonparametric framework
for sequential change detection", 2023; the construction is that of Shiryaev and Roberts): as long as nothing changes,
the mean time until R reaches A is at least A days. Only the last days are tried as beginnings, which makes R smaller,
so the promise holds all the more. Several tests share the promise through weights that sum to 1: test g alarms at A /
w_g.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Bets", "Detection", "detect"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Detection:
    """``log_r``: ``[tests]`` ln R. ``start``: ``[tests]`` index of the day that a change most probably began on."""

    log_r: Floats
    start: NDArray[np.int64]

    def alarms(self, days: float, weights: Floats) -> NDArray[np.bool_]:
        """``[tests]`` whether R has reached ``days`` over the test's weight."""
        return np.asarray(self.log_r >= np.log(days) - np.log(weights))


def detect(daily: Floats, log_e: Callable[[Floats], Floats]) -> Detection:
    """R today.

    Args:
        daily: ``[days, tests, counts]`` of the last days, today last.
        log_e: ``[starts, tests, counts]`` sums -> ``[starts, tests]`` ln E.
    """
    since = np.cumsum(daily[::-1], axis=0)[::-1]
    found = log_e(since)
    top = found.max(axis=0)
    return Detection(np.asarray(top + np.log(np.exp(found - top).sum(axis=0))), found.argmax(axis=0))


class Bets:
    """The same for means of numbers in [0, 1], against the null that the mean is at most m.

    E_k(b) is the wealth of who bets the fraction b on every number from day k on: the product of 1 + b (x - m) / m
    (Waudby-Smith and Ramdas 2024). R(b) <- (R(b) + 1) * (today's product), so one number is kept for each bet of a
    small grid; the mean over the grid is an e-detector again.
    """

    GRID = np.asarray([0.01, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7, 0.95])

    def __init__(self, log_r: list[float] | None = None) -> None:
        self.log_r = np.full(len(self.GRID), -np.inf) if log_r is None else np.asarray(log_r, dtype=np.float64)

    def take(self, values: Floats, mean: float) -> None:
        """One day's numbers."""
        if not len(values):
            return
        gains = np.log1p(self.GRID[:, None] * (values[None, :] - mean) / mean).sum(axis=1)
        self.log_r = np.logaddexp(self.log_r, 0.0) + gains

    @property
    def log_mean(self) -> float:
        """ln of the mean of R over the grid."""
        if np.isneginf(self.log_r).all():
            return float("-inf")
        top = float(self.log_r.max())
        return top + float(np.log(np.exp(self.log_r - top).mean()))

    def state(self) -> list[float] | None:
        """To be kept until tomorrow; None before the first number."""
        return None if np.isneginf(self.log_r).all() else [round(float(value), 9) for value in self.log_r]
