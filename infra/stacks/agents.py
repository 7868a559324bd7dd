"""What works beside the requests."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.config import Deployment
from infra.constructs.sentence_queue import SentenceQueue
from infra.constructs.sentence_worker import SentenceWorkerFunction
from infra.stacks.stateful import StatefulStack

__all__ = ["AgentsStack"]


class AgentsStack(Stack):
    """The queue of orders for sentences and the worker that does them; deployed where a model is named."""

    def __init__(
        self, scope: Construct, *, deployment: Deployment, stateful: StatefulStack, code: lambda_.Code
    ) -> None:
        super().__init__(scope, f"{deployment.prefix}-agents", description="Understudy: has sentences written")
        self.orders = SentenceQueue(self, "Orders", deployment=deployment)
        self.worker = SentenceWorkerFunction(
            self, "Worker", deployment=deployment, code=code, stateful=stateful, orders=self.orders
        )
