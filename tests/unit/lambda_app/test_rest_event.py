"""A REST API, which private endpoints and the firewall need, reaches the same function with another event."""

from __future__ import annotations

import json
from typing import Any

import pytest
import tiny_bundle

from lambda_app.http import parse_event
from lambda_app.rest_event import as_http_event

ADMIN = "arn:aws:iam::123456789012:user/operator"


def rest(method: str, path: str, body: Any = None, **changes: Any) -> dict[str, Any]:
    """What a REST API with a Lambda proxy integration sends."""
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": {"Content-Type": "application/json", "Host": "x"},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "requestContext": {"stage": "v", "path": f"/v{path}", "identity": {"userArn": ADMIN, "sourceIp": "10.0.0.1"}},
        "body": None if body is None else json.dumps(body),
        "isBase64Encoded": False,
    } | changes


def test_it_is_read_as_the_event_of_an_http_api_is() -> None:
    query = {"after": ["a b"], "kind": ["ops", "audit"]}
    http = parse_event(rest("GET", "/v1/admin/reviews", multiValueQueryStringParameters=query))
    assert (http.method, http.path, http.caller.principal) == ("GET", "/v1/admin/reviews", ADMIN)
    assert http.query == {"after": "a b", "kind": "audit"}
    assert http.headers["content-type"] == "application/json"


def test_nobody_is_the_caller_where_the_gateway_names_none() -> None:
    anonymous = rest("GET", "/v1/health", requestContext={"identity": {"userArn": None}})
    assert parse_event(anonymous).caller.principal == ""
    assert parse_event(rest("GET", "/v1/health", requestContext=None)).caller.principal == ""


@pytest.mark.parametrize("event", [None, [], {}, {"httpMethod": 3}, tiny_bundle.event()])
def test_any_other_event_stays_as_it_is(event: Any) -> None:
    assert as_http_event(event) is event


def test_the_function_answers_it(function: Any) -> None:
    from lambda_app import handler as entry

    body = {"customer_id": "c-1"}
    by_rest = entry.handler(rest("POST", "/v1/recommendations", body), None)
    by_http = entry.handler(tiny_bundle.event("POST", "/v1/recommendations", body), None)
    assert by_rest["statusCode"] == by_http["statusCode"] == 200
    products = [[one["product_id"] for one in json.loads(answer["body"])["recommendations"]]
                for answer in (by_rest, by_http)]  # fmt: skip
    assert products[0] == products[1] != []
