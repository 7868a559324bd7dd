"""The one way in which a bucket is made here."""

from __future__ import annotations

from typing import Any

from aws_cdk import RemovalPolicy
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.acknowledge import acknowledge

__all__ = ["private_bucket"]


def private_bucket(scope: Construct, construct_id: str, unlogged: str, **more: Any) -> s3.Bucket:
    """A versioned bucket that nobody reads in public or without TLS, encrypted by S3, and kept when its stack goes.

    Args:
        scope: Where it stands.
        construct_id: Its id there; it decides the logical id in the template.
        unlogged: Why it needs no server access log.
        **more: What this bucket has besides.
    """
    bucket = s3.Bucket(
        scope,
        construct_id,
        versioned=True,
        encryption=s3.BucketEncryption.S3_MANAGED,
        block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
        object_ownership=s3.ObjectOwnership.BUCKET_OWNER_ENFORCED,
        enforce_ssl=True,
        minimum_tls_version=1.2,
        removal_policy=RemovalPolicy.RETAIN,
        **more,
    )
    acknowledge(bucket, "S1", unlogged)
    return bucket
