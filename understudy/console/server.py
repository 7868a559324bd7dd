"""Serve the console on this machine alone."""

from __future__ import annotations

import socketserver
from typing import TYPE_CHECKING
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from understudy.console.app import Console
from understudy.errors import UserError

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication

__all__ = ["ConsoleServer"]

POLL_SECONDS = 0.05


class _Handler(WSGIRequestHandler):
    timeout = 30  # an idle connection does not hold its thread for ever
    server_version = "console"
    sys_version = ""

    def log_message(self, format: str, *args: object) -> None:
        """Paths hold request ids; the API's audit log says who looked."""


class _Threaded(socketserver.ThreadingMixIn, WSGIServer):
    daemon_threads = True


class ConsoleServer:
    """Listens on 127.0.0.1 from the start; ``serve`` answers until ``stop``. Port 0 takes a free one.

    Raises:
        UserError: the port cannot be used.
    """

    def __init__(self, port: int) -> None:
        try:
            self._server = _Threaded(("127.0.0.1", port), _Handler)
        except OSError as error:
            fix = "Choose another --port, or 0 for a free one."
            raise UserError(f"the console cannot be served: {error}", where=f"port {port}", fix=fix) from None

    @property
    def port(self) -> int:
        return self._server.server_port

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def serve(self, console: Console) -> None:
        """Answer requests until `stop` is called."""
        application: WSGIApplication = console
        self._server.set_app(application)
        try:
            self._server.serve_forever(POLL_SECONDS)
        finally:
            self._server.server_close()

    def stop(self) -> None:
        """Let `serve` return."""
        self._server.shutdown()
