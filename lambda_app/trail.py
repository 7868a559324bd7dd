"""What the audit log keeps of a decision: enough to rebuild it, and no name of the customer."""

from __future__ import annotations

from typing import Any

from lambda_app.decision import Decision
from understudy.contracts.api import CustomerRecord, RecommendationRequest

__all__ = ["decision_payload"]


def decision_payload(
    answer: dict[str, Any],
    decision: Decision,
    request: RecommendationRequest,
    record: CustomerRecord | None,
    *,
    pseudonym: str,
    opted_out: bool,
    read_error: str | None,
    contacts: int,
) -> dict[str, Any]:
    """Payload of a ``model_inference`` entry.

    ``answer`` is the response as it is sent (but for the reference to this entry). Beside it stand the inputs (the
    features, from which the schema of ``model_version`` makes the students' vector, the profile, the request's
    options) and the intermediate results (the eligible products beyond the first K, the risk cap, each text that was
    judged with its verdict).
    """
    return {
        "request_id": answer["request_id"],
        "pseudonym": pseudonym,
        "model_version": answer["model_version"],
        "request": request.model_dump(mode="json", exclude={"customer_id"}),
        "opted_out": opted_out,
        "read_error": read_error,
        "record": _record(record, opted_out=opted_out),
        "contacts": contacts,
        "risk_cap": {"level": decision.cap.level, "rule": decision.cap.rule},
        "ranking": [
            {"product_id": c.product.id, "score": c.score, "drivers": c.drivers} for c in decision.ranking.eligible
        ],
        "judged": [
            {
                "product_id": recommendation.product_id,
                "texts": [
                    {"reason": reason.model_dump(mode="json"), "verdict": verdict.model_dump(mode="json")}
                    for reason, verdict in explained.judged
                ],
            }
            for recommendation, explained in zip(decision.recommendations, decision.explained, strict=True)
        ],
        "answer": answer,
    }


def _record(record: CustomerRecord | None, *, opted_out: bool) -> dict[str, Any] | None:
    if record is None:
        return None
    return {
        "schema_version": record.schema_version,
        "as_of": record.as_of,
        # Of a customer who has opted out, only what the legal caps needed.
        "features": None if opted_out else record.features,
        "profile": record.profile.model_dump(mode="json"),
    }
