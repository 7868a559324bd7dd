"""A day's requests, from log lines and from CloudWatch; what is not known is None."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber

from agents.evidence import open_request_metrics
from agents.evidence.cloudwatch import CloudWatchMetrics
from understudy.errors import UserError

DAY = "2026-03-05"


def _line(hour: int, latency: float, *, faults: int = 0, minute: int = 0, **more: Any) -> str:
    at = datetime(2026, 3, 5, hour, minute, tzinfo=UTC).timestamp() * 1000
    line = {"_aws": {"Timestamp": int(at)}, "event": "request", "route": "recommend"}
    return json.dumps({**line, "Latency": latency, "Faults": faults, **more})


def test_lines_of_the_day_are_counted(tmp_path: Path) -> None:
    lines = [_line(1, 4.0), _line(1, 300.0, GateRejections=2), _line(2, 5.0, faults=1, ReadFailures=1)]
    lines += ["not json", '{"event":"read_failed"}', _line(3, 1.0).replace("recommend", "health")]
    lines += [_line(3, 9.0).replace(str(int(datetime(2026, 3, 5, 3, tzinfo=UTC).timestamp())), "1000000000")]
    (tmp_path / "function.log").write_text("\n".join(lines))
    (tmp_path / "2026-03-04.jsonl").write_text(_line(5, 7.0))  # named by another day: not read
    found = open_request_metrics(f"file://{tmp_path}").day(DAY)
    assert (found.requests, found.faults, found.read_failures, found.gate_rejections) == (3, 1, 1, 2)
    assert found.audit_failures == 0
    assert found.latency_ms is not None
    assert found.latency_ms["p50"] == 5.0
    assert found.hours["requests"] == [0, 2, 1] + [0] * 21
    assert found.hours["slow"] == [0, 1] + [0] * 22
    assert found.hours["faults"] == [0, 0, 1] + [0] * 21


def test_the_function_writes_the_lines_that_are_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    from lambda_app.logs import RequestLog
    from lambda_app.metrics import emit

    log = RequestLog("r-1", "t-1")
    log.counts["read_failed"] += 1
    emit(log, "recommend", 503)
    (tmp_path / "x.log").write_text(capsys.readouterr().out)
    found = open_request_metrics(f"file://{tmp_path}").day(datetime.now(UTC).date().isoformat())
    assert (found.requests, found.faults, found.read_failures, found.refusals) == (1, 1, 1, 0)


@pytest.mark.parametrize("url", [None, "file:///nowhere/at/all"])
def test_a_source_that_knows_nothing_says_so(url: str | None) -> None:
    found = open_request_metrics(url).day(DAY)
    assert (found.requests, found.latency_ms, found.faults, found.read_failures) == (None, None, None, None)
    assert dict(found.hours) == {}


@pytest.mark.parametrize("url", ["cloudwatch://only-namespace", "ftp://x"])
def test_another_url_is_refused(url: str) -> None:
    with pytest.raises(UserError):
        open_request_metrics(url)


@pytest.fixture
def cloudwatch(monkeypatch: pytest.MonkeyPatch) -> tuple[CloudWatchMetrics, Stubber]:
    client = boto3.client(
        "cloudwatch", region_name="eu-west-1", aws_access_key_id="testing", aws_secret_access_key="testing"
    )
    stubber = Stubber(client)
    monkeypatch.setattr(boto3, "client", lambda *_: client)
    return CloudWatchMetrics("Understudy", "serving"), stubber


def _results(found: dict[str, dict[int, float]]) -> dict[str, Any]:
    return {
        "MetricDataResults": [
            {
                "Id": name,
                "Timestamps": [datetime(2026, 3, 5, hour, tzinfo=UTC) for hour in values],
                "Values": list(values.values()),
            }
            for name, values in found.items()
        ]
    }


def test_cloudwatch_is_asked_by_the_hour_and_by_the_day(cloudwatch: tuple[CloudWatchMetrics, Stubber]) -> None:
    metrics, stubber = cloudwatch
    hourly = {"requests": {0: 100.0, 5: 300.0}, "slow": {5: 2.0}, "faults": {5: 3.0}, "read_failures": {5: 1.0}}
    first = _results({"requests": hourly["requests"], "slow": hourly["slow"]}) | {"NextToken": "more"}
    stubber.add_response("get_metric_data", first)
    stubber.add_response("get_metric_data", _results({n: hourly[n] for n in ("faults", "read_failures")}))
    stubber.add_response("get_metric_data", _results({"p50": {0: 4.0}, "p95": {0: 9.0}, "p99": {0: 31.0}}))
    with stubber:
        found = metrics.day(DAY)
    assert (found.requests, found.faults, found.read_failures) == (400, 3, 1)
    assert found.refusals == 0  # no such metric that day, though requests are known: it did not happen
    assert found.latency_ms == {"p50": 4.0, "p95": 9.0, "p99": 31.0}
    assert found.hours["requests"] == [100, 0, 0, 0, 0, 300] + [0] * 18
    assert found.hours["slow"] == [0, 0, 0, 0, 0, 6] + [0] * 18


def test_cloudwatch_without_requests_knows_nothing(cloudwatch: tuple[CloudWatchMetrics, Stubber]) -> None:
    metrics, stubber = cloudwatch
    for _ in range(2):
        stubber.add_response("get_metric_data", _results({}))
    with stubber:
        found = metrics.day(DAY)
    assert (found.requests, found.faults, found.latency_ms) == (None, None, None)


def test_cloudwatch_that_cannot_answer_is_an_error(cloudwatch: tuple[CloudWatchMetrics, Stubber]) -> None:
    metrics, stubber = cloudwatch
    stubber.add_client_error("get_metric_data", "InternalServiceFault")
    with stubber, pytest.raises(UserError) as caught:
        metrics.day(DAY)
    assert caught.value.exit_code == 5
