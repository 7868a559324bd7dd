"""What a queue promises, whichever service stands behind it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

__all__ = ["MAX_DELIVERIES", "VISIBILITY_SECONDS", "JobQueue", "QueueError", "Received"]

# A job that was delivered so often and never done is set aside (SQS: the dead-letter queue of the deployment).
MAX_DELIVERIES = 5
# How long a delivered job stays hidden from other workers.
VISIBILITY_SECONDS = 120.0


class QueueError(Exception):
    """The queue could not take or give jobs."""


@dataclass(frozen=True)
class Received:
    """A delivered job: its body, and the receipt by which it is done away with."""

    body: str
    receipt: str


class JobQueue(Protocol):
    """At least once, in any order. Every method raises `QueueError` if the service cannot answer."""

    def send(self, bodies: Sequence[str]) -> None:
        """Add jobs."""

    def receive(self, limit: int = 10) -> list[Received]:
        """At most ``limit`` jobs, hidden from others for `VISIBILITY_SECONDS`."""

    def done(self, received: Sequence[Received]) -> None:
        """Remove jobs that were done; a job that is not removed comes back."""

    def close(self) -> None:
        """Release the connection."""
