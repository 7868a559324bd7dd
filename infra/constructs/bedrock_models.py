"""What a role needs in order to ask one language model."""

from __future__ import annotations

from aws_cdk import Stack
from constructs import Construct

from infra.acknowledge import acknowledge

__all__ = ["accept_global_model", "model_arns"]


def model_arns(model: str, stack: Stack) -> list[str]:
    """What Bedrock checks: the foundation model, and of an inference profile (``global.x``) also the profile."""
    scope, _, name = model.partition(".")
    if scope != "global":
        return [f"arn:{stack.partition}:bedrock:{stack.region}::foundation-model/{model}"]
    return [
        f"arn:{stack.partition}:bedrock:{stack.region}:{stack.account}:inference-profile/{model}",
        f"arn:{stack.partition}:bedrock:*::foundation-model/{name}",
        f"arn:{stack.partition}:bedrock:::foundation-model/{name}",
    ]


def accept_global_model(construct: Construct, model: str) -> None:
    """Accept the one wildcard of `model_arns`."""
    scope, _, name = model.partition(".")
    if scope == "global":
        acknowledge(
            construct,
            f"IAM5[Resource::arn:<AWS::Partition>:bedrock:*::foundation-model/{name}]",
            "A global inference profile answers from any region: the one model is named, not where it runs.",
        )
