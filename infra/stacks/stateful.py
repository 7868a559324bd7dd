"""What must outlive every deployment."""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from infra.config import Deployment
from infra.constructs.audit_keyring import AuditKeyring
from infra.constructs.bundle_bucket import BundleBucket
from infra.constructs.checkpoint_vault import CheckpointVault
from infra.constructs.customer_wrapping_key import CustomerWrappingKey
from infra.constructs.store_tables import StoreTables

__all__ = ["StatefulStack"]


class StatefulStack(Stack):
    """Tables, bundles, checkpoints and keys; protected from termination, and kept if it is terminated all the same."""

    def __init__(self, scope: Construct, *, deployment: Deployment) -> None:
        super().__init__(
            scope,
            f"{deployment.prefix}-stateful",
            description="Understudy: customers, audit trail, bundles, keys",
            termination_protection=True,
        )
        self.tables = StoreTables(self, "Store", prefix=deployment.prefix)
        self.bundles = BundleBucket(self, "Bundles")
        self.keyring = AuditKeyring(self, "AuditKeyring", prefix=deployment.prefix)
        self.checkpoints = CheckpointVault(self, "Checkpoints", deployment=deployment)
        self.wrapping = CustomerWrappingKey(self, "CustomerKeys", prefix=deployment.prefix)
        CfnOutput(self, "BundleBucket", value=self.bundles.bucket.bucket_name)
        CfnOutput(self, "CheckpointLocation", value=self.checkpoints.url)
        CfnOutput(self, "CheckpointKey", value=self.checkpoints.signing_key.key_arn)
