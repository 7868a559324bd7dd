"""The HTTPS endpoint in front of the function."""

from __future__ import annotations

import json

import jsii
from aws_cdk import RemovalPolicy
from aws_cdk import aws_apigateway as apigateway
from aws_cdk import aws_apigatewayv2 as api
from aws_cdk import aws_apigatewayv2_authorizers as authorizers
from aws_cdk import aws_apigatewayv2_integrations as integrations
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.config import Deployment

__all__ = ["ROUTES", "HttpEndpoint"]

# What the function answers; a path that is not here never reaches it.
ROUTES: dict[str, list[api.HttpMethod]] = {
    "/v1/recommendations": [api.HttpMethod.POST],
    "/v1/recommendations/batch": [api.HttpMethod.POST],
    "/v1/health": [api.HttpMethod.GET],
    "/v1/customers/{customer_id}/preferences": [api.HttpMethod.GET, api.HttpMethod.PUT],
    "/v1/customers/{customer_id}/explanations/{request_id}": [api.HttpMethod.GET],
    "/v1/customers/{customer_id}/consents": [api.HttpMethod.GET, api.HttpMethod.PUT],
    "/v1/customers/{customer_id}/restriction": [api.HttpMethod.GET, api.HttpMethod.PUT],
    "/v1/customers/{customer_id}/corrections": [api.HttpMethod.GET, api.HttpMethod.PUT],
    "/v1/customers/{customer_id}/contacts": [api.HttpMethod.POST],
    "/v1/customers/{customer_id}/data": [api.HttpMethod.GET],
    "/v1/customers/{customer_id}": [api.HttpMethod.DELETE],
    "/v1/customers/{customer_id}/recommendations/{request_id}": [api.HttpMethod.GET],
    "/v1/admin/kill-switch": [api.HttpMethod.GET, api.HttpMethod.PUT, api.HttpMethod.DELETE],
    "/v1/admin/reviews": [api.HttpMethod.GET],
    "/v1/admin/reviews/{review_id}": [api.HttpMethod.GET],
    "/v1/admin/reviews/{review_id}/decision": [api.HttpMethod.POST],
    "/v1/admin/reports": [api.HttpMethod.GET],
    "/v1/admin/reports/{kind}/{period}": [api.HttpMethod.GET],
    "/v1/admin/audit": [api.HttpMethod.GET],
    "/v1/admin/decisions/{request_id}": [api.HttpMethod.GET],
}
# The route and not the path: paths carry customer ids.
ACCESS_LOG = {
    "requestId": "$context.requestId",
    "requestTime": "$context.requestTime",
    "routeKey": "$context.routeKey",
    "status": "$context.status",
    "caller": "$context.identity.userArn",
    "sourceIp": "$context.identity.sourceIp",
    "latency": "$context.responseLatency",
    "integrationLatency": "$context.integrationLatency",
    "integrationError": "$context.integrationErrorMessage",
    "authorizerError": "$context.authorizer.error",
}


@jsii.implements(api.IAccessLogSettings)
class _AccessLog:
    def __init__(self, group: logs.LogGroup) -> None:
        self._destination = api.LogGroupLogDestination(group)

    @property
    def destination(self) -> api.IAccessLogDestination:
        return self._destination

    @property
    def format(self) -> apigateway.AccessLogFormat:
        return apigateway.AccessLogFormat.custom(json.dumps(ACCESS_LOG))


class HttpEndpoint(Construct):
    """An HTTP API whose every route wants a signed request (SigV4) of a principal that may invoke it."""

    def __init__(
        self, scope: Construct, construct_id: str, *, deployment: Deployment, handler: lambda_.IFunction
    ) -> None:
        super().__init__(scope, construct_id)
        self.api = api.HttpApi(
            self,
            "Api",
            api_name=deployment.prefix,
            description="Explained and audited product recommendations",
            default_authorizer=authorizers.HttpIamAuthorizer(),
            create_default_stage=False,
        )
        integration = integrations.HttpLambdaIntegration("Inference", handler)
        for path, methods in ROUTES.items():
            self.api.add_routes(path=path, methods=methods, integration=integration)
        self._stage(deployment)

    def _stage(self, deployment: Deployment) -> None:
        config = deployment.config
        access = logs.LogGroup(self, "AccessLogs", retention=config.log_retention, removal_policy=RemovalPolicy.RETAIN)
        api.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            stage_name="$default",
            auto_deploy=True,
            detailed_metrics_enabled=True,
            throttle=api.ThrottleSettings(rate_limit=config.requests_per_second, burst_limit=config.burst),
            access_log_settings=_AccessLog(access),
        )
