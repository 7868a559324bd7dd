"""Everything held about a customer is shown on request, and on request it is forgotten."""

from __future__ import annotations

import json
from typing import Any

import pytest
import tiny_bundle

from lambda_app import erasure
from understudy.stores import StoreError

CUSTOMER = "/v1/customers/c-1"


def busy(function: Any) -> dict[str, Any]:
    """Leave something of every kind behind; returns an answer."""
    function("PUT", f"{CUSTOMER}/consents", {"channels": {"sms": True}})
    function("PUT", f"{CUSTOMER}/corrections", {"features": {"visits": 9}, "reason": "counted wrongly"})
    at = function.recommend()[1]["generated_at"]
    function("POST", f"{CUSTOMER}/contacts", {"contact_id": "k-1", "at": at, "channel": "branch"})
    answer: dict[str, Any] = function.recommend(top_k=10)[1]
    return answer


def test_an_export_holds_everything(function: Any) -> None:
    answer = busy(function)
    status, export = function("GET", f"{CUSTOMER}/data")
    assert status == 200
    assert [record["features"]["visits"] for record in export["records"]] == [6]
    assert export["corrections"]["features"] == {"visits": 9}
    assert export["choices"]["channels"] == {"sms": True}
    assert [contact["contact_id"] for contact in export["contacts"]] == ["k-1"]
    found = {one["ref"]["request_id"]: one["decision"] for one in export["decisions"]}
    assert len(found) == 2
    assert found[answer["request_id"]]["answer"]["recommendations"] == answer["recommendations"]
    assert export["next"] is None
    assert function.entries()[-1].payload["operation"] == "export_data"


def test_decisions_are_exported_page_by_page(function: Any) -> None:
    expected = {function.recommend()[1]["request_id"] for _ in range(23)}
    _, first = function("GET", f"{CUSTOMER}/data")
    assert len(first["decisions"]) == 20
    _, second = function("GET", f"{CUSTOMER}/data", query={"after": first["next"]})
    assert second["next"] is None
    assert {d["ref"]["request_id"] for d in first["decisions"] + second["decisions"]} == expected


def test_of_nobody_nothing_is_exported(function: Any) -> None:
    assert function("GET", "/v1/customers/nobody/data")[0] == 404
    assert function("GET", f"{CUSTOMER}/data", query={"after": "a/b"})[0] == 400


def test_an_erased_customer_is_gone_and_the_log_stays_whole(function: Any) -> None:
    answer = busy(function)
    status, erased = function("DELETE", CUSTOMER)
    assert status == 200
    assert erased["key_destroyed"] is True
    assert erased["removed"].pop("review") >= 1
    assert erased["removed"] == {"contacts": 1, "corrections": 1, "decision": 2, "record": 1}
    assert function("GET", f"{CUSTOMER}/data")[0] == 404
    assert function.recommend()[0] == 404
    assert function("GET", f"{CUSTOMER}/explanations/{answer['request_id']}")[0] == 410
    assert function.store.list_documents("oversight", "reviews-open") == []
    assert function.check_log().verdict == "clean"
    assert b'"c-1"' not in b"".join(entry[3] for entry in function.store.entries())


def test_erasure_does_not_become_consent(function: Any) -> None:
    function.recommend()
    function("DELETE", CUSTOMER)
    function.store.put_records([tiny_bundle.customer()])  # some nightly load does not know
    answer = function.recommend()[1]
    assert {task["layer"] for task in answer["tasks"].values()} == {"rules"}
    assert function("GET", f"{CUSTOMER}/preferences")[1] == {"opted_out": True}
    function("PUT", f"{CUSTOMER}/preferences", {"opted_out": False})  # the customer comes back, and agrees
    assert function.recommend()[1]["tasks"]["signups"]["layer"] == "distilled"


def test_the_note_of_an_erasure_names_nobody_and_outlasts_a_new_key(function: Any, make_function: Any) -> None:
    function.recommend()
    function("DELETE", CUSTOMER)
    keys = function.folder / "keys.json"
    keys.write_text(json.dumps(json.loads(keys.read_text()) | {"active": "k2", "k2": "ab" * 32}))
    rotated = make_function()  # puts the customer's record again
    assert rotated("GET", f"{CUSTOMER}/preferences")[1] == {"opted_out": True}
    assert {task["layer"] for task in rotated.recommend()[1]["tasks"].values()} == {"rules"}


def test_erasing_twice_is_no_error(function: Any) -> None:
    function.recommend()
    assert function("DELETE", CUSTOMER)[1]["key_destroyed"] is True
    assert function("DELETE", CUSTOMER) == (200, {"removed": {}, "key_destroyed": False})


def test_an_erasure_that_was_interrupted_is_finished_by_the_next(
    function: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    busy(function)

    def fail(*args: Any) -> None:
        raise StoreError("gone")

    with monkeypatch.context() as patch:
        patch.setattr(function.app.backing.store, "remove_documents", fail)
        assert function("DELETE", CUSTOMER)[0] == 503
    # The key is destroyed and the note is there: what is left is treated as that of somebody who objects.
    assert {task["layer"] for task in function.recommend()[1]["tasks"].values()} == {"rules"}
    assert function("DELETE", CUSTOMER)[0] == 200
    assert function("GET", f"{CUSTOMER}/data")[0] == 404


def test_many_decisions_are_erased_in_pages(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(erasure, "PAGE", 3)
    for _ in range(5):
        function.recommend()
    assert function("DELETE", CUSTOMER)[1]["removed"]["decision"] == 5


def test_without_its_entry_nothing_is_erased(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise StoreError("disk full")

    with monkeypatch.context() as patch:
        patch.setattr(function.app.backing.store, "put_entry", fail)
        assert function("DELETE", CUSTOMER)[0] == 503
    assert function.recommend()[1]["tasks"]["signups"]["layer"] == "distilled"
