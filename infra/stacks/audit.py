"""What signs the audit log."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.config import Deployment
from infra.constructs.checkpoint_function import CheckpointFunction
from infra.stacks.stateful import StatefulStack

__all__ = ["AuditStack"]


class AuditStack(Stack):
    """The scheduled checkpoint; apart from what answers, so that neither role can do the other's work."""

    def __init__(
        self, scope: Construct, *, deployment: Deployment, stateful: StatefulStack, code: lambda_.Code
    ) -> None:
        super().__init__(scope, f"{deployment.prefix}-audit", description="Understudy: signs the audit log")
        self.checkpoint = CheckpointFunction(self, "Audit", deployment=deployment, code=code, stateful=stateful)
