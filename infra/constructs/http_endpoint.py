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
from infra.constructs.routes import ACCESS_LOG, ROUTES

__all__ = ["HttpEndpoint"]

BY_TOKEN = {"caller": "$context.authorizer.claims.sub"}


@jsii.implements(api.IAccessLogSettings)
class _AccessLog:
    def __init__(self, group: logs.LogGroup, fields: dict[str, str]) -> None:
        self._destination = api.LogGroupLogDestination(group)
        self._fields = fields

    @property
    def destination(self) -> api.IAccessLogDestination:
        return self._destination

    @property
    def format(self) -> apigateway.AccessLogFormat:
        return apigateway.AccessLogFormat.custom(json.dumps(self._fields))


class HttpEndpoint(Construct):
    """An HTTP API whose every route wants a request signed (SigV4) by a principal that may invoke it, or, where the
    deployment names an issuer, a token of it: signature, issuer, audience and expiry are checked by the gateway.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, deployment: Deployment, handler: lambda_.IFunction
    ) -> None:
        super().__init__(scope, construct_id)
        self.api = api.HttpApi(
            self,
            "Api",
            api_name=deployment.prefix,
            description="Explained and audited product recommendations",
            default_authorizer=_authorizer(deployment),
            create_default_stage=False,
        )
        integration = integrations.HttpLambdaIntegration("Inference", handler)
        for path, methods in ROUTES.items():
            known = [api.HttpMethod(method) for method in methods]
            self.api.add_routes(path=path, methods=known, integration=integration)
        self._stage(deployment)

    @property
    def url(self) -> str:
        return self.api.api_endpoint

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
            access_log_settings=_AccessLog(access, ACCESS_LOG | (BY_TOKEN if deployment.jwt_issuer else {})),
        )


def _authorizer(deployment: Deployment) -> api.IHttpRouteAuthorizer:
    if deployment.jwt_issuer is None:
        return authorizers.HttpIamAuthorizer()
    return authorizers.HttpJwtAuthorizer(
        "Tokens", deployment.jwt_issuer, jwt_audience=list(deployment.jwt_audiences), authorizer_name="tokens"
    )
