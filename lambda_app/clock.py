"""What time it is for a request."""

from __future__ import annotations

from understudy.clock import utc_now

__all__ = ["utc_now"]
