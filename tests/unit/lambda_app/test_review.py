"""Who is looked at by a person."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
import tiny_bundle
from pydantic import ValidationError

from lambda_app.review import Assignment, assign_tier, queue
from understudy.contracts.api import Recommendation
from understudy.contracts.catalog import Product, ReviewPolicy
from understudy.contracts.reasons import Reason

POLICY = ReviewPolicy()
NOW = datetime(2026, 11, 21, 3, 4, 5, tzinfo=UTC)


def product(product_id: str) -> Product:
    return next(p for p in tiny_bundle.catalog().products if p.id == product_id)


@pytest.mark.parametrize(
    ("product_id", "score", "tier", "rule"),
    [
        ("saver", 0.9, 1, "no rule"),
        ("saver", 0.16, 1, "no rule"),
        ("saver", 0.149, 2, "near-threshold"),
        ("home_loan", 0.9, 2, "loan"),
        ("index_fund", 0.9, 1, "no rule"),
        ("growth_fund", 0.9, 3, "highest-risk"),
        ("mystery_fund", 0.9, 3, "highest-risk"),
    ],
)
def test_the_default_rules(product_id: str, score: float, tier: int, rule: str) -> None:
    assert assign_tier(product(product_id), score, 41, 0.10, POLICY) == Assignment(tier, rule)  # type: ignore[arg-type]


@pytest.mark.parametrize(("age", "tier"), [(64, 1), (65, 3), (None, 3)])
def test_the_rules_are_data(age: float | None, tier: int) -> None:
    rule = {"name": "seniors", "tier": 3, "min_age": 65, "types": ["investment"], "products": ["index_fund"]}
    policy = ReviewPolicy.model_validate({"rules": [rule]})
    assert assign_tier(product("index_fund"), 0.9, age, 0.10, policy).tier == tier
    assert assign_tier(product("growth_fund"), 0.9, age, 0.10, policy).tier == 1


def test_every_tier_has_its_time() -> None:
    with pytest.raises(ValidationError, match="hours"):
        ReviewPolicy.model_validate({"hours": {"2": 24}})


def recommendation(rank: int, tier: int) -> Recommendation:
    return Recommendation(
        rank=rank,
        product_id="saver",
        name="Saver",
        family="deposits",
        score=0.5,
        drivers={},
        reason=Reason(locale="en", text="", source="none", note=""),
        review_tier=tier,  # type: ignore[arg-type]
    )


def queued(request_id: str, tiers: list[Any], policy: ReviewPolicy = POLICY) -> Any:
    recommendations = [recommendation(rank, tier) for rank, tier in enumerate(tiers, start=1)]
    assignments = [Assignment(tier, "some-rule") for tier in tiers]
    return queue(
        recommendations, assignments, policy, customer_id="c-1", request_id=request_id, model_version="m", now=NOW
    )


def test_tiers_two_and_three_wait_until_their_time_runs_out() -> None:
    found = queued("r-1", [1, 2, 3], ReviewPolicy(sample_rate=0))
    assert sorted(found) == [2, 3]
    assert found[2].due == "2026-11-22T03:04:05+00:00"
    assert found[2].review_id == "20261122T030405Z-r-1-2"
    assert (found[2].delivered, found[3].delivered) == (True, False)
    assert found[3].recommendation["rank"] == 3


def test_the_sample_of_tier_one_depends_on_the_request_alone() -> None:
    sampled = [bool(queued(f"request-{n}", [1])) for n in range(2000)]
    assert sampled == [bool(queued(f"request-{n}", [1])) for n in range(2000)]
    assert 60 <= sum(sampled) <= 140  # 5 % of 2000, give or take four standard deviations
    assert queued("r", [1], ReviewPolicy(sample_rate=1))[1].rule == "sample"
