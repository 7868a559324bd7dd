"""A part of ``deploy_local``: every call that was made, held against the deployed policy of who made it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from fnmatch import fnmatchcase
from typing import Any

from infra.emulator.cloud import ACCOUNT, REGION
from infra.emulator.policy import Usage, grants_of, usage

__all__ = ["permissions"]

MODEL = "amazon.nova-micro-v1:0"
# Granted, and needed only where an answer of the service got lost: the head is then read to learn what was written.
UNSEEN = {
    f"dynamodb:GetItem on arn:aws:dynamodb:{REGION}:{ACCOUNT}:table/understudy-dev-heads",
    # The stand-in for the model is no part of the emulated cloud, which therefore does not see these calls.
    f"bedrock:InvokeModel on arn:aws:bedrock:{REGION}::foundation-model/{MODEL}",
    # Lambda itself sends there, after a function's last try.
    f"sqs:SendMessage on arn:aws:sqs:{REGION}:{ACCOUNT}:understudy-dev-watch-dead",
    # Of a log that verifies, the verification tells nobody.
    f"sns:Publish on arn:aws:sns:{REGION}:{ACCOUNT}:understudy-dev-watch",
    # S3 says "absent" of an object only to who may list; the emulation says it to everybody.
    "s3:ListBucket on arn:aws:s3:::understudy-dev-stateful-reportsbucket*",
}


def permissions(walk: Any, roles: Mapping[str, set[str]]) -> dict[str, Usage]:
    """Each call of a role (by its access keys) must be allowed, and each grant be needed by a call, or be `UNSEEN`."""
    calls = [json.loads(line) for line in walk.cloud.calls.read_text().splitlines()]
    found: dict[str, Usage] = {}
    for role, keys in roles.items():
        made = [call for call in calls if call["who"] in keys]
        assert made, f"{role} made no call"
        one = found[role] = usage(grants_of(walk.cloud.client("iam"), role), made, region=REGION, account=ACCOUNT)
        assert not one.refused, f"{role} would be refused: {one.refused}"
        needless = [grant for grant in one.unused if not any(fnmatchcase(grant, pattern) for pattern in UNSEEN)]
        assert not needless, f"{role} may do what nothing needs: {needless}"
        walk.done(f"{role}: {len(one.used)} kinds of calls, all allowed; never used: {one.unused or 'nothing'}")
    return found
