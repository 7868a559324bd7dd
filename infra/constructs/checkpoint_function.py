"""The function that signs checkpoints of the audit log, and its clock."""

from __future__ import annotations

from aws_cdk import Duration
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.config import Deployment
from infra.constructs.product_function import Permissions, ProductFunction
from infra.stacks.stateful import StatefulStack

__all__ = ["CheckpointFunction"]

TIMEOUT_S = 300
MEMORY_MB = 1024


class CheckpointFunction(Construct):
    """One at a time (reserved concurrency 1), so that no two checkpoints of a number are tried.

    Its role reads the log, and nothing of a customer; it may sign, and add to the vault, from which nobody can delete.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: Deployment,
        code: lambda_.Code,
        stateful: StatefulStack,
    ) -> None:
        super().__init__(scope, construct_id)
        vault = stateful.checkpoints
        environment = {
            "UNDERSTUDY_STORE": f"dynamodb://{deployment.prefix}",
            "UNDERSTUDY_AUDIT_KEYS": f"secretsmanager://{stateful.keyring.secret.secret_arn}",
            "UNDERSTUDY_CHECKPOINTS": vault.url,
            "UNDERSTUDY_SIGNING_KEY": f"kms://{vault.signing_key.key_arn}",
        }
        if deployment.checkpoint_public_keys:
            environment["UNDERSTUDY_CHECKPOINT_PUBLIC_KEYS"] = deployment.checkpoint_public_keys
        product = ProductFunction(
            self,
            "Checkpoint",
            deployment=deployment,
            code=code,
            name="checkpoint",
            description="Verifies the new entries of the audit log and signs a checkpoint over all",
            handler="understudy.audit.scheduled.handler",
            memory_mb=MEMORY_MB,
            timeout_s=TIMEOUT_S,
            concurrency=1,
            environment=environment,
            permissions=_permissions(stateful),
        )
        self.function = product.function
        acknowledge(
            product,
            f"IAM5[Resource::{stateful.export_name(vault.bucket.bucket_arn)}/checkpoints/*]",
            "Checkpoints are numbered: the objects that it may add and read are those below one prefix.",
        )
        events.Rule(
            self,
            "Clock",
            description="When the audit log is signed",
            schedule=events.Schedule.rate(Duration.minutes(deployment.config.checkpoint_minutes)),
            targets=[targets.LambdaFunction(self.function, retry_attempts=2, max_event_age=Duration.minutes(10))],
        )


def _permissions(stateful: StatefulStack) -> Permissions:
    tables, vault = stateful.tables, stateful.checkpoints
    objects = vault.bucket.arn_for_objects("checkpoints/*")
    return {
        "Trail": (["dynamodb:Query"], [tables.audit.table_arn]),
        "Heads": (["dynamodb:Scan"], [tables.heads.table_arn]),
        "Keyring": (["secretsmanager:GetSecretValue"], [stateful.keyring.secret.secret_arn]),
        "Signature": (["kms:GetPublicKey", "kms:Sign"], [vault.signing_key.key_arn]),
        "Vault": (["s3:GetBucketObjectLockConfiguration", "s3:ListBucketVersions"], [vault.bucket.bucket_arn]),
        "Checkpoints": (["s3:GetObjectVersion", "s3:PutObject"], [objects]),
    }
