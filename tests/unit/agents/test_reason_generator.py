from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from agents.feature_selector import Selection, select_facts
from agents.feature_selector.signature import unordered
from agents.reason_generator import ReasonGenerator
from agents.safety_gate import SafetyGate
from understudy.contracts._model import Text
from understudy.contracts.api import CustomerRecord
from understudy.contracts.catalog import Product
from understudy.contracts.reasons import Fact, FactDef, Glossary, Template, TemplateSet
from understudy.errors import UserError

Products = Callable[..., Product]
NOTHING = Selection((), "")


@pytest.fixture
def generator(templates: TemplateSet, glossary: Glossary) -> ReasonGenerator:
    return ReasonGenerator(templates, glossary)


@pytest.fixture
def selection(record: Callable[..., CustomerRecord], glossary: Glossary) -> Selection:
    customer = record(overseas_count=3, balance=12_345_678.0, category="cafe")
    return select_facts({"overseas_count": 0.5, "balance": 0.3, "category": 0.2}, customer, glossary)


def test_a_korean_reason(generator: ReasonGenerator, selection: Selection, product: Products) -> None:
    reason = generator.reason(selection, product("account"), "ko", "branch")
    assert reason.text == (
        "고객님의 최근 해외 결제 3건, 입출금 잔액 1,235만 원 및 카페가 많은 소비를 함께 고려하여 "
        "한빛 정기예금을 추천해 드립니다."
    )
    assert reason.source == "template"
    assert [fact.key for fact in reason.facts] == ["overseas", "balance", "top-category"]
    assert reason.signature == "overseas+few|balance+some|top-category+some"
    assert "예금자보호법" in reason.disclosure


def test_an_english_reason(generator: ReasonGenerator, selection: Selection, product: Products) -> None:
    reason = generator.reason(selection, product("account"), "en", "app")
    assert reason.text == (
        "Picked because of 3 overseas purchases of late, an account balance of KRW 12.3 million and "
        "spending mostly on cafes: Hanbit Time Deposit."
    )


def test_one_sentence_serves_all_weights_of_its_facts(
    generator: ReasonGenerator, glossary: Glossary, product: Products, record: Callable[..., CustomerRecord]
) -> None:
    customer = record(overseas_count=3, balance=12_345_678.0)
    one = select_facts({"overseas_count": 0.5, "balance": 0.3}, customer, glossary)
    other = select_facts({"overseas_count": 0.3, "balance": 0.5}, customer, glossary)
    assert one.signature == "overseas+few|balance+some"
    assert unordered(one.signature) == unordered(other.signature) == "balance+some|overseas+few"
    sentence = "Given {fact1} and, of late, {fact2}, {product} may suit you."
    told = [generator.reason(each, product("account"), "en", "branch", sentence) for each in (one, other)]
    assert told[0].text == told[1].text
    assert told[0].text.startswith("Given an account balance of KRW 12.3 million and, of late, 3 overseas purchases")
    assert [[fact.key for fact in reason.facts] for reason in told] == [
        ["overseas", "balance"],
        ["balance", "overseas"],
    ]


def test_type_and_channel_choose_the_template(
    generator: ReasonGenerator, selection: Selection, product: Products
) -> None:
    texts = {
        generator.reason(selection, product(kind), "ko", channel).text
        for kind in ("deposit", "loan", "account")
        for channel in ("branch", "app")
    }
    assert len(texts) == 5, "app has no template of its own for loans"


def test_the_familys_template_wins_over_the_types(
    templates: TemplateSet, glossary: Glossary, selection: Selection, product: Products
) -> None:
    own = Template(
        facts=3,
        channel="app",
        family="teens",
        text=Text(ko="{fact1} {fact2} {fact3} {product}", en="x {fact1} {fact2} {fact3} {product}"),
    )
    generator = ReasonGenerator(templates.model_copy(update={"templates": [*templates.templates, own]}), glossary)
    assert generator.reason(selection, product(family="teens"), "en", "app").text.startswith("x ")
    assert not generator.reason(selection, product(), "en", "app").text.startswith("x ")


def test_without_facts_the_product_is_still_named(generator: ReasonGenerator, product: Products) -> None:
    reason = generator.reason(NOTHING, product(), "en", "branch")
    assert reason.text == "We would like to tell you about Hanbit Time Deposit."
    assert reason.facts == []


@pytest.mark.parametrize(
    "broken",
    [
        {"key": "nobody"},
        {"slot": "count", "value": 2.5},
        {"slot": "money", "value": "much"},
        {"slot": "category", "value": "boats"},
        {"slot": None, "value": None},
    ],
)
def test_a_fact_that_cannot_be_said_is_left_out(
    broken: dict[str, Any], generator: ReasonGenerator, product: Products
) -> None:
    good = Fact(key="balance", direction="for", share=0.3, slot="money", value=5e6, features={})
    bad = Fact(**({"key": "overseas", "direction": "for", "share": 0.2, "features": {}} | broken))
    reason = generator.reason(Selection((bad, good), "s"), product(), "ko", "branch")
    assert [fact.key for fact in reason.facts] == ["balance"]


def test_missing_terms_are_not_delivered_and_named(
    generator: ReasonGenerator, selection: Selection, product: Products
) -> None:
    reason = generator.reason(selection, product("loan", terms={"late_rate_max": None}), "ko", "app")
    assert (reason.source, reason.text, reason.disclosure, reason.facts) == ("none", "", "", [])
    assert reason.note == "terms missing: late_rate_max"


def test_a_product_name_cannot_open_a_slot(generator: ReasonGenerator, selection: Selection, product: Products) -> None:
    tricky = product("account", name=Text(ko="{fact1} 적금", en="{seller} plan"))
    assert "{fact1} 적금을" in generator.reason(selection, tricky, "ko", "branch").text


@pytest.mark.parametrize("phrase", ["{amount} 잔액", "{value|께서} 잔액", "{value 잔액"])
def test_an_unfillable_phrase_is_refused(phrase: str, templates: TemplateSet) -> None:
    fact = FactDef(
        key="k", features=["x"], value_feature="x", slot="money", phrase=Text(ko=phrase, en="a balance of {value}")
    )
    with pytest.raises(UserError):
        ReasonGenerator(templates, Glossary(schema_version=1, facts=[fact]))


def test_a_number_of_the_definition_is_told_and_traced(
    templates: TemplateSet, gate: SafetyGate, product: Products
) -> None:
    fact = FactDef(
        key="k",
        features=["x"],
        value_feature="x",
        slot="count",
        phrase=Text(ko="최근 3개월 결제 {value}건", en="{value|purchase|purchases} in the last 3 months"),
    )
    generator = ReasonGenerator(templates, Glossary(schema_version=1, facts=[fact]))
    told = Fact(key="k", direction="for", share=0.5, slot="count", value=7, features={})
    reason = generator.reason(Selection((told,), "s"), product(), "ko", "branch")
    assert reason.facts[0].literals == ["3개월"]

    def rules(text: str) -> list[str]:
        verdict = gate.check(
            text, product=product(), facts=reason.facts, locale="ko", risk_cap=3, disclosure=reason.disclosure
        )
        return [finding.rule_id for finding in verdict.findings]

    assert rules(reason.text) == []
    assert rules(reason.text.replace("3개월", "6개월")) == ["untraceable-number"]
    assert rules(reason.text.replace("7건", "3건")) == ["untraceable-number"], "3 months are not 3 purchases"
