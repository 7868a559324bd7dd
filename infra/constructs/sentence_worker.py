"""The function that has sentences written."""

from __future__ import annotations

from aws_cdk import Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from constructs import Construct

from infra.config import Deployment
from infra.constructs.bedrock_models import accept_global_model, model_arns
from infra.constructs.product_function import Permissions, ProductFunction
from infra.constructs.sentence_queue import WORKER_TIMEOUT_S, SentenceQueue
from infra.stacks.stateful import StatefulStack

__all__ = ["SentenceWorkerFunction"]

MEMORY_MB = 512
BATCH = 5


class SentenceWorkerFunction(Construct):
    """Takes orders off the queue, a few environments at a time: a burst of orders does not become a burst of spending.

    Its role may ask one model, keep sentences and their books, and append to the audit trail; of customers it may read
    nothing.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: Deployment,
        code: lambda_.Code,
        stateful: StatefulStack,
        orders: SentenceQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        bucket = stateful.bundles.bucket.bucket_name
        product = ProductFunction(
            self,
            "Sentences",
            deployment=deployment,
            code=code,
            name="sentences",
            description="Has a language model write sentences with slots, and checks them",
            handler="agents.reason_generator.handler.handler",
            memory_mb=MEMORY_MB,
            timeout_s=WORKER_TIMEOUT_S,
            concurrency=deployment.config.worker_concurrency,
            environment={
                "UNDERSTUDY_BUNDLE": f"s3://{bucket}/{deployment.bundle_key}",
                "UNDERSTUDY_STORE": f"dynamodb://{deployment.prefix}",
                "UNDERSTUDY_AUDIT_KEYS": f"secretsmanager://{stateful.keyring.secret.secret_arn}",
                "UNDERSTUDY_REASON_MODEL": deployment.reason_model,
            },
            permissions=_permissions(deployment, stateful),
        )
        self.function = product.function
        accept_global_model(product, deployment.reason_model)
        self.function.add_event_source(
            sources.SqsEventSource(
                orders.queue,
                batch_size=BATCH,
                max_concurrency=deployment.config.worker_concurrency,
                report_batch_item_failures=True,
            )
        )


def _permissions(deployment: Deployment, stateful: StatefulStack) -> Permissions:
    tables = stateful.tables
    return {
        "Model": (["bedrock:InvokeModel"], model_arns(deployment.reason_model, Stack.of(stateful))),
        "Sentences": (["dynamodb:BatchGetItem", "dynamodb:PutItem"], [tables.sentences.table_arn]),
        "Books": (["dynamodb:GetItem", "dynamodb:UpdateItem"], [tables.spending.table_arn]),
        "AuditTrail": (["dynamodb:PutItem"], [tables.audit.table_arn, tables.heads.table_arn]),
        "Keyring": (["secretsmanager:GetSecretValue"], [stateful.keyring.secret.secret_arn]),
        "Bundle": (["s3:GetObject"], [stateful.bundles.bucket.arn_for_objects(deployment.bundle_key)]),
    }
