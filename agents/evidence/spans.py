"""Which entries of the audit log were written on one day, without reading the others.

An entry's time is authenticated, and within a writer's chain times do not go back. So the day's part of each chain is
found by bisection: about forty single reads a chain, whatever its length. With the cursor of an earlier day, chains
that have not grown since cost nothing, and in the others only what was added is looked through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple

from understudy.audit import Keyring
from understudy.audit.envelope import EnvelopeError, unpack
from understudy.audit.heads import read_head
from understudy.contracts.audit import AuditHead
from understudy.stores import ServingStore

__all__ = ["DaySpan", "bounds", "day_spans"]


class DaySpan(NamedTuple):
    """Entries ``first`` to ``last`` of one writer."""

    writer: str
    first: int
    last: int


def bounds(day: str) -> tuple[str, str]:
    """The first instant of the UTC day, and of the next one, as entries write them."""
    begin = datetime.combine(date.fromisoformat(day), datetime.min.time(), UTC)
    return _stamp(begin), _stamp(begin + timedelta(days=1))


def day_spans(
    store: ServingStore, keyring: Keyring, day: str, after: Mapping[str, int] | None = None
) -> tuple[list[DaySpan], dict[str, int]]:
    """The day's entries of every chain, by writer; and per writer the last entry before the next day.

    Args:
        store: The log.
        keyring: Verifies heads. A chain whose head was forged is read up to where it ends: what is wrong with it is
            for fsck to say.
        day: UTC day.
        after: Writer -> an entry before this day, as an earlier call returned it; what lies before is not looked at.
    """
    begin, end = bounds(day)
    spans, cursor = [], {}
    for writer, last in sorted(_lengths(store, keyring)):
        before = (after or {}).get(writer, 0)
        if last <= before:
            cursor[writer] = before
            continue
        stop = _first_at(store, writer, end, before + 1, last + 1)
        start = _first_at(store, writer, begin, before + 1, stop)
        cursor[writer] = stop - 1
        if start < stop:
            spans.append(DaySpan(writer, start, stop - 1))
    return spans, cursor


def _lengths(store: ServingStore, keyring: Keyring) -> Iterator[tuple[str, int]]:
    for raw, body in store.heads():
        writer = raw.decode("utf-8", "backslashreplace") if isinstance(raw, bytes) else str(raw)
        head = read_head(keyring, writer, body)
        if isinstance(head, AuditHead):
            yield writer, head.seq
        else:
            rows = store.chain(writer, 0)
            yield writer, max((row[1] for row in rows if isinstance(row[1], int)), default=0)


def _first_at(store: ServingStore, writer: str, instant: str, low: int, high: int) -> int:
    """The first of the entries [low, high) whose time is not before ``instant``; ``high`` if there is none."""
    while low < high:
        middle = (low + high) // 2
        at = _time(store, writer, middle, high)
        if at is None or at >= instant:
            high = middle
        else:
            low = middle + 1
    return low


def _time(store: ServingStore, writer: str, seq: int, high: int) -> str | None:
    """The time of the first readable entry in [seq, high); entries may be missing or damaged."""
    for place in range(seq, high):
        body = store.get_entry(writer, place)
        if body is not None:
            try:
                return unpack(body).at.decode()
            except EnvelopeError:
                continue
    return None


def _stamp(instant: datetime) -> str:
    return instant.isoformat(timespec="microseconds")
