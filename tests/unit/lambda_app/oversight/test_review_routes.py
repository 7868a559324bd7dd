"""The review queue over HTTP: what waits, who decides, and what the caller then gets."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import tiny_bundle
from choices import choose
from overseers import ADMINS, ANNA, BORA, admin, switch

from understudy.contracts.catalog import ReviewPolicy
from understudy.stores import StoreError
from understudy.stores.oversight import open_review_key

REVIEWS = "/v1/admin/reviews"


@pytest.fixture
def function(make_function: Any, tmp_path: Path) -> Any:
    """A function with a customer who may buy anything, and whose policy samples nothing of tier 1."""
    catalog = tiny_bundle.catalog().model_copy(update={"review": ReviewPolicy(sample_rate=0)})
    content = tiny_bundle.files(**{"catalog.json": catalog.model_dump_json().encode()})
    made = make_function(tiny_bundle.write(tmp_path / "reviewed", content), understudy_admins=ADMINS)
    made.store.put_records([tiny_bundle.customer(profile={"risk_tolerance": 5})])
    return made


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[float], None]:
    """Turn the clock of everything that asks for the time."""

    def turn(hours: float) -> None:
        for module in ("recommend", "admin_reviews", "outcomes", "contacts"):
            now = datetime.now(UTC) + timedelta(hours=hours)
            monkeypatch.setattr(f"lambda_app.{module}.utc_now", lambda now=now: now)

    return turn


def waiting(function: Any) -> tuple[Any, Any, Any]:
    """An answer with a recommendation of tier 3, the notice of it, and that of one of tier 2."""
    answer = function.recommend(top_k=10)[1]
    tiers = {notice["tier"]: notice for notice in answer["reviews"]}
    return answer, tiers[3], tiers[2]


def outcome(function: Any, answer: Any, review_id: str) -> Any:
    status, body = function("GET", f"/v1/customers/c-1/recommendations/{answer['request_id']}")
    assert status == 200, body
    return next(one for one in body["outcomes"] if one["review_id"] == review_id)


def decide(function: Any, review_id: str, decision: str, operator: str = ANNA, **more: Any) -> Any:
    body = {"decision": decision, "reason": "looked at the file"} | more
    return admin(function, "POST", f"{REVIEWS}/{review_id}/decision", body, operator=operator)


def test_tier_three_waits_and_tier_two_is_delivered(function: Any) -> None:
    answer, third, second = waiting(function)
    assert (third["withheld"], second["withheld"]) == (True, False)
    delivered = {r["rank"]: r["product_id"] for r in answer["recommendations"]}
    assert third["rank"] not in delivered
    assert delivered[second["rank"]] == "home_loan"
    assert "growth_fund" not in json.dumps(answer["recommendations"])
    everything = {*delivered.values(), *(d["product_id"] for d in answer["dropped"]), "growth_fund"}
    assert everything == {product.id for product in tiny_bundle.catalog().products}
    assert outcome(function, answer, third["review_id"])["recommendation"] is None
    assert outcome(function, answer, second["review_id"])["recommendation"]["product_id"] == "home_loan"


def test_the_entry_keeps_what_is_withheld_and_the_explanation_does_not_tell_it(function: Any) -> None:
    answer, third, _ = waiting(function)
    (entry,) = [e for e in function.entries() if e.kind == "model_inference"]
    assert [one["product_id"] for one in entry.payload["withheld"]] == ["growth_fund"]
    assert entry.payload["review_rules"][third["review_id"]] == "highest-risk"
    _, explanation = function("GET", f"/v1/customers/c-1/explanations/{answer['request_id']}")
    assert "growth_fund" not in json.dumps(explanation["recommendations"])


def test_what_a_person_approves_the_caller_gets(function: Any) -> None:
    answer, third, _ = waiting(function)
    status, review = decide(function, third["review_id"], "approved")
    assert (status, review["state"], review["operator"]) == (200, "approved", ANNA)
    found = outcome(function, answer, third["review_id"])
    assert found["state"] == "approved"
    assert found["recommendation"]["product_id"] == "growth_fund"
    assert found["recommendation"]["reason"]["text"]
    payload = next(e.payload for e in function.entries() if e.payload.get("operation") == "decide_review")
    assert (payload["decision"], payload["operator"], payload["reason"]) == ("approved", ANNA, "looked at the file")


def test_what_a_person_rejects_is_taken_back(function: Any) -> None:
    answer, third, second = waiting(function)
    for notice in (third, second):
        assert decide(function, notice["review_id"], "rejected")[0] == 200
        found = outcome(function, answer, notice["review_id"])
        assert (found["state"], found["recommendation"]) == ("rejected", None)


def test_a_person_may_find_better_words_and_they_pass_the_gate(function: Any) -> None:
    answer, third, _ = waiting(function)
    original = admin(function, "GET", f"{REVIEWS}/{third['review_id']}")[1]["recommendation"]["reason"]["text"]
    status, problem = decide(
        function, third["review_id"], "modified", text="원금이 보장되고 수익이 확실한 최고의 펀드입니다."
    )
    assert (status, problem["errors"][0]["field"]) == (400, "text")
    assert problem["errors"][0]["message"].startswith("rejected by the safety gate: ")
    assert "원금" not in problem["errors"][0]["message"]  # the rules are named, the words are not repeated
    status, review = decide(function, third["review_id"], "modified", text=original)
    assert (status, review["state"]) == (200, "modified"), review
    found = outcome(function, answer, third["review_id"])
    assert found["recommendation"]["reason"]["note"] == "worded by a reviewer"


def test_a_review_is_decided_once(function: Any) -> None:
    _, third, _ = waiting(function)
    assert decide(function, third["review_id"], "rejected")[0] == 200
    status, problem = decide(function, third["review_id"], "approved", BORA)
    assert (status, problem["detail"]) == (409, "Somebody has decided about this review.")
    assert admin(function, "GET", f"{REVIEWS}/{third['review_id']}")[1]["state"] == "rejected"


def test_of_two_who_decide_at_once_one_does(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    answer, third, _ = waiting(function)
    entries = len(function.entries())
    original = function.app.backing.log.append

    def overtaken(kind: str, payload: Any, changes: Any = (), **options: Any) -> Any:
        monkeypatch.setattr(function.app.backing.log, "append", original)
        assert decide(function, third["review_id"], "rejected", BORA)[0] == 200
        return original(kind, payload, changes, **options)

    monkeypatch.setattr(function.app.backing.log, "append", overtaken)
    assert decide(function, third["review_id"], "approved", ANNA)[0] == 409
    assert outcome(function, answer, third["review_id"])["state"] == "rejected"
    assert len(function.entries()) == entries + 2  # one decision, one look


def test_what_nobody_decides_expires(function: Any, later: Any) -> None:
    answer, third, second = waiting(function)
    later(71)
    assert outcome(function, answer, third["review_id"])["state"] == "pending"
    assert outcome(function, answer, second["review_id"])["state"] == "expired"
    later(73)
    found = outcome(function, answer, third["review_id"])
    assert (found["state"], found["recommendation"]) == ("expired", None)
    assert outcome(function, answer, second["review_id"])["recommendation"]["product_id"] == "home_loan"
    status, problem = decide(function, third["review_id"], "approved")
    assert (status, problem["detail"]) == (409, "The time for this review has run out.")
    states = [
        [r["state"] for r in admin(function, "GET", REVIEWS, state=s)[1]["reviews"]] for s in ("pending", "expired")
    ]
    assert states == [[], ["expired", "expired"]]


def test_the_queue_is_listed_earliest_due_first_page_by_page(function: Any) -> None:
    expected = sorted(n["review_id"] for _ in range(4) for n in function.recommend(top_k=10)[1]["reviews"])
    found: list[str] = []
    after: dict[str, str] = {}
    for _ in range(10):
        page = admin(function, "GET", REVIEWS, state="pending", limit="3", **after)[1]
        assert len(page["reviews"]) <= 3
        found += [review["review_id"] for review in page["reviews"]]
        if page["next"] is None:
            break
        after = {"after": page["next"]}
    assert found == expected
    assert [page["reviews"][-1]["review_id"]] == found[-1:]


def test_decided_reviews_are_listed_by_their_state(function: Any) -> None:
    ids = [waiting(function)[1]["review_id"] for _ in range(3)]
    for review_id, decision in zip(ids, ("approved", "rejected", "approved"), strict=True):
        decide(function, review_id, decision)

    def listed(state: str) -> list[str]:
        return [r["review_id"] for r in admin(function, "GET", REVIEWS, state=state)[1]["reviews"]]

    assert sorted(listed("approved")) == sorted([ids[0], ids[2]])
    assert listed("rejected") == [ids[1]]
    assert not set(listed("pending")) & set(ids)


@pytest.mark.parametrize(
    "query", [{"state": "odd"}, {"limit": "0"}, {"limit": "101"}, {"limit": "x"}, {"after": "a/b"}]
)
def test_a_malformed_query_is_named(function: Any, query: dict[str, str]) -> None:
    status, problem = admin(function, "GET", REVIEWS, **query)
    assert (status, [e["field"] for e in problem["errors"]]) == (400, list(query))


@pytest.mark.parametrize("body", [{"decision": "maybe"}, {"decision": "modified"}, {"text": "hello"}, {"reason": " "}])
def test_a_malformed_decision_changes_nothing(function: Any, body: dict[str, str]) -> None:
    _, third, _ = waiting(function)
    whole = {"decision": "approved", "reason": "looked at it"} | body
    assert admin(function, "POST", f"{REVIEWS}/{third['review_id']}/decision", whole)[0] == 400
    assert admin(function, "GET", f"{REVIEWS}/{third['review_id']}")[1]["state"] == "pending"


def test_no_review_is_invented(function: Any) -> None:
    assert admin(function, "GET", f"{REVIEWS}/20260101T000000Z-r-1")[0] == 404
    assert decide(function, "20260101T000000Z-r-1", "approved")[0] == 404
    assert function("GET", "/v1/customers/c-1/recommendations/r-1")[0] == 404


def test_nobody_gets_what_was_recommended_to_another(function: Any) -> None:
    answer, _, _ = waiting(function)
    assert function("GET", f"/v1/customers/c-2/recommendations/{answer['request_id']}")[0] == 404


@pytest.mark.parametrize("event", ["objection", "restriction", "switch", "product", "owned", "tolerance"])
def test_an_approval_does_not_outweigh_what_came_up_since(function: Any, event: str) -> None:
    answer, third, _ = waiting(function)
    decide(function, third["review_id"], "approved")
    if event == "objection":
        choose(function.store, "c-1", opted_out=True)
    elif event == "restriction":
        choose(function.store, "c-1", restriction="rules")
    elif event == "switch":
        switch(function, "global", "disable")
    elif event == "product":
        switch(function, "product", "disable", "growth_fund")
    elif event == "owned":
        function.store.put_records([tiny_bundle.customer(profile={"risk_tolerance": 5, "owned": ["growth_fund"]})])
    else:
        function.store.put_records([tiny_bundle.customer(profile={"risk_tolerance": 2})])
    found = outcome(function, answer, third["review_id"])
    assert (found["state"], found["recommendation"]) == ("approved", None)
    assert found["refusal"]


def test_the_review_is_written_with_the_entry_or_not_at_all(function: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise StoreError("disk full")

    monkeypatch.setattr(function.app.backing.store, "put_entry", fail)
    assert function.recommend(top_k=10)[0] == 503
    monkeypatch.undo()
    assert function.store.list_documents("oversight", open_review_key("x").partition) == []
