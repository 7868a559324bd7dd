"""What watches by the clock."""

from __future__ import annotations

from aws_cdk import CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.config import Deployment
from infra.constructs.alarm_topic import AlarmTopic
from infra.constructs.watch_alarms import WatchAlarms
from infra.constructs.watch_functions import WatchFunctions
from infra.stacks.serving import ServingStack
from infra.stacks.stateful import StatefulStack

__all__ = ["WatchStack"]


class WatchStack(Stack):
    """The nightly verification and judgement, the weekly and the quarterly audit, and who is told."""

    def __init__(
        self,
        scope: Construct,
        *,
        deployment: Deployment,
        stateful: StatefulStack,
        serving: ServingStack,
        code: lambda_.Code,
    ) -> None:
        super().__init__(scope, f"{deployment.prefix}-watch", description="Understudy: watches the days and the log")
        topic = AlarmTopic(self, "People", deployment=deployment, name="watch").topic
        dead = sqs.Queue(
            self,
            "Dead",
            queue_name=f"{deployment.prefix}-watch-dead",
            retention_period=Duration.days(14),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            removal_policy=RemovalPolicy.DESTROY,
        )
        acknowledge(dead, "SQS3", "It is the queue of dead letters.")
        self.watches = WatchFunctions(
            self,
            "Watch",
            deployment=deployment,
            code=code,
            stateful=stateful,
            serving=serving,
            topic=topic,
            dead=dead,
        )
        self.alarms = WatchAlarms(
            self, "Alarms", deployment=deployment, functions=self.watches.functions, dead=dead, topic=topic
        )
        CfnOutput(self, "WatchTopic", value=topic.topic_arn)
