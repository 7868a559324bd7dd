"""Accept a finding of cdk-nag, with the reason."""

from __future__ import annotations

from aws_cdk import Acknowledgment, Validations
from constructs import IConstruct

__all__ = ["acknowledge"]


def acknowledge(construct: IConstruct, finding: str, reason: str) -> None:
    """``acknowledge(bucket, "S1", "why")`` accepts AwsSolutions-S1 on ``construct`` and what is inside it."""
    Validations.of(construct).acknowledge(Acknowledgment(id=f"AwsSolutions-{finding}", reason=reason))
