"""Where the watching agents keep their reports."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.acknowledge import acknowledge

__all__ = ["ReportsBucket"]


class ReportsBucket(Construct):
    """A private, versioned bucket: a report that is made again keeps the one before. Every report's hash is in the log.

    Encrypted by S3 itself: a report holds counts, shares and places in the log, and names no customer.
    """

    def __init__(self, scope: Construct, construct_id: str) -> None:
        super().__init__(scope, construct_id)
        self.bucket = s3.Bucket(
            self,
            "Bucket",
            versioned=True,
            encryption=s3.BucketEncryption.S3_MANAGED,
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
            enforce_ssl=True,
            minimum_tls_version=1.2,
            removal_policy=RemovalPolicy.RETAIN,
        )
        acknowledge(
            self.bucket,
            "S1",
            "Reports name no customer, versioning keeps each one, and each one's hash is an entry of the audit log.",
        )

    @property
    def url(self) -> str:
        """As `understudy.objects.open_objects` reads it."""
        return f"s3://{self.bucket.bucket_name}/reports"
