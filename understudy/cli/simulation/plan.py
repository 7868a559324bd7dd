"""What happens in a simulated month, and what must be reported of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from understudy.contracts.api import CustomerRecord
from understudy.contracts.watch import Severity

__all__ = ["Bank", "Event", "Plan"]


@dataclass(frozen=True)
class Event:
    """Something that goes wrong on day ``day`` (from 1), and the finding by which it must be known.

    ``severities``: those that count as right. ``red``: whether the finding makes its day red. ``follow``: findings that
    the event brings about later.
    """

    name: str
    day: int
    finding: str
    severities: frozenset[Severity]
    red: bool = True
    follow: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Plan:
    """Days are UTC and numbered from 1; each ends with a night in which the agents run."""

    days: int = 30
    requests: int = 750
    seed: int = 7
    first: date = date(2026, 6, 1)
    drift: int = 12
    unfair: int = 18
    tampered: int = 21
    outage: int = 25
    sentences: int = 8  # jobs that the sentence worker does each day
    events: list[Event] = field(init=False)

    def __post_init__(self) -> None:
        everything = [
            Event("customers drift", self.drift, "drift", frozenset({"major"}), follow=frozenset({"retrain"})),
            Event("a group loses its offers", self.unfair, "fairness", frozenset({"major", "critical"})),
            Event("an audit entry is altered", self.tampered, "audit_chain", frozenset({"critical"})),
            Event("the language model is gone", self.outage, "language-model-outage", frozenset({"minor"}), red=False),
        ]
        object.__setattr__(self, "events", [event for event in everything if event.day <= self.days])

    def date_of(self, day: int) -> str:
        """The date of a day."""
        return (self.first + timedelta(days=day - 1)).isoformat()


@dataclass(frozen=True)
class Bank:
    """Who is served, and by what.

    Attributes:
        archive: The bundle that is promoted at the beginning of the first day.
        run: The run directory that made it; None: it is not known, and what rests on it stays unknown.
        records: One per customer.
        drifting: Numeric features that are multiplied by ``factor`` from the day of the drift on.
        loses: Whether a customer belongs to the group whose risk class is no longer delivered from that day on.
    """

    archive: Path
    run: Path | None
    records: list[CustomerRecord]
    drifting: list[str]
    loses: Callable[[CustomerRecord], bool]
    factor: float = 2.5
