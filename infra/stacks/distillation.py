"""What makes new bundles."""

from __future__ import annotations

from aws_cdk import CfnElement, CfnOutput, Duration, RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.config import Deployment
from infra.constructs.alarm_topic import AlarmTopic
from infra.constructs.job_alarm import JobAlarm
from infra.constructs.job_image import JobImage
from infra.constructs.job_machine import JobMachine
from infra.constructs.job_machines import JobMachines
from infra.constructs.private_bucket import private_bucket

__all__ = ["DistillationStack"]


class DistillationStack(Stack):
    """The batch job's bucket, signing key, image and machines, and the state machine; deployed where a config is named.

    The config (``-c distillation=KEY``) is a `distill.job.JobConfig` in the bucket. The job may read and write that
    bucket and sign; it sees neither tables nor keyring nor the bucket that is served from.
    """

    def __init__(self, scope: Construct, *, deployment: Deployment) -> None:
        super().__init__(scope, f"{deployment.prefix}-distillation", description="Understudy: makes new bundles")
        bucket = self._bucket()
        signing = kms.Key(
            self,
            "SigningKey",
            alias=f"alias/{deployment.prefix}-bundles",
            description=f"Signs the bundles of {deployment.prefix}",
            key_spec=kms.KeySpec.ECC_NIST_P256,
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            pending_window=Duration.days(30),
            removal_policy=RemovalPolicy.RETAIN,
        )
        image = JobImage(self, "Image", deployment=deployment)
        machines = JobMachines(self, "Jobs", deployment=deployment, image=image, role=self._role(bucket, signing))
        topic = AlarmTopic(self, "People", deployment=deployment, name="distillation").topic
        config = f"s3://{bucket.bucket_name}/{deployment.distillation}"
        flow = JobMachine(self, "Flow", deployment=deployment, machines=machines, topic=topic, config=config)
        JobAlarm(self, "Failed", deployment=deployment, machine=flow.machine, topic=topic)
        CfnOutput(self, "StateMachine", value=flow.machine.state_machine_arn)
        CfnOutput(self, "Bucket", value=bucket.bucket_name)
        CfnOutput(self, "BundleKey", value=signing.key_arn)

    def _bucket(self) -> s3.Bucket:
        return private_bucket(
            self,
            "Work",
            "One role and who deploys reach it; both are in CloudTrail.",
            lifecycle_rules=[s3.LifecycleRule(noncurrent_version_expiration=Duration.days(30))],
        )

    def _role(self, bucket: s3.Bucket, signing: kms.Key) -> iam.Role:
        role = iam.Role(self, "JobRole", assumed_by=iam.ServicePrincipal("ecs-tasks.amazonaws.com"))
        may = {
            "Pieces": (["s3:DeleteObject", "s3:GetObject", "s3:PutObject"], bucket.arn_for_objects("*")),
            "Places": (["s3:ListBucket"], bucket.bucket_arn),
            "Signature": (["kms:GetPublicKey", "kms:Sign"], signing.key_arn),
        }
        for sid, (actions, resource) in may.items():
            role.add_to_policy(iam.PolicyStatement(sid=sid, actions=actions, resources=[resource]))
        cfn = bucket.node.default_child
        assert isinstance(cfn, CfnElement)
        finding = f"IAM5[Resource::<{self.get_logical_id(cfn)}.Arn>/*]"
        acknowledge(
            role, finding, "Source data, checkpoints of the job and its results have no names known beforehand."
        )
        return role
