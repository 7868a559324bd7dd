"""A reason is told by facts of the customer, or without facts, or not at all; never a rejected one."""

from __future__ import annotations

from pathlib import Path

import pytest
import tiny_bundle

from lambda_app.reasons import Explained, Explainer
from lambda_app.suitability import RiskCap
from understudy.bundle import Bundle, load_bundle
from understudy.contracts.catalog import Product

CAP = RiskCap(4, "risk tolerance")
FOR = {"overseas_count": 2.0, "salary_share": -0.5}


def _product(name: str) -> Product:
    return next(p for p in tiny_bundle.catalog().products if p.id == name)


@pytest.fixture(scope="module")
def bundle(tmp_path_factory: pytest.TempPathFactory) -> Bundle:
    return load_bundle(tiny_bundle.write(tmp_path_factory.mktemp("b") / "bundle"))


@pytest.fixture(scope="module")
def explainer(bundle: Bundle) -> Explainer:
    return Explainer(bundle)


def _explain(explainer: Explainer, product: Product, contributions: dict[str, float], cap: RiskCap = CAP) -> Explained:
    (explained,) = explainer.explain(
        [(product, contributions)], tiny_bundle.customer(), cap, locale="en", channel="branch"
    )
    return explained


def test_facts_of_the_customer_are_told(explainer: Explainer) -> None:
    explained = _explain(explainer, _product("saver"), FOR)
    assert explained.reason.source == "template"
    assert [fact.key for fact in explained.reason.facts] == ["overseas"]
    assert "4 overseas purchases" in explained.reason.text
    assert [verdict.passed for _, verdict in explained.judged] == [True]


def test_without_contributions_no_fact_is_told(explainer: Explainer) -> None:
    explained = _explain(explainer, _product("saver"), {})
    assert explained.reason.facts == []
    assert explained.reason.text


def test_a_rejected_text_falls_back_to_the_one_without_facts(bundle: Bundle, tmp_path: Path) -> None:
    glossary = tiny_bundle.glossary().model_dump()
    glossary["facts"][0]["phrase"]["en"] = "the guaranteed best return behind {value} purchases"
    bad = load_bundle(tiny_bundle.write(tmp_path / "bundle", tiny_bundle.files(**{"glossary.json": _json(glossary)})))
    explained = _explain(Explainer(bad), _product("saver"), FOR)
    assert explained.reason.source == "fallback"
    assert explained.reason.facts == []
    assert "guaranteed" not in explained.reason.text
    assert [verdict.passed for _, verdict in explained.judged] == [False, True]


def test_what_exceeds_the_cap_gets_no_text(explainer: Explainer) -> None:
    explained = _explain(explainer, _product("saver"), FOR, RiskCap(0, "age unknown"))
    assert explained.reason.source == "none"
    assert explained.reason.text == ""
    assert explained.reason.note == "rejected by the safety gate: risk-cap"
    assert [verdict.passed for _, verdict in explained.judged] == [False, False]


def test_a_product_without_its_mandatory_terms_gets_no_text(explainer: Explainer) -> None:
    loan = _product("home_loan")
    bare = loan.model_copy(update={"terms": loan.terms.model_copy(update={"late_rate_max": None})})
    explained = _explain(explainer, bare, FOR)
    assert explained.reason.source == "none"
    assert "late_rate_max" in explained.reason.note


def test_a_feature_that_the_manifest_protects_is_never_told(explainer: Explainer, tmp_path: Path) -> None:
    told = {"salary_share": 1.0}
    assert [f.key for f in _explain(explainer, _product("saver"), told).reason.facts] == ["salary"]
    protecting = load_bundle(tiny_bundle.write(tmp_path / "bundle", protected=["age", "salary_share"]))
    assert _explain(Explainer(protecting), _product("saver"), told).reason.facts == []


def _json(value: object) -> bytes:
    import json

    return json.dumps(value).encode()
