"""What the function's requests did on one day: how many, how long, how they failed, hour by hour."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

import numpy as np

from agents.evidence.spans import bounds
from understudy.errors import UserError
from understudy.objects import Objects, open_objects

__all__ = ["COUNTED", "FolderMetrics", "RequestDay", "RequestMetrics", "hours_of", "open_request_metrics"]

ROUTES = ("recommend", "recommend_batch")
# Field of `RequestDay` -> the function's metric.
COUNTED = {
    "faults": "Faults",
    "refusals": "Refusals",
    "read_failures": "ReadFailures",
    "store_failures": "StoreFailures",
    "audit_failures": "AuditFailures",
    "gate_rejections": "GateRejections",
}
SLOW_MS = 200.0


@dataclass(frozen=True)
class RequestDay:
    """A day's requests. A figure that the source does not have is None, never zero.

    Attributes:
        requests: How many were answered, with whatever status.
        latency_ms: Percentile (``p50``, ``p95``, ``p99``) -> milliseconds, over the whole day.
        faults: Answers of 500 and above; ``refusals``: 400 to 499.
        read_failures, store_failures, audit_failures: Failed reads of a customer's context, other failed store calls,
            entries that could not be written.
        gate_rejections: Texts that the Safety Gate rejected.
        step_downs: ``StepDown<why>`` -> how often a task fell to a lower layer.
        hours: 24 of each of ``requests``, ``faults``, ``slow`` (above ``slow_ms``); an absent one is None.
        slow_ms: Above which a request counts as slow.
        source: Where the figures come from, for evidence.
    """

    day: str
    requests: int | None = None
    latency_ms: Mapping[str, float] | None = None
    faults: int | None = None
    refusals: int | None = None
    read_failures: int | None = None
    store_failures: int | None = None
    audit_failures: int | None = None
    gate_rejections: int | None = None
    step_downs: Mapping[str, int] | None = None
    hours: Mapping[str, list[int] | None] = field(default_factory=dict)
    slow_ms: float = SLOW_MS
    source: str = "none"


class RequestMetrics(Protocol):
    """A source of `RequestDay`."""

    def day(self, day: str) -> RequestDay:
        """The figures of a UTC day; all None where the source knows nothing of it."""


class FolderMetrics:
    """Log lines of the function (`lambda_app.metrics.emit`: one JSON object a request) in a folder or a bucket.

    Every object whose name ends in ``.log`` or ``.jsonl`` is read; one named by its day (``2026-11-21.jsonl``) is read
    for that day only. Lines of other kinds, and what is no JSON, are passed over.
    """

    def __init__(self, objects: Objects) -> None:
        self._objects = objects

    def day(self, day: str) -> RequestDay:
        lines = list(self._lines(day))
        source = f"{day} in the request log"
        if not lines:
            return RequestDay(day, source=source)
        latency = np.asarray([line["Latency"] for line in lines], dtype=np.float64)
        hour = np.asarray([_hour(line) for line in lines])
        fault = np.asarray([bool(line.get("Faults")) for line in lines])
        steps: dict[str, int] = {}
        for line in lines:
            for name in (name for name in line if name.startswith("StepDown")):
                steps[name] = steps.get(name, 0) + int(line[name])
        # A metric whose event never happened is in no line; a line that has the others says that it is zero.
        counted = {name: sum(int(line.get(metric, 0)) for line in lines) for name, metric in COUNTED.items()}
        return RequestDay(
            day,
            requests=len(lines),
            latency_ms={f"p{q}": float(np.percentile(latency, q)) for q in (50, 95, 99)},
            **counted,
            step_downs=dict(sorted(steps.items())),
            hours={
                "requests": _by_hour(hour, np.ones(len(lines), dtype=bool)),
                "faults": _by_hour(hour, fault),
                "slow": _by_hour(hour, latency > SLOW_MS),
            },
            source=source,
        )

    def _lines(self, day: str) -> Iterator[dict[str, Any]]:
        begin, end = (datetime.fromisoformat(instant).timestamp() * 1000 for instant in bounds(day))
        for name in self._objects.names():
            if not name.endswith((".log", ".jsonl")) or _of_another_day(name, day):
                continue
            found = self._objects.read(name)
            for text in found.data.splitlines() if found else ():
                line = _request(text)
                if line is not None and begin <= line["_aws"]["Timestamp"] < end:
                    yield line


def _of_another_day(name: str, day: str) -> bool:
    stem = name.rpartition("/")[2].partition(".")[0]
    try:
        datetime.fromisoformat(stem)
    except ValueError:
        return False
    return stem != day


def _request(text: bytes) -> dict[str, Any] | None:
    try:
        line = json.loads(text)
    except ValueError:
        return None
    fits = isinstance(line, dict) and line.get("event") == "request" and "Latency" in line and "_aws" in line
    return line if fits and line.get("route") in ROUTES else None


def _hour(line: Mapping[str, Any]) -> int:
    return datetime.fromtimestamp(line["_aws"]["Timestamp"] / 1000, UTC).hour


def _by_hour(hour: Any, mask: Any) -> list[int]:
    return [int(n) for n in np.bincount(hour[mask], minlength=24)]


def open_request_metrics(url: str | None) -> RequestMetrics:
    """The source at ``file:///folder``, ``s3://bucket/prefix`` or ``cloudwatch://namespace/function``; None: nothing
    is known of any day.

    Raises:
        UserError: the URL is none of these.
    """
    if url is None:
        return _Nothing()
    if url.startswith("cloudwatch://"):
        from agents.evidence.cloudwatch import CloudWatchMetrics

        namespace, _, function = url.removeprefix("cloudwatch://").partition("/")
        if not namespace or not function:
            raise UserError("not a source of metrics", where=repr(url), fix="Use cloudwatch://namespace/function.")
        return CloudWatchMetrics(namespace, function)
    return FolderMetrics(open_objects(url))


class _Nothing:
    def day(self, day: str) -> RequestDay:
        return RequestDay(day)


def hours_of(day: str) -> list[datetime]:
    """The 24 hours of a UTC day."""
    begin = datetime.fromisoformat(bounds(day)[0])
    return [begin + timedelta(hours=hour) for hour in range(24)]
