"""Who is told."""

from __future__ import annotations

from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.config import Deployment

__all__ = ["AlarmTopic"]


class AlarmTopic(Construct):
    """A topic that alarms and the budget may publish to, over TLS only; an alarm's text names no customer."""

    def __init__(self, scope: Construct, construct_id: str, *, deployment: Deployment, name: str = "alarms") -> None:
        super().__init__(scope, construct_id)
        self.topic = sns.Topic(self, "Topic", topic_name=f"{deployment.prefix}-{name}", enforce_ssl=True)
        if deployment.alarm_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(deployment.alarm_email))
        for service in ("cloudwatch.amazonaws.com", "budgets.amazonaws.com"):
            self.topic.add_to_resource_policy(
                iam.PolicyStatement(
                    actions=["sns:Publish"],
                    principals=[iam.ServicePrincipal(service)],
                    resources=[self.topic.topic_arn],
                )
            )
