"""Somebody is told when a distillation did not end well, whoever started it."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_sns as sns
from aws_cdk import aws_stepfunctions as stepfunctions
from constructs import Construct

from infra.config import Deployment

__all__ = ["JobAlarm"]

NAME = "distillation-failed"


class JobAlarm(Construct):
    """Of executions that failed, were aborted or timed out, from the service's own metrics: the flow tells people why
    it ended, unless telling is what failed.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: Deployment,
        machine: stepfunctions.StateMachine,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        hour = Duration.hours(1)
        ended = {
            "failed": machine.metric_failed(period=hour, statistic="Sum"),
            "aborted": machine.metric_aborted(period=hour, statistic="Sum"),
            "late": machine.metric_timed_out(period=hour, statistic="Sum"),
        }
        alarm = cloudwatch.Alarm(
            self,
            "Alarm",
            alarm_name=f"{deployment.prefix}-{NAME}",
            alarm_description=f"Runbook: docs/runbooks/{NAME}.md",
            metric=cloudwatch.MathExpression(
                expression="FILL(failed, 0) + FILL(aborted, 0) + FILL(late, 0)",
                using_metrics=dict(ended),
                period=hour,
                label="executions that did not succeed",
            ),
            threshold=0,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
        alarm.add_alarm_action(actions.SnsAction(topic))
