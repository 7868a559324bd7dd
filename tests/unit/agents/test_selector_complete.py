"""Correlated facts, proxies, gaps, directions: what a glossary promises."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from pydantic import ValidationError

from agents.feature_selector import FeatureSelector, refuse_gaps, select_facts
from agents.feature_selector.signature import parse_signature
from understudy.contracts._model import Text
from understudy.contracts.api import CustomerRecord
from understudy.contracts.reasons import FactDef, Glossary
from understudy.errors import UserError

Records = Callable[..., CustomerRecord]
WORDS = Text(ko="가", en="a")


def fact(key: str, *features: str, **options: object) -> FactDef:
    return FactDef.model_validate({"key": key, "features": list(features or [key]), "phrase": WORDS} | options)


def glossary(*facts: FactDef, **options: object) -> Glossary:
    return Glossary.model_validate({"schema_version": 1, "facts": list(facts)} | options)


def test_correlated_facts_are_told_once_with_their_effect_summed(record: Records) -> None:
    known = glossary(fact("spend"), fact("count"), fact("other"), correlated=[["count", "spend"]])
    selection = select_facts({"spend": 0.3, "count": 0.4, "other": 0.3}, record(spend=1, count=2, other=3), known)
    first, second = selection.facts
    assert (first.key, first.merged, first.share) == ("count", ["spend"], pytest.approx(0.7))
    assert first.features == {"count": 2, "spend": 1}
    assert (second.key, second.merged) == ("other", [])
    assert selection.signature == "count+-|other+-"


def test_opposite_effects_of_correlated_facts_cancel_before_anything_is_told(record: Records) -> None:
    known = glossary(fact("spend"), fact("count"), fact("other"), correlated=[["count", "spend"]])
    told = select_facts({"spend": 0.5, "count": -0.6, "other": 0.2}, record(spend=1, count=1, other=1), known)
    assert [one.key for one in told.facts] == ["other"]


def test_the_fact_that_speaks_for_a_set_is_one_that_the_record_supports(record: Records) -> None:
    known = glossary(fact("many", "spend", supports_ge=10), fact("count"), correlated=[["count", "many"]])
    told = select_facts({"spend": 0.9, "count": 0.1}, record(spend=1, count=1), known)
    assert [one.key for one in told.facts] == ["count"]


def test_a_proxy_is_never_told(record: Records) -> None:
    open_ = glossary(fact("cash"), fact("visits"))
    assert [f.key for f in select_facts({"cash": 2.0, "visits": 1.0}, record(cash=1, visits=1), open_).facts] == [
        "cash", "visits",
    ]  # fmt: skip
    closed = open_.model_copy(update={"proxies": ["cash"]})
    assert [f.key for f in select_facts({"cash": 2.0, "visits": 1.0}, record(cash=1, visits=1), closed).facts] == [
        "visits"
    ]
    with pytest.raises(ValidationError, match="proxy"):
        glossary(fact("cash"), proxies=["cash"])


def test_a_sensitive_fact_of_a_correlated_set_neither_speaks_nor_lends_its_weight(record: Records) -> None:
    known = glossary(fact("debt", sensitive=True), fact("spend"), correlated=[["debt", "spend"]])
    told = select_facts({"debt": 5.0, "spend": 0.5}, record(debt=1, spend=1), known)
    assert [(one.key, one.merged) for one in told.facts] == [("spend", [])]


def test_unknown_features_are_noted_and_the_rest_is_told(record: Records) -> None:
    selector = FeatureSelector(glossary(fact("visits"), untold=["lag_*"]))
    known = selector.select({"visits": 1.0, "lag_3": 0.1}, record(visits=1))
    assert (known.note, len(known.facts)) == ("", 1)
    unknown = selector.select({"visits": 1.0, "brand_new": 0.1}, record(visits=1))
    assert unknown.note == "unknown features: brand_new"
    assert [one.key for one in unknown.facts] == ["visits"]


def test_why_nothing_is_told_is_said(record: Records) -> None:
    selector = FeatureSelector(glossary(fact("visits")))
    assert selector.select({}, record(visits=1)).note == "no contributions"
    assert "no fact" in selector.select({"visits": -1.0}, record(visits=1)).note


def test_a_whole_glossary_passes_and_a_gap_is_refused() -> None:
    whole = glossary(fact("visits"), untold=["lag_*"], protected=["age"])
    refuse_gaps(whole, ["visits", "lag_1", "lag_2", "age"])
    with pytest.raises(UserError, match="no fact tells of brand_new") as refused:
        refuse_gaps(whole, ["visits", "lag_1", "brand_new"])
    assert refused.value.exit_code == 4
    refuse_gaps(glossary(), ["anything"])


def test_a_fact_about_a_feature_that_does_not_exist_is_refused() -> None:
    with pytest.raises(UserError, match="read visitz"):
        refuse_gaps(glossary(fact("visits", "visitz"), untold=["*"]), ["visits"])


def test_a_fact_with_a_value_needs_a_label() -> None:
    phrase = Text(ko="방문 {value}회", en="{value} visits")
    bare = fact("visits", value_feature="visits", slot="count", phrase=phrase)
    with pytest.raises(UserError, match="no label: visits"):
        refuse_gaps(glossary(bare), ["visits"])
    named = bare.model_copy(update={"label": Text(ko="방문", en="visits")})
    refuse_gaps(glossary(named), ["visits"])
    assert named.name == Text(ko="방문", en="visits")


@pytest.mark.parametrize(
    ("support", "sense"),
    [({"supports_ge": 1}, "higher"), ({"supports_lt": 1}, "lower"), ({}, "state"),
     ({"supports_ge": 1, "supports_lt": 3}, "state"),
     ({"supports_ge": 1, "supports_lt": 3, "direction": "lower"}, "lower")],
)  # fmt: skip
def test_the_direction_follows_from_the_support_or_is_said(support: dict[str, object], sense: str) -> None:
    assert fact("x", **support).sense == sense


def test_a_direction_against_its_support_is_refused() -> None:
    with pytest.raises(ValidationError, match="contradicts"):
        fact("x", supports_lt=1, direction="higher")


def test_signatures_can_be_read_back() -> None:
    assert parse_signature("overseas+few|salary+-") == [("overseas", "few"), ("salary", "-")]
    for nonsense in ("", "a", "a+b+c", "|", "a+", "+b"):
        with pytest.raises(ValueError, match="not a signature"):
            parse_signature(nonsense)
