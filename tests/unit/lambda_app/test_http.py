"""Whatever the event holds, it is a request or a refusal."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest
import tiny_bundle

from lambda_app.http import MAX_BODY_BYTES, HttpError, parse_event, problem_answer


def _status(event: Any) -> int:
    with pytest.raises(HttpError) as refused:
        parse_event(event)
    return refused.value.status


def test_method_path_headers_and_body() -> None:
    event = tiny_bundle.event("put", "/v1/customers/a%40b/preferences", '{"x": 1}')
    event["headers"] = {"Content-Type": "application/json", "x-odd": 3}
    request = parse_event(event)
    assert request.method == "PUT"
    assert request.path == "/v1/customers/a@b/preferences"
    assert request.headers == {"content-type": "application/json"}
    assert request.body == b'{"x": 1}'


def test_the_stage_is_no_part_of_the_path() -> None:
    event = tiny_bundle.event("GET", "/prod/v1/health")
    event["requestContext"]["stage"] = "prod"
    assert parse_event(event).path == "/v1/health"
    event["requestContext"]["stage"] = "pro"
    assert parse_event(event).path == "/prod/v1/health"


def test_base64_is_decoded() -> None:
    event = tiny_bundle.event(body=base64.b64encode("한글".encode()).decode()) | {"isBase64Encoded": True}
    assert parse_event(event).body == "한글".encode()
    assert _status(event | {"body": "!!not base64!!"}) == 400
    assert _status(event | {"body": "한글"}) == 400


@pytest.mark.parametrize("event", [None, 3, "x", [], {}, {"requestContext": None}, {"requestContext": {"http": 3}}])
def test_what_is_no_http_event_is_refused(event: Any) -> None:
    assert _status(event) == 400


@pytest.mark.parametrize("body", [3, [], {"a": 1}, "\ud800"])
def test_what_is_no_text_is_refused(body: Any) -> None:
    assert _status(tiny_bundle.event() | {"body": body}) == 400


def test_the_size_of_a_body_is_limited_as_sent_and_as_decoded() -> None:
    assert len(parse_event(tiny_bundle.event(body="x" * MAX_BODY_BYTES)).body) == MAX_BODY_BYTES
    assert _status(tiny_bundle.event(body="x" * (MAX_BODY_BYTES + 1))) == 413
    assert _status(tiny_bundle.event(body="é" * (MAX_BODY_BYTES // 2 + 1))) == 413
    encoded = {"isBase64Encoded": True}
    fits = base64.b64encode(b"x" * MAX_BODY_BYTES).decode()
    assert len(parse_event(tiny_bundle.event(body=fits) | encoded).body) == MAX_BODY_BYTES
    for size in (MAX_BODY_BYTES + 1, MAX_BODY_BYTES * 3):
        assert _status(tiny_bundle.event(body=base64.b64encode(b"x" * size).decode()) | encoded) == 413


def test_a_problem_is_problem_json_and_never_cached() -> None:
    response = problem_answer(HttpError(405, "No.", headers={"allow": "GET"}), "r-1")
    assert response["statusCode"] == 405
    assert response["headers"] == {
        "content-type": "application/problem+json",
        "cache-control": "no-store",
        "allow": "GET",
    }
    assert json.loads(response["body"]) == {
        "type": "about:blank",
        "title": "Method not allowed",
        "status": 405,
        "detail": "No.",
        "request_id": "r-1",
        "errors": [],
    }
