"""Where switches, reviews and the decisions that they belong to are kept, and for how long."""

from __future__ import annotations

from understudy.stores.documents import Key

__all__ = [
    "CLOSED",
    "DECISION",
    "DECISION_DAYS",
    "OPEN",
    "OPEN_DAYS",
    "SWITCHES",
    "closed_review_key",
    "decision_key",
    "open_review_key",
]

SWITCHES = Key("oversight", "kill-switches", "active")
# A review moves from one partition to the other when it is decided: who removes it from the first has decided it.
OPEN = "reviews-open"
CLOSED = "reviews-closed"
DECISION = "decision#"
# Rights and audit are kept seven years (2555 days); a review that nobody decided, for a quarter after its time.
DECISION_DAYS = 2555
OPEN_DAYS = 90


def open_review_key(review_id: str) -> Key:
    """Where a `Review` is until it is decided."""
    return Key("oversight", OPEN, review_id)


def closed_review_key(review_id: str) -> Key:
    """Where a `Review` is once it is decided."""
    return Key("oversight", CLOSED, review_id)


def decision_key(customer_id: str, request_id: str) -> Key:
    """Where the `DecisionRef` of one of the customer's requests is."""
    return Key("customers", customer_id, DECISION + request_id)
