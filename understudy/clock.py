"""What time it is; the one place that a drill or a simulation can turn."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

__all__ = ["turned", "utc_now"]

_clock: Callable[[], datetime] | None = None


def utc_now() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC) if _clock is None else _clock()


@contextmanager
def turned(clock: Callable[[], datetime]) -> Iterator[None]:
    """Within the block it is, for this process, what ``clock`` says. For simulations; nothing that serves calls it."""
    global _clock
    before, _clock = _clock, clock
    try:
        yield
    finally:
        _clock = before
