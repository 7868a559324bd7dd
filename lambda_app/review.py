"""Which recommendations a person looks at, and what waits for them."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from understudy.contracts.api import Recommendation
from understudy.contracts.catalog import Product, ReviewPolicy, ReviewRule
from understudy.contracts.oversight import Review

__all__ = ["STAMP", "Assignment", "assign_tier", "queue"]

STAMP = "%Y%m%dT%H%M%SZ"
UNTOUCHED = "no rule"


@dataclass(frozen=True)
class Assignment:
    """Tier 1: delivered; 2: delivered, and a person looks at it; 3: withheld until a person decides. And whose rule."""

    tier: Literal[1, 2, 3]
    rule: str


def assign_tier(
    product: Product, score: float, age: float | None, min_score: float, policy: ReviewPolicy
) -> Assignment:
    """The highest tier of the policy's rules that hold; of rules with one tier the first speaks."""
    held = [rule for rule in policy.rules if _holds(rule, product, score, age, min_score)]
    if not held:
        return Assignment(1, UNTOUCHED)
    first = max(held, key=lambda rule: rule.tier)
    return Assignment(first.tier, first.name)


def _holds(rule: ReviewRule, product: Product, score: float, age: float | None, min_score: float) -> bool:
    return (
        (rule.types is None or product.type in rule.types)
        and (rule.products is None or product.id in rule.products)
        and (rule.min_risk is None or product.risk_level is None or product.risk_level >= rule.min_risk)
        and (rule.min_age is None or age is None or age >= rule.min_age)
        and (rule.within is None or score - min_score <= rule.within)
    )


def queue(
    recommendations: Sequence[Recommendation],
    assignments: Sequence[Assignment],
    policy: ReviewPolicy,
    *,
    customer_id: str,
    request_id: str,
    model_version: str,
    now: datetime,
) -> dict[int, Review]:
    """Rank -> the review that waits: tiers 2 and 3, and a sample of tier 1.

    A review's id begins with its due time, so that the ids of a queue are in the order in which they are due.
    """
    found = {}
    for recommendation, assignment in zip(recommendations, assignments, strict=True):
        rule = assignment.rule
        if assignment.tier == 1:
            if not _sampled(request_id, recommendation.rank, policy.sample_rate):
                continue
            rule = "sample"
        due = now + timedelta(hours=policy.hours[_TIERS[assignment.tier]])
        review_id = f"{due.strftime(STAMP)}-{request_id}-{recommendation.rank}"
        found[recommendation.rank] = Review(
            review_id=review_id,
            tier=assignment.tier,
            rule=rule,
            customer_id=customer_id,
            request_id=request_id,
            model_version=model_version,
            created=now.isoformat(timespec="milliseconds"),
            due=due.isoformat(timespec="seconds"),
            delivered=assignment.tier < 3,
            recommendation=recommendation.model_dump(mode="json"),
        )
    return found


_TIERS: dict[int, Literal["1", "2", "3"]] = {1: "1", 2: "2", 3: "3"}


def _sampled(request_id: str, rank: int, rate: float) -> bool:
    """Whether this one is in the sample: by a hash, so that anybody can check that nobody chose."""
    digest = hashlib.sha256(f"{request_id}:{rank}".encode()).digest()
    return int.from_bytes(digest[:8], "big") < rate * 2**64
