"""Where checkpoints of the audit log are kept, and the key that signs them."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.config import Deployment
from infra.constructs.private_bucket import private_bucket

__all__ = ["CheckpointVault"]


class CheckpointVault(Construct):
    """A bucket whose objects nobody can delete or change for years (Object Lock in compliance mode), and a P-256 key
    that never leaves KMS.

    KMS offers no automatic rotation of asymmetric keys: a new key is a new resource, and the old public key stays among
    those that are accepted (docs/deploy.md, "Rotate keys").
    """

    def __init__(self, scope: Construct, construct_id: str, *, deployment: Deployment) -> None:
        super().__init__(scope, construct_id)
        self.signing_key = kms.Key(
            self,
            "SigningKey",
            alias=f"alias/{deployment.prefix}-checkpoints",
            description=f"Signs the checkpoints of the audit log of {deployment.prefix}",
            key_spec=kms.KeySpec.ECC_NIST_P256,
            key_usage=kms.KeyUsage.SIGN_VERIFY,
            pending_window=Duration.days(30),
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.bucket = private_bucket(
            self,
            "Bucket",
            "Checkpoints hold hashes, counts and signatures, no customer; nobody can change or delete one, and each is"
            " verified with the public key.",
            object_lock_enabled=True,
            object_lock_default_retention=s3.ObjectLockRetention.compliance(
                Duration.days(deployment.config.checkpoint_lock_days)
            ),
        )

    @property
    def url(self) -> str:
        """As `understudy.audit.checkpoint_store.open_checkpoints` reads it."""
        return f"s3://{self.bucket.bucket_name}/checkpoints"
