"""Several customers at once: outcomes in order, one entry each, and an end in time."""

from __future__ import annotations

import json
from typing import Any

import pytest
import tiny_bundle

from lambda_app import batch
from lambda_app import handler as entry
from understudy.contracts.api import BatchResponse
from understudy.stores import StoreError

PATH = "/v1/recommendations/batch"


def _ask(function: Any, *customers: str, context: Any = None) -> BatchResponse:
    body = {"items": [{"customer_id": customer, "locale": "en"} for customer in customers]}
    response = entry.handler(tiny_bundle.event("POST", PATH, body), context)
    assert response["statusCode"] == 200
    return BatchResponse.model_validate_json(response["body"])


def test_each_item_has_its_outcome_in_order_and_its_entry(function: Any) -> None:
    function.store.put_records([tiny_bundle.customer("c-2", overseas_count=9)])
    answer = _ask(function, "c-2", "nobody", "c-1", "c-1")
    assert [item.status for item in answer.items] == [200, 404, 200, 200]
    assert (answer.answered, answer.failed, answer.unprocessed) == (3, 1, 0)
    assert answer.items[1].problem is not None
    found = [item.answer for item in answer.items if item.answer]
    assert "9 overseas purchases" in found[0].recommendations[0].reason.text
    assert "4 overseas purchases" in found[1].recommendations[0].reason.text
    assert len({one.request_id for one in found}) == 3
    assert [one.audit.mac for one in found] == [json.loads(row[3])["mac"] for row in function.store.entries()]
    assert function.check_log().verdict == "clean"


def test_an_item_answers_as_the_single_route_does(function: Any) -> None:
    _, single = function.recommend(locale="en")
    (item,) = _ask(function, "c-1").items
    assert item.answer is not None
    together = item.answer.model_dump(mode="json")
    for key in ("request_id", "generated_at", "trace_id", "reviews", "audit"):  # a sample of tier 1 is reviewed
        del single[key], together[key]
    assert single == together


def test_an_item_can_be_explained(function: Any) -> None:
    (item,) = _ask(function, "c-1").items
    assert item.answer is not None
    assert function("GET", f"/v1/customers/c-1/explanations/{item.answer.request_id}")[0] == 200


def test_a_lost_entry_costs_its_item_only(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    store, calls = function.app.backing.store, []
    write = store.put_entry

    def sometimes(*args: Any) -> None:
        calls.append(args)
        if len(calls) == 2:
            raise StoreError("disk full")
        write(*args)

    monkeypatch.setattr(store, "put_entry", sometimes)
    answer = _ask(function, "c-1", "c-1", "c-1")
    assert [(item.status, item.answer is None) for item in answer.items] == [(200, False), (503, True), (200, False)]
    assert len(function.entries()) == 2
    assert function.check_log().verdict == "clean"


def test_a_defect_costs_its_item_only(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    decide, calls = function.app.decider.decide, []

    def sometimes(*args: Any, **options: Any) -> Any:
        calls.append(args)
        if len(calls) == 1:
            raise RuntimeError("c-1 is in this message")
        return decide(*args, **options)

    monkeypatch.setattr(function.app.decider, "decide", sometimes)
    assert [item.status for item in _ask(function, "c-1", "c-1").items] == [500, 200]


class Context:
    """A Lambda context whose time runs out after ``items`` items."""

    def __init__(self, milliseconds: int) -> None:
        self.milliseconds = milliseconds

    def get_remaining_time_in_millis(self) -> int:
        return self.milliseconds


def test_items_that_time_does_not_suffice_for_are_said_to_be_unprocessed(
    function: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    answer = _ask(function, "c-1", "c-1", "c-1", context=Context(30_000))
    assert answer.unprocessed == 0
    before = len(function.entries())
    original, done = batch.decide_for, []

    def slowly(*args: Any, **options: Any) -> Any:
        done.append(args)
        # The item takes all but a little of the time.
        batch.current_deadline()._end -= 29.5
        return original(*args, **options)

    monkeypatch.setattr(batch, "decide_for", slowly)
    answer = _ask(function, "c-1", "c-1", "c-1", context=Context(30_000))
    assert [(item.status, item.processed) for item in answer.items] == [(200, True), (503, False), (503, False)]
    assert (answer.answered, answer.failed, answer.unprocessed) == (1, 0, 2)
    assert len(function.entries()) == before + 1
    assert len(done) == 1


@pytest.mark.parametrize("items", [[], [{"customer_id": "c-1"}] * 101, "c-1", [{"customer_id": "c 1"}], [[]]])
def test_a_malformed_batch_is_refused_as_a_whole(function: Any, items: Any) -> None:
    status, problem = function("POST", PATH, {"items": items})
    assert status == 400
    assert problem["errors"][0]["field"].startswith("items")
    assert function.entries() == []


def test_a_full_batch_fits_into_a_lambda_response(function: Any) -> None:
    body = {"items": [{"customer_id": "c-1"}] * 100}
    response = entry.handler(tiny_bundle.event("POST", PATH, body), None)
    assert BatchResponse.model_validate_json(response["body"]).answered == 100
    assert len(response["body"]) < 6 * 2**20 / 4  # real bundles have two to three times as many tasks and products
