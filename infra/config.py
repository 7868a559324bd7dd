"""What differs between the stages, and what must be said on the command line."""

from __future__ import annotations

import re
from typing import Any, Literal

from aws_cdk import aws_logs as logs
from pydantic import Field

from understudy.contracts._model import Contract
from understudy.errors import UserError

__all__ = ["Deployment", "StageConfig", "read_deployment"]

RETENTION = {
    30: logs.RetentionDays.ONE_MONTH,
    365: logs.RetentionDays.ONE_YEAR,
}
KEY = re.compile(r"(?!/)[A-Za-z0-9._/-]{1,200}\.zip")
ADMIN = re.compile(r"arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:[A-Za-z0-9+=,.@_/-]+(/\*)?")


class StageConfig(Contract):
    """Sizes and limits of one stage. Nothing here weakens a protection: those are the same everywhere."""

    memory_mb: int = Field(ge=256, le=10_240, description="Lambda gives CPU in proportion; 1769 MB is one core")
    timeout_s: int = Field(ge=1, le=29, description="API Gateway gives up after 30 s")
    reserved_concurrency: int = Field(
        ge=1, description="never more environments than this, and this many are kept free"
    )
    log_days: Literal[30, 365]
    requests_per_second: int = Field(ge=1)
    burst: int = Field(ge=1)

    @property
    def log_retention(self) -> logs.RetentionDays:
        return RETENTION[self.log_days]


STAGES: dict[str, StageConfig] = {
    "dev": StageConfig(
        memory_mb=1024, timeout_s=10, reserved_concurrency=5, log_days=30, requests_per_second=20, burst=40
    ),
    "prod": StageConfig(
        memory_mb=1769, timeout_s=10, reserved_concurrency=100, log_days=365, requests_per_second=1000, burst=2000
    ),
}


class Deployment(Contract):
    """One deployment: a stage, and the bundle that it serves.

    ``previous_key`` is the champion before it, for the kill switch that asks for it; ``admins`` are ARNs, separated by
    spaces, that may use the admin routes (a final ``/*`` stands for the session of an assumed role).
    """

    stage: str
    bundle_key: str
    config: StageConfig
    previous_key: str | None = None
    admins: str = ""

    @property
    def prefix(self) -> str:
        """Of every physical name."""
        return f"understudy-{self.stage}"


def read_deployment(context: dict[str, Any]) -> Deployment:
    """From the CDK context (``cdk.json``, or ``-c name=value``): ``stage``, and ``bundle``, a key in the bundle bucket;
    and where wanted ``previous``, another such key, and ``admins``.

    Raises:
        UserError: one is missing, or is not usable; the message says how to give it.
    """
    stage, bundle = context.get("stage"), context.get("bundle")
    give_stage = f"Add -c stage=NAME, one of: {', '.join(STAGES)}."
    give_bundle = "Add -c bundle=KEY, the key of a .zip in the bundle bucket, for example champion.zip."
    if stage is None:
        raise UserError("no stage was given", where="context", fix=give_stage)
    if stage not in STAGES:
        raise UserError(f"unknown stage {stage!r}", where="context", fix=give_stage)
    if bundle is None:
        raise UserError("no bundle was given", where="context", fix=give_bundle)
    previous, admins = context.get("previous"), context.get("admins", "")
    for key in (bundle, *([] if previous is None else [previous])):
        if not isinstance(key, str) or not KEY.fullmatch(key):
            raise UserError(f"{key!r} cannot be a bundle", where="context", fix=give_bundle)
    wrong = [arn for arn in str(admins).split() if not ADMIN.fullmatch(arn)]
    if wrong:
        fix = "Add -c admins='ARN ...'; only the session name of an assumed role may be *."
        raise UserError(f"{wrong[0]!r} cannot be an admin", where="context", fix=fix)
    return Deployment(
        stage=stage,
        bundle_key=bundle,
        config=STAGES[stage],
        previous_key=previous,
        admins=" ".join(str(admins).split()),
    )
