"""API Gateway HTTP API events (payload format 2.0) in, responses and problem details (RFC 9457) out."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import unquote

from understudy.contracts._model import Contract
from understudy.contracts.api import FieldError, Problem

__all__ = ["MAX_BODY_BYTES", "HttpError", "HttpRequest", "answer", "parse_event", "problem_answer"]

MAX_BODY_BYTES = 64 * 1024
TITLES = {
    400: "Bad request",
    404: "Not found",
    405: "Method not allowed",
    413: "Content too large",
    415: "Unsupported media type",
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
class HttpRequest:
    """What the routes look at. ``body`` is at most `MAX_BODY_BYTES` long."""

    method: str
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""


def parse_event(event: Any) -> HttpRequest:
    """Read an event; whatever it holds, the result is a request or an `HttpError`.

    Raises:
        HttpError: 400 for an event that is no HTTP request, or a body that is not the base64 it claims to be; 413.
    """
    http = _mapping(_mapping(event).get("requestContext")).get("http")
    method, path = _mapping(http).get("method"), _mapping(event).get("rawPath")
    if not isinstance(method, str) or not isinstance(path, str):
        raise HttpError(400, "The event is not an HTTP API request (payload format 2.0).")
    stage = _mapping(event["requestContext"]).get("stage")
    if isinstance(stage, str) and stage != "$default" and path.startswith(f"/{stage}/"):
        path = path.removeprefix(f"/{stage}")
    headers = {
        str(name).lower(): value for name, value in _mapping(event.get("headers")).items() if isinstance(value, str)
    }
    return HttpRequest(method.upper(), unquote(path), headers, _body(event))


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


def problem_answer(error: HttpError, request_id: str) -> dict[str, Any]:
    """The problem details of ``error``."""
    problem = Problem(
        title=TITLES[error.status],
        status=error.status,
        detail=error.detail,
        request_id=request_id,
        errors=error.errors,
    )
    return _response(error.status, problem, "application/problem+json", error.headers)


def _response(status: int, body: Contract, content_type: str, headers: Mapping[str, str]) -> dict[str, Any]:
    return {
        "statusCode": status,
        "headers": {"content-type": content_type, "cache-control": "no-store", **headers},
        "body": body.model_dump_json(),
        "isBase64Encoded": False,
    }
