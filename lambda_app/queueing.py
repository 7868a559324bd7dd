"""What is written beside a decision's audit entry, in its transaction: where to find it again, and who looks at it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from lambda_app.decision import Decision
from lambda_app.review import queue
from understudy.contracts.api import Recommendation, RecommendationRequest, ReviewNotice
from understudy.contracts.catalog import ReviewPolicy
from understudy.contracts.oversight import Review
from understudy.contracts.rights import DecisionRef
from understudy.stores import Change, Put
from understudy.stores.oversight import DECISION_DAYS, OPEN_DAYS, decision_key, open_review_key

__all__ = ["Queued", "queued"]


@dataclass(frozen=True)
class Queued:
    """A decision's recommendations, parted by what may be told, and the reviews that were ordered (rank -> review)."""

    delivered: list[Recommendation]
    withheld: list[Recommendation]
    reviews: Mapping[int, Review]

    def notices(self) -> list[ReviewNotice]:
        """What the answer says about them."""
        return [
            ReviewNotice(
                rank=rank,
                review_id=review.review_id,
                tier=review.tier,
                withheld=not review.delivered,
                due=review.due,
            )
            for rank, review in self.reviews.items()
        ]

    def changes(
        self, request: RecommendationRequest, request_id: str, model_version: str, now: datetime
    ) -> list[Change]:
        """The documents to be written."""
        reviews = list(self.reviews.values())
        ref = DecisionRef(
            request_id=request_id,
            decided_at=now.isoformat(timespec="milliseconds"),
            model_version=model_version,
            reviews=[review.review_id for review in reviews],
        )
        place = decision_key(request.customer_id, request_id)
        kept: list[Change] = [Put(place, ref.model_dump_json(), 0, _until(now, days=DECISION_DAYS))]
        for review in reviews:
            due = datetime.fromisoformat(review.due)
            kept.append(
                Put(open_review_key(review.review_id), review.model_dump_json(), 0, _until(due, days=OPEN_DAYS))
            )
        return kept


def queued(
    decision: Decision,
    policy: ReviewPolicy,
    request: RecommendationRequest,
    request_id: str,
    model_version: str,
    now: datetime,
) -> Queued:
    """Order the reviews of ``decision``."""
    reviews = queue(
        decision.recommendations,
        decision.tiers,
        policy,
        customer_id=request.customer_id,
        request_id=request_id,
        model_version=model_version,
        now=now,
    )
    return Queued(
        delivered=[one for one in decision.recommendations if one.review_tier < 3],
        withheld=[one for one in decision.recommendations if one.review_tier == 3],
        reviews=reviews,
    )


def _until(start: datetime, *, days: int) -> int:
    return int((start + timedelta(days=days)).timestamp())
