"""What must outlive every deployment."""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from constructs import Construct

from infra.config import Deployment
from infra.constructs.audit_keyring import AuditKeyring
from infra.constructs.bundle_bucket import BundleBucket
from infra.constructs.checkpoint_vault import CheckpointVault
from infra.constructs.customer_wrapping_key import CustomerWrappingKey
from infra.constructs.reports_bucket import ReportsBucket
from infra.constructs.store_tables import StoreTables

__all__ = ["StatefulStack"]


class StatefulStack(Stack):
    """Tables, bundles, reports, checkpoints and keys; protected from termination, and kept if it is terminated."""

    def __init__(self, scope: Construct, *, deployment: Deployment) -> None:
        super().__init__(
            scope,
            f"{deployment.prefix}-stateful",
            description="Understudy: customers, audit trail, bundles, keys",
            termination_protection=True,
        )
        self.tables = StoreTables(self, "Store", prefix=deployment.prefix)
        self.bundles = BundleBucket(self, "Bundles")
        self.reports = ReportsBucket(self, "Reports")
        self.keyring = AuditKeyring(self, "AuditKeyring", prefix=deployment.prefix)
        self.checkpoints = CheckpointVault(self, "Checkpoints", deployment=deployment)
        self.wrapping = CustomerWrappingKey(self, "CustomerKeys", prefix=deployment.prefix)
        CfnOutput(self, "BundleBucket", value=self.bundles.bucket.bucket_name)
        CfnOutput(self, "ReportsLocation", value=self.reports.url)
        CfnOutput(self, "CheckpointLocation", value=self.checkpoints.url)
        CfnOutput(self, "CheckpointKey", value=self.checkpoints.signing_key.key_arn)

    def export_name(self, token: str) -> str:
        """The name under which this stack exports ``token``, by which cdk-nag tells other stacks' resources apart."""
        return str(self.resolve(self.export_value(token))["Fn::ImportValue"])
