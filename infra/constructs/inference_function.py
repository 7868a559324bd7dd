"""The function that answers requests."""

from __future__ import annotations

from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.config import Deployment
from infra.constructs.product_function import Permissions, ProductFunction
from infra.stacks.stateful import StatefulStack

__all__ = ["InferenceFunction"]

DOCUMENTS = ("BatchGetItem", "DeleteItem", "PutItem", "Query")


class InferenceFunction(Construct):
    """Served through the alias ``live``, whose versions start from a snapshot of the started function (SnapStart).

    Its role may read, change and (erasure, decided reviews) delete documents of customers and of oversight, append to
    the audit trail, wrap and unwrap customers' keys, and read the keyring and the named bundles; where sentences are
    written by a model, read them and order absent ones. It may not delete from the audit trail, nor scan.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: Deployment,
        code: lambda_.Code,
        stateful: StatefulStack,
        jobs: sqs.IQueue | None,
    ) -> None:
        super().__init__(scope, construct_id)
        config = deployment.config
        product = ProductFunction(
            self,
            "Inference",
            deployment=deployment,
            code=code,
            name="inference",
            description="Recommends products to a customer, with reasons, and records why",
            handler="lambda_app.handler.handler",
            memory_mb=config.memory_mb,
            timeout_s=config.timeout_s,
            concurrency=config.reserved_concurrency,
            environment=_environment(deployment, stateful, jobs),
            permissions=_permissions(deployment, stateful, jobs),
            snap_start=True,
            # The rate of "active" cannot be set: the first request of each second, and so nearly every one of a month.
            tracing=lambda_.Tracing.ACTIVE if config.trace_all else lambda_.Tracing.PASS_THROUGH,
        )
        self.function = product.function
        acknowledge(
            product,
            f"IAM5[Resource::{stateful.export_name(stateful.reports.bucket.bucket_arn)}/reports/*]",
            "Reports are named by their day: the objects that it may read are those below one prefix.",
        )
        self.alias = lambda_.Alias(self, "Live", alias_name="live", version=self.function.current_version)


def _on_tables(*operations: str) -> list[str]:
    return [f"dynamodb:{operation}" for operation in sorted(operations)]


def _environment(deployment: Deployment, stateful: StatefulStack, jobs: sqs.IQueue | None) -> dict[str, str]:
    bucket = f"s3://{stateful.bundles.bucket.bucket_name}"
    variables = {
        "UNDERSTUDY_BUNDLE": f"{bucket}/{deployment.bundle_key}",
        "UNDERSTUDY_STORE": f"dynamodb://{deployment.prefix}",
        "UNDERSTUDY_AUDIT_KEYS": f"secretsmanager://{stateful.keyring.secret.secret_arn}",
        "UNDERSTUDY_CUSTOMER_KEYS": f"kms://{stateful.wrapping.key.key_arn}",
        "UNDERSTUDY_REPORTS": stateful.reports.url,
    }
    optional = {
        "UNDERSTUDY_BUNDLE_PUBLIC_KEY": deployment.bundle_public_key,
        "UNDERSTUDY_PREVIOUS_BUNDLE": deployment.previous_key and f"{bucket}/{deployment.previous_key}",
        "UNDERSTUDY_ADMINS": deployment.admins,
        "UNDERSTUDY_REASON_MODEL": deployment.reason_model,
        "UNDERSTUDY_SENTENCE_JUDGE": deployment.sentence_judge,
        "UNDERSTUDY_REASON_QUEUE": jobs.queue_url if jobs is not None else None,
    }
    return variables | {name: value for name, value in optional.items() if value}


def _permissions(deployment: Deployment, stateful: StatefulStack, jobs: sqs.IQueue | None) -> Permissions:
    tables, objects = stateful.tables, stateful.bundles.bucket.arn_for_objects
    keys = [deployment.bundle_key, *([deployment.previous_key] if deployment.previous_key else [])]
    may = {
        "Customers": (_on_tables(*DOCUMENTS, "BatchWriteItem"), [tables.customers.table_arn]),
        # Erasure removes a customer's reviews as it removes the rest: many at a time.
        "Oversight": (_on_tables(*DOCUMENTS, "BatchWriteItem"), [tables.oversight.table_arn]),
        "AuditTrail": (_on_tables("GetItem", "PutItem"), [tables.audit.table_arn, tables.heads.table_arn]),
        "Keyring": (["secretsmanager:GetSecretValue"], [stateful.keyring.secret.secret_arn]),
        "CustomerKeys": (["kms:Decrypt", "kms:Encrypt"], [stateful.wrapping.key.key_arn]),
        "Bundle": (["s3:GetObject"], [objects(key) for key in keys]),
        # Operators read the watching agents' reports through the function.
        "Reports": (["s3:GetObject"], [stateful.reports.bucket.arn_for_objects("reports/*")]),
        "ReportNames": (["s3:ListBucket"], [stateful.reports.bucket.bucket_arn]),
    }
    if jobs is not None:
        may["Sentences"] = (["dynamodb:BatchGetItem"], [tables.sentences.table_arn])
        may["Orders"] = (["sqs:SendMessage"], [jobs.queue_arn])
    return may
