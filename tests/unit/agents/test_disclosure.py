from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agents.reason_generator.disclosure import FRAGMENTS, disclose
from agents.safety_gate import SafetyGate
from understudy.contracts._model import Text
from understudy.contracts.catalog import Product
from understudy.contracts.reasons import TemplateSet

Products = Callable[..., Product]


@pytest.mark.parametrize("kind", FRAGMENTS)
@pytest.mark.parametrize("locale", ["ko", "en"])
def test_every_type_with_full_terms_can_be_disclosed(
    kind: str, locale: Any, product: Products, templates: TemplateSet
) -> None:
    disclosure = disclose(product(kind), templates.disclosures, locale)
    assert disclosure.missing == ()
    assert disclosure.text
    assert "{" not in disclosure.text


@pytest.mark.parametrize(
    ("kind", "absent", "missing"),
    [
        ("deposit", {"rate_max": None}, "rate_max"),
        ("deposit", {"rate_basis": None}, "rate_basis"),
        ("deposit", {"deposit_protected": None}, "deposit_protected"),
        ("deposit", {"preferential_condition": None}, "preferential_condition"),
        ("account", {"deposit_protected": None}, "deposit_protected"),
        ("loan", {"late_rate_max": None}, "late_rate_max"),
        ("loan", {"eligibility": None}, "eligibility"),
        ("loan", {"rate_min": None}, "rate_min"),
        ("investment", {"principal_loss_possible": None}, "principal_loss_possible"),
        ("investment", {"principal_loss_possible": False}, "principal_loss_possible"),
    ],
)
def test_an_absent_mandatory_term_is_named(
    kind: str, absent: dict[str, Any], missing: str, product: Products, templates: TemplateSet
) -> None:
    assert disclose(product(kind, terms=absent), templates.disclosures, "ko").missing == (missing,)


def test_one_rate_needs_no_range_and_no_preferential_condition(product: Products, templates: TemplateSet) -> None:
    single = product(terms={"rate_min": 3.0, "rate_max": 3.0, "preferential_condition": None})
    disclosure = disclose(single, templates.disclosures, "ko")
    assert disclosure.missing == ()
    assert "연 3%(세전)" in disclosure.text
    assert "우대금리" not in disclosure.text


def test_protection_is_stated_either_way(product: Products, templates: TemplateSet) -> None:
    yes = disclose(product(), templates.disclosures, "en").text
    no = disclose(product(terms={"deposit_protected": False}), templates.disclosures, "en").text
    assert "protected up to KRW 100 million" in yes
    assert "is not protected" in no


def test_full_stops_of_terms_are_not_doubled(product: Products, templates: TemplateSet) -> None:
    terms = {"rate_basis": Text(ko="만기 12개월 기준입니다.", en="A term of 12 months.")}
    assert ".." not in disclose(product(terms=terms), templates.disclosures, "ko").text


@pytest.mark.parametrize("kind", FRAGMENTS)
@pytest.mark.parametrize("locale", ["ko", "en"])
def test_the_gate_asks_for_what_the_disclosure_says(
    kind: str, locale: Any, product: Products, templates: TemplateSet, gate: SafetyGate
) -> None:
    """Generator and gate hold the law independently of each other; they must agree on complete and on empty text."""
    item = product(kind)
    text = "한빛 정기예금을 안내해 드립니다." if locale == "ko" else "You may like to know about Hanbit Time Deposit."
    disclosure = disclose(item, templates.disclosures, locale).text
    kwargs: dict[str, Any] = {"product": item, "facts": [], "locale": locale, "risk_cap": 5}
    assert gate.check(text, disclosure=disclosure, **kwargs).findings == []
    bare = {finding.clause for finding in gate.check(text, disclosure="", **kwargs).findings}
    assert bare == ({"bank-16", "bank-17-6"} if kind != "service" else {"bank-17-6"})
