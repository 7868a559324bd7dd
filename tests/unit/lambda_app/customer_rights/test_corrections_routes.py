"""Wrong data are put right, and stay right."""

from __future__ import annotations

from typing import Any

import pytest
import tiny_bundle

PATH = "/v1/customers/c-1/corrections"


def test_a_correction_holds_from_the_next_request_and_outlasts_a_bulk_load(function: Any) -> None:
    assert "4 overseas purchases" in function.recommend(locale="en")[1]["recommendations"][0]["reason"]["text"]
    body = {"features": {"overseas_count": 7}, "profile": {"risk_tolerance": 1}, "reason": "counted twice"}
    status, stored = function("PUT", PATH, body)
    assert (status, stored) == (200, body)
    for _ in range(2):
        answer = function.recommend(locale="en", top_k=10)[1]
        assert "index_fund" not in [r["product_id"] for r in answer["recommendations"]]
        payload = function.entries()[-1].payload
        assert payload["record"]["features"]["overseas_count"] == 7
        assert payload["record"]["profile"]["risk_tolerance"] == 1
        function.store.put_records([tiny_bundle.customer()])
    assert function("GET", PATH) == (200, body)


def test_corrections_are_replaced_and_withdrawn(function: Any) -> None:
    function("PUT", PATH, {"features": {"visits": 1}, "profile": {"age": None}, "reason": "first"})
    assert function("GET", PATH)[1]["profile"] == {"age": None}
    function("PUT", PATH, {"reason": "withdrawn"})
    function.recommend()
    record = function.entries()[-1].payload["record"]
    assert record["features"] == tiny_bundle.features()
    assert record["profile"]["age"] == 41


@pytest.mark.parametrize(
    "body",
    [
        {"features": {"visits": 1}},
        {"features": {"no_such": 1}, "reason": "because"},
        {"features": {"visits": "many"}, "reason": "because"},
        {"features": {"region": "moon"}, "reason": "because"},
        {"features": {"region": 1}, "reason": "because"},
        {"profile": {"age": -1}, "reason": "because"},
        {"profile": {"owned": None}, "reason": "because"},
        {"profile": {"name": "Kim"}, "reason": "because"},
    ],
)
def test_what_would_correct_nothing_is_refused(function: Any, body: Any) -> None:
    status, problem = function("PUT", PATH, body)
    assert status == 400
    assert problem["errors"]
    assert function("GET", PATH)[0] == 404


def test_the_values_are_sealed_and_the_fields_are_named(function: Any) -> None:
    function("PUT", PATH, {"features": {"region": "village"}, "profile": {"age": 33}, "reason": "moved house"})
    body = bytes(next(iter(function.store.entries()))[3])
    assert b"village" not in body
    assert b"moved house" not in body
    payload = function.entries()[0].payload
    assert payload["corrections"]["features"] == {"region": "village"}
    assert (payload["profile"], payload["features"]) == (["age"], ["region"])
