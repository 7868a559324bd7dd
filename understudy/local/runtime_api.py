"""The Lambda Runtime API (version 2018-06-01) for one execution environment.

https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html
"""

from __future__ import annotations

import json
import queue
import threading
import time
import uuid
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Literal

__all__ = ["Outcome", "RuntimeApi"]

ARN = "arn:aws:lambda:us-east-1:123456789012:function:understudy"
POLL_SECONDS = 0.05  # how long `close` may take to be noticed
PREFIX = "/2018-06-01/runtime/"


@dataclass(frozen=True)
class Outcome:
    """What the runtime reported: that it is ready, a response, or an error; or that its process ended."""

    kind: Literal["ready", "response", "error", "init_error", "exit"]
    body: bytes = b""
    request_id: str = ""

    @property
    def message(self) -> str:
        """The error's message, as the runtime client words it."""
        try:
            return str(json.loads(self.body)["errorMessage"])
        except (ValueError, KeyError, TypeError):
            return self.body.decode(errors="replace")


@dataclass(frozen=True)
class _Invocation:
    request_id: str
    event: bytes
    deadline_ms: int


class RuntimeApi:
    """Hands events to one runtime process and collects in `outcomes` what it reports."""

    def __init__(self) -> None:
        self.outcomes: queue.Queue[Outcome] = queue.Queue()
        self._invocations: queue.Queue[_Invocation | None] = queue.Queue()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _handler_for(self.outcomes, self._invocations))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()

    @property
    def address(self) -> str:
        """``host:port``, the value of ``AWS_LAMBDA_RUNTIME_API``."""
        return f"127.0.0.1:{self._server.server_port}"

    def send(self, event: bytes, timeout: float) -> str:
        """Queue ``event`` for the runtime; returns the id of the invocation."""
        request_id = str(uuid.uuid4())
        self._invocations.put(_Invocation(request_id, event, int((time.time() + timeout) * 1000)))
        return request_id

    def close(self) -> None:
        """Stop answering; a runtime that waits for its next event is cut off."""
        self._invocations.put(None)
        self._server.shutdown()
        self._server.server_close()


def _handler_for(
    outcomes: queue.Queue[Outcome], invocations: queue.Queue[_Invocation | None]
) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        # Header and body in one segment, at once: Nagle's algorithm and delayed acknowledgements cost 88 ms a call.
        disable_nagle_algorithm = True
        wbufsize = 65536

        def do_GET(self) -> None:
            outcomes.put(Outcome("ready"))
            invocation = invocations.get()
            if invocation is None:
                self.close_connection = True
                return
            self._send(200, invocation.event, _invocation_headers(invocation))

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            outcome = _outcome(self.path, body)
            self._send(202 if outcome else 404, b'{"status":"OK"}', {})
            if outcome is not None:
                outcomes.put(outcome)

        def _send(self, status: int, body: bytes, headers: dict[str, str]) -> None:
            self.send_response(status)
            # The native client reads the content type of every answer without asking whether there is one.
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)
            self.wfile.flush()

        def log_message(self, format: str, *args: object) -> None:
            """The function logs its requests itself."""

    return Handler


def _invocation_headers(invocation: _Invocation) -> dict[str, str]:
    return {
        "Lambda-Runtime-Aws-Request-Id": invocation.request_id,
        "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
        "Lambda-Runtime-Invoked-Function-Arn": ARN,
        "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Sampled=0",
    }


def _outcome(path: str, body: bytes) -> Outcome | None:
    parts = path.removeprefix(PREFIX).split("/")
    if parts == ["init", "error"]:
        return Outcome("init_error", body)
    if len(parts) == 3 and parts[0] == "invocation" and parts[2] == "response":
        return Outcome("response", body, parts[1])
    if len(parts) == 3 and parts[0] == "invocation" and parts[2] == "error":
        return Outcome("error", body, parts[1])
    return None
