"""What the audit log keeps of a decision: enough to rebuild it, and nothing readable about the customer."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_app.decision import Decision
from lambda_app.queueing import Queued
from understudy.contracts.api import CustomerRecord, RecommendationRequest, RecommendationResponse

__all__ = ["personal_part", "readable_part"]


def readable_part(
    draft: RecommendationResponse, *, pseudonym: str, opted_out: bool, read_error: str | None
) -> dict[str, Any]:
    """What of a ``model_inference`` entry stays readable as long as the log is kept.

    It says which model and which layers decided, whether the objection was heeded, and whose decision it was only to
    those who hold the keyring.
    """
    return {
        "request_id": draft.request_id,
        "pseudonym": pseudonym,
        "model_version": draft.model_version,
        "opted_out": opted_out,
        "read_error": read_error,
        "layers": {name: score.layer for name, score in draft.tasks.items()},
    }


def personal_part(
    draft: RecommendationResponse,
    decision: Decision,
    parted: Queued,
    request: RecommendationRequest,
    record: CustomerRecord | None,
    *,
    opted_out: bool,
    contacts: int,
    given: Mapping[str, Any],
) -> dict[str, Any]:
    """What of the entry is sealed under the customer's key; models in it are encoded once, where they are sealed.

    ``answer`` is the response as it is sent (but for the reference to this entry). Beside it stand the inputs (the
    features, from which the schema of ``model_version`` makes the students' vector, the profile, the request's
    options) and the intermediate results (the eligible products beyond the first K, the risk cap, each text that was
    judged with its verdict, the teacher's gates behind the students that spoke), what is withheld until a person
    decides, and the reviews that were ordered. ``given`` (see `lambda_app.given`) is kept where there is something.
    """
    return {
        "request": {name: value for name, value in request if name != "customer_id"},
        "record": _record(record, opted_out=opted_out),
        "contacts": contacts,
        "risk_cap": {"level": decision.cap.level, "rule": decision.cap.rule},
        "ranking": [
            {"product_id": c.product.id, "score": c.score, "drivers": c.drivers} for c in decision.ranking.eligible
        ],
        "judged": [
            {
                "product_id": recommendation.product_id,
                "texts": [{"reason": reason, "verdict": verdict} for reason, verdict in explained.judged],
            }
            for recommendation, explained in zip(decision.recommendations, decision.explained, strict=True)
        ],
        "teacher": decision.teacher,
        "withheld": parted.withheld,
        "review_rules": {review.review_id: review.rule for review in parted.reviews.values()},
        "answer": {name: value for name, value in draft if name != "audit"},
        **({"given": given} if given else {}),
    }


def _record(record: CustomerRecord | None, *, opted_out: bool) -> dict[str, Any] | None:
    if record is None:
        return None
    return {
        "schema_version": record.schema_version,
        "as_of": record.as_of,
        # Of a customer who has opted out, only what the legal caps needed.
        "features": None if opted_out else record.features,
        "profile": record.profile,
    }
