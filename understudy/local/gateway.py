"""What API Gateway does for an HTTP API: a request becomes an event (payload format 2.0), a result a response."""

from __future__ import annotations

import base64
import binascii
import json
import uuid
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

__all__ = ["HttpResponse", "failure", "to_event", "to_response"]


@dataclass(frozen=True)
class HttpResponse:
    """Status, headers and body."""

    status: int
    headers: dict[str, str]
    body: bytes


def to_event(
    method: str, target: str, headers: Iterable[tuple[str, str]], body: bytes, source_ip: str
) -> dict[str, Any]:
    """The event of a request. A body that is not UTF-8 text travels as base64, with the flag that says so."""
    url = urlsplit(target)
    joined: dict[str, str] = {}
    for name, value in headers:
        key = name.lower()
        joined[key] = f"{joined[key]},{value}" if key in joined else value
    path = unquote(url.path)
    event: dict[str, Any] = {
        "version": "2.0",
        "routeKey": "$default",
        "rawPath": path,
        "rawQueryString": url.query,
        "headers": joined,
        "requestContext": {
            "accountId": "123456789012",
            "apiId": "local",
            "http": {
                "method": method,
                "path": path,
                "protocol": "HTTP/1.1",
                "sourceIp": source_ip,
                "userAgent": joined.get("user-agent", ""),
            },
            "requestId": str(uuid.uuid4()),
            "routeKey": "$default",
            "stage": "$default",
        },
        "isBase64Encoded": False,
    }
    if url.query:
        event["queryStringParameters"] = dict(parse_qsl(url.query, keep_blank_values=True))
    if body:
        try:
            event["body"] = body.decode("utf-8")
        except UnicodeDecodeError:
            event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
    return event


def to_response(result: Any) -> HttpResponse:
    """The response that a function's result stands for; 502 if it stands for none."""
    if not isinstance(result, dict) or not isinstance(result.get("statusCode"), int):
        return failure(502, "Internal Server Error")
    text = result.get("body") or ""
    headers = {str(name): str(value) for name, value in (result.get("headers") or {}).items()}
    try:
        body = base64.b64decode(text, validate=True) if result.get("isBase64Encoded") else str(text).encode()
    except (binascii.Error, ValueError):
        return failure(502, "Internal Server Error")
    return HttpResponse(result["statusCode"], headers, body)


def failure(status: int, message: str) -> HttpResponse:
    """What the gateway itself says when the function says nothing."""
    return HttpResponse(status, {"content-type": "application/json"}, json.dumps({"message": message}).encode())
