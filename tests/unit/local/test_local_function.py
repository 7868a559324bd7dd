"""A toy function under the real runtime client: answers, failures, crashes, timeouts, and a clean end."""

from __future__ import annotations

import json
import os
import threading
import urllib.error
import urllib.request
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from understudy.errors import UserError
from understudy.local import FunctionError, FunctionTimeout, LocalFunction

TOY = """
import json, os, time

def handler(event, context):
    order = json.loads(event.get("body") or "{}")
    if order.get("do") == "raise":
        raise ValueError("as told")
    if order.get("do") == "die":
        os._exit(7)
    if order.get("do") == "sleep":
        time.sleep(order["seconds"])
    if order.get("do") == "nonsense":
        return 5
    seen = {
        "pid": os.getpid(),
        "env": dict(os.environ),
        "method": event["requestContext"]["http"]["method"],
        "path": event["rawPath"],
        "arn": context.invoked_function_arn,
        "left_ms": context.get_remaining_time_in_millis(),
    }
    return {"statusCode": 200, "headers": {"content-type": "application/json"}, "body": json.dumps(seen)}
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("package")
    (folder / "toy.py").write_text(TOY)
    (folder / "broken.py").write_text("import nothing_like_this\n")
    (folder / "refuses.py").write_text("raise RuntimeError('no settings')\n")
    return folder


@pytest.fixture(scope="module")
def function(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalFunction]:
    log = tmp_path_factory.mktemp("log") / "log"
    with LocalFunction(package, {"COLOUR": "green"}, workers=2, handler="toy.handler", timeout=2, log=log) as running:
        yield running


def _ask(function: LocalFunction, order: Any = None, method: str = "POST", path: str = "/a") -> tuple[int, Any]:
    data = None if order is None else json.dumps(order).encode()
    request = urllib.request.Request(function.url + path, data, method=method)
    try:
        with urllib.request.urlopen(request, timeout=20) as response:
            return response.status, json.loads(response.read() or b"null")
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read() or b"null")


def _alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "DELETE", "PATCH", "OPTIONS"])
def test_every_method_reaches_the_function(function: LocalFunction, method: str) -> None:
    status, seen = _ask(function, None if method == "GET" else {}, method, "/v1/%40x?y=1")
    assert (status, seen["method"], seen["path"]) == (200, method, "/v1/@x")
    assert seen["arn"].startswith("arn:aws:lambda:")
    assert 0 < seen["left_ms"] <= 2000


def test_the_function_sees_its_own_environment_only(function: LocalFunction, monkeypatch: pytest.MonkeyPatch) -> None:
    seen = _ask(function, {})[1]["env"]
    assert seen["COLOUR"] == "green"
    assert seen["AWS_LAMBDA_FUNCTION_NAME"] == "understudy"
    assert "PYTEST_CURRENT_TEST" not in seen


def test_events_can_be_invoked_without_http(function: LocalFunction) -> None:
    event = {"rawPath": "/x", "requestContext": {"http": {"method": "GET"}}}
    assert function.invoke(event)["statusCode"] == 200


def test_an_exception_is_a_bad_gateway_and_keeps_the_environment(function: LocalFunction) -> None:
    before = set(function.pids)
    assert _ask(function, {"do": "raise"}) == (502, {"message": "Internal Server Error"})
    assert set(function.pids) == before
    with pytest.raises(FunctionError, match="as told"):
        function.invoke({"body": '{"do": "raise"}'})


def test_a_result_that_is_no_response_is_a_bad_gateway(function: LocalFunction) -> None:
    assert _ask(function, {"do": "nonsense"})[0] == 502


def test_a_crash_is_a_bad_gateway_and_is_replaced(function: LocalFunction) -> None:
    assert _ask(function, {"do": "die"})[0] == 502
    assert {_ask(function, {})[0] for _ in range(4)} == {200}
    with pytest.raises(FunctionError, match="exit code 7"):
        function.invoke({"body": '{"do": "die"}'})
    assert {_ask(function, {})[0] for _ in range(4)} == {200}


def test_a_timeout_is_a_gateway_timeout_and_ends_the_process(function: LocalFunction) -> None:
    before = set(function.pids)
    assert _ask(function, {"do": "sleep", "seconds": 30})[0] == 504
    (ended,) = before - set(function.pids)
    assert not _alive(ended)
    assert {_ask(function, {})[0] for _ in range(4)} == {200}


def test_environments_answer_at_the_same_time_and_one_event_each(function: LocalFunction) -> None:
    found: list[Any] = []

    def ask() -> None:
        found.append(_ask(function, {"do": "sleep", "seconds": 0.3}))

    threads = [threading.Thread(target=ask) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [status for status, _ in found] == [200] * 4
    assert len({seen["pid"] for _, seen in found}) == 2


def test_bodies_of_unknown_or_excessive_length_are_refused(function: LocalFunction) -> None:
    def send(**headers: str) -> int:
        request = urllib.request.Request(function.url, b"x", headers, method="POST")
        try:
            with urllib.request.urlopen(request, timeout=5) as response:
                return int(response.status)
        except urllib.error.HTTPError as error:
            return error.code

    assert send(**{"Content-Length": "999999999"}) == 413
    assert send(**{"Content-Length": "-1"}) == 411
    assert send(**{"Transfer-Encoding": "chunked"}) == 411


def test_a_zip_is_served_and_leaves_nothing_behind(package: Path, tmp_path: Path) -> None:
    archive = tmp_path / "function.zip"
    with zipfile.ZipFile(archive, "w") as out:
        out.write(package / "toy.py", "toy.py")
    with LocalFunction(archive, {}, handler="toy.handler", log=tmp_path / "log") as running:
        status, seen = _ask(running, {})
        (pid,) = running.pids
    assert status == 200
    root = Path(seen["env"]["LAMBDA_TASK_ROOT"])
    assert not root.exists()
    assert not _alive(pid)


@pytest.mark.parametrize(
    ("handler", "message"), [("broken.handler", "nothing_like_this"), ("refuses.handler", "no settings")]
)
def test_a_function_that_cannot_start_says_why(package: Path, tmp_path: Path, handler: str, message: str) -> None:
    with pytest.raises(FunctionError, match=message), LocalFunction(package, {}, handler=handler, log=tmp_path / "log"):
        pass


def test_a_taken_port_is_refused_with_a_fix(function: LocalFunction, package: Path, tmp_path: Path) -> None:
    port = int(function.url.rsplit(":", 1)[1])
    with (
        pytest.raises(UserError, match="Choose another port"),
        LocalFunction(package, {}, handler="toy.handler", port=port, log=tmp_path / "log"),
    ):
        pass


def test_a_busy_function_keeps_nobody_waiting_for_ever(package: Path, tmp_path: Path) -> None:
    with LocalFunction(package, {}, handler="toy.handler", timeout=0.5, log=tmp_path / "log") as running:
        blocker = threading.Thread(target=lambda: running._idle.get(timeout=5))
        blocker.start()
        blocker.join()
        with pytest.raises(FunctionTimeout, match="no environment was free"):
            running.invoke({})
