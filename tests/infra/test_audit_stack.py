"""What signs the audit log: it can sign and add, and neither delete nor read a customer."""

from __future__ import annotations

import importlib
from collections import Counter
from typing import Any

import pytest

from infra.config import STAGES
from understudy.audit.scheduled import CheckpointSettings

FUNCTION = "AWS::Lambda::Function"


def test_it_holds_exactly_this_function_and_its_clock(dev: Any) -> None:
    assert Counter(one["Type"] for one in dev.templates["audit"]["Resources"].values()) == {
        FUNCTION: 1,
        "AWS::Lambda::Permission": 1,
        "AWS::IAM::Role": 1,
        "AWS::IAM::Policy": 1,
        "AWS::Logs::LogGroup": 1,
        "AWS::Events::Rule": 1,
    }


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_it_runs_as_often_as_the_stage_says_and_one_at_a_time(request: pytest.FixtureRequest, stage: str) -> None:
    synthesised, minutes = request.getfixturevalue(stage), STAGES[stage].checkpoint_minutes
    every = "rate(1 hour)" if minutes == 60 else f"rate({minutes} minutes)"
    assert synthesised.only("AWS::Events::Rule", "audit")["ScheduleExpression"] == every
    assert synthesised.only(FUNCTION, "audit")["ReservedConcurrentExecutions"] == 1


def test_its_handler_exists_and_its_environment_is_what_it_reads(dev: Any) -> None:
    function = dev.only(FUNCTION, "audit")
    module, name = function["Handler"].rsplit(".", 1)
    assert callable(getattr(importlib.import_module(module), name))
    known = {field.upper(): info for field, info in CheckpointSettings.model_fields.items()}
    variables = set(function["Environment"]["Variables"])
    assert {name for name, info in known.items() if info.is_required()} <= variables <= set(known)


def test_old_public_keys_reach_it_where_they_are_given(synthesise: Any) -> None:
    pem = "-----BEGIN PUBLIC KEY-----\nQUJD\n-----END PUBLIC KEY-----"
    variables = synthesise(checkpoint_public_keys=pem).only(FUNCTION, "audit")["Environment"]["Variables"]
    assert variables["UNDERSTUDY_CHECKPOINT_PUBLIC_KEYS"] == pem


def test_its_role_may_read_the_log_sign_and_add_and_nothing_else(dev: Any) -> None:
    granted = {
        action
        for statement in dev.only("AWS::IAM::Policy", "audit")["PolicyDocument"]["Statement"]
        for action in ([statement["Action"]] if isinstance(statement["Action"], str) else statement["Action"])
    }
    assert granted == {
        "dynamodb:Query",
        "dynamodb:Scan",
        "kms:GetPublicKey",
        "kms:Sign",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "s3:GetBucketObjectLockConfiguration",
        "s3:GetObjectVersion",
        "s3:ListBucketVersions",
        "s3:PutObject",
        "secretsmanager:GetSecretValue",
        "xray:PutTelemetryRecords",
        "xray:PutTraceSegments",
    }
