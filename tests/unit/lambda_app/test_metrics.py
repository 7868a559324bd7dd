"""One line a request, in embedded metric format; every recorded step down has its metric; nobody's data in any line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import tiny_bundle

from lambda_app.metrics import step_down
from understudy.stores import StoreError

Lines = Callable[[], list[dict[str, Any]]]


@pytest.fixture
def lines(capsys: pytest.CaptureFixture[str]) -> Lines:
    return lambda: [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def _only(lines: Lines) -> dict[str, Any]:
    (line,) = [line for line in lines() if line["event"] == "request"]
    return line


def test_the_line_is_valid_embedded_metric_format(function: Any, lines: Lines) -> None:
    function.recommend()
    line = _only(lines)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    assert isinstance(line["_aws"]["Timestamp"], int)
    assert directive["Namespace"] == "Understudy"
    for dimensions in directive["Dimensions"]:
        assert all(isinstance(line[name], str) for name in dimensions)
    assert 0 < len(directive["Metrics"]) <= 100
    for metric in directive["Metrics"]:
        assert isinstance(line[metric["Name"]], int | float)
        assert metric["Unit"] == ("Milliseconds" if metric["Name"] == "Latency" else "Count")


def test_what_did_not_happen_is_in_the_line_and_no_metric(function: Any, lines: Lines) -> None:
    function.recommend()
    line = _only(lines)
    (directive,) = line["_aws"]["CloudWatchMetrics"]
    names = {metric["Name"] for metric in directive["Metrics"]}
    assert directive["Dimensions"] == [["function"]]
    assert {"Latency", "LayerDistilled", "ReviewTier1"} <= names
    assert not {name for name in names if not line[name]}
    assert (line["AuditFailures"], line["Faults"]) == (0, 0)


def test_a_decision_is_counted_by_layer_step_tier_and_gate(function: Any, lines: Lines) -> None:
    _, answer = function.recommend()
    line = _only(lines)
    assert line["layers"] == {task: {score["layer"]: 1} for task, score in answer["tasks"].items()}
    assert (line["LayerDistilled"], line["LayerDirect"], line["LayerRules"]) == (4, 1, 1)
    assert line["StepDownGates"] == 3  # direct_only passes over one student, rules_only over two
    assert line["Recommended"] == 3
    assert line["ReviewTier1"] + line.get("ReviewTier2", 0) == 3
    assert (line["GateRejections"], line["AuditFailures"], line["Faults"], line["Refusals"]) == (0, 0, 0, 0)
    assert line["Latency"] > 0
    assert (line["route"], line["status"], line["request_id"]) == ("recommend", 200, answer["request_id"])


def test_rejected_texts_are_counted(function: Any, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    gate = function.app.decider._explainer._gate
    check = gate.check
    monkeypatch.setattr(gate, "check", lambda text, **options: check(text + " 원금 보장", **options | {"locale": "ko"}))
    assert function.recommend()[0] == 200
    assert _only(lines)["GateRejections"] >= 2


def test_a_batch_is_one_line(function: Any, lines: Lines) -> None:
    function("POST", "/v1/recommendations/batch", {"items": [{"customer_id": "c-1"}] * 3})
    line = _only(lines)
    assert (line["LayerDistilled"], line["Recommended"], line["Unprocessed"]) == (12, 9, 0)


def test_failures_are_metrics(function: Any, lines: Lines, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*args: Any, **options: Any) -> None:
        raise StoreError("disk full")

    monkeypatch.setattr(function.app.backing.store, "read_context", fail)
    function.recommend()
    assert _only(lines)["ReadFailures"] == 1
    monkeypatch.setattr(function.app.backing.store, "put_entry", fail)
    function.recommend()
    line = _only(lines)
    assert (line["AuditFailures"], line["Faults"], line["status"]) == (1, 1, 503)


def test_a_refusal_has_its_line(function: Any, lines: Lines) -> None:
    function("GET", "/nowhere")
    line = _only(lines)
    assert (line["Refusals"], line["Faults"], line["route"]) == (1, 0, "")


def _steps(function: Any, customer: str) -> set[str]:
    _, answer = function.recommend(customer)
    return {step_down(step) for task in answer["tasks"].values() for step in task["steps"]}


def test_no_recorded_reason_goes_uncounted(make_function: Any, tmp_path: Path) -> None:
    content = tiny_bundle.files(**{"models/leaving.distilled.txt": b"tree\n"})
    catalog = tiny_bundle.catalog().model_dump(mode="json")
    catalog["policy"]["max_record_age_days"] = 10_000
    content["catalog.json"] = tiny_bundle.canonical_json(catalog)
    function = make_function(tiny_bundle.write(tmp_path / "bundle", content))
    base = tiny_bundle.customer()
    function.store.put_records(
        [
            base.model_copy(update={"customer_id": "schema", "schema_version": "1" * 16}),
            tiny_bundle.customer("blind", **dict.fromkeys(tiny_bundle.NUMERIC)),
            base.model_copy(update={"customer_id": "old", "as_of": "1990-01-01"}),
            base.model_copy(update={"customer_id": "future", "as_of": "2990-01-01"}),
            base.model_copy(update={"customer_id": "undated", "as_of": "unknown"}),
        ]
    )
    found = {name: _steps(function, name) for name in ("c-1", "schema", "blind", "old", "future", "undated")}
    assert found["c-1"] == {"StepDownGates", "StepDownModel"}
    expected = {"schema": "Schema", "blind": "Missing", "old": "Stale", "future": "Stale", "undated": "Stale"}
    for name, reason in expected.items():
        assert f"StepDown{reason}" in found[name]
    assert not any("StepDownOther" in reasons for reasons in found.values())
    assert step_down("distilled: a reason of tomorrow") == "StepDownOther"


def test_many_requests_leave_nothing_personal_in_the_logs(function: Any, capsys: pytest.CaptureFixture[str]) -> None:
    """Recognisable ids and values in every place where a caller can put them; then the logs are searched for them."""
    record = tiny_bundle.customer("hong-gildong", balance=987654321.5, region="town", visits=7654321098)
    function.store.put_records([record.model_copy(update={"as_of": "2031-07-19"}), record])
    for customer in ("hong-gildong", "kim-cheolsu"):
        function.recommend(customer)
        function("POST", "/v1/recommendations/batch", {"items": [{"customer_id": customer, "locale": "en"}] * 2})
        for path in ("preferences", "explanations/hong-gildong", "data", "hong-gildong"):
            for method in ("GET", "PUT", "POST", "DELETE", "HEAD", "OPTIONS", "hong-gildong"):
                function.raw(tiny_bundle.event(method, f"/v1/customers/{customer}/{path}", {"opted_out": True}))
    for key in ("customer_id", "top_k", "locale", "hong-gildong"):
        for value in ("hong-gildong", ["hong-gildong"], {"hong-gildong": 987654321.5}):
            function("POST", "/v1/recommendations", {"customer_id": "kim-cheolsu", key: value})
    event = tiny_bundle.event(body={"customer_id": "hong-gildong"})
    for name in ("traceparent", "x-amzn-trace-id", "accept", "if-none-match", "idempotency-key", "content-type", "via"):
        function.raw(event | {"headers": {"content-type": "application/json", name: "hong-gildong"}})
    function.raw(event | {"rawQueryString": "hong-gildong=987654321.5"})
    logs = capsys.readouterr().out
    assert logs.count('"event":"request"') > 70
    for personal in ("hong", "cheolsu", "987654321", "7654321098", "town", "2031-07-19"):
        assert personal not in logs
    for line in logs.splitlines():
        assert json.loads(line)["request_id"]
