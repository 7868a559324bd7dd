"""How a new version of the function takes over, and what takes it back."""

from __future__ import annotations

from typing import Any

import pytest


@pytest.mark.parametrize(
    ("stage", "config"),
    [("dev", "CodeDeployDefault.LambdaAllAtOnce"), ("prod", "CodeDeployDefault.LambdaCanary10Percent5Minutes")],
)
def test_in_prod_a_new_version_first_answers_a_tenth(request: pytest.FixtureRequest, stage: str, config: str) -> None:
    group = request.getfixturevalue(stage).only("AWS::CodeDeploy::DeploymentGroup")
    assert group["DeploymentConfigName"] == config


def test_an_alarm_takes_it_back(dev: Any) -> None:
    group = dev.only("AWS::CodeDeploy::DeploymentGroup")
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]
    alarms = dev.of_type("AWS::CloudWatch::Alarm", "serving")
    assert {alarm["Name"]["Ref"] for alarm in group["AlarmConfiguration"]["Alarms"]} == set(alarms)
    for alarm in alarms.values():
        wanted = alarm["Properties"]
        assert (wanted["Threshold"], wanted["EvaluationPeriods"]) == (1, 1)
        assert wanted["ComparisonOperator"] == "GreaterThanOrEqualToThreshold"


def test_it_moves_the_alias_that_requests_reach(dev: Any) -> None:
    ((_, alias),) = dev.of_type("AWS::Lambda::Alias").items()
    (group,) = dev.of_type("AWS::CodeDeploy::DeploymentGroup")
    assert alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"] == {"Ref": group}


def test_a_version_starts_from_a_snapshot(dev: Any) -> None:
    assert dev.only("AWS::Lambda::Function", "serving")["SnapStart"] == {"ApplyOn": "PublishedVersions"}
