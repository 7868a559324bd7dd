"""A bad body is refused with the field's name and without its value."""

from __future__ import annotations

import json
from typing import Any

import pytest

from lambda_app.body import read_body
from lambda_app.http import HttpError, HttpRequest
from understudy.contracts.api import BatchRequest, RecommendationRequest
from understudy.contracts.rights import Consents, Corrections

JSON = {"content-type": "application/json"}


def _read(body: bytes, headers: dict[str, str] | None = None) -> RecommendationRequest:
    return read_body(RecommendationRequest, HttpRequest("POST", "/", JSON if headers is None else headers, body))


def _refusal(body: bytes) -> HttpError:
    with pytest.raises(HttpError) as refused:
        _read(body)
    return refused.value


def test_a_good_body_is_read_with_its_defaults() -> None:
    assert _read(b'{"customer_id": "c-1"}') == RecommendationRequest(customer_id="c-1", locale="ko", channel="branch")


@pytest.mark.parametrize("kind", ["application/json", "Application/JSON; charset=utf-8"])
def test_json_may_be_declared_in_several_ways(kind: str) -> None:
    assert _read(b'{"customer_id": "c-1"}', {"content-type": kind}).customer_id == "c-1"


@pytest.mark.parametrize("headers", [{}, {"content-type": "text/plain"}, {"content-type": "application/jsonp"}])
def test_anything_else_is_an_unsupported_type(headers: dict[str, str]) -> None:
    with pytest.raises(HttpError) as refused:
        _read(b'{"customer_id": "c-1"}', headers)
    assert refused.value.status == 415


@pytest.mark.parametrize(
    ("body", "field", "message"),
    [
        (b"", "(body)", "not valid JSON"),
        (b"{", "(body)", "not valid JSON"),
        (b"\xff\xfe{}", "(body)", "not valid UTF-8"),
        (b'{"customer_id": NaN}', "(body)", "NaN and Infinity are not JSON"),
        (b'{"top_k": -Infinity}', "(body)", "NaN and Infinity are not JSON"),
        (b'{"customer_id": "a", "customer_id": "b"}', "(body)", "a key appears twice"),
        (b"[" * 60_000, "(body)", "nested too deeply"),
        (b"9" * 5_000, "(body)", "not valid JSON"),
        (b"[]", "(body)", "Input should be"),
        (b"null", "(body)", "Input should be"),
        (b"{}", "customer_id", "Field required"),
        (b'{"customer_id": 7}', "customer_id", "Input should be a valid string"),
        (b'{"customer_id": "has space"}', "customer_id", "String should match pattern"),
        (b'{"customer_id": "' + b"x" * 65 + b'"}', "customer_id", "String should match pattern"),
        (b'{"customer_id": "\\ud800"}', "customer_id", ""),
        (b'{"customer_id": "c", "top_k": 0}', "top_k", "greater than or equal to 1"),
        (b'{"customer_id": "c", "top_k": 11}', "top_k", "less than or equal to 10"),
        (b'{"customer_id": "c", "top_k": "3"}', "top_k", "valid integer"),
        (b'{"customer_id": "c", "top_k": true}', "top_k", "valid integer"),
        (b'{"customer_id": "c", "top_k": 1e999}', "top_k", ""),
        (b'{"customer_id": "c", "locale": "fr"}', "locale", "Input should be 'ko' or 'en'"),
        (b'{"customer_id": "c", "chanel": "app"}', "(unknown key)", "unknown key; did you mean channel?"),
        (b'{"customer_id": "c", "hong_gildong": 1}', "(unknown key)", "unknown key"),
        ('{"customer_id": "c", "비밀": 1}'.encode(), "(unknown key)", "unknown key"),
        (b'{"customer_id": "c", "<script>": 1}', "(unknown key)", "unknown key"),
    ],
)
def test_the_field_is_named(body: bytes, field: str, message: str) -> None:
    error = _refusal(body)
    assert error.status == 400
    assert error.errors[0].field == field
    assert message in error.errors[0].message


@pytest.mark.parametrize("key", ["customer_id", "top_k", "locale", "channel"])
@pytest.mark.parametrize("value", ['"s3cret-v4lue!"', '["s3cret-v4lue!"]', '{"s3cret-v4lue!": 1}'])
def test_values_are_never_repeated(key: str, value: str) -> None:
    error = _refusal(f'{{"{key}": {value}}}'.encode())
    told: Any = [error.detail, *(e.model_dump() for e in error.errors)]
    assert "s3cret" not in str(told)


def test_many_wrong_keys_give_a_short_answer() -> None:
    assert len(_refusal(str({f"k{i}": i for i in range(500)}).replace("'", '"').encode()).errors) == 10


@pytest.mark.parametrize(
    ("model", "body", "field"),
    [
        (BatchRequest, {"items": [{"customer_id": "c"}, {"customer_id": "c", "top_k": 0}]}, "items.1.top_k"),
        (BatchRequest, {"items": [{"customer_id": "c", "hong": 1}]}, "items.0.(unknown key)"),
        (Corrections, {"reason": "a drill", "features": {"hong-gildong": [1]}}, "features.(key)"),
        (Consents, {"channels": {"hong-gildong": True}}, "channels.(key)"),
    ],
)
def test_a_nested_field_is_named_and_a_callers_key_is_not(model: Any, body: Any, field: str) -> None:
    with pytest.raises(HttpError) as refused:
        read_body(model, HttpRequest("POST", "/", JSON, json.dumps(body).encode()))
    assert refused.value.errors[0].field.startswith(field)
    assert "hong" not in str([error.model_dump() for error in refused.value.errors])


@pytest.mark.parametrize("kind", ["application/json; charset=euc-kr", "application/json, text/plain", "text/json"])
def test_other_types_and_charsets_are_refused(kind: str) -> None:
    with pytest.raises(HttpError) as refused:
        _read(b'{"customer_id": "c-1"}', {"content-type": kind})
    assert refused.value.status == 415
