"""The explanation route reads sealed entries back, and says so when their key is gone."""

from __future__ import annotations

import json
from typing import Any

import pytest

from understudy.stores import StoreError, audit_key


def _why(function: Any, request_id: str, customer: str = "c-1") -> tuple[int, Any]:
    return function("GET", f"/v1/customers/{customer}/explanations/{request_id}")  # type: ignore[no-any-return]


def _raw(function: Any) -> list[bytes]:
    return [row[3] for row in function.store.entries()]


def test_the_stored_entry_says_nothing_readable_about_the_customer(function: Any) -> None:
    _, answer = function.recommend()
    (body,) = _raw(function)
    assert set(json.loads(body)["payload"]) == {
        "request_id",
        "pseudonym",
        "model_version",
        "opted_out",
        "read_error",
        "layers",
        "sealed",
        "trace_id",
    }
    for item in answer["recommendations"]:
        assert item["product_id"].encode() not in body
    assert b"c-1" not in body
    assert b"overseas_count" not in body


def test_one_key_serves_all_decisions_about_a_customer(function: Any) -> None:
    answers = [function.recommend()[1] for _ in range(3)]
    assert len({json.loads(body)["payload"]["sealed"]["key"] for body in _raw(function)}) == 1
    for answer in answers:
        assert _why(function, answer["request_id"])[1]["tasks"] == answer["tasks"]


def test_a_decision_whose_key_was_destroyed_is_gone_for_ever(function: Any) -> None:
    _, answer = function.recommend()
    function.store.remove_documents([audit_key("c-1")])
    status, problem = _why(function, answer["request_id"])
    assert status == 410
    assert "erased" in problem["detail"]
    _, newer = function.recommend()  # a new decision gets a new key, which does not open the old one
    assert _why(function, newer["request_id"])[0] == 200
    assert _why(function, answer["request_id"])[0] == 410
    assert function.check_log().verdict == "clean"


def test_the_decision_of_an_unread_customer_is_sealed_under_the_key_that_there_is(
    function: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, before = function.recommend()

    def fail(*args: Any, **options: Any) -> None:
        raise StoreError("no quorum")

    with monkeypatch.context() as patch:
        patch.setattr(function.app.backing.store, "read_context", fail)
        status, blind = function.recommend()
    assert status == 200
    for answer in (before, blind):
        assert _why(function, answer["request_id"])[0] == 200


def test_a_customer_key_that_does_not_open_is_not_an_erasure(function: Any) -> None:
    _, answer = function.recommend()
    key = audit_key("c-1")
    stored = json.loads(function.store.read_documents([key])[key].text)
    stored["wrapped"] = "ring.k1." + "A" * 80
    function.store.put_documents([(key, json.dumps(stored))])
    assert _why(function, answer["request_id"])[0] == 503
