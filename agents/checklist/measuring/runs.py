"""The attempts at making the run directory, as the night sees them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from pydantic import ValidationError

from agents.checklist.night import Night
from agents.checklist.papers import MissingEvidenceError
from understudy.contracts.attempts import Attempt, Attempts

__all__ = ["ATTEMPTS", "Runs", "runs_of"]

ATTEMPTS = "attempts.json"
# An attempt without an end is still under way if it began this short a time ago.
LONGEST = timedelta(hours=24)


@dataclass(frozen=True)
class Runs:
    """``last``: of those that finished; ``before``: the one before it on other data; ``since``: attempts after that."""

    settled: list[Attempt]
    last: Attempt | None
    before: Attempt | None
    since: list[Attempt]


def runs_of(night: Night) -> Runs:
    """Read ``attempts.json``.

    Raises:
        MissingEvidenceError: it is not there, or holds no attempt that has ended.
    """
    try:
        attempts = Attempts.model_validate(night.papers.json(ATTEMPTS)).attempts
    except ValidationError as error:
        raise MissingEvidenceError(f"{ATTEMPTS} cannot be read: {error.error_count()} faults") from None
    settled = [attempt for attempt in attempts if not _under_way(attempt, night.day)]
    if not settled:
        raise MissingEvidenceError("no run has ended yet")
    finished = [index for index, attempt in enumerate(settled) if attempt.outcome == "finished"]
    last = settled[finished[-1]] if finished else None
    earlier = [i for i in finished if last is not None and settled[i].fingerprint != last.fingerprint]
    start = earlier[-1] + 1 if earlier else 0
    return Runs(settled, last, settled[earlier[-1]] if earlier else None, settled[start:])


def _under_way(attempt: Attempt, day: str) -> bool:
    end = datetime.fromisoformat(f"{day}T00:00:00+00:00") + timedelta(days=1)
    return attempt.outcome is None and end - datetime.fromisoformat(attempt.began) < LONGEST
