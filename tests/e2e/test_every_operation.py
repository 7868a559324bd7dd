"""Every operation of the OpenAPI document, called on the built zip over HTTP; answers must be what the document says.

An operation without a call here fails.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from packaged import Answer, Served

DOCUMENT = json.loads((Path(__file__).parents[2] / "docs" / "openapi.json").read_text(encoding="utf-8"))
OPERATIONS = {
    operation["operationId"]: (method.upper(), path, operation)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
}
PARAMETERS = {"customer_id": "c-1", "request_id": "c-1", "review_id": "c-1", "kind": "ops", "period": "2026-10-28"}
SWITCH = {"scope": "task", "target": "spend", "strategy": "rules", "reason": "a drill"}
Call = Callable[[Served], Answer]


def calls(method: str, path: str, body: Any = None, **query: str) -> Call:
    """A call by the operator; ``{request_id}`` and ``{review_id}`` are those of a decision made just before it."""

    def call(served: Served) -> Answer:
        target = path
        if "{" in path:
            answer = served.recommend("bold", top_k=10)
            waiting = next(notice for notice in answer["reviews"] if notice["withheld"])
            target = path.replace("{request_id}", answer["request_id"]).replace("{review_id}", waiting["review_id"])
        return served.admin(method, target, body, **query)

    return call


def after(first: Call, second: Call) -> Call:
    """``second``, once ``first`` was answered."""

    def call(served: Served) -> Answer:
        assert first(served).status == 200
        return second(served)

    return call


set_switch = calls("PUT", "/v1/admin/kill-switch", SWITCH)
clear_switch = calls("DELETE", "/v1/admin/kill-switch", scope="task", target="spend", reason="the drill is over")
correct = calls("PUT", "/v1/customers/c-1/corrections", {"reason": "a drill", "features": {"visits": 6}})


CALLS: dict[str, Call] = {
    "recommend": calls("POST", "/v1/recommendations", {"customer_id": "c-1"}),
    "recommendBatch": calls(
        "POST", "/v1/recommendations/batch", {"items": [{"customer_id": one} for one in ("c-1", "nobody", "c-2")]}
    ),
    "health": calls("GET", "/v1/health"),
    "readPreferences": calls("GET", "/v1/customers/c-1/preferences"),
    "writePreferences": calls("PUT", "/v1/customers/c-1/preferences", {"opted_out": False}),
    "readConsents": calls("GET", "/v1/customers/c-1/consents"),
    "writeConsents": calls("PUT", "/v1/customers/c-1/consents", {"channels": {"app": True}}),
    "readRestriction": calls("GET", "/v1/customers/c-1/restriction"),
    "writeRestriction": calls("PUT", "/v1/customers/c-1/restriction", {"restriction": "none"}),
    "writeCorrections": correct,
    "readCorrections": after(correct, calls("GET", "/v1/customers/c-1/corrections")),
    "recordContact": calls(
        "POST",
        "/v1/customers/c-2/contacts",
        {"contact_id": "k-1", "at": datetime.now(UTC).isoformat(), "channel": "branch"},
    ),
    "exportData": calls("GET", "/v1/customers/c-1/data"),
    "eraseCustomer": calls("DELETE", "/v1/customers/nobody-1"),
    "readOutcomes": calls("GET", "/v1/customers/bold/recommendations/{request_id}"),
    "explain": calls("GET", "/v1/customers/bold/explanations/{request_id}"),
    "setKillSwitch": set_switch,
    "readKillSwitches": calls("GET", "/v1/admin/kill-switch"),
    "clearKillSwitch": after(set_switch, clear_switch),
    "readReviews": calls("GET", "/v1/admin/reviews", state="pending", limit="5"),
    "readReview": calls("GET", "/v1/admin/reviews/{review_id}"),
    "decideReview": calls(
        "POST", "/v1/admin/reviews/{review_id}/decision", {"decision": "rejected", "reason": "not for them"}
    ),
    "readReports": calls("GET", "/v1/admin/reports", kind="nightly", limit="2"),
    "readReport": calls("GET", "/v1/admin/reports/ops/2026-10-28"),
    "readAuditState": calls("GET", "/v1/admin/audit"),
    "readDecisionRecord": calls("GET", "/v1/admin/decisions/{request_id}", customer_id="bold"),
}


@cache
def validator(name: str) -> Draft202012Validator:
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": DOCUMENT["components"]})


def check(operation: Any, found: Answer) -> None:
    """The document declares this status, with this type and a schema that the body fits."""
    declared = operation["responses"][str(found.status)]
    if "content" not in declared:
        assert found.body is None
        return
    ((kind, content),) = declared["content"].items()
    assert found.headers["content-type"] == kind
    validator(content["schema"]["$ref"].rpartition("/")[2]).validate(found.body)


def test_every_operation_has_a_call_and_no_call_is_of_another() -> None:
    assert set(CALLS) == set(OPERATIONS)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_answers_as_the_document_says(served: Served, name: str) -> None:
    _, _, operation = OPERATIONS[name]
    found = CALLS[name](served)
    assert found.status == 200, found
    check(operation, found)


@pytest.mark.parametrize("name", OPERATIONS)
def test_every_operation_refuses_as_the_document_says(served: Served, name: str) -> None:
    method, path, operation = OPERATIONS[name]
    sent = path
    for parameter, good in PARAMETERS.items():
        sent, path = sent.replace(f"{{{parameter}}}", "%20"), path.replace(f"{{{parameter}}}", good)
    takes_body = "requestBody" in operation
    refused = served.admin(method, sent, {"no such": "field"} if takes_body else None)
    if takes_body or "%20" in sent or operation["operationId"] == "clearKillSwitch":
        assert refused.status == 400
    check(operation, refused)
    unacceptable = served.ask(method, path, {} if takes_body else None, accept="text/html")
    assert unacceptable.status == 406
    check(operation, unacceptable)
    assert "no such" not in json.dumps([refused.body, unacceptable.body])


@pytest.mark.parametrize("name", [name for name, (method, *_) in OPERATIONS.items() if method == "GET"])
def test_head_says_what_get_says_without_its_body(served: Served, name: str) -> None:
    _, path, operation = OPERATIONS[name]
    for parameter, good in PARAMETERS.items():
        path = path.replace(f"{{{parameter}}}", good)
    got, headed = served.admin("GET", path), served.admin("HEAD", path)
    assert (headed.status, headed.body) == (got.status, None)
    assert headed.headers["content-type"] == got.headers["content-type"]
    check(operation, got)


TAGGED = [name for name, (_, _, operation) in OPERATIONS.items() if "304" in operation["responses"]]


@pytest.mark.parametrize("name", TAGGED)
def test_every_tagged_operation_keeps_its_tag(served: Served, name: str) -> None:
    _, path, operation = OPERATIONS[name]
    path = path.replace("{customer_id}", "c-1").replace("{request_id}", served.recommend()["request_id"])
    first = served.ask("GET", path)
    assert first.headers["cache-control"] == "private, no-cache"
    check(operation, again := served.ask("GET", path, if_none_match=first.headers["etag"]))
    assert again.status == 304


IDEMPOTENT = {
    name: path
    for name, (_, path, operation) in OPERATIONS.items()
    if any(one["name"] == "Idempotency-Key" for one in operation.get("parameters", []))
}


@pytest.mark.parametrize("name", IDEMPOTENT)
def test_every_idempotent_operation_decides_once(served: Served, name: str) -> None:
    one, other = {"customer_id": "c-1"}, {"customer_id": "c-2"}
    bodies = (
        [{"items": [item, {"customer_id": "nobody"}]} for item in (one, other)] if "Batch" in name else [one, other]
    )
    path, key = IDEMPOTENT[name], f"key-{name}"
    first, second = (served.ask("POST", path, bodies[0], idempotency_key=key) for _ in range(2))
    assert decided(second.body) == decided(first.body)
    assert decided(served.ask("POST", path, bodies[0], idempotency_key=f"{key}-2").body) != decided(first.body)
    another = served.ask("POST", path, bodies[1], idempotency_key=key)
    assert another.status == 422
    check(OPERATIONS[name][2], another)


def decided(body: Any) -> list[str]:
    """The ids of the entries behind an answer."""
    answers = [item["answer"] for item in body["items"] if item["answer"]] if "items" in body else [body]
    return [answer["audit"]["mac"] for answer in answers]


def test_a_batch_fails_in_part(served: Served) -> None:
    items = [{"customer_id": name, "locale": "en"} for name in ("c-1", "nobody", "other-schema", "c-2")]
    body = served.good("POST", "/v1/recommendations/batch", {"items": items})
    assert [item["status"] for item in body["items"]] == [200, 404, 200, 200]
    assert (body["answered"], body["failed"], body["unprocessed"]) == (3, 1, 0)
    assert body["items"][1]["problem"]["title"] == "Not found"
    single = served.recommend("c-1")
    assert body["items"][0]["answer"]["recommendations"] == single["recommendations"]
    refused = served.ask("POST", "/v1/recommendations/batch", {"items": [*items, {"customer_id": "a b"}]})
    assert (refused.status, refused.body["errors"][0]["field"]) == (400, "items.4.customer_id")
