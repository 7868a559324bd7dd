"""Requests become events and results become responses, as API Gateway has it."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from lambda_app.http import parse_event
from understudy.local.gateway import to_event, to_response


def test_a_request_becomes_an_event_that_the_function_reads() -> None:
    headers = [("Content-Type", "application/json"), ("X-A", "1"), ("x-a", "2")]
    event = to_event("POST", "/v1/customers/a%40b?x=1&y=&x=2", headers, b'{"k": "\xed\x95\x9c"}', "127.0.0.1")
    assert event["version"] == "2.0"
    assert event["rawPath"] == "/v1/customers/a@b"
    assert event["rawQueryString"] == "x=1&y=&x=2"
    assert event["queryStringParameters"] == {"x": "2", "y": ""}
    assert event["headers"] == {"content-type": "application/json", "x-a": "1,2"}
    assert event["isBase64Encoded"] is False
    request = parse_event(event)
    assert (request.method, request.path, request.body) == ("POST", "/v1/customers/a@b", '{"k": "한"}'.encode())


def test_bytes_that_are_no_text_travel_as_base64() -> None:
    event = to_event("POST", "/", [], b"\xff\x00", "127.0.0.1")
    assert event["isBase64Encoded"] is True
    assert parse_event(event).body == b"\xff\x00"


def test_no_body_no_key() -> None:
    assert "body" not in to_event("GET", "/", [], b"", "127.0.0.1")


def test_a_result_becomes_a_response() -> None:
    found = to_response({"statusCode": 201, "headers": {"X": 1}, "body": "한"})
    assert (found.status, found.headers, found.body) == (201, {"X": "1"}, "한".encode())
    encoded = to_response({"statusCode": 200, "body": base64.b64encode(b"\xff").decode(), "isBase64Encoded": True})
    assert encoded.body == b"\xff"
    assert to_response({"statusCode": 204}).body == b""


@pytest.mark.parametrize(
    "result", [None, "x", [], {}, {"statusCode": "200"}, {"statusCode": 200, "body": "!", "isBase64Encoded": True}]
)
def test_a_senseless_result_is_a_bad_gateway(result: Any) -> None:
    assert to_response(result).status == 502
