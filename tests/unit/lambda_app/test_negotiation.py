"""What clients accept; HEAD, OPTIONS and entity tags."""

from __future__ import annotations

import json
from typing import Any

import pytest
import tiny_bundle

from lambda_app.http import HttpError
from lambda_app.negotiation import check_acceptable
from lambda_app.routes import ROUTES


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/json",
        "Application/JSON; q=0.1",
        "text/html, application/*;q=0.5",
        "text/html,*/*;q=0.01",
        "application/json;charset=utf-8;q=x",
        "application/json, */*;q=0",
    ],
)
def test_json_is_acceptable(accept: str) -> None:
    check_acceptable(accept)


@pytest.mark.parametrize("accept", ["text/html", "application/json;q=0", "*/*;q=0", "application/json;q=0.0, */*", ","])
def test_json_is_ruled_out(accept: str) -> None:
    with pytest.raises(HttpError) as refused:
        check_acceptable(accept)
    assert refused.value.status == 406


def _ask(function: Any, method: str, path: str, **headers: str) -> dict[str, Any]:
    event = tiny_bundle.event(method, path)
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    answer: dict[str, Any] = function.raw(event | {"headers": names})
    return answer


def test_what_is_not_acceptable_is_not_decided(function: Any) -> None:
    event = tiny_bundle.event(body={"customer_id": "c-1"})
    event["headers"]["accept"] = "text/html"
    response = function.raw(event)
    assert response["statusCode"] == 406
    assert json.loads(response["body"])["title"] == "Not acceptable"
    assert function.entries() == []


@pytest.mark.parametrize("path", sorted(ROUTES))
def test_every_path_names_its_methods(function: Any, path: str) -> None:
    concrete = path.replace("{", "").replace("}", "")
    response = _ask(function, "OPTIONS", concrete)
    assert response["statusCode"] == 204
    allowed = set(response["headers"]["allow"].split(", "))
    assert allowed == {*ROUTES[path], "OPTIONS"} | ({"HEAD"} if "GET" in ROUTES[path] else set())
    assert "body" not in response
    refused = _ask(function, "PATCH", concrete)
    assert (refused["statusCode"], refused["headers"]["allow"]) == (405, response["headers"]["allow"])


def test_head_is_get_without_the_body(function: Any) -> None:
    full, head = _ask(function, "GET", "/v1/health"), _ask(function, "HEAD", "/v1/health")
    assert (head["statusCode"], head["body"]) == (200, "")
    assert head["headers"]["etag"] == full["headers"]["etag"]
    assert _ask(function, "HEAD", "/v1/nothing")["body"] == ""


def test_health_is_sent_once(function: Any) -> None:
    first = _ask(function, "GET", "/v1/health")
    tag = first["headers"]["etag"]
    for held in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = _ask(function, "GET", "/v1/health", if_none_match=held)
        assert (again["statusCode"], again["headers"]["etag"]) == (304, tag)
        assert "body" not in again
    assert _ask(function, "GET", "/v1/health", if_none_match='"other"')["statusCode"] == 200


def test_an_explanation_that_the_client_holds_is_not_sent_again_but_recorded(function: Any) -> None:
    _, answer = function.recommend()
    path = f"/v1/customers/c-1/explanations/{answer['request_id']}"
    first = _ask(function, "GET", path)
    assert first["headers"]["cache-control"] == "private, no-cache"
    assert _ask(function, "GET", path, if_none_match=first["headers"]["etag"])["statusCode"] == 304
    assert [e.kind for e in function.entries()] == ["model_inference", "data_access", "data_access"]


def test_a_problem_has_no_tag_and_is_never_not_modified(function: Any) -> None:
    response = _ask(function, "GET", "/v1/customers/c-1/explanations/none", if_none_match="*")
    assert response["statusCode"] == 404
    assert "etag" not in response["headers"]
    assert response["headers"]["cache-control"] == "no-store"


def test_every_answer_names_its_request(function: Any) -> None:
    response = _ask(function, "GET", "/nowhere")
    assert response["headers"]["x-request-id"] == json.loads(response["body"])["request_id"]
