"""A case: what a jury decided on one item of one period, and, later, how it turned out."""

from __future__ import annotations

import hashlib
from typing import Literal

from pydantic import Field

from understudy.atomic import canonical_json
from understudy.contracts._model import Contract
from understudy.contracts.rights import Timestamp
from understudy.contracts.watch import Evidence, JuryOutcome, Status

__all__ = ["Case", "TurnedOut"]


class Case(Contract):
    """One hearing, as it is kept for ever; `id` is made of its bytes."""

    period: str
    item: str
    title: str
    status: Status
    summary: str = Field(description="the finding in words; what the case is looked up by")
    value: float | None
    evidence: list[Evidence]
    outcome: JuryOutcome = Field(description="without the id of this case")
    made: Timestamp

    def body(self) -> bytes:
        """Canonical JSON."""
        return canonical_json(self.model_dump(mode="json"))

    @property
    def sha256(self) -> str:
        return hashlib.sha256(self.body()).hexdigest()

    @property
    def id(self) -> str:
        """The first 16 hex digits of the sha256 of its bytes."""
        return self.sha256[:16]


class TurnedOut(Contract):
    """What a case turned out to be, once somebody knows: what the right decision would have been."""

    case: str = Field(pattern=r"^[0-9a-f]{16}$")
    turned_out: Literal["PASS", "WARN", "FAIL"]
    note: str = Field(min_length=3, max_length=2000)
    operator: str = Field(min_length=2, max_length=200)
    at: Timestamp
