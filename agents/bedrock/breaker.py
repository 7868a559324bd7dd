"""A circuit breaker: who fails again and again is left alone for a while."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

__all__ = ["CircuitBreaker"]


class CircuitBreaker:
    """Closed -> open after ``threshold`` failures in a row -> after ``cooldown`` seconds one trial -> closed or open.

    Kept per process: each environment finds out for itself, at the price of ``threshold`` failed calls. Nygard,
    *Release It!* (2007).
    """

    def __init__(
        self, *, threshold: int = 5, cooldown: float = 30.0, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._threshold = threshold
        self._cooldown = cooldown
        self._clock = clock
        self._lock = threading.Lock()
        self._failures = 0
        self._opened: float | None = None

    def admits(self) -> bool:
        """May a call be made now? After the cooldown exactly one caller is told yes until its outcome is known."""
        with self._lock:
            if self._opened is None:
                return True
            if self._clock() - self._opened < self._cooldown:
                return False
            self._opened = self._clock()
            return True

    def resting(self) -> bool:
        """Would a call be refused now? Asking takes nobody's trial."""
        with self._lock:
            return self._opened is not None and self._clock() - self._opened < self._cooldown

    def succeeded(self) -> None:
        with self._lock:
            self._failures, self._opened = 0, None

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            if self._failures >= self._threshold:
                self._opened = self._clock()
