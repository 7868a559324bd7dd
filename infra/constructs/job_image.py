"""The image of the distillation job, built in the cloud from this repository."""

from __future__ import annotations

from aws_cdk import CfnElement, RemovalPolicy, Stack
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_logs as logs
from aws_cdk import aws_s3_assets as assets
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.bundling import ROOT
from infra.config import Deployment

__all__ = ["JobImage"]

SHIPPED = ("LICENSE", "README.md", "constraints.txt", "pyproject.toml")
PACKAGES = ("agents", "distill", "infra", "lambda_app", "teacher", "understudy")
# The machines have no GPU: of torch, uv takes the build without CUDA, whose index it knows; what came is looked at.
UV = "0.13.9"
DOCKERFILE = f"""\
FROM public.ecr.aws/docker/library/python:3.13-slim
RUN apt-get update && apt-get install -y --no-install-recommends libgomp1 && rm -rf /var/lib/apt/lists/*
WORKDIR /app
COPY . .
RUN pip install --no-cache-dir uv=={UV} \\
 && uv pip install --system --no-cache --torch-backend cpu -c constraints.txt '.[teacher,distill]' \\
 && python -c 'import torch; assert torch.version.cuda is None, torch.__version__' \\
 && useradd --create-home job
USER job
"""


class JobImage(Construct):
    """A repository of images that are never overwritten, and the project that builds one of each state of the sources.

    No Docker here: a deployment uploads the sources, and its completion starts the build. The tag is the sources' hash.
    """

    def __init__(self, scope: Construct, construct_id: str, *, deployment: Deployment) -> None:
        super().__init__(scope, construct_id)
        self.repository = ecr.Repository(
            self,
            "Repository",
            repository_name=f"{deployment.prefix}-distillation",
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
            removal_policy=RemovalPolicy.RETAIN,
        )
        self.repository.add_lifecycle_rule(description="Old images", max_image_count=10)
        sources = assets.Asset(self, "Sources", path=str(ROOT), exclude=_all_but_shipped())
        self.tag = sources.asset_hash
        log = logs.LogGroup(
            self, "Logs", retention=deployment.config.log_retention, removal_policy=RemovalPolicy.RETAIN
        )
        self.project = codebuild.Project(
            self,
            "Build",
            description="Builds the image of the distillation job",
            source=codebuild.Source.s3(bucket=sources.bucket, path=sources.s3_object_key),
            environment=codebuild.BuildEnvironment(build_image=codebuild.LinuxBuildImage.STANDARD_7_0, privileged=True),
            logging=codebuild.LoggingOptions(cloud_watch=codebuild.CloudWatchLoggingOptions(log_group=log)),
            build_spec=codebuild.BuildSpec.from_object(
                _build(Stack.of(self), self.repository.repository_uri, self.tag)
            ),
        )
        self.repository.grant_pull_push(self.project)
        self._accept()
        self._build_when_deployed()

    def _accept(self) -> None:
        cfn = self.project.node.default_child
        assert isinstance(cfn, CfnElement)
        name = Stack.of(self).get_logical_id(cfn)
        where = "<AWS::Region>:<AWS::AccountId>"
        for finding in (
            "Action::s3:GetObject*",
            "Action::s3:GetBucket*",
            "Action::s3:List*",
            f"Resource::arn:<AWS::Partition>:logs:{where}:log-group:/aws/codebuild/<{name}>:*",
            f"Resource::arn:<AWS::Partition>:codebuild:{where}:report-group/<{name}>-*",
            "Resource::*",
        ):
            reason = (
                "The CDK's own grants: reading one asset, logs and reports of one project, a token of the registry."
            )
            acknowledge(self.project, f"IAM5[{finding}]", reason)
        acknowledge(self.project, "CB4", "What it builds holds no data, and goes to the registry, which encrypts it.")

    def _build_when_deployed(self) -> None:
        events.Rule(
            self,
            "Deployed",
            description="Builds the image of the sources that were just deployed",
            event_pattern=events.EventPattern(
                source=["aws.cloudformation"],
                detail_type=["CloudFormation Stack Status Change"],
                detail={
                    "stack-id": [Stack.of(self).stack_id],
                    "status-details": {"status": ["CREATE_COMPLETE", "UPDATE_COMPLETE"]},
                },
            ),
            targets=[targets.CodeBuildProject(self.project)],
        )


def _all_but_shipped() -> list[str]:
    kept = [*SHIPPED, *(f"{name}" for name in PACKAGES), *(f"{name}/**" for name in PACKAGES)]
    return ["*", ".*", *(f"!{name}" for name in kept), "**/__pycache__", "**/*.pyc"]


def _build(stack: Stack, repository: str, tag: str) -> dict[str, object]:
    """A state of the sources is built once: an image that exists is left alone."""
    image = f"{repository}:{tag}"
    registry = f"{stack.account}.dkr.ecr.{stack.region}.{stack.url_suffix}"
    commands = [
        f"aws ecr get-login-password | docker login --username AWS --password-stdin {registry}",
        f"cat > Dockerfile <<'END'\n{DOCKERFILE}END",
        f"docker manifest inspect {image} || (docker build -t {image} . && docker push {image})",
    ]
    return {"version": "0.2", "phases": {"build": {"commands": commands}}}
