"""The audit's event: what the log holds of a decision is enough to make it again, to the last bit."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
import tiny_bundle
from overseers import ADMINS, switch

from agents.audit_agent.replay import differences, read_replayed

Make = Callable[..., Any]


def again(function: Any, customer_id: str = "c-1") -> tuple[Mapping[str, Any], Mapping[str, Any] | None]:
    """The latest decision as the log has it, and as it is made again; through JSON, as an invocation does."""
    content = [e.payload for e in function.entries(customer_id) if e.kind == "model_inference"][-1]
    said = function.raw(json.loads(json.dumps({"replay": [content]})))
    replayed = read_replayed(json.loads(json.dumps(said)))
    assert replayed.model_version == content["model_version"]
    return content, replayed.answers[0]


def assert_same(function: Any, customer_id: str = "c-1") -> Mapping[str, Any]:
    content, answer = again(function, customer_id)
    assert answer is not None
    assert differences(content, answer) == []
    return content


def test_an_ordinary_decision(make_function: Make) -> None:
    function = make_function()
    assert function.recommend(locale="en", top_k=5)[0] == 200
    content = assert_same(function)
    assert content["answer"]["recommendations"]
    assert "given" not in content, "what is ordinary costs no bytes"


def test_nothing_is_recorded_or_read(make_function: Make) -> None:
    function = make_function()
    function.recommend()
    before = len(function.entries())
    again(function)
    assert len(function.entries()) == before


@pytest.mark.parametrize("channel", ["branch", "app", "sms"])
def test_under_consents(channel: str, make_function: Make) -> None:
    function = make_function()
    consents = {"channels": {"sms": True, "app": False}}
    assert function("PUT", "/v1/customers/c-1/consents", consents)[0] == 200
    function.recommend(channel=channel)
    assert assert_same(function)["given"]["channels"] == consents["channels"]


@pytest.mark.parametrize("restriction", ["rules", "no_decision"])
def test_under_a_restriction(restriction: str, make_function: Make) -> None:
    function = make_function()
    assert function("PUT", "/v1/customers/c-1/restriction", {"restriction": restriction})[0] == 200
    function.recommend()
    assert assert_same(function)["given"]["restriction"] == restriction


def test_of_a_customer_who_objects(make_function: Make) -> None:
    function = make_function()
    assert function("PUT", "/v1/customers/c-1/preferences", {"opted_out": True})[0] == 200
    function.recommend()
    assert assert_same(function)["record"]["features"] is None


def test_of_a_customer_who_was_approached_often(make_function: Make) -> None:
    function = make_function()
    for days in range(3):
        at = (datetime.now(UTC) - timedelta(days=days, hours=1)).isoformat()
        contact = {"contact_id": f"k-{days}", "channel": "branch", "at": at}
        assert function("POST", "/v1/customers/c-1/contacts", contact)[0] in (200, 201)
    function.recommend()
    content = assert_same(function)
    assert len(content["given"]["contacts"]) == 3
    assert content["answer"]["recommendations"] == []


@pytest.mark.parametrize(
    ("scope", "strategy", "target"),
    [("global", "disable", None), ("global", "rules", None), ("task", "rules", 0), ("product", "disable", 0)],
)
def test_under_kill_switches(scope: str, strategy: str, target: int | None, make_function: Make) -> None:
    function = make_function(understudy_admins=ADMINS)
    names = {"task": tiny_bundle.tasks()[0]["name"], "product": tiny_bundle.catalog().products[0].id}
    switch(function, scope, strategy, None if target is None else names[scope])
    function.recommend()
    assert assert_same(function)["given"]["orders"]


def test_where_the_previous_champion_spoke_nothing_is_decided_again(make_function: Make, tmp_path: Any) -> None:
    earlier = tiny_bundle.write(tmp_path / "earlier", seed=9)
    function = make_function(understudy_admins=ADMINS, understudy_previous_bundle=str(earlier))
    switch(function, "global", "previous")
    function.recommend()
    assert again(function)[1] is None


def test_of_records_that_may_not_be_used(make_function: Make) -> None:
    function = make_function()
    future = (datetime.now(UTC) + timedelta(days=30)).date().isoformat()
    function.store.put_records([tiny_bundle.customer("c-2").model_copy(update={"as_of": future})])
    function.recommend("c-2")
    content = assert_same(function, "c-2")
    assert content["record"] is None
    assert "future" in content["given"]["unfit"]


def test_a_changed_model_or_entry_is_seen(make_function: Make) -> None:
    function = make_function()
    function.recommend(locale="en", top_k=5)
    content, answer = again(function)
    assert answer is not None
    task = next(name for name, score in content["answer"]["tasks"].items() if score["value"] is not None)
    value = content["answer"]["tasks"][task]["value"]
    answer["tasks"][task]["value"] = value + 2**-52
    assert differences(content, answer) == ["tasks"]
    content, answer = again(function)
    assert answer is not None
    answer["recommendations"][0]["reason"]["text"] += " "
    assert differences(content, answer) == ["reasons"]
    answer["recommendations"][0]["review_tier"] = 3
    assert differences(content, answer) == ["recommendations", "reasons"]
    answer["recommendations"].pop()
    assert differences(content, answer) == ["recommendations"]


def test_only_what_a_sentence_told_of_is_compared(make_function: Make) -> None:
    function = make_function()
    function.recommend(locale="en", top_k=5)
    content, answer = again(function)
    assert answer is not None
    reason = content["answer"]["recommendations"][0]["reason"]
    reason |= {"source": "llm", "text": "Other words about the same."}
    assert differences(content, answer) == []
    reason["facts"] = []
    assert differences(content, answer) == ["reasons"]


def test_a_function_whose_bundle_was_refused_says_so(make_function: Make) -> None:
    function = make_function()
    function.recommend()
    content = function.entries()[-1].payload
    function.app._decider, function.app.refusal = None, "the model bundle is refused: manifest.json"
    said = function.raw({"replay": [content]})
    assert said["answers"] == []
    assert "manifest.json" in said["refused"]
