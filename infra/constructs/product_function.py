"""What every function of the product has in common."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from aws_cdk import Duration, RemovalPolicy, Size
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.config import Deployment

__all__ = ["Permissions", "ProductFunction"]

# Name of a statement -> its actions, and the resources they are allowed on.
Permissions = Mapping[str, tuple[Sequence[str], Sequence[str]]]
ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}


class ProductFunction(Construct):
    """Python 3.13 in its own role: it may write its logs and traces, and what ``permissions`` names. Nothing else."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: Deployment,
        code: lambda_.Code,
        name: str,
        description: str,
        handler: str,
        memory_mb: int,
        timeout_s: int,
        concurrency: int,
        environment: Mapping[str, str],
        permissions: Permissions,
        snap_start: bool = False,
        tracing: lambda_.Tracing = lambda_.Tracing.ACTIVE,
        dead: sqs.IQueue | None = None,
        scratch_mb: int = 512,
    ) -> None:
        super().__init__(scope, construct_id)
        self.logs = logs.LogGroup(
            self, "Logs", retention=deployment.config.log_retention, removal_policy=RemovalPolicy.RETAIN
        )
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=f"{deployment.prefix}-{name}",
            description=description,
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=ARCHITECTURES[deployment.arch],
            code=code,
            handler=handler,
            memory_size=memory_mb,
            timeout=Duration.seconds(timeout_s),
            reserved_concurrent_executions=concurrency,
            tracing=tracing,
            log_group=self.logs,
            role=self._role(),
            environment=dict(environment),
            dead_letter_queue=dead,
            ephemeral_storage_size=Size.mebibytes(scratch_mb) if scratch_mb != 512 else None,
            snap_start=lambda_.SnapStartConf.ON_PUBLISHED_VERSIONS if snap_start else None,
        )
        for sid, (actions, resources) in permissions.items():
            statement = iam.PolicyStatement(sid=sid, actions=list(actions), resources=list(resources))
            self.function.add_to_role_policy(statement)
        acknowledge(
            self.function,
            "L1",
            "The package holds wheels compiled for this interpreter; every pinned dependency has one for it on arm64.",
        )

    def _role(self) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        self.logs.grant_write(role)
        acknowledge(role, "IAM5[Resource::*]", "Sending X-Ray traces cannot be narrowed to a resource.")
        return role
