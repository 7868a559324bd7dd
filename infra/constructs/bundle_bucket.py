"""Where bundles wait to be served."""

from __future__ import annotations

from aws_cdk import RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.acknowledge import acknowledge

__all__ = ["BundleBucket"]


class BundleBucket(Construct):
    """A private, versioned bucket: replacing a bundle keeps the one before.

    Encrypted by S3 itself: a bundle holds models and texts, no customer, and the function verifies every file's hash.
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
            "Bundles hold no customer data; versioning keeps each one that was served, each answer's audit entry names"
            " its model version, and the function refuses a bundle whose hashes do not fit.",
        )
