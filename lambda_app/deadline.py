"""The end of a request's time, and calls that must not outlast it."""

from __future__ import annotations

import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from concurrent.futures import TimeoutError as FutureTimeout
from contextvars import ContextVar
from functools import cache
from typing import Any, TypeVar

from understudy.stores import StoreError

__all__ = ["Deadline", "OutOfTimeError", "current_deadline", "set_deadline"]

T = TypeVar("T")

# A store call that hangs keeps its thread until the database driver gives up; requests come one at a time.
THREADS = 8
# What must be left for saying that there was no time.
MARGIN_SECONDS = 0.15


class OutOfTimeError(StoreError):
    """The store did not answer while there was time. A write may still succeed."""


class Deadline:
    """When the function must have answered; ``Deadline(None)`` never comes.

    Args:
        seconds: Time that is left now.
    """

    def __init__(self, seconds: float | None) -> None:
        self._end = None if seconds is None else time.monotonic() + seconds

    @classmethod
    def of_invocation(cls, context: Any) -> Deadline:
        """That of the Lambda invocation with this context."""
        remaining = getattr(context, "get_remaining_time_in_millis", None)
        return cls(remaining() / 1000 if remaining is not None else None)

    def left(self) -> float:
        """Seconds until the deadline, margin taken off; infinite if there is none."""
        return float("inf") if self._end is None else self._end - time.monotonic() - MARGIN_SECONDS

    def call(self, work: Callable[..., T], *args: Any, share: float = 1.0, **options: Any) -> T:
        """``work(*args, **options)``, waiting at most ``share`` of what is left.

        Raises:
            OutOfTimeError: it was not done by then; it goes on in its thread, and its result is dropped.
        """
        if self._end is None:
            return work(*args, **options)
        left = self.left()
        if left <= 0:
            raise OutOfTimeError("no time is left")
        future = _threads().submit(work, *args, **options)
        try:
            return future.result(timeout=left * share)
        except FutureTimeout:
            if future.done():  # the work itself raised a timeout
                raise
            raise OutOfTimeError(f"no answer within {left * share:.2f} s") from None


@cache
def _threads() -> ThreadPoolExecutor:
    return ThreadPoolExecutor(THREADS, thread_name_prefix="store")


_current: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def set_deadline(deadline: Deadline) -> None:
    """Make ``deadline`` that of the request which this thread answers."""
    _current.set(deadline)


def current_deadline() -> Deadline:
    """That of the request which this thread answers; outside of any request there is none."""
    return _current.get() or Deadline(None)
