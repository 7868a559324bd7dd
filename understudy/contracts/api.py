"""Requests and responses of the HTTP API, version 1, and problem details (RFC 9457)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from understudy.contracts._model import Contract, Locale, Name, Text
from understudy.contracts.gates import Layer
from understudy.contracts.reasons import Reason
from understudy.contracts.rights import Channel

__all__ = [
    "MAX_BATCH",
    "AuditRef",
    "BatchItem",
    "BatchRequest",
    "BatchResponse",
    "CustomerId",
    "CustomerProfile",
    "CustomerRecord",
    "Dropped",
    "ExpertShare",
    "Explanation",
    "FieldError",
    "Health",
    "Preferences",
    "Problem",
    "Recommendation",
    "RecommendationRequest",
    "RecommendationResponse",
    "ReviewNotice",
    "TaskScore",
]

# So many decisions and their entries fit well into a Lambda function's time, and their answers into its 6 MB.
MAX_BATCH = 100

# Printable, no control characters: an identifier is echoed into logs and keys.
CustomerId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._:@-]{1,64}$")]


class RecommendationRequest(Contract):
    """Body of ``POST /v1/recommendations``."""

    customer_id: CustomerId
    top_k: int | None = Field(default=None, ge=1, le=10, strict=True)
    locale: Locale = "ko"
    channel: Channel = Field(default="branch", description="how the customer will be told; it needs their consent")


class CustomerProfile(Contract):
    """What suitability needs. None means unknown, and unknown blocks what it could forbid."""

    age: float | None = Field(default=None, ge=0, le=130)
    income_krw: float | None = Field(default=None, ge=0)
    risk_tolerance: int | None = Field(default=None, ge=1, le=5)
    owned: list[Name] = []


class CustomerRecord(Contract):
    """The online feature record of one customer: plain and structural features, and the profile."""

    customer_id: CustomerId
    schema_version: str = Field(description="`FeatureSchema.version` that the features were computed under")
    as_of: str = Field(description="ISO 8601 date of the data behind the features")
    features: dict[str, float | int | str | None]
    profile: CustomerProfile


class TaskScore(Contract):
    """One task's score and the layer that spoke; every step down says why."""

    layer: Layer | Literal["person"] = Field(
        description="`person`: nobody knew the customer; the value is the rate of everybody, and a person decides"
    )
    value: float | None = Field(description="calibrated probability (binary) or mean (regression)")
    classes: dict[str, float] | None = Field(default=None, description="calibrated class probabilities (multiclass)")
    steps: list[str] = Field(default=[], description="why better layers did not speak, best layer first")


class Recommendation(Contract):
    """One recommended product."""

    rank: int = Field(ge=1)
    product_id: Name
    name: str
    family: Name
    score: float = Field(ge=0, le=1, description="weighted mean of the product's driver scores")
    drivers: dict[str, float] = Field(description="task (or task:class) -> its score, weights as in the catalog")
    reason: Reason
    review_tier: Literal[1, 2, 3]


class ReviewNotice(Contract):
    """A recommendation that a person looks at.

    ``withheld`` (tier 3): it is not among the recommendations, and nobody may pass it on before a person lets it pass.
    """

    rank: int = Field(ge=1)
    review_id: str
    tier: Literal[1, 2, 3]
    withheld: bool
    due: str = Field(description="when it expires, if nobody has decided by then")


class Dropped(Contract):
    """A product that was not recommended, and why."""

    product_id: Name
    reason: str


class AuditRef(Contract):
    """Where the durable record of this answer stands."""

    writer: str
    seq: int
    mac: str


class RecommendationResponse(Contract):
    """Body of the 200 answer."""

    request_id: str
    model_version: str
    generated_at: str
    ai_disclosure: str
    recommendations: list[Recommendation]
    reviews: list[ReviewNotice] = []
    dropped: list[Dropped]
    tasks: dict[Name, TaskScore]
    oversight: list[str] = Field(default=[], description="what switches and the customer's rights changed")
    features_missing: list[str]
    features_as_of: str | None = Field(
        default=None, description="date of the data behind the features; null: no record"
    )
    trace_id: str | None = Field(default=None, description="the trace that the request belongs to (W3C, 32 hex digits)")
    audit: AuditRef


class BatchRequest(Contract):
    """Body of ``POST /v1/recommendations/batch``."""

    items: list[RecommendationRequest] = Field(min_length=1, max_length=MAX_BATCH)


class Preferences(Contract):
    """Body of ``PUT`` and ``GET /v1/customers/{id}/preferences``."""

    opted_out: bool = Field(strict=True, description="objection to automated profiling: only rules speak from now on")


class ExpertShare(Contract):
    """How much the teacher listened to one of its named experts for a task: a mean gate weight, over all customers."""

    expert: str
    title: Text
    share: float = Field(ge=0, le=1)


class Explanation(Contract):
    """Body of ``GET /v1/customers/{id}/explanations/{request_id}``: the decision as the audit log has it."""

    request_id: str
    model_version: str
    decided_at: str
    opted_out: bool
    features: dict[str, float | int | str | None] = Field(description="what was known; empty if opted out")
    recommendations: list[Recommendation]
    dropped: list[Dropped]
    tasks: dict[Name, TaskScore]
    teacher: dict[Name, list[ExpertShare]] = Field(
        default={}, description="task that ranked a product -> what the distilled student's teacher went by"
    )
    audit: AuditRef


class Health(Contract):
    """Body of ``GET /v1/health``."""

    status: Literal["ok", "degraded"]
    model_version: str | None
    layers: dict[Name, Layer]
    problems: list[str]


class FieldError(Contract):
    """The offending field of a request; the value itself is never echoed."""

    field: str
    message: str


class Problem(Contract):
    """``application/problem+json`` (RFC 9457)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    request_id: str
    errors: list[FieldError] = []


class BatchItem(Contract):
    """The outcome for one item of a batch: an answer, or a problem."""

    status: int = Field(description="as the single route would have answered; 503 and `processed` false: no time left")
    processed: bool = Field(description="false: nothing was decided; ask for this item again")
    answer: RecommendationResponse | None = None
    problem: Problem | None = None


class BatchResponse(Contract):
    """Body of the answer to a batch: one item for each of the request's, in their order."""

    request_id: str
    answered: int
    failed: int
    unprocessed: int
    items: list[BatchItem]
