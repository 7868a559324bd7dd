"""The built zip under the Lambda runtime client, over HTTP: every layer, right and refusal that a caller can reach."""

from __future__ import annotations

import http.client
import json
import os
import signal
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import tiny_bundle

from understudy.audit import Keyring, fsck
from understudy.client import ApiError, UnderstudyClient
from understudy.contracts.api import RecommendationRequest, RecommendationResponse
from understudy.local import FunctionError, LocalFunction
from understudy.stores import ServingStore, open_store


class Served:
    """A running function, its store and its keys."""

    def __init__(self, function: LocalFunction, store: ServingStore, keyring: Keyring) -> None:
        self.function = function
        self.store = store
        self.keyring = keyring

    def ask(self, method: str, path: str, body: Any = None, raw: bytes | None = None) -> tuple[int, Any]:
        data = json.dumps(body).encode() if body is not None else raw
        headers = {"content-type": "application/json"} if data is not None else {}
        request = urllib.request.Request(self.function.url + path, data, headers, method=method)
        try:
            with urllib.request.urlopen(request, timeout=30) as response:
                return response.status, json.loads(response.read())
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read())

    def recommend(self, customer_id: str, **options: Any) -> tuple[int, Any]:
        return self.ask("POST", "/v1/recommendations", {"customer_id": customer_id, **options})


@pytest.fixture(scope="module")
def served(package: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    folder = tmp_path_factory.mktemp("serve")
    keyring = Keyring.create(folder / "keys.json")
    store = open_store(f"sqlite://{folder / 'store.sqlite'}")
    other = tiny_bundle.customer("other-schema").model_copy(update={"schema_version": "1" * 16})
    blind = tiny_bundle.customer("blind", **dict.fromkeys(tiny_bundle.NUMERIC))
    unknown = tiny_bundle.customer("unprofiled", profile={"risk_tolerance": None})
    store.put_records([tiny_bundle.customer(), tiny_bundle.customer("objects"), other, blind, unknown])
    # One student is corrupt although its hash is right: its direct understudy speaks.
    content = tiny_bundle.files(
        **{"models/leaving.distilled.txt": tiny_bundle.models()["models/leaving.direct.txt"][:900]}
    )
    variables = {
        "UNDERSTUDY_BUNDLE": str(tiny_bundle.write(folder / "bundle.zip", content)),
        "UNDERSTUDY_STORE": f"sqlite://{folder / 'store.sqlite'}",
        "UNDERSTUDY_AUDIT_KEYS": f"file://{folder / 'keys.json'}",
    }
    with LocalFunction(package, variables, workers=2, log=folder / "log") as function:
        yield Served(function, store, keyring)
    store.close()


def _layers(answer: Any) -> set[str]:
    return {task["layer"] for task in answer["tasks"].values()}


def test_all_three_layers_speak_in_one_answer(served: Served) -> None:
    status, body = served.recommend("c-1", locale="en")
    assert status == 200
    answer = RecommendationResponse.model_validate(body)
    assert _layers(body) == {"distilled", "direct", "rules"}
    assert answer.tasks["leaving"].layer == "direct"
    assert answer.tasks["leaving"].steps[0].startswith("distilled: the model cannot be loaded")
    assert answer.recommendations[0].reason.facts


@pytest.mark.parametrize(
    ("customer", "step"), [("other-schema", "feature schema"), ("blind", "7 of 8 features are missing")]
)
def test_rules_stand_in_for_customers_whom_no_student_can_read(served: Served, customer: str, step: str) -> None:
    status, answer = served.recommend(customer)
    assert (status, _layers(answer)) == (200, {"rules"})
    assert step in answer["tasks"]["signups"]["steps"][0]


def test_unknown_tolerance_blocks_everything(served: Served) -> None:
    status, answer = served.recommend("unprofiled")
    assert (status, answer["recommendations"]) == (200, [])
    assert {d["reason"] for d in answer["dropped"]} == {"suitability: risk tolerance unknown", "age: over 34"}


def test_an_objection_holds_for_every_environment_at_once(served: Served) -> None:
    path = "/v1/customers/objects/preferences"
    assert served.ask("PUT", path, {"opted_out": True}) == (200, {"opted_out": True})
    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(lambda _: served.recommend("objects"), range(8)))
    assert {frozenset(_layers(answer)) for _, answer in answers} == {frozenset({"rules"})}
    assert served.ask("PUT", path, {"opted_out": False})[0] == 200
    assert "distilled" in _layers(served.recommend("objects")[1])


def test_a_decision_can_be_explained(served: Served) -> None:
    _, answer = served.recommend("c-1")
    status, explanation = served.ask("GET", f"/v1/customers/c-1/explanations/{answer['request_id']}")
    assert status == 200
    assert explanation["recommendations"] == answer["recommendations"]
    assert served.ask("GET", f"/v1/customers/blind/explanations/{answer['request_id']}")[0] == 404


@pytest.mark.parametrize(
    ("method", "path", "raw", "status"),
    [
        ("POST", "/v1/recommendations", b"{", 400),
        ("POST", "/v1/recommendations", b"\xff\xfe\x00", 400),
        ("POST", "/v1/recommendations", '{"customer_id": "김"}'.encode(), 400),
        ("POST", "/v1/recommendations", b'{"customer_id": "nobody"}', 404),
        ("POST", "/v1/recommendations", b'"' + b"x" * 70_000 + b'"', 413),
        ("GET", "/v1/recommendations", None, 405),
        ("GET", "/v2/recommendations", None, 404),
        ("GET", "/v1/customers/c%20d/preferences", None, 400),
    ],
)
def test_a_refusal_is_a_problem(served: Served, method: str, path: str, raw: bytes | None, status: int) -> None:
    found, problem = served.ask(method, path, raw=raw)
    assert (found, problem["status"]) == (status, status)


def _raw(served: Served, method: str, path: str, **headers: str) -> http.client.HTTPResponse:
    names = {name.replace("_", "-"): value for name, value in headers.items()}
    request = urllib.request.Request(served.function.url + path, None, names, method=method)
    try:
        with urllib.request.urlopen(request, timeout=30) as response:
            found: http.client.HTTPResponse = response
            found.read()
            return found
    except urllib.error.HTTPError as error:
        return error  # type: ignore[return-value]


def test_methods_tags_and_traces_over_http(served: Served) -> None:
    health = _raw(served, "GET", "/v1/health", traceparent=f"00-{'ab' * 16}-{'cd' * 8}-01")
    assert health.headers["traceparent"].split("-")[1] == "ab" * 16
    assert _raw(served, "GET", "/v1/health", If_None_Match=health.headers["etag"]).status == 304
    assert _raw(served, "HEAD", "/v1/health").headers["etag"] == health.headers["etag"]
    options = _raw(served, "OPTIONS", "/v1/customers/c-1/preferences")
    assert (options.status, options.headers["allow"]) == (204, "GET, HEAD, OPTIONS, PUT")
    assert _raw(served, "GET", "/v1/health", Accept="text/html").status == 406


def test_the_client_speaks_with_the_packaged_function(served: Served) -> None:
    with UnderstudyClient(served.function.url) as client:
        asked = [RecommendationRequest(customer_id=one, locale="en") for one in ("c-1", "nobody", "blind")]
        batch = client.recommend_batch(asked)
        assert [item.status for item in batch.items] == [200, 404, 200]
        answer = client.recommend(asked[0])
        assert client.explanation("c-1", answer.request_id).recommendations == answer.recommendations
        assert client.preferences("c-1").opted_out is False
        assert client.health().status == "degraded"
        with pytest.raises(ApiError) as refused:
            client.recommend(asked[1])
    assert refused.value.problem is not None
    assert refused.value.problem.title == "Not found"


def test_health_names_the_lost_student(served: Served) -> None:
    status, health = served.ask("GET", "/v1/health")
    assert (status, health["status"], health["layers"]["leaving"]) == (200, "degraded", "direct")


def test_a_killed_environment_is_replaced_and_the_log_stays_whole(served: Served) -> None:
    answered = []
    with ThreadPoolExecutor(4) as pool:
        pending = [pool.submit(served.recommend, "c-1") for _ in range(40)]
        time.sleep(0.05)
        os.kill(served.function.pids[0], signal.SIGKILL)
        answered = [future.result() for future in pending]
    assert {status for status, _ in answered} <= {200, 502}
    assert served.recommend("c-1")[0] == 200
    # Every answer has its entry, and no chain is broken.
    for status, answer in answered:
        if status == 200:
            entry = served.store.get_request(answer["request_id"])
            assert entry is not None
            assert json.loads(entry)["mac"] == answer["audit"]["mac"]
    report = fsck(served.store, served.keyring)
    assert report.verdict == "clean"
    assert report.writers >= 3


def test_a_function_without_its_settings_does_not_start(package: Path, tmp_path: Path) -> None:
    with (
        pytest.raises(FunctionError, match="understudy_bundle: is required"),
        LocalFunction(package, {}, log=tmp_path / "log"),
    ):
        pass
