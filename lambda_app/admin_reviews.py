"""``/v1/admin/reviews``: people look at what the model recommends, and decide about it once."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any, get_args

from lambda_app.app import App
from lambda_app.body import read_body
from lambda_app.clock import utc_now
from lambda_app.http import HttpError, HttpRequest, answer
from lambda_app.operators import authorised_operator
from lambda_app.recording import record_by_operator
from lambda_app.review_store import find_reviews, list_reviews, open_review
from understudy.contracts.api import FieldError, Recommendation
from understudy.contracts.oversight import Review, ReviewDecision, ReviewState
from understudy.stores import Change, ChangeConflictError, Delete, Put
from understudy.stores.oversight import DECISION_DAYS, closed_review_key, open_review_key

__all__ = ["decide_review", "read_review", "read_reviews"]

LARGEST_PAGE = 100
DECIDED = "Somebody has decided about this review."


def read_reviews(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """A page of the reviews in one state, earliest due first."""
    del params
    operator = authorised_operator(app, http, request_id)
    state, after, limit = _asked(http.query)
    page = list_reviews(app, state, after, limit, utc_now())
    seen = [review.review_id for review in page.reviews]
    payload = {"operation": "read_reviews", "request_id": request_id, "state": state, "reviews": seen}
    record_by_operator(app, "data_access", payload, operator)
    return answer(200, page)


def read_review(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """One review."""
    operator = authorised_operator(app, http, request_id)
    review_id = params["review_id"]
    found = find_reviews(app, [review_id], utc_now())
    if not found:
        raise HttpError(404, "No review has this id.")
    payload = {"operation": "read_review", "request_id": request_id, "review_id": review_id}
    record_by_operator(app, "data_access", payload, operator)
    return answer(200, found[0])


def decide_review(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """Let a recommendation pass, with its text or another one, or reject it; of two who decide at once, one does."""
    operator = authorised_operator(app, http, request_id)
    wanted = read_body(ReviewDecision, http)
    review_id = params["review_id"]
    found = open_review(app, review_id)
    now = utc_now()
    if found is None:
        known = find_reviews(app, [review_id], now)
        raise HttpError(409, DECIDED) if known else HttpError(404, "No review has this id.")
    review, version = found
    if datetime.fromisoformat(review.due) <= now:
        raise HttpError(409, "The time for this review has run out.")
    decided = review.model_copy(
        update={
            "state": wanted.decision,
            "final": _final(app, review, wanted),
            "decided_at": now.isoformat(timespec="milliseconds"),
            "operator": operator,
            "reason": wanted.reason,
        }
    )
    kept_until = int(now.timestamp()) + DECISION_DAYS * 86_400
    changes: list[Change] = [
        Delete(open_review_key(review_id), version),
        Put(closed_review_key(review_id), decided.model_dump_json(), 0, kept_until),
    ]
    payload = {
        "operation": "decide_review",
        "request_id": request_id,
        "review_id": review_id,
        "decision": wanted.decision,
        "reason": wanted.reason,
    }
    try:
        record_by_operator(app, "operation", payload, operator, changes)
    except ChangeConflictError:
        raise HttpError(409, DECIDED) from None
    return answer(200, decided)


def _final(app: App, review: Review, wanted: ReviewDecision) -> dict[str, Any] | None:
    """What may be passed on; a sentence that a person wrote goes through the same gate as any other."""
    if wanted.text is None:
        return review.recommendation if wanted.decision == "approved" else None
    recommendation = Recommendation.model_validate(review.recommendation)
    reworded = app.decider.reword(recommendation, wanted.text)
    if isinstance(reworded, list):
        against = f"rejected by the safety gate: {'; '.join(reworded)}"
        raise HttpError(400, "The body was refused.", errors=[FieldError(field="text", message=against)])
    return reworded.model_dump(mode="json")


def _asked(query: Mapping[str, str]) -> tuple[ReviewState, str, int]:
    state, after, limit = query.get("state", "pending"), query.get("after", ""), query.get("limit", "20")
    known: dict[str, ReviewState] = {one: one for one in get_args(ReviewState)}
    wrong = []
    if state not in known:
        wrong.append(FieldError(field="state", message=f"one of {', '.join(known)}"))
    if len(after) > 64 or not all(c.isascii() and (c.isalnum() or c == "-") for c in after):
        wrong.append(FieldError(field="after", message="not a cursor"))
    if not (limit.isascii() and limit.isdigit() and len(limit) <= 3 and 1 <= int(limit) <= LARGEST_PAGE):
        wrong.append(FieldError(field="limit", message=f"1 to {LARGEST_PAGE}"))
    if wrong:
        raise HttpError(400, "The query was refused.", errors=wrong)
    return known[state], after, int(limit)
