"""Structured progress: one JSON object a line, for a log that machines read."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any, TextIO

from understudy.progress import Advance

__all__ = ["EventProgress", "Events"]


class Events:
    """Writes events; ``at`` is UTC, ``elapsed`` seconds since the job began."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._began = time.monotonic()
        self._lock = threading.Lock()

    @property
    def elapsed(self) -> float:
        return round(time.monotonic() - self._began, 3)

    def emit(self, event: str, **fields: Any) -> None:
        """Write one event."""
        record = {"at": datetime.now(UTC).isoformat(), "elapsed": self.elapsed, "event": event, **fields}
        with self._lock:
            print(json.dumps(record, ensure_ascii=False, default=str), file=self._stream, flush=True)


class EventProgress:
    """Progress of the stages as events, at most one every ``every`` seconds a task, but always its first and last.

    ``after``: called at each step; there the job saves what is new.
    """

    def __init__(self, events: Events, after: Callable[[], None], every: float = 10.0) -> None:
        self._events = events
        self._after = after
        self._every = every

    def say(self, text: str) -> None:
        self._events.emit("note", text=" ".join(text.split()))
        self._after()

    @contextmanager
    def task(self, title: str, total: int) -> Iterator[Advance]:
        done, began, last = 0, time.monotonic(), float("-inf")

        def advance(steps: int = 1, note: str = "") -> None:
            nonlocal done, last
            done += steps
            self._after()
            if time.monotonic() - last >= self._every:
                last = time.monotonic()
                self._events.emit("progress", title=title, done=done, total=total, note=note)

        yield advance
        self._events.emit("finished", title=title, done=done, total=total, seconds=round(time.monotonic() - began, 3))
        self._after()
