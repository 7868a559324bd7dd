"""What became of each attempt at making a run directory: the one record there that knows the clock."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from understudy.contracts._model import Contract, Sha256

__all__ = ["Attempt", "Attempts", "Outcome"]

Outcome = Literal["finished", "refused", "interrupted", "out_of_memory", "failed"]


class Attempt(Contract):
    """One start of the stages. Without an ``outcome`` it is still under way, or was killed without a word.

    ``rows`` counts the rows of each split, ``features`` the students' features, of the dataset with ``fingerprint``.
    """

    began: str = Field(description="ISO 8601, UTC")
    ended: str | None = None
    outcome: Outcome | None = None
    error: str = Field(default="", description="type and message of what ended it")
    oom_kills: int | None = Field(default=None, description="the kernel's counter of this machine when it began")
    fingerprint: Sha256 | None = None
    rows: dict[str, int] = {}
    features: int | None = Field(default=None, ge=0)
    model_version: str | None = None
    accepted: bool | None = None


class Attempts(Contract):
    """``attempts.json`` of a run directory, oldest first."""

    schema_version: Literal[1] = 1
    attempts: list[Attempt] = []
