"""``POST /v1/recommendations/batch``: the same decision for several customers, each with its own outcome and entry."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from lambda_app.app import App
from lambda_app.body import read_body
from lambda_app.deadline import current_deadline
from lambda_app.defects import as_problem
from lambda_app.http import HttpError, HttpRequest, answer, problem_of
from lambda_app.idempotency import IdempotencyKey, idempotency_key
from lambda_app.logs import current
from lambda_app.recommend import decide_for
from understudy.contracts.api import BatchItem, BatchRequest, BatchResponse, RecommendationRequest

__all__ = ["recommend_batch"]

# What the slowest item of a healthy function takes, with its read and its write, and then some: an item is begun only
# if it can be expected to end in time.
ITEM_SECONDS = 0.5
NO_TIME = HttpError(503, "No time was left; nothing was decided for this item.")


def recommend_batch(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """Decide for the items in their order while time lasts; 200 whatever became of the single items.

    A repeated batch gets the answers that it has been given, and decisions on the items that were left.

    One at a time, because the entries of one environment form one chain, and scoring keeps its processor busy anyway.
    """
    del params
    _ = app.decider  # a refused bundle fails the batch, not each item
    request = read_body(BatchRequest, http)
    key = idempotency_key(app, http, request)
    items = [_outcome(app, item, key.item(place) if key else None) for place, item in enumerate(request.items)]
    body = BatchResponse(
        request_id=request_id,
        answered=sum(item.answer is not None for item in items),
        failed=sum(item.processed and item.answer is None for item in items),
        unprocessed=sum(not item.processed for item in items),
        items=items,
    )
    current().counts["Unprocessed"] += body.unprocessed
    return answer(200, body)


def _outcome(app: App, item: RecommendationRequest, key: IdempotencyKey | None) -> BatchItem:
    item_id = str(uuid.uuid4())
    if current_deadline().left() < ITEM_SECONDS:
        return BatchItem(status=503, processed=False, problem=problem_of(NO_TIME, item_id))
    try:
        return BatchItem(status=200, processed=True, answer=decide_for(app, item, item_id, key))
    except Exception as error:  # also a defect costs this item only: the others may have their entries already
        problem = as_problem(error)
        if problem.status == 422:
            raise problem from None  # the key was used with another batch
        return BatchItem(status=problem.status, processed=True, problem=problem_of(problem, item_id))
