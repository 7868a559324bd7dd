"""The other ways in: a token instead of a signature, a firewall in front, chosen networks only."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from infra.constructs.rest_endpoint import MANAGED
from lambda_app.routes import ROUTES

SERVED = {f"{method} {path}" for path, methods in ROUTES.items() for method in methods}
METHOD = "AWS::ApiGateway::Method"


@pytest.fixture(scope="module")
def by_token(synthesise: Any) -> Any:
    return synthesise(jwt_issuer="https://login.bank.example/realm", jwt_audiences="understudy branches")


@pytest.fixture(scope="module")
def firewalled(synthesise: Any) -> Any:
    return synthesise(endpoint="firewall")


@pytest.fixture(scope="module")
def private(synthesise: Any) -> Any:
    return synthesise(endpoint="private", vpc_endpoints="vpce-0123456789abcdef0 vpce-0123456789abcdef1")


def rest_routes(synthesised: Any) -> set[str]:
    """Method and path of everything that the REST API serves."""
    resources = synthesised.of_type("AWS::ApiGateway::Resource", "serving")

    def path(reference: Any) -> str:
        if "Ref" not in reference:
            return ""
        one = resources[reference["Ref"]]["Properties"]
        return f"{path(one['ParentId'])}/{one['PathPart']}"

    methods = [one["Properties"] for one in synthesised.of_type(METHOD, "serving").values()]
    return {f"{one['HttpMethod']} {path(one['ResourceId'])}" for one in methods}


def test_a_token_is_checked_by_the_gateway_for_issuer_and_audience(by_token: Any) -> None:
    authorizer = by_token.only("AWS::ApiGatewayV2::Authorizer")
    assert authorizer["AuthorizerType"] == "JWT"
    assert authorizer["JwtConfiguration"] == {
        "Audience": ["understudy", "branches"],
        "Issuer": "https://login.bank.example/realm",
    }
    routes = [one["Properties"] for one in by_token.of_type("AWS::ApiGatewayV2::Route").values()]
    assert {one["RouteKey"] for one in routes} == SERVED
    assert {one["AuthorizationType"] for one in routes} == {"JWT"}
    assert "claims.sub" in by_token.only("AWS::ApiGatewayV2::Stage")["AccessLogSettings"]["Format"]


@pytest.mark.parametrize("kind", ["firewalled", "private"])
def test_a_rest_api_serves_the_same_routes_to_signed_requests_through_the_alias(
    request: pytest.FixtureRequest, kind: str
) -> None:
    synthesised = request.getfixturevalue(kind)
    assert rest_routes(synthesised) == SERVED
    methods = [one["Properties"] for one in synthesised.of_type(METHOD, "serving").values()]
    assert {one["AuthorizationType"] for one in methods} == {"AWS_IAM"}
    (alias,) = synthesised.of_type("AWS::Lambda::Alias")
    for permission in synthesised.of_type("AWS::Lambda::Permission", "serving").values():
        assert permission["Properties"]["FunctionName"] == {"Ref": alias}
    stage = synthesised.only("AWS::ApiGateway::Stage")
    limits = next(one for one in stage["MethodSettings"] if "ThrottlingRateLimit" in one)
    assert (limits["ThrottlingRateLimit"], limits["ThrottlingBurstLimit"]) == (20, 40)
    assert "$context.path" not in stage["AccessLogSetting"]["Format"]
    assert "AWS::ApiGatewayV2::Api" not in Counter(one["Type"] for one in synthesised.serving["Resources"].values())


def test_the_firewall_stands_before_the_stage_and_shows_no_paths(firewalled: Any) -> None:
    acl = firewalled.only("AWS::WAFv2::WebACL")
    assert acl["Scope"] == "REGIONAL"
    names = [one["Name"] for one in acl["Rules"]]
    assert names == [*MANAGED, "rate"]
    limit = acl["Rules"][-1]["Statement"]["RateBasedStatement"]["Limit"]
    assert limit == 20 * 300
    for visible in (acl["VisibilityConfig"], *(one["VisibilityConfig"] for one in acl["Rules"])):
        assert visible["SampledRequestsEnabled"] is False
    (stage,) = firewalled.of_type("AWS::ApiGateway::Stage")
    association = firewalled.only("AWS::WAFv2::WebACLAssociation")
    assert {"Ref": stage} in association["ResourceArn"]["Fn::Join"][1]


def test_a_private_api_denies_whoever_does_not_come_through_a_named_endpoint(private: Any) -> None:
    rest = private.only("AWS::ApiGateway::RestApi")
    assert rest["EndpointConfiguration"]["Types"] == ["PRIVATE"]
    deny, allow = rest["Policy"]["Statement"]
    assert (deny["Effect"], allow["Effect"]) == ("Deny", "Allow")
    assert deny["Condition"] == {
        "StringNotEquals": {"aws:SourceVpce": ["vpce-0123456789abcdef0", "vpce-0123456789abcdef1"]}
    }
    assert not private.of_type("AWS::WAFv2::WebACL")


def test_a_public_api_has_neither(dev: Any) -> None:
    kinds = {one["Type"] for one in dev.serving["Resources"].values()}
    assert not {kind for kind in kinds if kind.startswith(("AWS::WAFv2", "AWS::ApiGateway::"))}
