"""What a juror is asked for, and which answers do not count."""

from __future__ import annotations

from collections.abc import Collection
from typing import Literal

from pydantic import Field

from understudy.contracts._model import Contract
from understudy.contracts.watch import Perspective, Vote

__all__ = ["Ballot", "counted"]

LONGEST = 1200


class Ballot(Contract):
    """The answer of one juror."""

    vote: Literal["PASS", "WARN", "FAIL"]
    reason: str = Field(min_length=10, max_length=LONGEST)
    evidence: list[str] = Field(min_length=1, max_length=12, description="ids of exhibits and cases, as shown")


def counted(ballot: Ballot, perspective: Perspective, juror: str, shown: Collection[str]) -> Vote:
    """The vote of ``ballot``; none if it rests on something that was not ``shown``: then nobody knows on what."""
    invented = sorted(set(ballot.evidence) - set(shown))
    if invented:
        error = f"cites_unshown: {', '.join(one[:20] for one in invented[:5])}"
        return Vote(perspective=perspective, vote=None, reason=ballot.reason, juror=juror, error=error)
    cites = sorted(set(ballot.evidence))
    return Vote(perspective=perspective, vote=ballot.vote, reason=ballot.reason, juror=juror, cites=cites)
