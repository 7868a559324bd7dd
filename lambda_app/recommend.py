"""``POST /v1/recommendations``: read, decide, record, answer, in that order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lambda_app.app import App
from lambda_app.body import read_body
from lambda_app.decision import Decider, Decision
from lambda_app.http import HttpError, HttpRequest, answer
from lambda_app.logs import log
from lambda_app.recording import record_durably
from lambda_app.trail import decision_payload
from understudy.contracts.api import AuditRef, RecommendationRequest, RecommendationResponse
from understudy.stores import RequestContext

__all__ = ["recommend"]


def recommend(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """Answer with ranked products and reasons, once the audit entry that rebuilds them is durable."""
    del params
    decider = app.decider
    request = read_body(RecommendationRequest, http)
    context, read_error = _read(app, request.customer_id, decider.bundle.manifest.features.version)
    if context.record is None and read_error is None:
        raise HttpError(404, "No customer has this id.")
    now = datetime.now(UTC)
    decision = decider.decide(request, context.record, opted_out=context.opted_out, contacts=context.contacts, now=now)
    draft = _draft(decider, decision, request, request_id, now)
    entry = record_durably(
        app,
        request.customer_id,
        "model_inference",
        lambda name: decision_payload(
            draft.model_dump(mode="json", exclude={"audit"}),
            decision,
            request,
            context.record,
            pseudonym=name,
            opted_out=context.opted_out,
            read_error=read_error,
            contacts=len(context.contacts),
        ),
    )
    return answer(200, draft.model_copy(update={"audit": entry}))


def _read(app: App, customer_id: str, schema_version: str) -> tuple[RequestContext, str | None]:
    """The customer's context; if it cannot be read, one who has opted out, and the error's name."""
    try:
        context = app.backing.store.read_context(customer_id, schema_version)
        if context.record is None:  # perhaps there is one under another schema, for which the rules speak
            context = app.backing.store.read_context(customer_id)
    except Exception as error:
        # Whatever went wrong: consent to profiling was not read, and what is not read is not given.
        log("read_failed", error=type(error).__name__)
        return RequestContext(record=None, opted_out=True, contacts=[]), type(error).__name__
    return context, None


def _draft(
    decider: Decider, decision: Decision, request: RecommendationRequest, request_id: str, now: datetime
) -> RecommendationResponse:
    return RecommendationResponse(
        request_id=request_id,
        model_version=decider.bundle.manifest.model_version,
        generated_at=now.isoformat(timespec="milliseconds"),
        ai_disclosure=decider.bundle.templates.ai_marker[request.locale],
        recommendations=decision.recommendations,
        dropped=decision.ranking.dropped,
        tasks=decision.scoring.tasks,
        features_missing=decision.scoring.missing,
        audit=AuditRef(writer="", seq=0, mac=""),
    )
