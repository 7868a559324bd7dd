"""What answers requests."""

from __future__ import annotations

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.config import Deployment
from infra.constructs.http_endpoint import HttpEndpoint
from infra.constructs.inference_function import InferenceFunction
from infra.stacks.stateful import StatefulStack

__all__ = ["ServingStack"]


class ServingStack(Stack):
    """The inference function and its HTTPS endpoint; holds no data."""

    def __init__(
        self, scope: Construct, *, deployment: Deployment, stateful: StatefulStack, code: lambda_.Code
    ) -> None:
        super().__init__(scope, f"{deployment.prefix}-serving", description="Understudy: the recommendation endpoint")
        inference = InferenceFunction(
            self,
            "Inference",
            deployment=deployment,
            code=code,
            tables=stateful.tables,
            bundles=stateful.bundles,
            keyring=stateful.keyring,
        )
        endpoint = HttpEndpoint(self, "Endpoint", deployment=deployment, handler=inference.alias)
        CfnOutput(self, "EndpointUrl", value=endpoint.api.api_endpoint)
        CfnOutput(self, "BundleLocation", value=f"s3://{stateful.bundles.bucket.bucket_name}/{deployment.bundle_key}")
