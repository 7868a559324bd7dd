"""The function that answers requests."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.config import Deployment
from infra.constructs.audit_keyring import AuditKeyring
from infra.constructs.bundle_bucket import BundleBucket
from infra.constructs.store_tables import StoreTables

__all__ = ["InferenceFunction"]


class InferenceFunction(Construct):
    """Python 3.13 on arm64, served through the alias ``live``.

    Its role may read, change and (erasure, decided reviews) delete documents of customers and of oversight, append to
    the audit trail, and read the keyring and the named bundles. It may not delete from the audit trail, nor scan.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: Deployment,
        code: lambda_.Code,
        tables: StoreTables,
        bundles: BundleBucket,
        keyring: AuditKeyring,
    ) -> None:
        super().__init__(scope, construct_id)
        config = deployment.config
        log_group = logs.LogGroup(self, "Logs", retention=config.log_retention, removal_policy=RemovalPolicy.RETAIN)
        self.function = lambda_.Function(
            self,
            "Function",
            function_name=f"{deployment.prefix}-inference",
            description="Recommends products to a customer, with reasons, and records why",
            runtime=lambda_.Runtime.PYTHON_3_13,
            architecture=lambda_.Architecture.ARM_64,
            code=code,
            handler="lambda_app.handler.handler",
            memory_size=config.memory_mb,
            timeout=Duration.seconds(config.timeout_s),
            reserved_concurrent_executions=config.reserved_concurrency,
            tracing=lambda_.Tracing.ACTIVE,
            log_group=log_group,
            role=self._role(log_group),
            environment=self._environment(deployment, bundles, keyring),
        )
        self._allow(deployment, tables, bundles, keyring)
        acknowledge(
            self.function,
            "L1",
            "The package holds wheels compiled for this interpreter; every pinned dependency has one for it on arm64.",
        )
        self.alias = lambda_.Alias(self, "Live", alias_name="live", version=self.function.current_version)

    def _environment(self, deployment: Deployment, bundles: BundleBucket, keyring: AuditKeyring) -> dict[str, str]:
        bucket = f"s3://{bundles.bucket.bucket_name}"
        variables = {
            "UNDERSTUDY_BUNDLE": f"{bucket}/{deployment.bundle_key}",
            "UNDERSTUDY_STORE": f"dynamodb://{deployment.prefix}",
            "UNDERSTUDY_AUDIT_KEYS": f"secretsmanager://{keyring.secret.secret_arn}",
        }
        if deployment.previous_key is not None:
            variables["UNDERSTUDY_PREVIOUS_BUNDLE"] = f"{bucket}/{deployment.previous_key}"
        if deployment.admins:
            variables["UNDERSTUDY_ADMINS"] = deployment.admins
        return variables

    def _role(self, log_group: logs.LogGroup) -> iam.Role:
        role = iam.Role(self, "Role", assumed_by=iam.ServicePrincipal("lambda.amazonaws.com"))
        log_group.grant_write(role)
        acknowledge(role, "IAM5[Resource::*]", "Sending X-Ray traces cannot be narrowed to a resource.")
        return role

    def _allow(self, deployment: Deployment, tables: StoreTables, bundles: BundleBucket, keyring: AuditKeyring) -> None:
        documents = ["BatchGetItem", "BatchWriteItem", "DeleteItem", "PutItem", "Query"]
        keys = [deployment.bundle_key, *([deployment.previous_key] if deployment.previous_key else [])]
        may = {
            "Documents": (
                [f"dynamodb:{action}" for action in documents],
                [tables.customers.table_arn, tables.oversight.table_arn],
            ),
            "AuditTrail": (["dynamodb:GetItem", "dynamodb:PutItem"], [tables.audit.table_arn, tables.heads.table_arn]),
            "Keyring": (["secretsmanager:GetSecretValue"], [keyring.secret.secret_arn]),
            "Bundle": (["s3:GetObject"], [bundles.bucket.arn_for_objects(key) for key in keys]),
        }
        for sid, (actions, resources) in may.items():
            self.function.add_to_role_policy(iam.PolicyStatement(sid=sid, actions=actions, resources=resources))
