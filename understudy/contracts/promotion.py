"""Who became champion, why, and who answers for it."""

from __future__ import annotations

import datetime as dt
from typing import Literal

from pydantic import Field, model_validator

from understudy.contracts._model import Contract

__all__ = ["DIMENSIONS", "Champion", "Check", "Fria", "FriaDimension", "Outcome", "Promotion", "PromotionConfig"]

Outcome = Literal["approve", "reject", "bootstrap", "force", "rollback"]
DIMENSIONS = (
    "data_sensitivity",
    "automation_level",
    "scope_of_impact",
    "model_complexity",
    "external_dependency",
    "fairness_risk",
    "explainability_gap",
)


class FriaDimension(Contract):
    """One dimension of the assessment: 0 is no risk, 1 the greatest."""

    score: float = Field(ge=0, le=1)
    why: str = Field(min_length=10, description="what the score rests on")


class Fria(Contract):
    """Fundamental rights impact assessment (EU AI Act, article 27) of one use of the models, made by a person."""

    schema_version: Literal[1] = 1
    purpose: str = Field(min_length=10)
    assessor: str = Field(min_length=2)
    date: dt.date
    dimensions: dict[str, FriaDimension]

    @model_validator(mode="after")
    def _seven(self) -> Fria:
        if set(self.dimensions) != set(DIMENSIONS):
            raise ValueError(f"dimensions must be exactly {', '.join(DIMENSIONS)}")
        return self


class PromotionConfig(Contract):
    """Bounds of champion against challenger, and of the assessment."""

    least_gain: float = Field(default=0.005, ge=0, lt=1, description="relative gain of the mean primary metric")
    most_loss: float = Field(default=0.02, ge=0, lt=1, description="drop of any task's primary metric")
    bootstrap: int = Field(default=500, ge=100)
    confidence: float = Field(default=0.95, gt=0.5, lt=1)
    fria_unacceptable: float = Field(default=0.90, gt=0, le=1)
    fria_high: float = Field(default=0.70, gt=0, le=1)
    fria_days: int = Field(default=120, ge=1, description="an older assessment does not count")


class Check(Contract):
    """One condition of a promotion. What could not be checked is ``unknown``, and does not pass."""

    name: Literal["integrity", "gates", "fairness", "comparison", "fria", "sign_off"]
    status: Literal["pass", "fail", "unknown", "skipped"]
    reason: str
    figures: dict[str, float] = {}


class Promotion(Contract):
    """The payload of a ``model_promotion`` entry."""

    outcome: Outcome
    challenger: str
    champion: str | None
    operator: str | None
    reason: str
    checks: list[Check] = []
    fria: Fria | None = None
    registry: str


class Champion(Contract):
    """The pointer of a registry: the version that serves, and those that served before it, oldest first."""

    schema_version: Literal[1] = 1
    model_version: str
    history: list[str] = []
