"""Every review tier, and every state that a review can come to, on the built zip over HTTP."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, get_args

import pytest
from packaged import OPERATOR, Served

from understudy.contracts.api import ReviewNotice
from understudy.contracts.oversight import Review, ReviewDecision, ReviewState
from understudy.stores import Put
from understudy.stores.oversight import open_review_key

REVIEWS = "/v1/admin/reviews"
TIERS: dict[int, tuple[str, set[str], bool]] = {
    # tier -> the rule that assigned it, a product of it, whether it is withheld
    1: ("sample", {"saver", "wallet", "index_fund"}, False),
    2: ("loan", {"home_loan"}, False),
    3: ("highest-risk", {"growth_fund"}, True),
}


def tiers_of(contract: Any) -> tuple[int, ...]:
    return get_args(contract.model_fields["tier"].annotation)


def bold(served: Served) -> tuple[Any, dict[int, Any]]:
    """An answer for the customer who may buy anything, and a notice of each tier."""
    answer = served.recommend("bold", top_k=10)
    return answer, {notice["tier"]: notice for notice in answer["reviews"]}


def outcome(served: Served, answer: Any, review_id: str) -> Any:
    found = served.good("GET", f"/v1/customers/bold/recommendations/{answer['request_id']}")
    return next(one for one in found["outcomes"] if one["review_id"] == review_id)


@pytest.mark.parametrize("tier", tiers_of(ReviewNotice))
def test_every_tier(served: Served, tier: int) -> None:
    rule, products, withheld = TIERS[tier]
    answer, notices = bold(served)
    notice = notices[tier]
    assert notice["withheld"] is withheld
    review = served.admin("GET", f"{REVIEWS}/{notice['review_id']}").body
    assert (review["tier"], review["rule"], review["state"]) == (tier, rule, "pending")
    assert review["recommendation"]["product_id"] in products
    delivered = {one["rank"]: one["product_id"] for one in answer["recommendations"]}
    assert (notice["rank"] in delivered) is not withheld
    passed_on = outcome(served, answer, notice["review_id"])["recommendation"]
    assert (passed_on is None) is withheld
    hours = datetime.fromisoformat(notice["due"]) - datetime.fromisoformat(answer["generated_at"])
    assert abs(hours - timedelta(hours={1: 168, 2: 24, 3: 72}[tier])) < timedelta(minutes=1)


def pending(served: Served, answer: Any, review_id: str) -> None:
    assert outcome(served, answer, review_id)["recommendation"] is None


def approved(served: Served, answer: Any, review_id: str) -> None:
    decide(served, review_id, "approved")
    found = outcome(served, answer, review_id)
    assert found["recommendation"]["product_id"] == "growth_fund"
    assert found["recommendation"]["reason"]["text"]


def rejected(served: Served, answer: Any, review_id: str) -> None:
    decide(served, review_id, "rejected")
    assert outcome(served, answer, review_id)["recommendation"] is None


def modified(served: Served, answer: Any, review_id: str) -> None:
    refused = served.admin("POST", f"{REVIEWS}/{review_id}/decision", body("modified", "Guaranteed returns, no risk."))
    assert (refused.status, refused.body["errors"][0]["field"]) == (400, "text")
    words = served.admin("GET", f"{REVIEWS}/{review_id}").body["recommendation"]["reason"]["text"]
    decide(served, review_id, "modified", words)
    assert outcome(served, answer, review_id)["recommendation"]["reason"]["note"] == "worded by a reviewer"


def expired(served: Served, answer: Any, review_id: str) -> None:
    """Its time has run out: the due time is set back in the store, past the function."""
    key = open_review_key(review_id)
    stored = served.store.read_documents([key])[key]
    review = Review.model_validate_json(stored.text)
    late = review.model_copy(update={"due": (datetime.now(UTC) - timedelta(minutes=1)).isoformat(timespec="seconds")})
    served.drill([Put(key, late.model_dump_json(), stored.version)])
    assert served.admin("POST", f"{REVIEWS}/{review_id}/decision", body("approved")).status == 409
    assert outcome(served, answer, review_id)["recommendation"] is None


STATES: dict[str, Callable[[Served, Any, str], None]] = {
    "pending": pending,
    "approved": approved,
    "rejected": rejected,
    "modified": modified,
    "expired": expired,
}


def body(decision: str, text: str | None = None) -> dict[str, Any]:
    return {"decision": decision, "reason": "looked at the file"} | ({} if text is None else {"text": text})


def decide(served: Served, review_id: str, decision: str, text: str | None = None) -> None:
    found = served.admin("POST", f"{REVIEWS}/{review_id}/decision", body(decision, text))
    assert (found.status, found.body["state"], found.body["operator"]) == (200, decision, OPERATOR)
    again = served.admin("POST", f"{REVIEWS}/{review_id}/decision", body("approved"))
    assert again.status == 409
    assert served.entries("decide_review")[-1]["decision"] == decision


@pytest.mark.parametrize("state", get_args(ReviewState))
def test_every_state_of_what_is_withheld(served: Served, state: str) -> None:
    answer, notices = bold(served)
    review_id = notices[3]["review_id"]
    assert "growth_fund" not in json.dumps(answer["recommendations"])
    STATES[state](served, answer, review_id)
    assert outcome(served, answer, review_id)["state"] == state
    assert served.admin("GET", f"{REVIEWS}/{review_id}").body["state"] == state


@pytest.mark.parametrize("state", sorted(set(get_args(ReviewState)) - {"expired"}))
def test_the_queue_lists_every_state(served: Served, state: str) -> None:
    answer, notices = bold(served)
    STATES[state](served, answer, notices[3]["review_id"])
    listed = served.admin("GET", REVIEWS, state=state, limit="100").body["reviews"]
    assert notices[3]["review_id"] in {review["review_id"] for review in listed}
    assert {review["state"] for review in listed} == {state}


def test_there_is_no_other_tier_and_no_other_decision() -> None:
    assert set(TIERS) == set(tiers_of(ReviewNotice))
    decisions = set(get_args(ReviewDecision.model_fields["decision"].annotation))
    assert decisions == set(STATES) - {"pending", "expired"}
