"""When to ask again, and how long to wait before."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

__all__ = ["Retries"]

# Too many requests, or nobody behind the gateway just now: the same request may succeed later.
TRANSIENT = frozenset({429, 502, 503, 504})


@dataclass(frozen=True)
class Retries:
    """Exponential backoff with full jitter, unless the answer says how long to wait (``Retry-After``).

    Attributes:
        attempts: How often a request is sent at most.
        first: Upper bound of the first wait, in seconds; it doubles each time.
        longest: Upper bound of any wait. An answer that asks for more is not waited for.
        sleep: Waits; replaced in tests.
    """

    attempts: int = 4
    first: float = 0.1
    longest: float = 10.0
    sleep: Callable[[float], None] = field(default=time.sleep, repr=False)

    def wait(self, attempt: int, status: int | None, retry_after: str | None) -> bool:
        """Wait before attempt ``attempt + 1`` (the first is 1); False: do not ask again.

        ``status`` is None if there was no answer. A conflict (409) is transient only if the answer says when to retry.
        """
        transient = status is None or status in TRANSIENT or (status == 409 and retry_after is not None)
        if not transient or attempt >= self.attempts:
            return False
        told = _seconds(retry_after)
        if told is not None and told > self.longest:
            return False
        # Jitter spreads clients that failed together; it has nothing to do with security.
        jitter = random.uniform(0, min(self.longest, self.first * 2 ** (attempt - 1)))
        self.sleep(jitter if told is None else told)
        return True


def _seconds(retry_after: str | None) -> float | None:
    """Seconds or an HTTP date (RFC 9110, section 10.2.3); None if there is none, or it is neither."""
    if retry_after is None:
        return None
    if retry_after.strip().isdecimal():
        return float(retry_after)
    try:
        at = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    zoned = at if at.tzinfo else at.replace(tzinfo=UTC)
    return max(0.0, (zoned - datetime.now(UTC)).total_seconds())
