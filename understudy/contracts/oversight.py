"""How people stop, watch and overrule the function: kill switches and reviews."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from understudy.contracts._model import Contract
from understudy.contracts.api import Recommendation
from understudy.contracts.rights import Reasoned

__all__ = [
    "KillSwitch",
    "KillSwitchRequest",
    "KillSwitches",
    "Outcome",
    "Outcomes",
    "Review",
    "ReviewDecision",
    "ReviewPage",
    "ReviewState",
    "Scope",
    "Strategy",
]

Scope = Literal["global", "task", "product", "model"]
Strategy = Literal["rules", "previous", "disable"]
Target = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:-]{1,128}$")]


class _Switch(Contract):
    scope: Scope
    target: Target | None = Field(default=None, description="task, product or model version; none for the global scope")
    strategy: Strategy
    reason: Reasoned

    @model_validator(mode="after")
    def _target_fits_scope(self) -> _Switch:
        if (self.scope == "global") != (self.target is None):
            raise ValueError("the global scope has no target, and every other scope has one")
        return self


class KillSwitchRequest(_Switch):
    """Body of ``PUT /v1/admin/kill-switch``.

    Strategies: ``rules`` (no model speaks), ``previous`` (the previous champion speaks; rules where there is none),
    ``disable`` (nothing that depends on it is recommended).
    """


class KillSwitch(_Switch):
    """A switch in force; who set it is what the authoriser said, not the body."""

    operator: str
    since: str

    @property
    def name(self) -> str:
        """``global``, or ``scope:target``."""
        return self.scope if self.target is None else f"{self.scope}:{self.target}"


class KillSwitches(Contract):
    """The switches in force: the document that every request reads, and the body of the answers."""

    switches: list[KillSwitch] = []


ReviewState = Literal["pending", "approved", "rejected", "modified", "expired"]


class Review(Contract):
    """One recommendation that a person looks at.

    ``due`` is when its time runs out; a pending review whose time has run out is expired. ``delivered`` says whether
    the answer already held the recommendation (tiers 1 and 2) or withheld it (tier 3). ``final`` is the recommendation
    that the person let pass (approved or modified).
    """

    review_id: str
    state: ReviewState = "pending"
    tier: Literal[1, 2, 3]
    rule: str = Field(description="the rule that assigned the tier")
    customer_id: str
    request_id: str
    model_version: str
    created: str
    due: str
    delivered: bool
    recommendation: dict[str, Any]
    final: dict[str, Any] | None = None
    decided_at: str | None = None
    operator: str | None = None
    reason: str | None = None


class ReviewDecision(Contract):
    """Body of ``POST /v1/admin/reviews/{review_id}/decision``.

    ``modified`` delivers the recommendation with another sentence, ``text``, which the Safety Gate checks like any.
    """

    decision: Literal["approved", "rejected", "modified"]
    reason: Reasoned
    text: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=2000)] | None = None

    @model_validator(mode="after")
    def _text_if_modified(self) -> ReviewDecision:
        if (self.decision == "modified") != (self.text is not None):
            raise ValueError("a modified recommendation has a text, and no other has one")
        return self


class Outcome(Contract):
    """What became of one recommendation that people looked at.

    ``recommendation`` is there where it may be passed on: approved, modified, or of a tier that does not wait.
    ``refusal`` says what has come up since and forbids it.
    """

    review_id: str
    rank: int
    tier: Literal[1, 2, 3]
    state: ReviewState
    due: str
    decided_at: str | None
    recommendation: Recommendation | None
    refusal: str | None = None


class Outcomes(Contract):
    """Body of ``GET /v1/customers/{id}/recommendations/{request_id}``."""

    request_id: str
    decided_at: str
    outcomes: list[Outcome]


class ReviewPage(Contract):
    """Body of ``GET /v1/admin/reviews``: earliest due first; ``next`` is the cursor of the next page."""

    reviews: list[Review]
    next: str | None = None
