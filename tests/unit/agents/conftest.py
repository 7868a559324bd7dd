from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agents.reason_generator import load_templates
from agents.safety_gate import SafetyGate, load_rules
from understudy.contracts._model import Text
from understudy.contracts.api import CustomerProfile, CustomerRecord
from understudy.contracts.catalog import Driver, Product, Terms
from understudy.contracts.reasons import FactDef, Glossary, TemplateSet

FULL_TERMS: dict[str, Any] = {
    "rate_min": 2.5,
    "rate_max": 3.5,
    "rate_basis": Text(ko="만기 12개월", en="a term of 12 months"),
    "late_rate_max": 12.0,
    "preferential_condition": Text(ko="급여 이체", en="salary paid in"),
    "eligibility": Text(ko="실명의 개인", en="individuals under their real name"),
}


@pytest.fixture(scope="session")
def gate() -> SafetyGate:
    return SafetyGate(load_rules())


@pytest.fixture(scope="session")
def templates() -> TemplateSet:
    return load_templates()


@pytest.fixture
def product() -> Callable[..., Product]:
    def make(kind: Any = "deposit", **changes: Any) -> Product:
        terms = FULL_TERMS | {
            "deposit_protected": kind in ("deposit", "account"),
            "principal_loss_possible": kind == "investment",
        }
        terms |= changes.pop("terms", {})
        fields: dict[str, Any] = {
            "id": "sample",
            "name": Text(ko="한빛 정기예금", en="Hanbit Time Deposit"),
            "family": "deposits",
            "type": kind,
            "risk_level": 2,
            "seller": Text(ko="한빛은행", en="Hanbit Bank"),
            "terms": Terms(**terms),
            "drivers": [Driver(task="sample", weight=1)],
        }
        return Product(**(fields | changes))

    return make


@pytest.fixture
def record() -> Callable[..., CustomerRecord]:
    def make(**features: Any) -> CustomerRecord:
        return CustomerRecord(
            customer_id="c-1", schema_version="1", as_of="2026-01-01", features=features, profile=CustomerProfile()
        )

    return make


@pytest.fixture
def glossary() -> Glossary:
    facts = [
        FactDef(
            key="overseas",
            features=["overseas_count", "overseas_amount"],
            value_feature="overseas_count",
            slot="count",
            phrase=Text(ko="최근 해외 결제 {value}건", en="{value|overseas purchase|overseas purchases} of late"),
            supports_ge=1,
        ),
        FactDef(
            key="no-overseas",
            features=["overseas_count"],
            phrase=Text(ko="국내 위주의 결제", en="payments made at home"),
            supports_lt=1,
        ),
        FactDef(
            key="balance",
            features=["balance"],
            value_feature="balance",
            slot="money",
            phrase=Text(ko="입출금 잔액 {value}", en="an account balance of {value}"),
        ),
        FactDef(
            key="top-category",
            features=["category"],
            value_feature="category",
            slot="category",
            phrase=Text(ko="{value|이가} 많은 소비", en="spending mostly on {value}"),
            categories={"cafe": Text(ko="카페", en="cafes"), "food": Text(ko="식료품", en="groceries")},
        ),
        FactDef(
            key="salaried",
            features=["employment"],
            phrase=Text(ko="정기적인 급여", en="a regular salary"),
            supports_any_of=["salaried"],
        ),
        FactDef(
            key="divorced",
            features=["marital"],
            phrase=Text(ko="혼인 상태", en="marital status"),
            sensitive=True,
        ),
    ]
    return Glossary(schema_version=1, facts=facts, protected=["gender"])
