"""Who watches the watchers: a run that failed, and a night without one."""

from __future__ import annotations

from collections.abc import Mapping

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.config import Deployment

__all__ = ["WatchAlarms"]

NIGHTLY = ("fsck", "ops")
BELOW = cloudwatch.ComparisonOperator.LESS_THAN_THRESHOLD
ABOVE = cloudwatch.ComparisonOperator.GREATER_THAN_THRESHOLD


class WatchAlarms(Construct):
    """Each names its runbook, ``docs/runbooks/<name>.md``."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: Deployment,
        functions: Mapping[str, lambda_.IFunction],
        dead: sqs.IQueue,
        topic: sns.ITopic,
    ) -> None:
        super().__init__(scope, construct_id)
        self._prefix = deployment.prefix
        self._action = actions.SnsAction(topic)
        self.alarms: dict[str, cloudwatch.Alarm] = {}
        day = Duration.days(1)
        for name in NIGHTLY:
            began = functions[name].metric_invocations(period=day, statistic="Sum")
            # A night without a run has no value at all.
            self._alarm(f"{name}-silent", began, 1, BELOW, cloudwatch.TreatMissingData.BREACHING)
        waiting = dead.metric_approximate_number_of_messages_visible(period=Duration.minutes(5), statistic="Maximum")
        self._alarm("watch-failed", waiting, 0, ABOVE, cloudwatch.TreatMissingData.NOT_BREACHING)

    def _alarm(
        self,
        name: str,
        metric: cloudwatch.IMetric,
        threshold: float,
        comparison: cloudwatch.ComparisonOperator,
        missing: cloudwatch.TreatMissingData,
    ) -> None:
        alarm = cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"{self._prefix}-{name}",
            alarm_description=f"Runbook: docs/runbooks/{name}.md",
            metric=metric,
            threshold=threshold,
            evaluation_periods=1,
            comparison_operator=comparison,
            treat_missing_data=missing,
        )
        alarm.add_alarm_action(self._action)
        self.alarms[name] = alarm
