"""Requests over connections that stay open, one per thread."""

from __future__ import annotations

import http.client
import select
import threading
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from understudy.client.errors import NoAnswerError
from understudy.errors import UserError

__all__ = ["Answer", "Transport"]


@dataclass(frozen=True)
class Answer:
    """Status, lower-case headers and body."""

    status: int
    headers: Mapping[str, str]
    body: bytes


class Transport:
    """Sends to one origin; threads may share it."""

    def __init__(self, url: str, timeout: float) -> None:
        """Raises:
        UserError: ``url`` is not an http or https URL.
        """
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise UserError("not the base URL of an endpoint", where=repr(url), fix="Use https://host[/stage].")
        self.url = url.rstrip("/")
        self._make = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
        self._host, self._port, self._prefix = parts.hostname, parts.port, parts.path.rstrip("/")
        self._timeout = timeout
        self._threads = threading.local()

    def send(self, method: str, target: str, headers: Mapping[str, str], body: bytes | None) -> Answer:
        """Send one request and read the whole answer.

        Raises:
            NoAnswerError: the connection failed, or the answer did not come in time. The request may have been carried
                out.
        """
        connection = self._connection()
        try:
            connection.request(method, self._prefix + target, body, dict(headers))
            response = connection.getresponse()
            content = response.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise NoAnswerError(f"no answer from {self.url}: {type(error).__name__}: {error}") from error
        return Answer(response.status, {name.lower(): value for name, value in response.getheaders()}, content)

    def _connection(self) -> http.client.HTTPConnection:
        found: http.client.HTTPConnection | None = getattr(self._threads, "connection", None)
        if found is None or _closed_meanwhile(found):
            self.close()
            found = self._threads.connection = self._make(self._host, self._port, timeout=self._timeout)
        return found

    def close(self) -> None:
        """Close this thread's connection; the next request opens another."""
        connection: http.client.HTTPConnection | None = self._threads.__dict__.pop("connection", None)
        if connection is not None:
            connection.close()


def _closed_meanwhile(connection: http.client.HTTPConnection) -> bool:
    """Whether the server has closed a connection that was idle: nothing was asked, so what can be read is its end.

    A server may close an idle connection at any moment (RFC 9112, section 9.8); asking over it would fail without need.
    """
    if connection.sock is None:
        return False
    waiting = select.poll()
    waiting.register(connection.sock, select.POLLIN)
    return bool(waiting.poll(0))
