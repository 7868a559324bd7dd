"""The HTTPS endpoint where it must stand behind a firewall or be reachable from chosen networks only."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from aws_cdk import RemovalPolicy
from aws_cdk import aws_apigateway as api
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from aws_cdk import aws_wafv2 as waf
from constructs import Construct

from infra.acknowledge import acknowledge
from infra.config import Deployment
from infra.constructs.routes import ACCESS_LOG, ROUTES

__all__ = ["MANAGED", "RestEndpoint"]

# Rule groups of AWS, and of each the rules that only count: the function itself limits bodies, and a batch is long.
MANAGED: dict[str, tuple[str, ...]] = {
    "AWSManagedRulesCommonRuleSet": ("SizeRestrictions_BODY",),
    "AWSManagedRulesKnownBadInputsRuleSet": (),
}
FIVE_MINUTES = 300
# A REST API has no key of a route.
FIELDS = ACCESS_LOG | {
    "routeKey": "$context.httpMethod $context.resourcePath",
    "integrationError": "$context.integration.error",
}


class RestEndpoint(Construct):
    """A REST API with the same routes, callers and limits as `HttpEndpoint`; the function answers both.

    An HTTP API can neither be private nor have a web application firewall. Requests cost 3.5 times as much.
    """

    def __init__(
        self, scope: Construct, construct_id: str, *, deployment: Deployment, handler: lambda_.IFunction
    ) -> None:
        super().__init__(scope, construct_id)
        config = deployment.config
        private = deployment.endpoint == "private"
        access = logs.LogGroup(self, "AccessLogs", retention=config.log_retention, removal_policy=RemovalPolicy.RETAIN)
        self.api = api.RestApi(
            self,
            "Api",
            rest_api_name=deployment.prefix,
            description="Explained and audited product recommendations",
            endpoint_types=[api.EndpointType.PRIVATE if private else api.EndpointType.REGIONAL],
            policy=_from(deployment.vpc_endpoints) if private else None,
            default_method_options=api.MethodOptions(authorization_type=api.AuthorizationType.IAM),
            cloud_watch_role=True,
            cloud_watch_role_removal_policy=RemovalPolicy.DESTROY,
            deploy_options=api.StageOptions(
                stage_name="live",
                throttling_rate_limit=config.requests_per_second,
                throttling_burst_limit=config.burst,
                metrics_enabled=True,
                logging_level=api.MethodLoggingLevel.ERROR,
                access_log_destination=api.LogGroupLogDestination(access),
                access_log_format=api.AccessLogFormat.custom(json.dumps(FIELDS)),
            ),
        )
        integration = api.LambdaIntegration(handler, allow_test_invoke=False)
        for path, methods in ROUTES.items():
            resource = self.api.root.resource_for_path(path)
            for method in methods:
                resource.add_method(method, integration)
        if not private:
            self._firewall(deployment)
        self._accept(private)

    @property
    def url(self) -> str:
        return self.api.url

    def _firewall(self, deployment: Deployment) -> None:
        groups = [_managed(place, name, counted) for place, (name, counted) in enumerate(MANAGED.items())]
        acl = waf.CfnWebACL(
            self,
            "Firewall",
            name=deployment.prefix,
            scope="REGIONAL",
            default_action=waf.CfnWebACL.DefaultActionProperty(allow={}),
            visibility_config=_visible("firewall"),
            rules=[*groups, _rate(len(groups), deployment.config.requests_per_second)],
        )
        waf.CfnWebACLAssociation(
            self, "Guarded", resource_arn=self.api.deployment_stage.stage_arn, web_acl_arn=acl.attr_arn
        )

    def _accept(self, private: bool) -> None:
        acknowledge(self, "COG4", "Callers are principals of IAM; there are no people who would log in.")
        acknowledge(self, "APIG2", "The function validates requests, and says which field is wrong.")
        acknowledge(
            self,
            "IAM4[Policy::arn:<AWS::Partition>:iam::aws:policy/service-role/AmazonAPIGatewayPushToCloudWatchLogs]",
            "API Gateway's own role for its logs, one for all APIs of an account and region.",
        )
        if private:
            acknowledge(self, "APIG3", "Only the named VPC endpoints reach it.")


def _from(endpoints: tuple[str, ...]) -> iam.PolicyDocument:
    """Nobody from anywhere else; from there, whom IAM allows."""

    def statement(effect: iam.Effect, conditions: Mapping[str, Any] | None) -> iam.PolicyStatement:
        return iam.PolicyStatement(
            effect=effect,
            principals=[iam.AnyPrincipal()],
            actions=["execute-api:Invoke"],
            resources=["execute-api:/*"],
            conditions=conditions,
        )

    elsewhere = {"StringNotEquals": {"aws:SourceVpce": list(endpoints)}}
    return iam.PolicyDocument(
        statements=[statement(iam.Effect.DENY, elsewhere), statement(iam.Effect.ALLOW, None)],
    )


def _managed(place: int, name: str, counted: tuple[str, ...]) -> waf.CfnWebACL.RuleProperty:
    count = waf.CfnWebACL.RuleActionProperty(count={})
    return waf.CfnWebACL.RuleProperty(
        name=name,
        priority=place,
        override_action=waf.CfnWebACL.OverrideActionProperty(none={}),
        statement=waf.CfnWebACL.StatementProperty(
            managed_rule_group_statement=waf.CfnWebACL.ManagedRuleGroupStatementProperty(
                vendor_name="AWS",
                name=name,
                rule_action_overrides=[
                    waf.CfnWebACL.RuleActionOverrideProperty(name=rule, action_to_use=count) for rule in counted
                ],
            )
        ),
        visibility_config=_visible(name),
    )


def _rate(place: int, per_second: int) -> waf.CfnWebACL.RuleProperty:
    """One address may send what the whole API may take, over five minutes, and no more."""
    return waf.CfnWebACL.RuleProperty(
        name="rate",
        priority=place,
        action=waf.CfnWebACL.RuleActionProperty(block={}),
        statement=waf.CfnWebACL.StatementProperty(
            rate_based_statement=waf.CfnWebACL.RateBasedStatementProperty(
                limit=per_second * FIVE_MINUTES, aggregate_key_type="IP"
            )
        ),
        visibility_config=_visible("rate"),
    )


def _visible(name: str) -> waf.CfnWebACL.VisibilityConfigProperty:
    # Sampled requests would show paths, which carry customer ids.
    return waf.CfnWebACL.VisibilityConfigProperty(
        cloud_watch_metrics_enabled=True, metric_name=name, sampled_requests_enabled=False
    )
