"""What differs between the stages, and what must be said on the command line."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal

from aws_cdk import aws_logs as logs
from pydantic import Field

from understudy.contracts._model import Contract
from understudy.errors import UserError

__all__ = ["CONTEXT", "Deployment", "StageConfig", "read_deployment"]

RETENTION = {
    30: logs.RetentionDays.ONE_MONTH,
    365: logs.RetentionDays.ONE_YEAR,
}
KEY = re.compile(r"(?!/)[A-Za-z0-9._/-]{1,200}\.zip")
ADMIN = re.compile(r"arn:aws[a-z-]*:(iam|sts)::[0-9]{12}:[A-Za-z0-9+=,.@_/-]+(/\*)?")
PEM = re.compile(r"(-----BEGIN PUBLIC KEY-----[A-Za-z0-9+/=\s]+-----END PUBLIC KEY-----\s*)+")
CONFIG = re.compile(r"(?!/)[A-Za-z0-9._/-]{1,200}\.json")
ISSUER = re.compile(r"https://[A-Za-z0-9.-]+(:[0-9]+)?(/[A-Za-z0-9._~/-]*)?")
AUDIENCES = re.compile(r"[A-Za-z0-9._:/-]+( [A-Za-z0-9._:/-]+)*")
PLACE = re.compile(r"s3://[a-z0-9][a-z0-9.-]{2,62}/[A-Za-z0-9._=/-]{1,200}")
VPC_ENDPOINTS = re.compile(r"vpce-[0-9a-f]{8,17}( vpce-[0-9a-f]{8,17})*")
GUARDRAIL = re.compile(r"[a-z0-9]{1,64}@(DRAFT|[0-9]{1,8})")
EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
# What is asked of the CDK context, and of nothing else.
CONTEXT = (
    "stage",
    "bundle",
    "previous",
    "admins",
    "bundle_public_key",
    "checkpoint_public_keys",
    "reason_model",
    "alarm_email",
    "arch",
    "distillation",
    "endpoint",
    "jwt_issuer",
    "jwt_audiences",
    "vpc_endpoints",
    "judge_model",
    "sentence_judge",
    "guardrail",
    "artefacts",
    "labels",
)
Endpoint = Literal["http", "firewall", "private"]


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
    signed_bundles: bool = Field(description="only bundles that a named key signed are served")
    canary: bool = Field(description="a new version first answers a tenth of the requests for five minutes")
    checkpoint_minutes: int = Field(ge=5, le=1440, description="what an intruder could undo without being seen")
    checkpoint_lock_days: int = Field(ge=1, description="how long not even the account's owner can delete a checkpoint")
    worker_concurrency: int = Field(ge=2, description="sentence workers at a time; SQS wants at least 2")
    trace_all: bool = Field(description="X-Ray traces requests by its own rule; else those whose caller asks for it")
    latency_p99_ms: int = Field(ge=10, description="what the latency alarm compares with")
    budget_usd: int = Field(ge=1, description="a month; who pays is told at 80 %, and when the forecast exceeds it")
    watch_memory_mb: int = Field(ge=1024, le=10_240, description="of the agents that watch by the clock")
    job_vcpus: Literal[4, 8, 16] = Field(description="of the distillation job's machine")
    job_gb: int = Field(ge=8, le=120, description="its memory; Fargate wants 2 to 8 GB for each vCPU")

    @property
    def log_retention(self) -> logs.RetentionDays:
        return RETENTION[self.log_days]


STAGES: dict[str, StageConfig] = {
    "dev": StageConfig(
        memory_mb=512,
        timeout_s=10,
        reserved_concurrency=5,
        log_days=30,
        requests_per_second=20,
        burst=40,
        signed_bundles=False,
        canary=False,
        checkpoint_minutes=60,
        checkpoint_lock_days=1,
        worker_concurrency=2,
        trace_all=True,
        latency_p99_ms=1000,
        budget_usd=20,
        watch_memory_mb=2048,
        job_vcpus=4,
        job_gb=16,
    ),
    "prod": StageConfig(
        memory_mb=512,
        timeout_s=10,
        reserved_concurrency=100,
        log_days=365,
        requests_per_second=1000,
        burst=2000,
        signed_bundles=True,
        canary=True,
        checkpoint_minutes=15,
        checkpoint_lock_days=3650,
        worker_concurrency=5,
        trace_all=False,
        latency_p99_ms=500,
        budget_usd=200,
        watch_memory_mb=3008,
        job_vcpus=16,
        job_gb=64,
    ),
}


class Deployment(Contract):
    """One deployment: a stage, and the bundle that it serves.

    ``previous_key`` is the champion before it, for the kill switch that asks for it; ``admins`` are ARNs, separated by
    spaces, that may use the admin routes (a final ``/*`` stands for the session of an assumed role). The public keys
    are PEM text. ``arch`` is arm64 except where the deployment is proven on a machine of the other kind.
    ``distillation`` is the key of the batch job's config in its bucket; without one, there is no batch job.
    ``endpoint`` is an HTTP API, or a REST API behind a firewall, or one for ``vpc_endpoints`` (their ids) only.
    ``judge_model`` is the jury's; ``sentence_judge`` reads what the Safety Gate has passed, and ``guardrail``
    (id@version) is what the sentence worker's calls go through; ``artefacts`` is the run that made the bundle and
    ``labels`` where outcomes arrive later, each s3://bucket/prefix: what is not named, the watching agents report as
    unknown.
    Callers sign with IAM, or where ``jwt_issuer`` is given, bring a token of it for one of ``jwt_audiences``.
    """

    stage: str
    bundle_key: str
    config: StageConfig
    previous_key: str | None = None
    admins: str = ""
    bundle_public_key: str | None = None
    checkpoint_public_keys: str | None = None
    reason_model: str = ""
    alarm_email: str | None = None
    arch: Literal["arm64", "x86_64"] = "arm64"
    distillation: str | None = None
    endpoint: Endpoint = "http"
    jwt_issuer: str | None = None
    jwt_audiences: tuple[str, ...] = ()
    vpc_endpoints: tuple[str, ...] = ()
    judge_model: str = ""
    sentence_judge: str = ""
    guardrail: str | None = None
    artefacts: str | None = None
    labels: str | None = None

    @property
    def prefix(self) -> str:
        """Of every physical name."""
        return f"understudy-{self.stage}"


def read_deployment(context: dict[str, Any]) -> Deployment:
    """From the CDK context (``cdk.json``, or ``-c name=value``): ``stage``, and ``bundle``, a key in the bundle bucket;
    and where wanted ``previous`` (another such key), ``admins``, ``bundle_public_key`` and ``checkpoint_public_keys``
    (PEM files), ``reason_model``, ``alarm_email``, ``arch``, ``distillation``, ``endpoint`` (http, firewall, private),
    ``vpc_endpoints``, ``jwt_issuer``, ``jwt_audiences``, ``judge_model``, ``sentence_judge``,
    ``guardrail``, ``artefacts`` and ``labels``.

    Raises:
        UserError: one is missing, or is not usable; the message says how to give it.
    """
    stage = _stage(context.get("stage"))
    keys = _bundles(context.get("bundle"), context.get("previous"))
    deployment = Deployment(
        stage=stage,
        bundle_key=keys[0],
        config=STAGES[stage],
        previous_key=keys[1],
        admins=_admins(context.get("admins") or ""),
        bundle_public_key=_pem(context, "bundle_public_key"),
        checkpoint_public_keys=_pem(context, "checkpoint_public_keys"),
        reason_model=str(context.get("reason_model") or ""),
        alarm_email=_matching(EMAIL, context, "alarm_email", "somebody@bank.example"),
        arch=_arch(context.get("arch")),
        distillation=_matching(CONFIG, context, "distillation", "configs/finsynth.json"),
        endpoint=_endpoint(context.get("endpoint")),
        jwt_issuer=_matching(ISSUER, context, "jwt_issuer", "https://login.bank.example/realm"),
        jwt_audiences=_words(_matching(AUDIENCES, context, "jwt_audiences", "understudy")),
        judge_model=str(context.get("judge_model") or ""),
        sentence_judge=str(context.get("sentence_judge") or ""),
        guardrail=_matching(GUARDRAIL, context, "guardrail", "abcdefghij12@1"),
        artefacts=_matching(PLACE, context, "artefacts", "s3://bucket/finsynth"),
        labels=_matching(PLACE, context, "labels", "s3://bucket/labels"),
        vpc_endpoints=_words(_matching(VPC_ENDPOINTS, context, "vpc_endpoints", "vpce-0123456789abcdef0")),
    )
    _fits(deployment)
    return deployment


def _stage(stage: Any) -> str:
    give = f"Add -c stage=NAME, one of: {', '.join(STAGES)}."
    if stage is None:
        raise UserError("no stage was given", where="context", fix=give)
    if stage not in STAGES:
        raise UserError(f"unknown stage {stage!r}", where="context", fix=give)
    return str(stage)


def _bundles(bundle: Any, previous: Any) -> tuple[str, str | None]:
    give = "Add -c bundle=KEY, the key of a .zip in the bundle bucket, for example champion.zip."
    if bundle is None:
        raise UserError("no bundle was given", where="context", fix=give)
    for key in (bundle, *([] if previous is None else [previous])):
        if not isinstance(key, str) or not KEY.fullmatch(key):
            raise UserError(f"{key!r} cannot be a bundle", where="context", fix=give)
    return bundle, previous


def _admins(admins: Any) -> str:
    wrong = [arn for arn in str(admins).split() if not ADMIN.fullmatch(arn)]
    if wrong:
        fix = "Add -c admins='ARN ...'; only the session name of an assumed role may be *."
        raise UserError(f"{wrong[0]!r} cannot be an admin", where="context", fix=fix)
    return " ".join(str(admins).split())


def _matching(pattern: re.Pattern[str], context: dict[str, Any], name: str, example: str) -> str | None:
    value = context.get(name)
    if value in (None, ""):
        return None
    if not isinstance(value, str) or not pattern.fullmatch(value.strip()):
        fix = f'Add -c {name}="{example}".'
        raise UserError(f"{name} is not usable", where="context", fix=fix)
    return value.strip()


def _pem(context: dict[str, Any], name: str) -> str | None:
    """PEM text (in cdk.json), or the path of a file that holds it: the CDK command ends a value at its first line."""
    value = context.get(name)
    if value in (None, ""):
        return None
    text = str(value)
    if "-----BEGIN" not in text and Path(text).is_file():
        text = Path(text).read_text(encoding="utf-8", errors="replace")
    if not PEM.fullmatch(text.strip()):
        fix = f"Add -c {name}=FILE, with one or more PUBLIC KEY blocks (PEM)."
        raise UserError(f"{name} is not usable", where="context", fix=fix)
    return text.strip()


def _arch(arch: Any) -> Literal["arm64", "x86_64"]:
    if arch in (None, "arm64"):
        return "arm64"
    if arch == "x86_64":
        return "x86_64"
    raise UserError(f"unknown architecture {arch!r}", where="context", fix="Add -c arch=arm64 or -c arch=x86_64.")


def _endpoint(endpoint: Any) -> Endpoint:
    known: tuple[Endpoint, ...] = ("http", "firewall", "private")
    for one in known:
        if endpoint in (None, one):
            return one
    fix = f"Add -c endpoint=NAME, one of: {', '.join(known)}."
    raise UserError(f"unknown endpoint {endpoint!r}", where="context", fix=fix)


def _words(text: str | None) -> tuple[str, ...]:
    return tuple((text or "").split())


def _fits(deployment: Deployment) -> None:
    """What is wrong only together."""
    if deployment.config.signed_bundles and deployment.bundle_public_key is None:
        raise UserError(
            f"{deployment.stage} serves signed bundles only, and no public key was given",
            where="context",
            fix="Add -c bundle_public_key=FILE (PEM); docs/deploy.md says how to get it of a key in KMS.",
        )
    if bool(deployment.jwt_issuer) != bool(deployment.jwt_audiences):
        fix = "Add both -c jwt_issuer=https://... and -c jwt_audiences='NAME ...', or neither."
        raise UserError("an issuer of tokens needs an audience, and the other way round", where="context", fix=fix)
    if deployment.jwt_issuer and deployment.endpoint != "http":
        fix = "Leave -c endpoint=... out, or let callers sign with IAM."
        raise UserError("only the HTTP API checks tokens", where="context", fix=fix)
    if (deployment.endpoint == "private") != bool(deployment.vpc_endpoints):
        fix = "Add -c endpoint=private -c vpc_endpoints='vpce-... ...': from where it may be called."
        raise UserError("a private endpoint needs VPC endpoints, and they need it", where="context", fix=fix)
