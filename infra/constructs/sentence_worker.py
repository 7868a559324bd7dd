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

    Its role may ask one model and a judge, keep sentences and their books, and append to the audit trail; of customers
    it may read nothing.
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
            environment=_environment(deployment, stateful),
            permissions=_permissions(deployment, stateful),
        )
        self.function = product.function
        for model in _models(deployment):
            accept_global_model(product, model)
        self.function.add_event_source(
            sources.SqsEventSource(
                orders.queue,
                batch_size=BATCH,
                max_concurrency=deployment.config.worker_concurrency,
                report_batch_item_failures=True,
            )
        )


def _models(deployment: Deployment) -> list[str]:
    """The writer, and the judge of what it writes, each once."""
    return list(dict.fromkeys(filter(None, (deployment.reason_model, deployment.sentence_judge))))


def _environment(deployment: Deployment, stateful: StatefulStack) -> dict[str, str]:
    variables = {
        "UNDERSTUDY_BUNDLE": f"s3://{stateful.bundles.bucket.bucket_name}/{deployment.bundle_key}",
        "UNDERSTUDY_STORE": f"dynamodb://{deployment.prefix}",
        "UNDERSTUDY_AUDIT_KEYS": f"secretsmanager://{stateful.keyring.secret.secret_arn}",
        "UNDERSTUDY_REASON_MODEL": deployment.reason_model,
    }
    optional = {
        "UNDERSTUDY_BUNDLE_PUBLIC_KEY": deployment.bundle_public_key,
        "UNDERSTUDY_SENTENCE_JUDGE": deployment.sentence_judge,
        "UNDERSTUDY_GUARDRAIL": deployment.guardrail,
    }
    return variables | {name: value for name, value in optional.items() if value}


def _permissions(deployment: Deployment, stateful: StatefulStack) -> Permissions:
    tables, stack = stateful.tables, Stack.of(stateful)
    may = {
        "Model": (["bedrock:InvokeModel"], [arn for model in _models(deployment) for arn in model_arns(model, stack)]),
        "Sentences": (["dynamodb:BatchGetItem", "dynamodb:PutItem"], [tables.sentences.table_arn]),
        "Books": (["dynamodb:GetItem", "dynamodb:UpdateItem"], [tables.spending.table_arn]),
        "AuditTrail": (["dynamodb:PutItem"], [tables.audit.table_arn, tables.heads.table_arn]),
        "Keyring": (["secretsmanager:GetSecretValue"], [stateful.keyring.secret.secret_arn]),
        "Bundle": (["s3:GetObject"], [stateful.bundles.bucket.arn_for_objects(deployment.bundle_key)]),
    }
    if deployment.guardrail is not None:
        identifier = deployment.guardrail.partition("@")[0]
        arn = f"arn:{stack.partition}:bedrock:{stack.region}:{stack.account}:guardrail/{identifier}"
        may["Guardrail"] = (["bedrock:ApplyGuardrail"], [arn])
    return may
