"""``POST /v1/recommendations``: read, decide, record, answer, in that order."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from lambda_app.app import App
from lambda_app.body import read_body
from lambda_app.changing import overtaken
from lambda_app.circumstances import read_circumstances
from lambda_app.clock import utc_now
from lambda_app.decision import Decider, Decision
from lambda_app.freshness import Freshness, freshness
from lambda_app.given import given
from lambda_app.http import HttpError, HttpRequest, answer
from lambda_app.idempotency import IdempotencyKey, earlier_answer, idempotency_key
from lambda_app.logs import current, log
from lambda_app.metrics import observe
from lambda_app.queueing import Queued, queued
from lambda_app.recording import record_durably
from lambda_app.trail import personal_part, readable_part
from understudy.contracts.api import AuditRef, CustomerRecord, RecommendationRequest, RecommendationResponse
from understudy.stores import ChangeConflictError

__all__ = ["decide_for", "recommend"]

NO_RECORD = Freshness(None)


def recommend(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """Answer with ranked products and reasons, once the audit entry that rebuilds them is durable."""
    del params
    request = read_body(RecommendationRequest, http)
    found = decide_for(app, request, request_id, idempotency_key(app, http, request))
    repeated = {} if found.request_id == request_id else {"idempotency-replayed": "true"}
    return answer(200, found, headers=repeated)


def decide_for(
    app: App, request: RecommendationRequest, request_id: str, key: IdempotencyKey | None = None
) -> RecommendationResponse:
    """Decide for one customer; returns once the entry is durable. A repeated ``key`` gets its first answer.

    Raises:
        HttpError: 404 for a customer nobody knows; 409 if the customer, or the key, is being decided for elsewhere at
            this moment; 503 if nothing can be decided, or the entry may not be durable; as `earlier_answer` does.
    """
    decider = app.decider
    catalog, model_version = decider.bundle.catalog, decider.bundle.manifest.model_version
    circumstances = read_circumstances(app, request.customer_id, key.places if key else ())
    context = circumstances.context
    earlier = earlier_answer(app, key, context, request.customer_id) if key else None
    if earlier is not None:
        return earlier
    if context.record is None and circumstances.read_error is None:
        raise HttpError(404, "No customer has this id.")
    now = utc_now()
    fresh = _fresh(decider, context.record, now)
    record = None if fresh.refused else context.record
    unfit = fresh.refused or fresh.stale
    decision = decider.decide(
        request,
        record,
        opted_out=context.opted_out,
        contacts=context.contacts,
        now=now,
        unfit=unfit,
        limits=circumstances.limits,
    )
    parted = queued(decision, catalog.review, request, request_id, model_version, now)
    draft = _draft(decider, decision, parted, circumstances.notes, request, request_id, now, record)
    unseen = context.opted_out or context.restriction != "none"
    changes = parted.changes(request, request_id, model_version, now)
    try:
        entry = record_durably(
            app,
            request.customer_id,
            "model_inference",
            lambda name: readable_part(draft, pseudonym=name, opted_out=unseen, read_error=circumstances.read_error),
            lambda writer, seq: [*changes, key.claim(writer, seq, now)] if key else changes,
            personal=personal_part(
                draft,
                decision,
                parted,
                request,
                record,
                opted_out=unseen,
                contacts=len(context.contacts),
                given=given(unfit, context.contacts, circumstances.limits),
            ),
            key=context.key,
        )
    except ChangeConflictError:
        raise overtaken() from None
    observe(current(), decision)
    app.sentences.order([found.missing for found in decision.explained if found.missing is not None])
    return draft.model_copy(update={"audit": entry})


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
    parted: Queued,
    notes: list[str],
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
        recommendations=parted.delivered,
        reviews=parted.notices(),
        dropped=decision.ranking.dropped,
        tasks=decision.scoring.tasks,
        oversight=notes,
        features_missing=decision.scoring.missing,
        features_as_of=record.as_of if record else None,
        trace_id=current().trace_id,
        audit=AuditRef(writer="", seq=0, mac=""),
    )
