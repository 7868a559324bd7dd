"""The agents that watch by the clock, each in its own role."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.config import Deployment
from infra.constructs.bedrock_models import accept_global_model, model_arns
from infra.constructs.measures import NAMESPACE
from infra.constructs.product_function import Permissions, ProductFunction
from infra.stacks.serving import ServingStack
from infra.stacks.stateful import StatefulStack

__all__ = ["WATCHES", "Watch", "WatchFunctions"]

TIMEOUT_S = 900  # Lambda's limit
SCRATCH_MB = 2048  # the teacher's files, where shadow scores are wanted
HANDLERS = "agents.watch.handlers"


@dataclass(frozen=True)
class Watch:
    """One scheduled run.

    Attributes:
        cron: Fields of EventBridge, in UTC: a day is over at midnight there.
        verifies: Reads the whole log and its checkpoints.
        judges: Looks at a day's requests, and may ask for a new model.
        audits: Has decisions made again, and may ask a jury. Who judges or audits opens decisions.
    """

    name: str
    handler: str
    description: str
    cron: Mapping[str, str]
    verifies: bool = False
    judges: bool = False
    audits: bool = False


def _at(**fields: str) -> dict[str, str]:
    return fields


WATCHES = (
    Watch("fsck", "nightly_fsck", "Verifies the whole audit log", _at(hour="0", minute="30"), verifies=True),
    # An hour later: it reads what the verification found.
    Watch("ops", "nightly_ops", "Judges the day that ended", _at(hour="1", minute="30"), judges=True),
    Watch(
        "weekly-audit",
        "weekly_audit",
        "Re-verifies the week that ended",
        _at(week_day="MON", hour="3", minute="0"),
        verifies=True,
        audits=True,
    ),
    Watch(
        "quarterly-audit",
        "quarterly_audit",
        "Re-verifies the quarter that ended, deeper",
        _at(month="1,4,7,10", day="1", hour="5", minute="0"),
        verifies=True,
        audits=True,
    ),
)


class WatchFunctions(Construct):
    """One function for each of `WATCHES`, one at a time; what fails three times waits in ``dead``.

    Their roles read: the log, its checkpoints and, where decisions are judged, what opens them; they write reports and
    entries about them, and tell ``topic``. None may change a customer's record, sign, or delete anything.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        deployment: Deployment,
        code: lambda_.Code,
        stateful: StatefulStack,
        serving: ServingStack,
        topic: sns.ITopic,
        dead: sqs.IQueue,
    ) -> None:
        super().__init__(scope, construct_id)
        self.functions: dict[str, lambda_.Function] = {}
        for watch in WATCHES:
            product = ProductFunction(
                self,
                watch.name.title().replace("-", ""),
                deployment=deployment,
                code=code,
                name=watch.name,
                description=watch.description,
                handler=f"{HANDLERS}.{watch.handler}",
                memory_mb=deployment.config.watch_memory_mb,
                timeout_s=TIMEOUT_S,
                concurrency=1,
                environment=_environment(watch, deployment, stateful, serving, topic),
                permissions=_permissions(watch, deployment, stateful, serving, topic),
                dead=dead,
                scratch_mb=SCRATCH_MB,
            )
            self.functions[watch.name] = product.function
            _accept(product, watch, deployment, stateful)
            events.Rule(
                self,
                f"{watch.name.title().replace('-', '')}Clock",
                description=watch.description,
                schedule=events.Schedule.cron(**watch.cron),
                targets=[
                    targets.LambdaFunction(
                        product.function,
                        dead_letter_queue=dead,
                        retry_attempts=2,
                        max_event_age=Duration.hours(2),
                    )
                ],
            )


def _environment(
    watch: Watch, deployment: Deployment, stateful: StatefulStack, serving: ServingStack, topic: sns.ITopic
) -> dict[str, str]:
    signing = stateful.checkpoints.signing_key.key_arn
    variables = {
        "UNDERSTUDY_STORE": f"dynamodb://{deployment.prefix}",
        "UNDERSTUDY_AUDIT_KEYS": f"secretsmanager://{stateful.keyring.secret.secret_arn}",
        "UNDERSTUDY_BUNDLE": f"s3://{stateful.bundles.bucket.bucket_name}/{deployment.bundle_key}",
        "UNDERSTUDY_REPORTS": stateful.reports.url,
        "UNDERSTUDY_ALARM_TOPIC": topic.topic_arn,
    }
    optional = {"UNDERSTUDY_BUNDLE_PUBLIC_KEY": deployment.bundle_public_key}
    if watch.verifies:
        variables |= {
            "UNDERSTUDY_CHECKPOINTS": stateful.checkpoints.url,
            "UNDERSTUDY_CHECKPOINT_PUBLIC_KEYS": deployment.checkpoint_public_keys or f"kms://{signing}",
        }
    if watch.judges or watch.audits:
        variables["UNDERSTUDY_CUSTOMER_KEYS"] = f"kms://{stateful.wrapping.key.key_arn}"
        optional |= {"UNDERSTUDY_ARTEFACTS": deployment.artefacts, "UNDERSTUDY_LABELS": deployment.labels}
    if watch.judges:
        variables["UNDERSTUDY_REQUEST_METRICS"] = f"cloudwatch://{NAMESPACE}/{deployment.prefix}-inference"
        optional["UNDERSTUDY_RETRAIN_EVENTS"] = "events://default" if deployment.distillation else None
    if watch.audits:
        variables["UNDERSTUDY_REPLAY"] = f"lambda://{serving.inference.alias.function_arn}"
        optional["UNDERSTUDY_JUDGE_MODEL"] = deployment.judge_model
    return variables | {name: value for name, value in optional.items() if value}


def _on(operations: Sequence[str]) -> list[str]:
    return [f"dynamodb:{operation}" for operation in operations]


def _permissions(
    watch: Watch, deployment: Deployment, stateful: StatefulStack, serving: ServingStack, topic: sns.ITopic
) -> Permissions:
    tables, vault, reports = stateful.tables, stateful.checkpoints.bucket, stateful.reports.bucket
    opens = watch.judges or watch.audits
    trail = [*(["GetItem"] if opens else []), "PutItem", "Query", *(["Scan"] if watch.verifies else [])]
    may: dict[str, tuple[Sequence[str], Sequence[str]]] = {
        "Trail": (_on(trail), [tables.audit.table_arn]),
        "Heads": (_on(["GetItem", "PutItem", "Scan"]), [tables.heads.table_arn]),
        "Keyring": (["secretsmanager:GetSecretValue"], [stateful.keyring.secret.secret_arn]),
        "Reports": (["s3:GetObject", "s3:PutObject"], [reports.arn_for_objects("reports/*")]),
        # Without it, S3 calls an object that is not there forbidden.
        "ReportNames": (["s3:ListBucket"], [reports.bucket_arn]),
        "Tell": (["sns:Publish"], [topic.topic_arn]),
    }
    if watch.verifies:
        may["Vault"] = (["s3:GetBucketObjectLockConfiguration", "s3:ListBucketVersions"], [vault.bucket_arn])
        may["Checkpoints"] = (["s3:GetObjectVersion"], [vault.arn_for_objects("checkpoints/*")])
        if deployment.checkpoint_public_keys is None:
            may["SignersKey"] = (["kms:GetPublicKey"], [stateful.checkpoints.signing_key.key_arn])
    if opens:
        may |= {
            # Keys are found by their ids, not by their customers: an entry names nobody.
            "Customers": (_on(["Scan"]), [tables.customers.table_arn]),
            "CustomerKeys": (["kms:Decrypt"], [stateful.wrapping.key.key_arn]),
            "Bundle": (["s3:GetObject"], [stateful.bundles.bucket.arn_for_objects(deployment.bundle_key)]),
            **_places(deployment, Stack.of(stateful)),
        }
    if watch.judges:
        may["Requests"] = (["cloudwatch:GetMetricData"], ["*"])
        if deployment.distillation:
            bus = Stack.of(stateful).format_arn(service="events", resource="event-bus", resource_name="default")
            may["Retrain"] = (["events:PutEvents"], [bus])
    if watch.audits:
        may["Replay"] = (["lambda:InvokeFunction"], [serving.inference.alias.function_arn])
        may["Books"] = (_on(["GetItem"]), [tables.spending.table_arn])
        if deployment.judge_model:
            may["Jury"] = (["bedrock:InvokeModel"], model_arns(deployment.judge_model, Stack.of(stateful)))
            may["Books"] = (_on(["GetItem", "UpdateItem"]), [tables.spending.table_arn])
    return may


def _places(deployment: Deployment, stack: Stack) -> dict[str, tuple[Sequence[str], Sequence[str]]]:
    """Reading the run that made the bundle, and outcomes that arrive later."""
    may: dict[str, tuple[Sequence[str], Sequence[str]]] = {}
    for sid, place in (("Artefacts", deployment.artefacts), ("Labels", deployment.labels)):
        if place:
            bucket, _, prefix = place.removeprefix("s3://").partition("/")
            arn = f"arn:{stack.partition}:s3:::{bucket}"
            may[sid] = (["s3:GetObject"], [f"{arn}/{prefix}/*"])
            may[f"{sid}Names"] = (["s3:ListBucket"], [arn])
    return may


def _accept(product: ProductFunction, watch: Watch, deployment: Deployment, stateful: StatefulStack) -> None:
    reports = stateful.export_name(stateful.reports.bucket.bucket_arn)
    vault = stateful.export_name(stateful.checkpoints.bucket.bucket_arn)
    why = "Reports and checkpoints are numbered or dated: the objects meant are those below one prefix."
    acknowledge(product, f"IAM5[Resource::{reports}/reports/*]", why)
    if watch.verifies:
        acknowledge(product, f"IAM5[Resource::{vault}/checkpoints/*]", why)
    if watch.judges:
        acknowledge(product, "IAM5[Resource::*]", "Reading metrics cannot be narrowed to a resource.")
    if watch.judges or watch.audits:
        for place in (deployment.artefacts, deployment.labels):
            if place:
                path = place.removeprefix("s3://")
                acknowledge(product, f"IAM5[Resource::arn:<AWS::Partition>:s3:::{path}/*]", why)
    if watch.audits and deployment.judge_model:
        accept_global_model(product, deployment.judge_model)
