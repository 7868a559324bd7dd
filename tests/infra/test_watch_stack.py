"""What watches by the clock: it reads, reports and tells; it changes no customer, signs nothing and deletes nothing."""

from __future__ import annotations

import importlib
import json
from collections import Counter
from typing import Any

import pytest

from agents.evidence import WatchSettings
from infra.constructs.watch_functions import WATCHES

FUNCTION = "AWS::Lambda::Function"
FULL = {
    "judge_model": "global.anthropic.claude-haiku-4-5-20251001-v1:0",
    "artefacts": "s3://bank-runs/finsynth/7",
    "labels": "s3://bank-outcomes/late",
    "distillation": "configs/finsynth.json",
}


@pytest.fixture(scope="module")
def full(synthesise: Any) -> Any:
    return synthesise(**FULL)


def functions(synthesised: Any) -> dict[str, dict[str, Any]]:
    found = [one["Properties"] for one in synthesised.of_type(FUNCTION, "watch").values()]
    return {one["FunctionName"].removeprefix("understudy-dev-"): one for one in found}


def granted(synthesised: Any, name: str) -> dict[str, list[Any]]:
    """Action -> resources, of the role of function ``name``."""
    (function,) = (
        one["Properties"]
        for one in synthesised.of_type(FUNCTION, "watch").values()
        if one["Properties"]["FunctionName"].endswith(f"-{name}")
    )
    role = function["Role"]["Fn::GetAtt"][0]
    actions: dict[str, list[Any]] = {}
    for policy in synthesised.of_type("AWS::IAM::Policy", "watch").values():
        if {"Ref": role} in policy["Properties"]["Roles"]:
            for statement in policy["Properties"]["PolicyDocument"]["Statement"]:
                listed = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
                for action in listed:
                    actions.setdefault(action, []).append(statement["Resource"])
    return actions


def test_each_watch_is_a_function_of_its_own_one_at_a_time_and_its_handler_exists(dev: Any) -> None:
    found = functions(dev)
    assert set(found) == {watch.name for watch in WATCHES}
    assert len({json.dumps(one["Role"]) for one in found.values()}) == len(WATCHES)
    for watch in WATCHES:
        module, _, name = found[watch.name]["Handler"].rpartition(".")
        assert callable(getattr(importlib.import_module(module), name))
        assert found[watch.name]["ReservedConcurrentExecutions"] == 1
        assert found[watch.name]["Timeout"] == 900


def test_they_start_by_the_clock_and_the_verification_comes_first(dev: Any) -> None:
    rules = [one["Properties"] for one in dev.of_type("AWS::Events::Rule", "watch").values()]
    assert Counter(one["ScheduleExpression"] for one in rules) == {
        "cron(30 0 * * ? *)": 1,
        "cron(30 1 * * ? *)": 1,
        "cron(0 3 ? * MON *)": 1,
        "cron(0 5 1 1,4,7,10 ? *)": 1,
    }
    (dead,) = dev.of_type("AWS::SQS::Queue", "watch")
    for rule in rules:
        (target,) = rule["Targets"]
        assert target["DeadLetterConfig"]["Arn"] == {"Fn::GetAtt": [dead, "Arn"]}
        assert target["RetryPolicy"]["MaximumRetryAttempts"] == 2
    for function in functions(dev).values():
        assert function["DeadLetterConfig"]["TargetArn"] == {"Fn::GetAtt": [dead, "Arn"]}


@pytest.mark.parametrize("kind", ["dev", "full"])
def test_their_environment_is_what_they_read(request: pytest.FixtureRequest, kind: str) -> None:
    known = {field.upper(): info for field, info in WatchSettings.model_fields.items()}
    for name, function in functions(request.getfixturevalue(kind)).items():
        variables = set(function["Environment"]["Variables"])
        assert {one for one, info in known.items() if info.is_required()} <= variables <= set(known), name


def test_what_is_named_reaches_them(full: Any) -> None:
    weekly = functions(full)["weekly-audit"]["Environment"]["Variables"]
    assert weekly["UNDERSTUDY_ARTEFACTS"] == FULL["artefacts"]
    assert weekly["UNDERSTUDY_LABELS"] == FULL["labels"]
    assert weekly["UNDERSTUDY_JUDGE_MODEL"] == FULL["judge_model"]
    assert functions(full)["ops"]["Environment"]["Variables"]["UNDERSTUDY_RETRAIN_EVENTS"] == "events://default"
    assert "UNDERSTUDY_CUSTOMER_KEYS" not in functions(full)["fsck"]["Environment"]["Variables"]


@pytest.mark.parametrize("kind", ["dev", "full"])
def test_none_may_change_a_customer_sign_or_delete(request: pytest.FixtureRequest, kind: str) -> None:
    synthesised = request.getfixturevalue(kind)
    for watch in WATCHES:
        may = granted(synthesised, watch.name)
        assert not [action for action in may if "*" in action or "Delete" in action]
        assert not {"kms:Sign", "kms:Encrypt", "s3:PutObjectRetention", "secretsmanager:PutSecretValue"} & set(may)
        for action in ("dynamodb:PutItem", "dynamodb:UpdateItem", "dynamodb:BatchWriteItem"):
            assert "StoreCustomers" not in json.dumps(may.get(action, []))
        assert {action for action, on in may.items() if "*" in on} <= {
            "cloudwatch:GetMetricData",
            "xray:PutTraceSegments",
            "xray:PutTelemetryRecords",
        }


def test_the_verification_can_open_nothing(dev: Any) -> None:
    may = granted(dev, "fsck")
    assert "kms:Decrypt" not in may
    assert "StoreCustomers" not in json.dumps(list(may.values()))


def test_only_audits_ask_the_function_to_decide_again_and_only_its_alias(dev: Any) -> None:
    for watch in WATCHES:
        asked = granted(dev, watch.name).get("lambda:InvokeFunction", [])
        assert bool(asked) is watch.audits
        if watch.audits:
            assert "InferenceLive" in json.dumps(asked)


def test_a_night_without_a_run_is_an_alarm_and_so_is_a_run_that_failed(dev: Any) -> None:
    found = {
        one["Properties"]["AlarmName"]: one["Properties"] for one in dev.of_type("AWS::CloudWatch::Alarm").values()
    }
    (topic,) = dev.of_type("AWS::SNS::Topic", "watch")
    for name in ("fsck-silent", "ops-silent"):
        alarm = found[f"understudy-dev-{name}"]
        assert (alarm["TreatMissingData"], alarm["Period"], alarm["MetricName"]) == ("breaching", 86400, "Invocations")
        assert alarm["AlarmActions"] == [{"Ref": topic}]
    assert found["understudy-dev-watch-failed"]["MetricName"] == "ApproximateNumberOfMessagesVisible"
