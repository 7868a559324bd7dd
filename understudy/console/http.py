"""Requests and responses, between WSGI (PEP 3333) and the pages."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

__all__ = ["Request", "Response", "TooLargeError", "html", "local_path", "read_request", "redirect"]

MAX_FORM_BYTES = 64 * 1024


class TooLargeError(Exception):
    """The form is longer than any page of the console sends."""


@dataclass(frozen=True)
class Request:
    """What a page looks at. Names given twice count once, the last one."""

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    form: Mapping[str, str] = field(default_factory=dict)
    cookies: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Response:
    """Status, headers and body."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()
    body: bytes = b""

    @property
    def line(self) -> str:
        """``200 OK``."""
        return f"{self.status} {HTTPStatus(self.status).phrase}"

    def adding(self, *headers: tuple[str, str]) -> Response:
        """The same with further headers."""
        return Response(self.status, (*self.headers, *headers), self.body)


def html(text: str, status: int = 200) -> Response:
    """A page."""
    return Response(status, (("Content-Type", "text/html; charset=utf-8"),), text.encode())


def redirect(path: str) -> Response:
    """Look at ``path`` instead, with GET."""
    return Response(303, (("Location", path),))


def local_path(text: str) -> str:
    """``text`` if it is a path of this console, else its first page: nobody is sent elsewhere."""
    return text if re.fullmatch(r"/(?:[A-Za-z0-9._~%=&?-][A-Za-z0-9._~%=&?/-]*)?", text) else "/"


def read_request(environ: WSGIEnvironment) -> Request:
    """The request of a WSGI environment.

    Raises:
        TooLargeError: its body is longer than a form of the console.
    """
    headers = {name[5:].replace("_", "-").lower(): str(value) for name, value in environ.items() if name[:5] == "HTTP_"}
    return Request(
        str(environ["REQUEST_METHOD"]),
        str(environ.get("PATH_INFO") or "/"),
        _pairs(str(environ.get("QUERY_STRING", ""))),
        _form(environ),
        _cookies(headers.get("cookie", "")),
        headers,
    )


def _pairs(text: str) -> dict[str, str]:
    return dict(parse_qsl(text, keep_blank_values=True))


def _form(environ: WSGIEnvironment) -> dict[str, str]:
    length = str(environ.get("CONTENT_LENGTH") or "0")
    if not length.isdecimal() or int(length) > MAX_FORM_BYTES:
        raise TooLargeError
    body = environ["wsgi.input"].read(int(length)) if int(length) else b""
    if str(environ.get("CONTENT_TYPE", "")).partition(";")[0].strip() != "application/x-www-form-urlencoded":
        return {}
    # A browser sends line ends of a text area as CR LF.
    return {name: value.replace("\r\n", "\n") for name, value in _pairs(body.decode("utf-8", "replace")).items()}


def _cookies(header: str) -> dict[str, str]:
    try:
        return {name: morsel.value for name, morsel in SimpleCookie(header).items()}
    except CookieError:
        return {}
