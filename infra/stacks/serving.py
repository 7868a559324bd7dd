"""What answers requests."""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.config import Deployment
from infra.constructs.canary import Canary
from infra.constructs.http_endpoint import HttpEndpoint
from infra.constructs.inference_function import InferenceFunction
from infra.constructs.rest_endpoint import RestEndpoint
from infra.stacks.stateful import StatefulStack

__all__ = ["ServingStack"]


class ServingStack(Stack):
    """The inference function, its HTTPS endpoint, and how a new version takes over; holds no data."""

    def __init__(
        self,
        scope: Construct,
        *,
        deployment: Deployment,
        stateful: StatefulStack,
        code: lambda_.Code,
        jobs: sqs.IQueue | None,
    ) -> None:
        super().__init__(scope, f"{deployment.prefix}-serving", description="Understudy: the recommendation endpoint")
        self.inference = InferenceFunction(
            self, "Inference", deployment=deployment, code=code, stateful=stateful, jobs=jobs
        )
        self.canary = Canary(self, "Canary", deployment=deployment, inference=self.inference)
        endpoint = HttpEndpoint if deployment.endpoint == "http" else RestEndpoint
        self.endpoint = endpoint(self, "Endpoint", deployment=deployment, handler=self.inference.alias)
        CfnOutput(self, "EndpointUrl", value=self.endpoint.url)
