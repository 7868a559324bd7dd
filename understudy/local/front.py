"""The local HTTP front: accepts requests, asks the function, writes responses."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

from understudy.local.environment import FunctionError, FunctionTimeout
from understudy.local.gateway import HttpResponse, failure, to_event, to_response

__all__ = ["MAX_PAYLOAD_BYTES", "Front"]

MAX_PAYLOAD_BYTES = 10 * 2**20  # API Gateway's own limit
POLL_SECONDS = 0.05  # how long `close` may take to be noticed
LINGER_SECONDS = 1.0
BODILESS = (204, 304)  # a length would announce a body, which these never have (RFC 9110, section 8.6)
METHODS = ("GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS", "HEAD")


class Front:
    """Serves on 127.0.0.1; port 0 takes a free one."""

    def __init__(self, invoke: Callable[[dict[str, Any]], Any], port: int) -> None:
        self._server = _Server(("127.0.0.1", port), _handler_for(invoke))
        self._thread = threading.Thread(target=self._server.serve_forever, args=(POLL_SECONDS,), daemon=True)
        self._thread.start()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def close(self) -> None:
        """Stop accepting and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128


def _handler_for(invoke: Callable[[dict[str, Any]], Any]) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 65536
        timeout = 60  # an idle connection does not hold its thread for ever

        def _respond(self) -> HttpResponse:
            length = self.headers.get("Content-Length") or "0"
            if "Transfer-Encoding" in self.headers or not length.isdecimal():
                self.close_connection = True  # where the body ends is not known
                return failure(411, "Length Required")
            if int(length) > MAX_PAYLOAD_BYTES:
                self.close_connection = True
                return failure(413, "Request Entity Too Large")
            body = self.rfile.read(int(length))
            event = to_event(self.command, self.path, self.headers.items(), body, self.client_address[0])
            try:
                return to_response(invoke(event))
            except FunctionTimeout:
                return failure(504, "Endpoint request timed out")
            except FunctionError:
                return failure(502, "Internal Server Error")

        def _write(self, response: HttpResponse) -> None:
            self.send_response(response.status)
            for name, value in response.headers.items():
                self.send_header(name, value)
            if self.command == "HEAD" or response.status in BODILESS:
                self.end_headers()
            else:
                self.send_header("Content-Length", str(len(response.body)))
                self.end_headers()
                self.wfile.write(response.body)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """The function logs its requests itself."""

        def _answer(self) -> None:
            self._write(self._respond())
            if self.close_connection:
                self._linger()

        def _linger(self) -> None:
            """Let a client that is still sending its body read the answer: closing at once would reset it."""
            self.connection.shutdown(socket.SHUT_WR)
            self.connection.settimeout(LINGER_SECONDS)
            with suppress(OSError):
                while self.connection.recv(65536):
                    pass

    for method in METHODS:
        setattr(Handler, f"do_{method}", Handler._answer)
    return Handler
