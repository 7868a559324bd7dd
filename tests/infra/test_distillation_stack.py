"""What makes new bundles: a job that can reach its own bucket and nothing else, and the state machine around it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from infra.config import STAGES, read_deployment
from infra.distillation_flow import distillation_flow
from understudy.errors import UserError

CONFIG = "configs/finsynth.json"


@pytest.fixture
def made(distilling: tuple[dict[str, Any], Path]) -> tuple[dict[str, Any], Path]:
    return distilling


def of_type(made: tuple[dict[str, Any], Path], kind: str) -> list[dict[str, Any]]:
    return [one["Properties"] for one in made[0].values() if one["Type"] == kind]


def test_its_flow_is_the_one_that_is_executed_in_tests(made: Any) -> None:
    (machine,) = of_type(made, "AWS::StepFunctions::StateMachine")
    text = "".join(part if isinstance(part, str) else "X" for part in machine["DefinitionString"]["Fn::Join"][1])
    wanted = distillation_flow(queue="X", definition="X", topic="X", partition="X")
    assert json.loads(text) == wanted
    assert machine["LoggingConfiguration"]["Level"] == "ALL"
    assert machine["TracingConfiguration"] == {"Enabled": True}


def test_the_clock_and_drift_start_it_with_the_config(made: Any) -> None:
    rules = [rule for rule in of_type(made, "AWS::Events::Rule") if "Input" in rule["Targets"][0]]
    assert len(rules) == 2
    for rule in rules:
        assert f"/{CONFIG}" in json.dumps(rule["Targets"][0]["Input"])
    assert {"ScheduleExpression", "EventPattern"} <= {key for rule in rules for key in rule}


def test_a_job_runs_on_spot_machines_that_nothing_can_reach_and_is_not_repeated_by_the_queue(made: Any) -> None:
    (machines,) = of_type(made, "AWS::Batch::ComputeEnvironment")
    assert machines["ComputeResources"]["Type"] == "FARGATE_SPOT"
    (group,) = of_type(made, "AWS::EC2::SecurityGroup")
    assert "SecurityGroupIngress" not in group
    (job,) = of_type(made, "AWS::Batch::JobDefinition")
    assert job["RetryStrategy"]["Attempts"] == 1
    asked = {one["Type"]: one["Value"] for one in job["ContainerProperties"]["ResourceRequirements"]}
    assert asked == {"VCPU": str(STAGES["dev"].job_vcpus), "MEMORY": str(STAGES["dev"].job_gb * 1024)}


def test_the_job_may_use_its_bucket_and_sign_and_nothing_else(made: Any) -> None:
    statements = next(
        one["Properties"]["PolicyDocument"]["Statement"] for name, one in made[0].items() if name.startswith("JobRoleD")
    )
    actions = {
        action for s in statements for action in ([s["Action"]] if isinstance(s["Action"], str) else s["Action"])
    }
    assert actions == {
        "kms:GetPublicKey",
        "kms:Sign",
        "s3:DeleteObject",
        "s3:GetObject",
        "s3:ListBucket",
        "s3:PutObject",
    }
    assert "*" not in {json.dumps(s["Resource"]) for s in statements}


def test_bucket_key_and_images_are_kept(made: Any) -> None:
    for kind in ("AWS::S3::Bucket", "AWS::KMS::Key", "AWS::ECR::Repository", "AWS::Logs::LogGroup"):
        for one in made[0].values():
            if one["Type"] == kind:
                assert one["DeletionPolicy"] == "Retain"
    (images,) = of_type(made, "AWS::ECR::Repository")
    assert images["ImageTagMutability"] == "IMMUTABLE"


def test_the_image_is_made_of_the_packages_alone_when_the_stack_was_deployed(made: Any) -> None:
    (sources,) = [path for path in made[1].iterdir() if path.name.startswith("asset.")]
    assert {path.name for path in sources.iterdir()} == {
        *("agents", "distill", "infra", "lambda_app", "teacher", "understudy"),
        *("LICENSE", "README.md", "constraints.txt", "pyproject.toml"),
    }
    assert not list(sources.rglob("*.pyc"))
    (project,) = of_type(made, "AWS::CodeBuild::Project")
    assert project["Environment"]["PrivilegedMode"] is True
    (rule,) = [rule for rule in of_type(made, "AWS::Events::Rule") if "Input" not in rule["Targets"][0]]
    assert rule["EventPattern"]["detail"]["status-details"]["status"] == ["CREATE_COMPLETE", "UPDATE_COMPLETE"]


def test_somebody_is_told_of_every_execution_that_did_not_succeed(made: Any) -> None:
    (alarm,) = of_type(made, "AWS::CloudWatch::Alarm")
    (machine,) = (name for name, one in made[0].items() if one["Type"] == "AWS::StepFunctions::StateMachine")
    read = [one["MetricStat"]["Metric"] for one in alarm["Metrics"] if "MetricStat" in one]
    assert {one["MetricName"] for one in read} == {"ExecutionsFailed", "ExecutionsAborted", "ExecutionsTimedOut"}
    assert {json.dumps(one["Dimensions"]) for one in read} == {
        json.dumps([{"Name": "StateMachineArn", "Value": {"Ref": machine}}])
    }
    assert (alarm["Threshold"], alarm["ComparisonOperator"]) == (0, "GreaterThanThreshold")
    (topic,) = (name for name, one in made[0].items() if one["Type"] == "AWS::SNS::Topic")
    assert alarm["AlarmActions"] == [{"Ref": topic}]


def test_the_image_takes_torch_without_cuda_and_looks_at_what_came(made: Any) -> None:
    (project,) = of_type(made, "AWS::CodeBuild::Project")
    build = json.dumps(project["Source"]["BuildSpec"])
    assert "--torch-backend cpu" in build
    assert "torch.version.cuda is None" in build
    assert "-c constraints.txt" in build


@pytest.mark.parametrize("key", ["/configs/a.json", "configs/a.toml", "a b.json"])
def test_what_cannot_be_a_config_is_refused(key: str) -> None:
    with pytest.raises(UserError, match="distillation"):
        read_deployment({"stage": "dev", "bundle": "a.zip", "distillation": key})
