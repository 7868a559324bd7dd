"""Hold the calls that a role has made against what it is allowed."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

__all__ = ["Grant", "Usage", "grants_of", "usage"]

# The Lambda service itself writes logs and traces and polls queues with the role; no call of the code shows it.
BY_THE_SERVICE = (
    "logs:",
    "xray:",
    "sqs:ChangeMessageVisibility",
    "sqs:DeleteMessage",
    "sqs:GetQueueAttributes",
    "sqs:GetQueueUrl",
    "sqs:ReceiveMessage",
)


@dataclass(frozen=True)
class Grant:
    """One action that is allowed on resources (ARNs, perhaps with ``*``)."""

    action: str
    resources: tuple[str, ...]

    def covers(self, action: str, resource: str) -> bool:
        """Whether it allows ``action`` on ``resource``."""
        return self.action == action and any(fnmatchcase(resource, pattern) for pattern in self.resources)


@dataclass(frozen=True)
class Usage:
    """``refused``: calls that the policy does not allow, as (action, resource). ``unused``: grants that none needed."""

    used: list[tuple[str, str]]
    refused: list[tuple[str, str]]
    unused: list[str]


def grants_of(iam: Any, role: str) -> list[Grant]:
    """What the inline policies of the deployed ``role`` allow.

    Raises:
        ValueError: it has a managed policy, or a statement that is more than "allow these actions on those resources".
    """
    if iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"]:
        raise ValueError(f"{role} has managed policies")
    grants: list[Grant] = []
    for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
        document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
        document = json.loads(document) if isinstance(document, str) else document
        for statement in document["Statement"]:
            if set(statement) - {"Sid", "Effect", "Action", "Resource"} or statement["Effect"] != "Allow":
                raise ValueError(f"{role}: {statement} is not a plain statement")
            resources = tuple(_list(statement["Resource"]))
            grants += [Grant(action, resources) for action in _list(statement["Action"])]
    return grants


def usage(grants: Iterable[Grant], calls: Iterable[Mapping[str, Any]], *, region: str, account: str) -> Usage:
    """Compare ``calls`` (as `infra.emulator.server` records them, of one role) with ``grants``."""
    grants = list(grants)
    made = sorted(
        {
            (f"{call['service']}:{action}", _arn(call["service"], resource, region, account))
            for call in calls
            for action, resource in call["actions"]
        }
    )
    refused = [one for one in made if not any(grant.covers(*one) for grant in grants)]
    unused = [
        f"{grant.action} on {resource}"
        for grant in grants
        for resource in grant.resources
        if not grant.action.startswith(BY_THE_SERVICE)
        and not any(action == grant.action and fnmatchcase(arn, resource) for action, arn in made)
    ]
    return Usage(made, refused, sorted(unused))


def _arn(service: str, resource: str, region: str, account: str) -> str:
    if resource.startswith("arn:"):
        return resource
    if service == "dynamodb":
        return f"arn:aws:dynamodb:{region}:{account}:table/{resource}"
    if service == "s3":
        return f"arn:aws:s3:::{resource}"
    if service == "events":
        return f"arn:aws:events:{region}:{account}:{resource}"
    if service == "sqs":
        return f"arn:aws:sqs:{region}:{account}:{resource.rpartition('/')[2]}"
    return resource


def _list(value: Any) -> list[str]:
    return [value] if isinstance(value, str) else list(value)
