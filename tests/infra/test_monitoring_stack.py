"""What watches: every alarm reads a metric that the code writes, tells somebody, and has a runbook."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest

from infra.config import STAGES
from infra.constructs.slo_alarms import BURNS, SLO
from lambda_app import metrics
from lambda_app.logs import RequestLog
from understudy.audit import scheduled
from understudy.cli.cost_model import Workload

ALARM = "AWS::CloudWatch::Alarm"
RUNBOOKS = Path(__file__).parents[2] / "docs" / "runbooks"


def alarms(synthesised: Any) -> dict[str, dict[str, Any]]:
    """Alarm name -> properties, composite ones included."""
    kinds = (ALARM, "AWS::CloudWatch::CompositeAlarm")
    found = [one["Properties"] for kind in kinds for one in synthesised.of_type(kind).values()]
    return {one["AlarmName"]: one for one in found}


def read_metrics(alarm: dict[str, Any]) -> list[tuple[str, str, str]]:
    """(namespace, metric, function) of what an alarm reads of the functions' own metrics."""
    stats = [one["MetricStat"]["Metric"] for one in alarm.get("Metrics", []) if "MetricStat" in one]
    if "MetricName" in alarm:
        stats.append(alarm)
    return [
        (one["Namespace"], one["MetricName"], str(one["Dimensions"][0]["Value"]))
        for one in stats
        if one["Namespace"] == metrics.NAMESPACE
    ]


def written(capsys: pytest.CaptureFixture[str]) -> set[str]:
    """Every metric that the two functions can write."""
    log = RequestLog("r", "t")
    log.counts.update(metrics.FAILURES.values())  # each once
    metrics.emit(log, "recommend", 500)
    scheduled._emit({"Checkpoints": 1, "CheckpointDamage": 0})
    names: set[str] = set(metrics.STEP_DOWNS.values())
    for line in capsys.readouterr().out.splitlines():
        for group in json.loads(line)["_aws"]["CloudWatchMetrics"]:
            assert group["Namespace"] == metrics.NAMESPACE
            assert ["function"] in group["Dimensions"]
            names |= {metric["Name"] for metric in group["Metrics"]}
    return names


def test_every_alarm_reads_what_a_function_writes(spoken: Any, capsys: pytest.CaptureFixture[str]) -> None:
    names = written(capsys)
    read = [one for alarm in alarms(spoken).values() for one in read_metrics(alarm)]
    assert len(read) >= 10
    assert {metric for _, metric, _ in read} <= names
    functions = {one["Properties"]["FunctionName"] for one in spoken.of_type("AWS::Lambda::Function").values()}
    assert {function for _, _, function in read} <= functions


def test_every_alarm_has_a_runbook_and_every_runbook_an_alarm(spoken: Any, distilling: Any) -> None:
    apart = [one["Properties"] for one in distilling[0].values() if one["Type"] == ALARM]
    named = {
        match[1]
        for alarm in [*alarms(spoken).values(), *apart]
        if (match := re.fullmatch(r"Runbook: docs/runbooks/(.+)\.md", alarm["AlarmDescription"]))
    }
    assert named == {path.stem for path in RUNBOOKS.glob("*.md")} - {"README"}


def test_every_alarm_tells_the_topic_except_the_parts_of_another_and_those_of_the_canary(spoken: Any) -> None:
    silent = {name for name, alarm in alarms(spoken).items() if not alarm.get("AlarmActions")}
    assert {re.sub(r"understudy-dev-", "", name) for name in silent} == {
        *(f"{burn.name}-{window}" for burn in BURNS for window in ("long", "short")),
        *(f"canary-{name}" for name in ("audit", "errors", "faults")),
    }
    subscriptions = spoken.of_type("AWS::SNS::Subscription").values()
    assert [one["Properties"]["Endpoint"] for one in subscriptions] == [
        "ops@bank.example"
    ] * 2  # and of the watch stack


def test_an_unusual_hour_is_one_outside_of_the_band_of_the_weeks_before(spoken: Any) -> None:
    for name, statistic in (("requests-unusual", "SampleCount"), ("latency-unusual", "p50")):
        alarm = alarms(spoken)[f"understudy-dev-{name}"]
        band = next(one for one in alarm["Metrics"] if one["Id"] == alarm["ThresholdMetricId"])
        read = next(one for one in alarm["Metrics"] if "MetricStat" in one)
        assert band["Expression"] == f"ANOMALY_DETECTION_BAND({read['Id']}, 4)"
        assert (read["MetricStat"]["Stat"], read["MetricStat"]["Metric"]["MetricName"]) == (statistic, "Latency")
        assert alarm["ComparisonOperator"] == "LessThanLowerOrGreaterThanUpperThreshold"
        assert "Threshold" not in alarm


def test_a_burn_alarm_fires_at_its_rate_of_the_error_budget(dev: Any) -> None:
    found = alarms(dev)
    for burn in BURNS:
        for window in ("long", "short"):
            assert found[f"understudy-dev-{burn.name}-{window}"]["Threshold"] == pytest.approx(burn.rate * (1 - SLO))
        assert found[f"understudy-dev-{burn.name}"]["AlarmRule"]["Fn::Join"][1].count(") AND ALARM(") <= 1


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_silence_of_the_checkpoint_is_an_alarm_and_silence_of_requests_is_not(
    request: pytest.FixtureRequest, stage: str
) -> None:
    found = alarms(request.getfixturevalue(stage))
    missing = found[f"understudy-{stage}-checkpoint-missing"]
    assert (missing["TreatMissingData"], missing["ComparisonOperator"]) == ("breaching", "LessThanThreshold")
    assert missing["Metrics"][0]["MetricStat"]["Period"] == STAGES[stage].checkpoint_minutes * 60
    assert found[f"understudy-{stage}-audit-failures"]["TreatMissingData"] == "notBreaching"


def test_the_budget_is_the_stages_and_tells_the_topic(dev: Any, prod: Any) -> None:
    for synthesised, stage in ((dev, "dev"), (prod, "prod")):
        budget = synthesised.only("AWS::Budgets::Budget")
        assert budget["Budget"]["BudgetLimit"] == {"Amount": STAGES[stage].budget_usd, "Unit": "USD"}
        assert {one["Notification"]["NotificationType"] for one in budget["NotificationsWithSubscribers"]} == {
            "ACTUAL",
            "FORECASTED",
        }


def test_without_a_model_there_is_no_queue_to_watch(dev: Any, spoken: Any) -> None:
    assert "understudy-dev-dead-letters" not in alarms(dev)
    assert "understudy-dev-dead-letters" in alarms(spoken)


def test_the_bill_counts_what_the_templates_of_prod_hold(prod: Any) -> None:
    def count(kind: str) -> int:
        return len(prod.of_type(kind))

    read = 0
    for alarm in prod.of_type(ALARM).values():
        queries = alarm["Properties"].get("Metrics", [])
        # An alarm is billed for each metric that it reads, and one of anomalies for the two edges of its band too.
        read += sum("MetricStat" in one for one in queries) or 1
        read += 2 * ("ThresholdMetricId" in alarm["Properties"])
    work = {name: field.default for name, field in Workload.model_fields.items()}
    assert work["alarms"] == read
    assert work["composite_alarms"] == count("AWS::CloudWatch::CompositeAlarm")
    assert work["dashboards"] == count("AWS::CloudWatch::Dashboard")
    assert work["keys"] == count("AWS::KMS::Key")
    assert work["secrets"] == count("AWS::SecretsManager::Secret")
    assert work["checkpoints"] == 730 * 60 // STAGES["prod"].checkpoint_minutes
    assert work["log_months"] * 30 <= STAGES["prod"].log_days
