"""A stand-in for Amazon Bedrock on loopback that speaks the wire format of Converse, well behaved or not.

Set ``AWS_ENDPOINT_URL_BEDROCK_RUNTIME`` to its ``url`` (and any region and credentials), and boto3 talks to it.
https://docs.aws.amazon.com/bedrock/latest/APIReference/API_runtime_Converse.html
"""

from __future__ import annotations

import hashlib
import json
import re
import socket
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, get_args

from understudy.local.scripted_judge import JudgeMode, is_case, judgement
from understudy.local.scripted_sentences import Mode as Mode
from understudy.local.scripted_sentences import hostile_sentence, well_meant_sentence

__all__ = ["JUDGE_MODES", "MODES", "FakeBedrock", "JudgeMode", "Mode"]

MODES: tuple[Mode, ...] = get_args(Mode)
JUDGE_MODES: tuple[JudgeMode, ...] = get_args(JudgeMode)
# A service that is down is down for all prompts.
DOWN = ("throttling", "unavailable", "slow", "reset")
POLL_SECONDS = 0.05
_PATH = re.compile(r"/model/(?P<model>[^/]+)/converse")


class FakeBedrock:
    """Serves on 127.0.0.1 while the ``with`` block lasts. ``mode`` and ``judge`` may be changed at any time.

    Args:
        mode: How it behaves.
        judge: How it behaves where it is asked to judge a sentence.
        port: 0 takes a free one.
        delay: Seconds that the mode ``slow`` waits before it answers.
        write: Makes the sentence of the mode ``success`` from the text of a request.

    Attributes:
        received: (model id, parsed body) of every request, in order.
    """

    def __init__(
        self,
        mode: Mode = "success",
        *,
        judge: JudgeMode = "pass",
        port: int = 0,
        delay: float = 5.0,
        write: Callable[[str], Any] = well_meant_sentence,
    ) -> None:
        self.mode: Mode = mode
        self.judge: JudgeMode = judge
        self.delay = delay
        self.write = write
        self.received: list[tuple[str, Any]] = []
        self._port = port
        self._server: ThreadingHTTPServer | None = None

    @property
    def url(self) -> str:
        assert self._server is not None, "not running: use it in a with statement"
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> FakeBedrock:
        self._server = ThreadingHTTPServer(("127.0.0.1", self._port), _handler_for(self))
        self._server.daemon_threads = True
        threading.Thread(target=self._server.serve_forever, args=(POLL_SECONDS,), daemon=True).start()
        return self

    def __exit__(self, *exc: object) -> None:
        assert self._server is not None
        self._server.shutdown()
        self._server.server_close()

    def outage(self, mode: str) -> tuple[int, dict[str, str], bytes] | None:
        """The error of a service that is down or throttles; None if it answers, after its delay if it is slow."""
        if mode == "throttling":
            return _error(429, "ThrottlingException", "Too many requests, please wait before trying again.")
        if mode == "unavailable":
            return _error(503, "ServiceUnavailableException", "The service is unavailable.")
        if mode == "slow":
            time.sleep(self.delay)
        return None

    def answer(self, model: str, request: Any) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for one request of Converse."""
        self.received.append((model, request))
        said = _said(request)
        mode = self._mode(said)
        if (outage := self.outage(mode)) is not None:
            return outage
        if mode == "guardrail":
            blocked = {"content": [{"text": "Sorry, this was blocked."}], "role": "assistant"}
            return _converse(request, blocked, "guardrail_intervened")
        value = self._value(said, mode, repaired=len(request["messages"]) > 1)
        text = json.dumps(value, ensure_ascii=False)
        if mode == "truncated":
            return _converse(request, _message(request, text[: len(text) // 2]), "max_tokens")
        if mode == "not_json":
            return _converse(request, {"role": "assistant", "content": [{"text": "Certainly! Here it is: {"}]}, None)
        return _converse(request, _message(request, text, value), None)

    def resets(self, request: Any) -> bool:
        """Whether the connection breaks instead."""
        return self._mode(_said(request)) == "reset"

    def _mode(self, said: str) -> Mode | JudgeMode:
        return self.judge if is_case(said) and self.mode not in DOWN else self.mode

    def _value(self, said: str, mode: Mode | JudgeMode, *, repaired: bool) -> Any:
        """What is answered; ``repaired``: it was told what was wrong with its first answer."""
        if is_case(said):
            return judgement(said, "pass" if mode == "repairable" and repaired else self.judge, len(self.received))
        if mode == "hostile":
            return {"sentence": hostile_sentence(said, len(self.received))}
        if mode == "schema" or (mode == "repairable" and not repaired):
            return {"sentence": 7, "approved": True}
        return {"sentence": self.write(said)}


def _said(request: Any) -> str:
    return "\n".join(block["text"] for block in request["messages"][0]["content"] if "text" in block)


def _message(request: Any, text: str, value: Any = None) -> dict[str, Any]:
    """The answer where the request wants it: in a tool call, or in the text."""
    tools = request.get("toolConfig", {}).get("tools", [])
    if tools and value is not None:
        name = tools[0]["toolSpec"]["name"]
        identity = hashlib.sha256(text.encode()).hexdigest()[:16]
        block: dict[str, Any] = {"toolUse": {"toolUseId": f"tooluse_{identity}", "name": name, "input": value}}
    else:
        block = {"text": text}
    return {"role": "assistant", "content": [block]}


def _converse(request: Any, message: dict[str, Any], stop: str | None) -> tuple[int, dict[str, str], bytes]:
    used_tool = any("toolUse" in block for block in message["content"])
    sent = len(json.dumps(request, ensure_ascii=False)) // 4  # some four characters are a token
    made = len(json.dumps(message, ensure_ascii=False)) // 4
    body = {
        "output": {"message": message},
        "stopReason": stop or ("tool_use" if used_tool else "end_turn"),
        "usage": {"inputTokens": sent, "outputTokens": made, "totalTokens": sent + made},
        "metrics": {"latencyMs": 1},
    }
    return 200, {"content-type": "application/json"}, json.dumps(body, ensure_ascii=False).encode()


def _error(status: int, kind: str, message: str) -> tuple[int, dict[str, str], bytes]:
    headers = {"content-type": "application/json", "x-amzn-errortype": kind}
    return status, headers, json.dumps({"message": message}).encode()


def _handler_for(fake: FakeBedrock) -> type[BaseHTTPRequestHandler]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True
        wbufsize = 65536

        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers.get("content-length") or 0))
            match = _PATH.fullmatch(self.path)
            if match is None:
                return self._send(*_error(404, "UnknownOperationException", "Only Converse is known."))
            request = json.loads(body)
            if fake.resets(request):
                fake.received.append((match["model"], request))
                return self._reset()
            return self._send(*fake.answer(match["model"], request))

        def _reset(self) -> None:
            # Zero linger makes the close a reset, as a middlebox would send it.
            self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            self.close_connection = True
            self.connection.close()

        def _send(self, status: int, headers: dict[str, str], body: bytes) -> None:
            with suppress(BrokenPipeError, ConnectionResetError):  # who waited for "slow" may be gone
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)
                self.wfile.flush()

        def finish(self) -> None:
            with suppress(OSError, ValueError):
                super().finish()

        def log_message(self, format: str, *args: object) -> None:
            """Requests are kept in `FakeBedrock.received`."""

    return Handler
