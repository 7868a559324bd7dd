"""Scores become a ranking, and every dropped product says why."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import pytest
import tiny_bundle

from lambda_app.ranking import Ranking, driver_key, rank
from lambda_app.suitability import risk_cap
from understudy.contracts.api import CustomerProfile, TaskScore
from understudy.contracts.catalog import Catalog

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
SCORES = {"signups": 0.6, "direct_only": 0.5, "rules_only": 0.4, "leaving": 0.2}
FAMILY = {"none": 0.1, "deposits": 0.3, "investments": 0.6}


def _tasks(**changes: float) -> dict[str, TaskScore]:
    binary = {n: TaskScore(layer="distilled", value=v) for n, v in (SCORES | changes).items()}
    return {**binary, "family": TaskScore(layer="distilled", value=None, classes=FAMILY)}


def _rank(
    tasks: dict[str, TaskScore] | None = None,
    *,
    profile: dict[str, Any] | None = None,
    contacts: Sequence[str] = (),
    top_k: int | None = 10,
    policy: dict[str, Any] | None = None,
) -> Ranking:
    catalog: Catalog = tiny_bundle.catalog()
    if policy:
        catalog = catalog.model_copy(update={"policy": catalog.policy.model_copy(update=policy)})
    who = CustomerProfile.model_validate({"age": 30, "income_krw": 5e7, "risk_tolerance": 5} | (profile or {}))
    return rank(catalog, tasks or _tasks(), who, risk_cap(who, catalog.suitability), contacts, NOW, top_k)


def _why(ranking: Ranking) -> dict[str, str]:
    return {dropped.product_id: dropped.reason for dropped in ranking.dropped}


def test_the_score_is_the_weighted_mean_of_the_drivers() -> None:
    scores = {c.product.id: c.score for c in _rank().eligible}
    assert scores["saver"] == pytest.approx((2 * 0.6 + 1 * 0.3) / 3, abs=1e-15)
    assert scores["wallet"] == pytest.approx((0.5 + (1 - 0.2)) / 2, abs=1e-15)
    assert scores["growth_fund"] == 0.6


def test_the_best_comes_first_and_ties_go_by_id() -> None:
    ids = [c.product.id for c in _rank().eligible]
    assert ids == ["wallet", "growth_fund", "index_fund", "youth_saver", "saver", "home_loan"]


def test_the_main_driver_weighed_most_for_this_customer() -> None:
    found = {c.product.id: driver_key(c.main) for c in _rank(_tasks(signups=0.1)).eligible}
    assert found["saver"] == "family:deposits"
    assert {c.product.id: driver_key(c.main) for c in _rank().eligible}["saver"] == "signups"


def test_top_k_limits_and_tells_the_rest_their_place() -> None:
    ranking = _rank(top_k=2)
    assert [c.product.id for c in ranking.recommended] == ["wallet", "growth_fund"]
    assert _why(ranking)["index_fund"] == "rank: place 3, 2 asked for"
    assert len(_rank(top_k=None).recommended) == 3


@pytest.mark.parametrize(
    ("change", "product", "reason"),
    [
        ({"profile": {"owned": ["saver"]}}, "saver", "owned"),
        ({"profile": {"age": 35}}, "youth_saver", "age: over 34"),
        ({"profile": {"age": 17}}, "youth_saver", "age: under 18"),
        ({"profile": {"age": None}}, "youth_saver", "age: unknown, and the product has limits"),
        ({"profile": {"risk_tolerance": 4}}, "growth_fund", "suitability: product risk 5 above 4 (risk tolerance)"),
        ({}, "mystery_fund", "suitability: product risk unknown"),
        ({"tasks": _tasks(rules_only=0.0999)}, "home_loan", "score: under 0.1"),
    ],
)
def test_a_dropped_product_says_why(change: dict[str, Any], product: str, reason: str) -> None:
    assert _why(_rank(**change))[product] == reason


def test_limits_include_their_bounds() -> None:
    assert "youth_saver" in {c.product.id for c in _rank(profile={"age": 34.9}).eligible}
    assert "youth_saver" in {c.product.id for c in _rank(profile={"age": 18}).eligible}
    assert "home_loan" in {c.product.id for c in _rank(_tasks(rules_only=0.1)).eligible}
    assert _rank(_tasks(leaving=0.9)).eligible


def test_a_customer_about_to_leave_is_not_sold_to() -> None:
    ranking = _rank(_tasks(leaving=0.901))
    assert ranking.recommended == []
    assert set(_why(ranking).values()) == {"churn: above 0.9"}


def test_without_a_churn_task_nobody_is_spared() -> None:
    assert _rank(_tasks(leaving=0.99), policy={"churn_task": None}).recommended


RECENT = ["2026-11-20T09:00:00+00:00", "2026-11-15T09:00:00Z", "2026-11-14T12:00:00+00:00"]


@pytest.mark.parametrize(
    ("contacts", "tired"),
    [
        ([], False),
        (RECENT[:2], False),
        (RECENT, True),
        ([*RECENT[:2], "2026-11-14T11:59:59+00:00"], False),
        ([*RECENT[:2], "not a time"], True),
        ([*RECENT[:2], "2026-11-20T09:00:00"], True),
    ],
)
def test_a_customer_contacted_often_is_left_alone(contacts: list[str], tired: bool) -> None:
    ranking = _rank(contacts=contacts)
    assert (ranking.recommended == []) == tired
    assert ("fatigue: 3 contacts in 7 days" in _why(ranking).values()) == tired


def test_certainty_stays_within_one() -> None:
    ranking = _rank(_tasks(signups=1.0, direct_only=1.0, rules_only=1.0, leaving=0.0))
    assert all(0 <= c.score <= 1 for c in ranking.eligible)
