"""What time it is; the one place that a test or a drill can turn."""

from __future__ import annotations

from datetime import UTC, datetime

__all__ = ["utc_now"]


def utc_now() -> datetime:
    """Now, in UTC."""
    return datetime.now(UTC)
