"""What the scheduled agents are told beyond where their evidence is."""

from __future__ import annotations

import os
from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

from understudy.clock import utc_now
from understudy.errors import UserError

__all__ = ["asked_day", "thresholds"]


def asked_day(event: Any) -> str:
    """The day that ``event`` names (``{"day": "2026-11-21"}``), else the last one that has ended.

    Raises:
        UserError: it names no day, or one that has not ended.
    """
    today = utc_now().date()
    named = event.get("day") if isinstance(event, Mapping) else None
    if named is None:
        return (today - timedelta(days=1)).isoformat()
    try:
        day = date.fromisoformat(str(named))
    except ValueError:
        raise UserError("not a day", where=repr(named), fix="Use YYYY-MM-DD.") from None
    if day >= today:
        raise UserError(f"{day} has not ended yet", fix="Ask for an earlier day.")
    return day.isoformat()


def thresholds() -> str | None:
    """``UNDERSTUDY_CHECKLIST``: TOML of thresholds that differ from the shipped ones; None: they do not."""
    return os.environ.get("UNDERSTUDY_CHECKLIST") or None
