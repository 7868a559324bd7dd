"""No input yields a product above the caps, and what is unknown blocks."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
import tiny_bundle
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from lambda_app.ranking import rank
from lambda_app.suitability import risk_cap, unsuitable
from understudy.contracts.api import CustomerProfile, TaskScore
from understudy.contracts.catalog import Catalog, SuitabilityPolicy

POLICY = SuitabilityPolicy()
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def _profile(age: float | None = 40, income: float | None = 50e6, tolerance: int | None = 5) -> CustomerProfile:
    return CustomerProfile(age=age, income_krw=income, risk_tolerance=tolerance)


@pytest.mark.parametrize(
    ("profile", "level"),
    [
        (_profile(), 5),
        (_profile(tolerance=1), 1),
        (_profile(tolerance=None), None),
        (_profile(age=64.9), 5),
        (_profile(age=65), 2),
        (_profile(age=65, tolerance=1), 1),
        (_profile(age=None), 2),
        (_profile(income=30e6), 5),
        (_profile(income=29_999_999), 3),
        (_profile(income=None), 3),
        (_profile(age=70, income=1), 2),
        (CustomerProfile(), None),
    ],
)
def test_the_cap_is_the_strictest_rule(profile: CustomerProfile, level: int | None) -> None:
    assert risk_cap(profile, POLICY).level == level


def test_a_blocked_product_names_the_rule() -> None:
    fund = next(p for p in tiny_bundle.catalog().products if p.id == "index_fund")
    assert unsuitable(fund, risk_cap(_profile(), POLICY)) is None
    assert unsuitable(fund, risk_cap(_profile(tolerance=2), POLICY)) == (
        "suitability: product risk 3 above 2 (risk tolerance)"
    )
    assert unsuitable(fund, risk_cap(_profile(age=80), POLICY)) == (
        "suitability: product risk 3 above 2 (age 65 or over)"
    )
    assert unsuitable(fund, risk_cap(_profile(tolerance=None), POLICY)) == "suitability: risk tolerance unknown"
    unknown = fund.model_copy(update={"risk_level": None})
    assert unsuitable(unknown, risk_cap(_profile(), POLICY)) == "suitability: product risk unknown"


@pytest.mark.parametrize(
    "laxer",
    [
        {"senior_age": 66},
        {"senior_max_risk": 3},
        {"low_income_krw": 29_000_000},
        {"low_income_max_risk": 4},
    ],
)
def test_a_catalog_cannot_loosen_a_cap(laxer: dict[str, float]) -> None:
    with pytest.raises(ValidationError):
        SuitabilityPolicy.model_validate(laxer)


def test_a_catalog_can_tighten_a_cap() -> None:
    strict = SuitabilityPolicy(senior_age=60, senior_max_risk=1, low_income_krw=40e6, low_income_max_risk=2)
    assert risk_cap(_profile(age=61), strict).level == 1
    assert risk_cap(_profile(income=35e6), strict).level == 2


profiles = st.builds(
    CustomerProfile,
    age=st.none() | st.floats(0, 130),
    income_krw=st.none() | st.floats(0, 1e12),
    risk_tolerance=st.none() | st.integers(1, 5),
    owned=st.lists(st.sampled_from([p.id for p in tiny_bundle.catalog().products]), max_size=4),
)
policies = st.builds(
    SuitabilityPolicy,
    senior_age=st.integers(-5, 65),
    senior_max_risk=st.integers(0, 2),
    low_income_krw=st.floats(30e6, 1e12),
    low_income_max_risk=st.integers(0, 3),
)
probability = st.floats(0, 1)


@st.composite
def catalogs(draw: st.DrawFn) -> Catalog:
    catalog = tiny_bundle.catalog()
    products = [p.model_copy(update={"risk_level": draw(st.none() | st.integers(1, 5))}) for p in catalog.products]
    return catalog.model_copy(update={"products": products, "suitability": draw(policies)})


@settings(max_examples=300, deadline=None)
@given(
    catalog=catalogs(), profile=profiles, scores=st.lists(probability, min_size=8, max_size=8), top_k=st.integers(1, 10)
)
def test_no_input_ever_yields_a_product_above_the_caps(
    catalog: Catalog, profile: CustomerProfile, scores: list[float], top_k: int
) -> None:
    names = ("signups", "direct_only", "rules_only", "leaving")
    tasks = {name: TaskScore(layer="rules", value=score) for name, score in zip(names, scores, strict=False)}
    tasks["family"] = TaskScore(
        layer="rules", value=None, classes=dict(zip(tiny_bundle.CLASSES, scores[4:], strict=False))
    )
    policy = catalog.suitability
    ranking = rank(catalog, tasks, profile, risk_cap(profile, policy), [], NOW, top_k)
    # The rule once more, written the other way round: what must hold of whatever is recommended.
    for candidate in ranking.eligible:
        risk = candidate.product.risk_level
        assert risk is not None
        assert profile.risk_tolerance is not None
        assert risk <= profile.risk_tolerance
        if profile.age is None or profile.age >= policy.senior_age:
            assert risk <= policy.senior_max_risk <= 2
        if profile.income_krw is None or profile.income_krw < policy.low_income_krw:
            assert risk <= policy.low_income_max_risk <= 3
    told = {c.product.id for c in ranking.recommended} | {d.product_id for d in ranking.dropped}
    assert told == {p.id for p in catalog.products}
    assert len(ranking.recommended) + len(ranking.dropped) == len(catalog.products)
