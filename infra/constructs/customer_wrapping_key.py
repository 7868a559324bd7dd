"""The key under which customers' keys are stored."""

from __future__ import annotations

from aws_cdk import Duration, RemovalPolicy
from aws_cdk import aws_kms as kms
from constructs import Construct

__all__ = ["CustomerWrappingKey"]


class CustomerWrappingKey(Construct):
    """A symmetric KMS key, rotated every year by the service: what it wrapped before, it still unwraps.

    Each use of a customer's key is a call that CloudTrail records; who copies tables and keyring cannot read what is
    sealed. It is kept: with it, every sealed part of the audit log would be lost.
    """

    def __init__(self, scope: Construct, construct_id: str, *, prefix: str) -> None:
        super().__init__(scope, construct_id)
        self.key = kms.Key(
            self,
            "Key",
            alias=f"alias/{prefix}-customer-keys",
            description=f"Wraps the keys of customers of {prefix}",
            enable_key_rotation=True,
            pending_window=Duration.days(30),
            removal_policy=RemovalPolicy.RETAIN,
        )
