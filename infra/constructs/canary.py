"""How a new version of the function takes over, and what takes it back."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cloudwatch
from aws_cdk import aws_codedeploy as codedeploy
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.config import Deployment
from infra.constructs.inference_function import InferenceFunction
from infra.constructs.measures import Measures

__all__ = ["Canary"]


class Canary(Construct):
    """In prod a new version answers a tenth of the requests for five minutes before it answers all.

    If meanwhile the new version fails, an answer is a fault, or an audit entry cannot be written, the alias goes back
    to the old version by itself.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, deployment: Deployment, inference: InferenceFunction
    ) -> None:
        super().__init__(scope, construct_id)
        measures = Measures(deployment)
        minute = Duration.minutes(1)
        self.alarms = {
            "errors": self._alarm(
                deployment, "canary-errors", inference.alias.metric_errors(period=minute, statistic="Sum")
            ),
            "faults": self._alarm(deployment, "canary-faults", measures.count("Faults", minute)),
            "audit": self._alarm(deployment, "canary-audit", measures.count("AuditFailures", minute)),
        }
        config = codedeploy.LambdaDeploymentConfig
        group = codedeploy.LambdaDeploymentGroup(
            self,
            "Deployments",
            alias=inference.alias,
            deployment_config=config.CANARY_10_PERCENT_5_MINUTES if deployment.config.canary else config.ALL_AT_ONCE,
            alarms=list(self.alarms.values()),
            auto_rollback=codedeploy.AutoRollbackConfig(
                failed_deployment=True, stopped_deployment=True, deployment_in_alarm=True
            ),
        )
        acknowledge(
            group,
            "IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AWSCodeDeployRoleForLambdaLimited]",
            "CodeDeploy's own role: what the service needs to move an alias, and no right to invoke a function.",
        )

    def _alarm(self, deployment: Deployment, name: str, metric: cloudwatch.IMetric) -> cloudwatch.Alarm:
        return cloudwatch.Alarm(
            self,
            name,
            alarm_name=f"{deployment.prefix}-{name}",
            alarm_description=f"Runbook: docs/runbooks/{name}.md",
            metric=metric,
            threshold=1,
            evaluation_periods=1,
            comparison_operator=cloudwatch.ComparisonOperator.GREATER_THAN_OR_EQUAL_TO_THRESHOLD,
            treat_missing_data=cloudwatch.TreatMissingData.NOT_BREACHING,
        )
