"""Identifiers, literals and dates as SQL text."""

from __future__ import annotations

import calendar
import datetime as dt

__all__ = ["literal", "months_before", "quote"]


def quote(name: str) -> str:
    """Quote an identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str | dt.date) -> str:
    """A text or a date as a literal."""
    if isinstance(value, dt.date):
        return f"DATE '{value.isoformat()}'"
    return "'" + value.replace("'", "''") + "'"


def months_before(day: dt.date, months: int) -> dt.date:
    """The same day so many calendar months earlier, or that month's last day."""
    month = day.year * 12 + day.month - 1 - months
    year, month = divmod(month, 12)
    return dt.date(year, month + 1, min(day.day, calendar.monthrange(year, month + 1)[1]))
