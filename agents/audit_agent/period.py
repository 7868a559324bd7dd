"""What stretch of time an audit is about."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Literal

__all__ = ["Kind", "Period", "ended_before"]

Kind = Literal["weekly", "quarterly"]


@dataclass(frozen=True)
class Period:
    """UTC days ``first`` to ``last``, both included: seven of them, or the calendar quarter up to ``last``."""

    kind: Kind
    last: str

    @property
    def first(self) -> str:
        end = date.fromisoformat(self.last)
        if self.kind == "weekly":
            return (end - timedelta(days=6)).isoformat()
        return end.replace(month=3 * ((end.month - 1) // 3) + 1, day=1).isoformat()

    @property
    def days(self) -> list[str]:
        begin, end = date.fromisoformat(self.first), date.fromisoformat(self.last)
        return [(begin + timedelta(days=n)).isoformat() for n in range((end - begin).days + 1)]

    @property
    def name(self) -> str:
        """The period as measurements name it: ``2026-11-16..2026-11-22``."""
        return f"{self.first}..{self.last}"

    @property
    def report(self) -> str:
        """Where its report is kept, without the ending: ``audit/weekly/2026-11-22``."""
        return f"audit/{self.kind}/{self.last}"


def ended_before(kind: Kind, now: datetime) -> Period:
    """The last whole period before ``now`` (UTC): the week to Sunday, or the quarter to its last day."""
    if kind == "weekly":
        yesterday = now.date() - timedelta(days=1)
        return Period(kind, (yesterday - timedelta(days=(yesterday.weekday() + 1) % 7)).isoformat())
    begin = now.date().replace(month=3 * ((now.month - 1) // 3) + 1, day=1)
    return Period(kind, (begin - timedelta(days=1)).isoformat())
