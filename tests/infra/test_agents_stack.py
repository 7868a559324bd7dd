"""What works beside the requests: nothing is lost, nothing bursts, and no customer can be read from there."""

from __future__ import annotations

import importlib
import json
from typing import Any

import pytest

from agents.reason_generator.worker import WorkerSettings
from infra.config import STAGES
from infra.constructs.bedrock_models import model_arns
from understudy.queues.protocol import MAX_DELIVERIES

FUNCTION = "AWS::Lambda::Function"
PEM = "-----BEGIN PUBLIC KEY-----\nQUJD\n-----END PUBLIC KEY-----"
PLACES = {"UNDERSTUDY_BUNDLE": "b", "UNDERSTUDY_STORE": "s", "UNDERSTUDY_AUDIT_KEYS": "k"}


def queues(spoken: Any) -> dict[str, dict[str, Any]]:
    found = [one["Properties"] for one in spoken.of_type("AWS::SQS::Queue", "agents").values()]
    return {one["QueueName"].removeprefix("understudy-dev-"): one for one in found}


def test_without_a_model_there_is_no_such_stack(dev: Any, spoken: Any) -> None:
    assert "agents" not in dev.templates
    assert "agents" in spoken.templates


def test_an_order_that_fails_too_often_is_kept_for_two_weeks(spoken: Any) -> None:
    found = queues(spoken)
    assert found["sentences"]["RedrivePolicy"]["maxReceiveCount"] == MAX_DELIVERIES
    assert found["sentences-dead"]["MessageRetentionPeriod"] == 14 * 24 * 3600
    assert found["sentences-dead"]["MessageRetentionPeriod"] > found["sentences"]["MessageRetentionPeriod"]


def test_an_order_stays_hidden_for_six_times_the_workers_limit(spoken: Any) -> None:
    limit = spoken.only(FUNCTION, "agents")["Timeout"]
    assert queues(spoken)["sentences"]["VisibilityTimeout"] == 6 * limit


def test_the_queues_are_encrypted_and_refuse_plain_connections(spoken: Any) -> None:
    assert {one["SqsManagedSseEnabled"] for one in queues(spoken).values()} == {True}
    policies = spoken.of_type("AWS::SQS::QueuePolicy", "agents").values()
    assert len(policies) == 2
    for policy in policies:
        (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]
        assert (statement["Effect"], statement["Condition"]) == ("Deny", {"Bool": {"aws:SecureTransport": "false"}})


def test_a_burst_of_orders_is_not_a_burst_of_spending(spoken: Any) -> None:
    mapping = spoken.only("AWS::Lambda::EventSourceMapping")
    most = STAGES["dev"].worker_concurrency
    assert mapping["ScalingConfig"] == {"MaximumConcurrency": most}
    assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]
    assert spoken.only(FUNCTION, "agents")["ReservedConcurrentExecutions"] == most


def test_its_handler_exists_and_its_environment_is_what_it_reads(spoken: Any) -> None:
    function = spoken.only(FUNCTION, "agents")
    module, name = function["Handler"].rsplit(".", 1)
    assert callable(getattr(importlib.import_module(module), name))
    known = {field.upper(): info for field, info in WorkerSettings.model_fields.items()}
    variables = set(function["Environment"]["Variables"])
    assert {name for name, info in known.items() if info.is_required()} <= variables <= set(known)


def test_it_can_read_no_customer(spoken: Any) -> None:
    policy = json.dumps(spoken.only("AWS::IAM::Policy", "agents"))
    for table in ("StoreCustomers", "StoreOversight", "CustomerKeys"):
        assert table not in policy
    assert "StoreSentences" in policy


def test_the_inference_function_may_order_sentences_only_where_a_model_is_named(dev: Any, spoken: Any) -> None:
    assert "sqs:SendMessage" in json.dumps(spoken.only("AWS::IAM::Policy", "serving"))
    assert "sqs:" not in json.dumps(dev.only("AWS::IAM::Policy", "serving"))
    variables = spoken.only(FUNCTION, "serving")["Environment"]["Variables"]
    assert (
        variables["UNDERSTUDY_REASON_MODEL"]
        == spoken.only(FUNCTION, "agents")["Environment"]["Variables"]["UNDERSTUDY_REASON_MODEL"]
    )


def test_a_judge_is_known_to_both_and_a_guardrail_to_the_worker(synthesise: Any) -> None:
    judge, guardrail = "amazon.nova-micro-v1:0", "abc123@2"
    judged = synthesise(
        reason_model="amazon.nova-lite-v1:0",
        sentence_judge=judge,
        guardrail=guardrail,
        bundle_public_key=PEM,
    )
    worker = judged.only(FUNCTION, "agents")["Environment"]["Variables"]
    assert (worker["UNDERSTUDY_SENTENCE_JUDGE"], worker["UNDERSTUDY_GUARDRAIL"]) == (judge, guardrail)
    assert worker["UNDERSTUDY_BUNDLE_PUBLIC_KEY"] == PEM, "as the function does, so does the worker"
    assert judged.only(FUNCTION, "serving")["Environment"]["Variables"]["UNDERSTUDY_SENTENCE_JUDGE"] == judge
    WorkerSettings.from_environment({name: value for name, value in worker.items() if isinstance(value, str)} | PLACES)
    policy = json.dumps(judged.only("AWS::IAM::Policy", "agents"))
    assert "foundation-model/amazon.nova-lite-v1:0" in policy
    assert f"foundation-model/{judge}" in policy
    assert "guardrail/abc123" in policy


class _Somewhere:
    partition, region, account = "aws", "us-east-1", "1"


@pytest.mark.parametrize(
    ("model", "resources"),
    [
        ("amazon.nova-micro-v1:0", ["arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-micro-v1:0"]),
        (
            "global.x.y-v1",
            [
                "arn:aws:bedrock:us-east-1:1:inference-profile/global.x.y-v1",
                "arn:aws:bedrock:*::foundation-model/x.y-v1",
                "arn:aws:bedrock:::foundation-model/x.y-v1",
            ],
        ),
    ],
)
def test_one_model_may_be_asked_and_its_profile_where_it_has_one(model: str, resources: list[str]) -> None:
    assert model_arns(model, _Somewhere()) == resources
