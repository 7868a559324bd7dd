"""The client against a server that says what it is told to: keys, retries, waits, problems, signatures."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from understudy.client import ApiError, NoAnswerError, Retries, UnderstudyClient, sigv4
from understudy.contracts.api import Health, Preferences, RecommendationRequest
from understudy.errors import UserError

HEALTH = {"status": "ok", "model_version": "m-1", "layers": {}, "problems": []}
PROBLEM = {"title": "Bad request", "status": 400, "detail": "The body was refused.", "request_id": "r-1"}
FIELDS = [{"field": "top_k", "message": "too large"}]


class Script:
    """What to answer, in order (the last answer again and again), and what was asked."""

    def __init__(self) -> None:
        self.answers: list[tuple[int, dict[str, str], Any]] = [(200, {}, HEALTH)]
        self.seen: list[tuple[str, str, dict[str, str], bytes]] = []
        self.ports: set[int] = set()

    def next(self) -> tuple[int, dict[str, str], Any]:
        return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    script: Script

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("content-length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        self.script.seen.append((self.command, self.path, headers, body))
        self.script.ports.add(self.client_address[1])
        status, extra, content = self.script.next()
        if status == 0:  # hang up without an answer
            self.close_connection = True
            return
        data = content if isinstance(content, bytes) else json.dumps(content).encode()
        self.send_response(status)
        for name, value in {"content-type": "application/json", **extra}.items():
            self.send_header(name, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PUT = _answer  # noqa: N815

    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture
def script() -> Script:
    return Script()


@pytest.fixture
def url(script: Script) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("Scripted", (Handler,), {"script": script}))
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.fixture
def waits() -> list[float]:
    return []


@pytest.fixture
def client(url: str, waits: list[float]) -> Iterator[UnderstudyClient]:
    with UnderstudyClient(url, retries=Retries(sleep=waits.append), timeout=5) as made:
        yield made


def _problem(status: int, **headers: str) -> tuple[int, dict[str, str], Any]:
    extra = {"content-type": "application/problem+json"} | {k.replace("_", "-"): v for k, v in headers.items()}
    return status, extra, PROBLEM | {"status": status, "errors": FIELDS}


def test_contracts_go_in_and_come_out_over_one_connection(client: UnderstudyClient, script: Script) -> None:
    assert client.health() == Health.model_validate(HEALTH)
    script.answers = [(200, {}, {"opted_out": True})]
    assert client.set_preferences("a@b", Preferences(opted_out=True)).opted_out
    method, path, headers, body = script.seen[1]
    assert (method, path, json.loads(body)) == ("PUT", "/v1/customers/a%40b/preferences", {"opted_out": True})
    assert headers["content-type"] == "application/json"
    assert "idempotency-key" not in headers
    assert len(script.ports) == 1


def test_only_what_was_set_is_sent(client: UnderstudyClient, script: Script) -> None:
    with pytest.raises(NoAnswerError, match="not the contract's RecommendationResponse"):
        client.recommend(RecommendationRequest(customer_id="c-1", locale="en"))
    assert json.loads(script.seen[0][3]) == {"customer_id": "c-1", "locale": "en"}


def test_a_post_is_repeated_under_one_key(client: UnderstudyClient, script: Script, waits: list[float]) -> None:
    script.answers = [(0, {}, b""), _problem(503), (502, {}, {"message": "Internal Server Error"}), _problem(400)]
    with pytest.raises(ApiError) as refused:
        client.recommend(RecommendationRequest(customer_id="c-1"))
    assert refused.value.status == 400
    keys = [headers["idempotency-key"] for _, _, headers, _ in script.seen]
    assert len(keys) == 4
    assert len(set(keys)) == 1
    assert all(0 <= wait <= limit for wait, limit in zip(waits, (0.1, 0.2, 0.4), strict=True))


def test_two_requests_have_two_keys_and_a_caller_may_choose(client: UnderstudyClient, script: Script) -> None:
    script.answers = [_problem(400)]
    for key in (None, None, "mine"):
        with pytest.raises(ApiError):
            client.recommend(RecommendationRequest(customer_id="c-1"), idempotency_key=key)
    one, two, three = (headers["idempotency-key"] for _, _, headers, _ in script.seen)
    assert one != two
    assert three == "mine"


@pytest.mark.parametrize(("status", "asked"), [(400, 1), (404, 1), (409, 1), (500, 1), (429, 4), (503, 4), (504, 4)])
def test_only_transient_failures_are_repeated(
    client: UnderstudyClient, script: Script, status: int, asked: int
) -> None:
    script.answers = [_problem(status)]
    with pytest.raises(ApiError) as refused:
        client.health()
    assert refused.value.problem is not None
    assert str(refused.value) == f"{status} Bad request: The body was refused. top_k: too large"
    assert len(script.seen) == asked


def test_retry_after_is_honoured(client: UnderstudyClient, script: Script, waits: list[float]) -> None:
    later = format_datetime(datetime.now(UTC) + timedelta(seconds=5), usegmt=True)
    script.answers = [_problem(503, retry_after="2"), _problem(503, retry_after=later), _problem(409, retry_after="1")]
    script.answers.append((200, {}, HEALTH))
    assert client.health().status == "ok"
    assert waits[0] == 2.0
    assert 3 < waits[1] <= 5
    assert waits[2] == 1.0


def test_a_long_wait_is_left_to_the_caller(client: UnderstudyClient, script: Script, waits: list[float]) -> None:
    script.answers = [_problem(503, retry_after="3600")]
    with pytest.raises(ApiError):
        client.health()
    assert waits == []


def test_nobody_there(waits: list[float]) -> None:
    nobody = UnderstudyClient("http://127.0.0.1:9", retries=Retries(sleep=waits.append))
    with pytest.raises(NoAnswerError, match=r"no answer from http://127\.0\.0\.1:9"):
        nobody.health()
    assert len(waits) == 3


def test_health_is_read_also_when_nothing_can_be_decided(client: UnderstudyClient, script: Script) -> None:
    script.answers = [(503, {}, HEALTH | {"status": "degraded"})]
    assert client.health().status == "degraded"


def test_a_gateways_own_error_has_no_problem(client: UnderstudyClient, script: Script) -> None:
    script.answers = [(403, {}, {"message": "Forbidden"})]
    with pytest.raises(ApiError) as refused:
        client.health()
    assert refused.value.problem is None


@pytest.mark.parametrize("url", ["", "localhost:8080", "ftp://x"])
def test_what_is_no_url_is_refused(url: str) -> None:
    with pytest.raises(UserError, match="not the base URL"):
        UnderstudyClient(url)


def test_attempts_are_signed(url: str, script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    with UnderstudyClient(url, signer=sigv4("ap-northeast-2")) as client:
        client.health()
    headers = script.seen[0][2]
    scope = f"{headers['x-amz-date'][:8]}/ap-northeast-2/execute-api/aws4_request"
    assert headers["authorization"].startswith(f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{scope}")
    assert "secret" not in str(headers)


def test_without_credentials_nothing_is_signed(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(UserError, match="no AWS credentials"):
        sigv4("ap-northeast-2")
