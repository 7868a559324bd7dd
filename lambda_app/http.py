"""API Gateway events (HTTP API, payload format 2.0; REST API, 1.0) in, responses and problem details (RFC 9457) out."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Any
from urllib.parse import parse_qsl, unquote

from lambda_app.rest_event import as_http_event
from understudy.contracts._model import Contract
from understudy.contracts.api import FieldError, Problem

__all__ = [
    "MAX_BODY_BYTES",
    "Caller",
    "HttpError",
    "HttpRequest",
    "answer",
    "empty_answer",
    "parse_event",
    "problem_answer",
    "problem_of",
    "tagged",
]

MAX_BODY_BYTES = 64 * 1024
TITLES = {
    400: "Bad request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not found",
    405: "Method not allowed",
    406: "Not acceptable",
    409: "Conflict",
    410: "Gone",
    413: "Content too large",
    415: "Unsupported media type",
    422: "Unprocessable content",
    500: "Internal error",
    503: "Service unavailable",
}


class HttpError(Exception):
    """A request that is answered with a problem. Nothing of the request's values may stand in it."""

    def __init__(
        self, status: int, detail: str, *, errors: list[FieldError] | None = None, headers: dict[str, str] | None = None
    ) -> None:
        self.status = status
        self.detail = detail
        self.errors = errors or []
        self.headers = headers or {}
        super().__init__(detail)


@dataclass(frozen=True)
class Caller:
    """Who signed the request, as the gateway's authoriser says; without one, nobody with no scopes.

    ``principal`` is the ARN of an IAM caller, or ``sub`` of a JWT; ``scopes`` are those of the JWT.
    """

    principal: str = ""
    scopes: frozenset[str] = frozenset()


@dataclass(frozen=True)
class HttpRequest:
    """What the routes look at. ``body`` is at most `MAX_BODY_BYTES` long; a query parameter given twice counts once."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    query: dict[str, str] = field(default_factory=dict)
    caller: Caller = Caller()


def parse_event(event: Any) -> HttpRequest:
    """Read an event; whatever it holds, the result is a request or an `HttpError`.

    Raises:
        HttpError: 400 for an event that is no HTTP request, or a body that is not the base64 it claims to be; 413.
    """
    event = as_http_event(event)
    http = _mapping(_mapping(event).get("requestContext")).get("http")
    method, path = _mapping(http).get("method"), _mapping(event).get("rawPath")
    if not isinstance(method, str) or not isinstance(path, str):
        raise HttpError(400, "The event is not a request of an HTTP or REST API.")
    stage = _mapping(event["requestContext"]).get("stage")
    if isinstance(stage, str) and stage != "$default" and path.startswith(f"/{stage}/"):
        path = path.removeprefix(f"/{stage}")
    headers = {
        str(name).lower(): value for name, value in _mapping(event.get("headers")).items() if isinstance(value, str)
    }
    query = event.get("rawQueryString")
    return HttpRequest(
        method.upper(),
        unquote(path),
        headers,
        _body(event),
        dict(parse_qsl(query, keep_blank_values=True, max_num_fields=None)) if isinstance(query, str) else {},
        _caller(_mapping(_mapping(event["requestContext"]).get("authorizer"))),
    )


def _caller(authorizer: Mapping[str, Any]) -> Caller:
    arn = _mapping(authorizer.get("iam")).get("userArn")
    if isinstance(arn, str):
        return Caller(arn)
    claims = _mapping(_mapping(authorizer.get("jwt")).get("claims"))
    subject, scope = claims.get("sub"), claims.get("scope")
    if not isinstance(subject, str):
        return Caller()
    return Caller(subject, frozenset(scope.split() if isinstance(scope, str) else ()))


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _body(event: Mapping[str, Any]) -> bytes:
    body = event.get("body")
    if body is None:
        return b""
    if not isinstance(body, str):
        raise HttpError(400, "The body is not text.")
    encoded = event.get("isBase64Encoded") is True
    if len(body) > (MAX_BODY_BYTES * 4 // 3 + 4 if encoded else MAX_BODY_BYTES):
        raise _too_large()
    try:
        # A lone surrogate cannot come from a UTF-8 body.
        data = base64.b64decode(body, validate=True) if encoded else body.encode()
    except (binascii.Error, ValueError):
        what = "base64" if encoded else "valid text"
        raise HttpError(400, f"The body is not {what}.", errors=[_whole_body(f"not {what}")]) from None
    if len(data) > MAX_BODY_BYTES:
        raise _too_large()
    return data


def _too_large() -> HttpError:
    return HttpError(413, f"The body may have at most {MAX_BODY_BYTES} bytes.")


def _whole_body(message: str) -> FieldError:
    return FieldError(field="(body)", message=message)


def answer(status: int, body: Contract, *, headers: Mapping[str, str] | None = None) -> dict[str, Any]:
    """A JSON response. It concerns one customer, so that nothing on the way may keep it."""
    return _response(status, body, "application/json", headers or {})


def problem_of(error: HttpError, request_id: str) -> Problem:
    """The problem details of ``error``."""
    return Problem(
        title=TITLES[error.status], status=error.status, detail=error.detail, request_id=request_id, errors=error.errors
    )


def problem_answer(error: HttpError, request_id: str) -> dict[str, Any]:
    """The response that tells of ``error``."""
    return _response(error.status, problem_of(error, request_id), "application/problem+json", error.headers)


def empty_answer(status: int, headers: Mapping[str, str]) -> dict[str, Any]:
    """A response without a body."""
    return {"statusCode": status, "headers": {"cache-control": "no-store", **headers}, "isBase64Encoded": False}


def tagged(response: dict[str, Any], if_none_match: str) -> dict[str, Any]:
    """``response`` with an entity tag; 304 without a body if the client's tags hold it (RFC 9110, section 13.1.2).

    Whoever keeps the answer must ask before it is used again, and only the one who asked may keep it.
    """
    tag = f'"{sha256(response["body"].encode()).hexdigest()[:32]}"'
    headers = {"etag": tag, "cache-control": "private, no-cache"}
    held = [one.strip().removeprefix("W/") for one in if_none_match.split(",")]
    if tag in held or held == ["*"]:
        return empty_answer(304, headers)
    return response | {"headers": response["headers"] | headers}


def _response(status: int, body: Contract, content_type: str, headers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"content-type": content_type, "cache-control": "no-store", **headers},
        "body": body.model_dump_json(),
        "isBase64Encoded": False,
    }
