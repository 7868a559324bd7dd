"""Orders for sentences, and where those go that nobody could do."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.config import Deployment
from understudy.queues.protocol import MAX_DELIVERIES

__all__ = ["WORKER_TIMEOUT_S", "SentenceQueue"]

WORKER_TIMEOUT_S = 120


class SentenceQueue(Construct):
    """A queue whose messages stay hidden for six times the worker's limit, as Lambda asks, and its dead letters."""

    def __init__(self, scope: Construct, construct_id: str, *, deployment: Deployment) -> None:
        super().__init__(scope, construct_id)
        self.dead = sqs.Queue(
            self,
            "Dead",
            queue_name=f"{deployment.prefix}-sentences-dead",
            retention_period=Duration.days(14),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            removal_policy=RemovalPolicy.DESTROY,
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            queue_name=f"{deployment.prefix}-sentences",
            retention_period=Duration.days(4),
            visibility_timeout=Duration.seconds(6 * WORKER_TIMEOUT_S),
            encryption=sqs.QueueEncryption.SQS_MANAGED,
            enforce_ssl=True,
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=MAX_DELIVERIES),
            removal_policy=RemovalPolicy.DESTROY,
        )
