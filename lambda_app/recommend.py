"""``POST /v1/recommendations``: read, decide, record, answer, in that order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from lambda_app.app import App
from lambda_app.body import read_body
from lambda_app.decision import Decider, Decision
from lambda_app.freshness import Freshness, freshness
from lambda_app.http import HttpError, HttpRequest, answer
from lambda_app.logs import current, log
from lambda_app.metrics import observe
from lambda_app.recording import record_durably
from lambda_app.trail import decision_payload
from understudy.contracts.api import AuditRef, CustomerRecord, RecommendationRequest, RecommendationResponse
from understudy.stores import RequestContext

__all__ = ["decide_for", "recommend"]

NO_RECORD = Freshness(None)


def recommend(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """Answer with ranked products and reasons, once the audit entry that rebuilds them is durable."""
    del params
    return answer(200, decide_for(app, read_body(RecommendationRequest, http), request_id))


def decide_for(app: App, request: RecommendationRequest, request_id: str) -> RecommendationResponse:
    """Decide for one customer; returns once the entry is durable.

    Raises:
        HttpError: 404 for a customer nobody knows; 503 if nothing can be decided, or the entry may not be durable.
    """
    decider = app.decider
    context, read_error = _read(app, request.customer_id, decider.bundle.manifest.features.version)
    if context.record is None and read_error is None:
        raise HttpError(404, "No customer has this id.")
    now = datetime.now(UTC)
    fresh = _fresh(decider, context.record, now)
    record = None if fresh.refused else context.record
    decision = decider.decide(
        request,
        record,
        opted_out=context.opted_out,
        contacts=context.contacts,
        now=now,
        unfit=fresh.refused or fresh.stale,
    )
    draft = _draft(decider, decision, request, request_id, now, record)
    entry = record_durably(
        app,
        request.customer_id,
        "model_inference",
        lambda name: decision_payload(
            draft.model_dump(mode="json", exclude={"audit"}),
            decision,
            request,
            record,
            pseudonym=name,
            opted_out=context.opted_out,
            read_error=read_error,
            contacts=len(context.contacts),
        ),
    )
    observe(current(), decision)
    return draft.model_copy(update={"audit": entry})


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


def _fresh(decider: Decider, record: CustomerRecord | None, now: datetime) -> Freshness:
    if record is None:
        return NO_RECORD
    found = freshness(record, decider.bundle.catalog.policy.max_record_age_days, now)
    if found.refused:
        log("record_refused", reason=found.refused)
    if found.days is not None:
        current().facts["record_age_days"] = found.days
    return found


def _draft(
    decider: Decider,
    decision: Decision,
    request: RecommendationRequest,
    request_id: str,
    now: datetime,
    record: CustomerRecord | None,
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
        features_as_of=record.as_of if record else None,
        trace_id=current().trace_id,
        audit=AuditRef(writer="", seq=0, mac=""),
    )
