"""``GET /v1/customers/{id}/recommendations/{request_id}``: what people decided about a request's recommendations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lambda_app.app import App
from lambda_app.changing import parsed, read_document
from lambda_app.circumstances import Circumstances, read_circumstances
from lambda_app.clock import utc_now
from lambda_app.http import HttpError, HttpRequest, answer
from lambda_app.recording import record_durably
from lambda_app.review_store import find_reviews
from lambda_app.suitability import risk_cap, unsuitable
from understudy.contracts.api import Recommendation
from understudy.contracts.oversight import Outcome, Outcomes, Review
from understudy.contracts.rights import DecisionRef
from understudy.stores.oversight import decision_key

__all__ = ["read_outcomes"]


def read_outcomes(app: App, http: HttpRequest, request_id: str, params: Mapping[str, str]) -> dict[str, Any]:
    """Each reviewed recommendation: its state, and itself where it may be passed on now."""
    del http
    customer_id, asked = params["customer_id"], params["request_id"]
    ref = parsed(DecisionRef, read_document(app, decision_key(customer_id, asked)))
    if ref is None:
        raise HttpError(404, "No decision about this customer has this id.")
    reviews = find_reviews(app, ref.reviews, utc_now())
    circumstances = read_circumstances(app, customer_id) if reviews else None
    outcomes = [_outcome(app, review, circumstances) for review in reviews if circumstances]
    record_durably(
        app,
        customer_id,
        "data_access",
        lambda name: {
            "operation": "read_outcomes",
            "request_id": request_id,
            "pseudonym": name,
            "asked": asked,
            "passed_on": [one.review_id for one in outcomes if one.recommendation is not None],
        },
    )
    return answer(200, Outcomes(request_id=asked, decided_at=ref.decided_at, outcomes=outcomes))


def _outcome(app: App, review: Review, circumstances: Circumstances) -> Outcome:
    """An approval of yesterday does not outweigh an objection of today."""
    passed = review.final if review.state in ("approved", "modified") else None
    if review.delivered and review.state in ("pending", "expired"):
        passed = review.recommendation
    refusal = _refusal(app, Recommendation.model_validate(passed), circumstances) if passed else None
    return Outcome(
        review_id=review.review_id,
        rank=review.recommendation["rank"],
        tier=review.tier,
        state=review.state,
        due=review.due,
        decided_at=review.decided_at,
        recommendation=Recommendation.model_validate(passed) if passed and refusal is None else None,
        refusal=refusal,
    )


def _refusal(app: App, recommendation: Recommendation, circumstances: Circumstances) -> str | None:
    """What has come up since the decision and forbids passing the recommendation on, or None."""
    context, limits = circumstances.context, circumstances.limits
    catalog = app.decider.bundle.catalog
    product = next((one for one in catalog.products if one.id == recommendation.product_id), None)
    if circumstances.read_error is not None or context.record is None:
        return "what holds for the customer now cannot be read"
    if context.opted_out or limits.restriction != "none":
        return "the customer has objected, or restricted processing, since"
    if limits.orders.stopped or product is None or limits.orders.products.get(product.id) == "disable":
        return limits.orders.stopped or "the product is no longer recommended"
    if product.id in context.record.profile.owned:
        return "owned"
    return unsuitable(product, risk_cap(context.record.profile, catalog.suitability))
