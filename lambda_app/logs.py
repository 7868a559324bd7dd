"""Structured logs: one JSON object a line, with the ids of the request, and never anything about a customer."""

from __future__ import annotations

import json
import sys
import time
from collections import Counter
from contextvars import ContextVar
from typing import Any

__all__ = ["RequestLog", "begin", "current", "log"]


class RequestLog:
    """What one request leaves in the logs: its ids, what was counted while it was answered, and a few facts.

    ``counts`` are the names of events and measures with how often they happened; ``facts`` are free of customer data,
    like everything that is logged.
    """

    def __init__(self, request_id: str, trace_id: str) -> None:
        self.request_id = request_id
        self.trace_id = trace_id
        self.counts: Counter[str] = Counter()
        self.facts: dict[str, Any] = {}
        self._started = time.perf_counter()

    def milliseconds(self) -> float:
        """Time since the request began."""
        return round((time.perf_counter() - self._started) * 1e3, 3)


_current: ContextVar[RequestLog | None] = ContextVar("request_log", default=None)


def begin(request_id: str, trace_id: str) -> RequestLog:
    """Make a new request the current one of this thread: its ids stand in every line from now on."""
    started = RequestLog(request_id, trace_id)
    _current.set(started)
    return started


def current() -> RequestLog:
    """The current request's; outside of any request, one that nobody reads."""
    return _current.get() or RequestLog("", "")


def log(event: str, **fields: str | int | float | None) -> None:
    """Write one line to standard output, which the Lambda service collects, and count the event.

    ``fields`` hold ids, counts, durations and the names of error classes. Messages of exceptions stay out: they may
    quote a key or a value.
    """
    line: dict[str, Any] = {"event": event}
    request = _current.get()
    if request is not None:
        request.counts[event] += 1
        line |= {"request_id": request.request_id, "trace_id": request.trace_id}
    write(line | fields)


def write(line: dict[str, Any]) -> None:
    """Put ``line`` on standard output."""
    sys.stdout.write(json.dumps(line, separators=(",", ":")) + "\n")
