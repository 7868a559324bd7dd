from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.feature_selector import select_facts
from agents.feature_selector.signature import bucket
from understudy.contracts._model import Text
from understudy.contracts.api import CustomerProfile, CustomerRecord
from understudy.contracts.reasons import Fact, FactDef, Glossary

Records = Callable[..., CustomerRecord]


def keys(selection: object) -> list[str]:
    return [fact.key for fact in selection.facts]  # type: ignore[attr-defined]


def test_features_of_one_fact_are_summed_and_shares_run_over_all_features(record: Records, glossary: Glossary) -> None:
    contributions = {"overseas_count": 0.3, "overseas_amount": 0.1, "balance": 0.2, "unrelated": -0.4}
    selection = select_facts(contributions, record(overseas_count=3, overseas_amount=9.0, balance=5e6), glossary)
    assert keys(selection) == ["overseas", "balance"]
    assert selection.facts[0].share == pytest.approx(0.4)
    assert selection.facts[1].share == pytest.approx(0.2)
    assert selection.facts[0].features == {"overseas_count": 3, "overseas_amount": 9.0}
    assert selection.facts[0].value == 3


def test_opposing_features_cancel_within_a_fact(record: Records, glossary: Glossary) -> None:
    contributions = {"overseas_count": 0.3, "overseas_amount": -0.3, "balance": 0.1}
    assert keys(select_facts(contributions, record(overseas_count=3, balance=1.0), glossary)) == ["balance"]


def test_a_fact_against_the_product_is_not_told(record: Records, glossary: Glossary) -> None:
    assert keys(select_facts({"balance": -1.0}, record(balance=1.0), glossary)) == []


def test_sensitive_and_protected_facts_are_never_told(record: Records, glossary: Glossary) -> None:
    widened = glossary.model_copy(update={"protected": ["balance"]})
    contributions = {"marital": 5.0, "balance": 1.0, "employment": 0.5}
    selection = select_facts(contributions, record(marital="x", balance=1.0, employment="salaried"), widened)
    assert keys(selection) == ["salaried"]


@pytest.mark.parametrize("value", [None, math.nan, "many", 0, 2.5])
def test_a_fact_without_support_or_value_is_not_told(value: object, record: Records, glossary: Glossary) -> None:
    customer = record(balance=1.0).model_copy(update={"features": {"overseas_count": value}})
    assert "overseas" not in keys(select_facts({"overseas_count": 1.0}, customer, glossary))


def test_disjoint_supports_choose_the_fact_that_holds(record: Records, glossary: Glossary) -> None:
    assert keys(select_facts({"overseas_count": 1.0}, record(overseas_count=0), glossary)) == ["no-overseas"]
    assert keys(select_facts({"overseas_count": 1.0}, record(overseas_count=2), glossary)) == ["overseas"]


def test_an_unnamed_category_is_not_told(record: Records, glossary: Glossary) -> None:
    assert keys(select_facts({"category": 1.0}, record(category="cafe"), glossary)) == ["top-category"]
    assert keys(select_facts({"category": 1.0}, record(category="boats"), glossary)) == []


def test_supports_any_of_reads_whole_numbers_as_codes(record: Records) -> None:
    fact = FactDef(key="k", features=["code"], phrase=Text(ko="가", en="a"), supports_any_of=["3"])
    glossary = Glossary(schema_version=1, facts=[fact])
    assert keys(select_facts({"code": 1.0}, record(code=3.0), glossary)) == ["k"]
    assert keys(select_facts({"code": 1.0}, record(code=4), glossary)) == []


def test_facts_that_share_a_feature_are_told_once(record: Records) -> None:
    facts = [
        FactDef(key="b", features=["x"], phrase=Text(ko="가", en="a")),
        FactDef(key="a", features=["x", "y"], phrase=Text(ko="가", en="a")),
    ]
    selection = select_facts({"x": 1.0, "y": 0.0}, record(x=1, y=1), Glossary(schema_version=1, facts=facts))
    assert keys(selection) == ["a"], "equal shares: the first key wins"


def test_small_shares_and_the_limit(record: Records) -> None:
    facts = [FactDef(key=f"f{i}", features=[f"x{i}"], phrase=Text(ko="가", en="a"), min_share=0.1) for i in range(6)]
    glossary = Glossary(schema_version=1, facts=facts)
    values = {f"x{i}": 1 for i in range(6)}
    contributions = {"x0": 0.05, "x1": 0.2, "x2": 0.3, "x3": 0.15, "x4": 0.2, "x5": 0.1}
    assert keys(select_facts(contributions, record(**values), glossary)) == ["f2", "f1", "f4"]
    assert "f0" not in keys(select_facts(contributions, record(**values), glossary, limit=6))


@pytest.mark.parametrize(
    "contributions", [{}, {"nobody": 1.0}, {"balance": math.nan}, {"balance": math.inf}, {"balance": 0.0}]
)
def test_odd_contributions_give_fewer_facts_not_a_crash(
    contributions: dict[str, float], record: Records, glossary: Glossary
) -> None:
    selection = select_facts(contributions, record(balance=1.0), glossary)
    assert (selection.facts, selection.signature) == ((), "")
    assert selection.note


def test_the_signature_hides_values_but_not_what_changes_the_wording(record: Records, glossary: Glossary) -> None:
    contributions = {"overseas_count": 0.5, "balance": 0.3, "category": 0.2}

    def signature(count: int, balance: float, category: str) -> str:
        customer = record(overseas_count=count, balance=balance, category=category)
        return select_facts(contributions, customer, glossary).signature

    assert signature(3, 1.1e7, "cafe") == signature(7, 9.9e7, "cafe") == "overseas+few|balance+some|top-category+some"
    assert signature(1, 1.1e7, "cafe") != signature(3, 1.1e7, "cafe")
    assert signature(3, 1.1e7, "food") == signature(3, 1.1e7, "cafe"), "the slot says which"


@pytest.mark.parametrize(
    ("slot", "value", "expected"),
    [
        (None, None, "-"), ("count", 0, "none"), ("count", 1, "one"), ("count", 9, "few"), ("count", 10, "many"),
        ("money", 0, "zero"), ("money", -5, "neg"), ("percent", 0.35, "some"), ("category", 3.0, "some"),
    ],
)  # fmt: skip
def test_bucket(slot: str | None, value: float | None, expected: str) -> None:
    fact = Fact(key="k", direction="for", share=0.1, slot=slot, value=value, features={})  # type: ignore[arg-type]
    assert bucket(fact) == expected


@given(
    st.dictionaries(st.sampled_from("abcdefgh"), st.floats(-5, 5), max_size=8),
    st.dictionaries(st.sampled_from("abcdefgh"), st.one_of(st.none(), st.integers(-3, 9)), max_size=8),
    st.randoms(),
)
def test_order_of_inputs_never_matters(
    contributions: dict[str, float], features: dict[str, int | None], random: object
) -> None:
    facts = [FactDef(key=f"k{n}", features=[n], phrase=Text(ko="가", en="a")) for n in "abcdefgh"]
    facts.append(FactDef(key="pair", features=["a", "b"], phrase=Text(ko="가", en="a")))
    customer = CustomerRecord(
        customer_id="c", schema_version="1", as_of="2026-01-01", features=features, profile=CustomerProfile()
    )
    once = select_facts(contributions, customer, Glossary(schema_version=1, facts=facts))
    mixed = list(contributions.items())
    random.shuffle(mixed)  # type: ignore[attr-defined]
    random.shuffle(facts)  # type: ignore[attr-defined]
    assert select_facts(dict(mixed), customer, Glossary(schema_version=1, facts=facts)) == once
    told = [feature for fact in once.facts for feature in fact.features]
    assert len(told) == len(set(told))
    assert all(fact.direction == "for" and fact.features for fact in once.facts)
