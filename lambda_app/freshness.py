"""How old the data behind a record are, and what follows from it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from understudy.contracts.api import CustomerRecord

__all__ = ["Freshness", "freshness"]

# A record is dated in the bank's time zone, the function reads UTC; no zone is a whole day ahead.
AHEAD = timedelta(days=1)


@dataclass(frozen=True)
class Freshness:
    """What a record's date says.

    Attributes:
        days: Age in days; None if the date cannot be read.
        refused: Why the record may not be used at all ("" : it may).
        stale: Why the students may not read it ("" : they may).
    """

    days: int | None
    refused: str = ""
    stale: str = ""


def freshness(record: CustomerRecord, limit_days: int | None, now: datetime) -> Freshness:
    """Judge the date of ``record`` (``as_of``) against the bundle's limit; None: the bundle sets no limit.

    A record from the future is refused: either it or the clock is wrong, and neither can be the ground of a decision.
    One that is too old, or whose date cannot be read where a limit is set, is left to the rules.
    """
    try:
        as_of = _date(record.as_of)
    except ValueError:
        return Freshness(None, stale="" if limit_days is None else "the record is not dated")
    today = now.astimezone(UTC).date()
    if as_of > today + AHEAD:
        return Freshness((today - as_of).days, refused="the record is dated in the future")
    days = max(0, (today - as_of).days)
    if limit_days is not None and days > limit_days:
        return Freshness(days, stale=f"the record is {days} days old, the limit is {limit_days}")
    return Freshness(days)


def _date(as_of: str) -> date:
    """ISO 8601 date, or the UTC date of an ISO 8601 time.

    Raises:
        ValueError: it is neither.
    """
    at = datetime.fromisoformat(as_of)
    return (at.astimezone(UTC) if at.tzinfo else at).date()
