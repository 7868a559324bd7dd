"""What answers requests: one function, reachable in one way, allowed what its code does and nothing else."""

from __future__ import annotations

import importlib
import json
import shutil
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import boto3
import pytest
import tiny_bundle
from botocore.client import BaseClient
from moto import mock_aws

from infra.config import STAGES
from lambda_app import handler as entry
from lambda_app.app import App
from lambda_app.routes import ROUTES
from lambda_app.settings import Settings
from understudy.stores import open_store

OPERATOR = "arn:aws:iam::123456789012:user/operator"


def test_it_holds_exactly_this_function_its_endpoint_and_how_a_version_takes_over(dev: Any) -> None:
    kinds = Counter(resource["Type"] for resource in dev.serving["Resources"].values())
    routes = sum(len(methods) for methods in ROUTES.values())
    assert kinds == {
        "AWS::Lambda::Function": 1,
        "AWS::Lambda::Version": 1,
        "AWS::Lambda::Alias": 1,
        "AWS::Lambda::Permission": routes,
        "AWS::IAM::Role": 2,
        "AWS::IAM::Policy": 1,
        "AWS::Logs::LogGroup": 2,
        "AWS::ApiGatewayV2::Api": 1,
        "AWS::ApiGatewayV2::Stage": 1,
        "AWS::ApiGatewayV2::Integration": 1,
        "AWS::ApiGatewayV2::Route": routes,
        "AWS::CloudWatch::Alarm": 3,
        "AWS::CodeDeploy::Application": 1,
        "AWS::CodeDeploy::DeploymentGroup": 1,
    }


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_the_function_is_as_the_stage_says(request: pytest.FixtureRequest, stage: str) -> None:
    synthesised, config = request.getfixturevalue(stage), STAGES[stage]
    function = synthesised.only("AWS::Lambda::Function", "serving")
    assert function["Runtime"] == "python3.13"
    assert function["Architectures"] == ["arm64"]
    assert function["MemorySize"] == config.memory_mb
    assert function["Timeout"] == config.timeout_s
    assert function["ReservedConcurrentExecutions"] == config.reserved_concurrency
    assert function["TracingConfig"] == {"Mode": "Active" if config.trace_all else "PassThrough"}
    groups = synthesised.of_type("AWS::Logs::LogGroup", "serving")
    assert function["LoggingConfig"]["LogGroup"]["Ref"] in groups
    assert {group["Properties"]["RetentionInDays"] for group in groups.values()} == {config.log_days}


def test_its_handler_exists(dev: Any) -> None:
    module, name = dev.only("AWS::Lambda::Function", "serving")["Handler"].rsplit(".", 1)
    assert callable(getattr(importlib.import_module(module), name))


def test_its_environment_is_what_the_function_reads(dev: Any, prod: Any) -> None:
    variables = dev.only("AWS::Lambda::Function", "serving")["Environment"]["Variables"]
    known = {name.upper(): field for name, field in Settings.model_fields.items()}
    assert {name for name, field in known.items() if field.is_required()} <= set(variables) <= set(known)
    assert variables["UNDERSTUDY_STORE"] == "dynamodb://understudy-dev"
    start, _, end = variables["UNDERSTUDY_BUNDLE"]["Fn::Join"][1]
    assert (start, end) == ("s3://", "/champion.zip")
    assert variables["UNDERSTUDY_AUDIT_KEYS"]["Fn::Join"][1][0] == "secretsmanager://"
    changed = prod.only("AWS::Lambda::Function", "serving")["Environment"]["Variables"]
    assert changed["UNDERSTUDY_BUNDLE"]["Fn::Join"][1][2] == "/bundles/finsynth-1.zip"


def test_requests_reach_the_alias_and_nothing_else(dev: Any) -> None:
    ((alias, resource),) = dev.of_type("AWS::Lambda::Alias").items()
    assert resource["Properties"]["Name"] == "live"
    (version,) = dev.of_type("AWS::Lambda::Version")
    assert resource["Properties"]["FunctionVersion"] == {"Fn::GetAtt": [version, "Version"]}
    assert dev.only("AWS::ApiGatewayV2::Integration")["IntegrationUri"] == {"Ref": alias}
    for permission in dev.of_type("AWS::Lambda::Permission", "serving").values():
        assert permission["Properties"]["FunctionName"] == {"Ref": alias}
        assert permission["Properties"]["Principal"] == "apigateway.amazonaws.com"


def test_the_endpoint_has_the_functions_routes_and_each_wants_a_signature(dev: Any) -> None:
    routes = [route["Properties"] for route in dev.of_type("AWS::ApiGatewayV2::Route").values()]
    served = {f"{method} {path}" for path, methods in ROUTES.items() for method in methods}
    assert {route["RouteKey"] for route in routes} == served
    assert {route["AuthorizationType"] for route in routes} == {"AWS_IAM"}
    assert dev.only("AWS::ApiGatewayV2::Integration")["PayloadFormatVersion"] == "2.0"


def test_access_is_logged_without_customer_ids_and_throttled(dev: Any) -> None:
    stage = dev.only("AWS::ApiGatewayV2::Stage")
    logged = json.loads(stage["AccessLogSettings"]["Format"])
    assert {"requestId", "routeKey", "status", "caller"} <= set(logged)
    assert not {"$context.path", "$context.requestOverride.path"} & set(logged.values())
    assert stage["AccessLogSettings"]["DestinationArn"]["Fn::GetAtt"][0] in dev.of_type("AWS::Logs::LogGroup")
    limits = stage["DefaultRouteSettings"]
    assert (limits["ThrottlingRateLimit"], limits["ThrottlingBurstLimit"]) == (20, 40)


def granted(dev: Any) -> dict[str, Any]:
    """Action -> what it is allowed on, statement by statement, of the function's role."""
    roles = [
        role["Properties"] for name, role in dev.of_type("AWS::IAM::Role", "serving").items() if "Inference" in name
    ]
    assert ["ManagedPolicyArns" in role for role in roles] == [False]
    statements = dev.only("AWS::IAM::Policy", "serving")["PolicyDocument"]["Statement"]
    actions: dict[str, Any] = {}
    for statement in statements:
        assert statement["Effect"] == "Allow"
        names = statement["Action"] if isinstance(statement["Action"], list) else [statement["Action"]]
        for name in names:
            actions.setdefault(name, []).append(statement["Resource"])
    return actions


def test_no_permission_is_wider_than_a_resource_except_tracing(dev: Any) -> None:
    actions = granted(dev)
    assert not [action for action in actions if "*" in action]
    assert {action for action, resources in actions.items() if "*" in resources} == {
        "xray:PutTraceSegments",
        "xray:PutTelemetryRecords",
    }
    assert [on["Fn::Join"][1][1] for on in actions["s3:GetObject"]] == ["/champion.zip", "/reports/*"]


def in_cloud(value: Any, bucket: str, secret: str, key: str) -> str:
    """A variable of the template, with the names that CloudFormation would put in."""
    if isinstance(value, str):
        return value
    parts = (part if isinstance(part, str) else str(part) for part in value["Fn::Join"][1])
    known = {"AuditKeyring": secret, "BundlesBucket": bucket, "ReportsBucket": bucket, "CustomerKeysKey": key}
    return "".join(next((name for word, name in known.items() if word in part), part) for part in parts)


@pytest.fixture
def deployed(dev: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[set[str]]:
    """The function as the template deploys it, on a cloud that is a fake; yields the permissions it has used so far."""
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-2")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    variables = dev.only("AWS::Lambda::Function", "serving")["Environment"]["Variables"]
    bucket = f"bundles-{uuid4().hex[:8]}"
    with mock_aws():
        ring = json.dumps({"active": "k1", "k1": "5a" * 32})
        secret = boto3.client("secretsmanager").create_secret(Name=bucket, SecretString=ring)["ARN"]
        key = boto3.client("kms").create_key()["KeyMetadata"]["Arn"]
        environment = {name: in_cloud(value, bucket, secret, key) for name, value in variables.items()}
        environment["UNDERSTUDY_ADMINS"] = OPERATOR
        s3 = boto3.client("s3")
        s3.create_bucket(Bucket=bucket, CreateBucketConfiguration={"LocationConstraint": "ap-northeast-2"})
        bundle = tiny_bundle.write(tmp_path / "bundle")
        s3.upload_file(shutil.make_archive(str(tmp_path / "champion"), "zip", bundle), bucket, "champion.zip")
        dynamodb = boto3.client("dynamodb")
        for table in dev.of_type("AWS::DynamoDB::Table").values():
            wanted = table["Properties"]
            dynamodb.create_table(
                **{k: wanted[k] for k in ("TableName", "KeySchema", "AttributeDefinitions", "BillingMode")}
            )
        open_store(environment["UNDERSTUDY_STORE"]).put_records([tiny_bundle.customer("c-1")])
        used: set[str] = set()
        call = BaseClient._make_api_call

        def watched(client: Any, operation: str, arguments: Any) -> Any:
            used.update(permissions(client.meta.service_model.service_name, operation, arguments))
            return call(client, operation, arguments)

        monkeypatch.setattr(BaseClient, "_make_api_call", watched)
        app = App(Settings.from_environment(environment))
        monkeypatch.setattr(entry, "application", lambda: app)
        yield used
        for table in dev.of_type("AWS::DynamoDB::Table").values():
            dynamodb.delete_table(TableName=table["Properties"]["TableName"])


def permissions(service: str, operation: str, arguments: Any) -> set[str]:
    """The IAM actions of one call: a transaction needs those of its parts, and a head of an object those of reading."""
    if operation == "TransactWriteItems":
        return {f"dynamodb:{kind}Item" for part in arguments["TransactItems"] for kind in part}
    renamed = {"HeadObject": "s3:GetObject", "ListObjectsV2": "s3:ListBucket"}
    return {renamed.get(operation, f"{service}:{operation}")}


def ask(method: str, path: str, body: Any = None) -> Any:
    authorizer = {"iam": {"userArn": OPERATOR}} if "/admin/" in path else None
    response = entry.handler(tiny_bundle.event(method, path, body, authorizer=authorizer), None)
    assert response["statusCode"] in (200, 204), response["body"]
    return json.loads(response["body"]) if response.get("body") else None


def test_the_role_may_do_what_the_function_does_and_no_more(dev: Any, deployed: set[str]) -> None:
    assert ask("GET", "/v1/health")["status"] == "ok"
    answer = ask("POST", "/v1/recommendations", {"customer_id": "c-1"})
    assert answer["recommendations"]
    assert answer["audit"]["seq"] == 1
    ask("GET", f"/v1/customers/c-1/explanations/{answer['request_id']}")
    ask("PUT", "/v1/customers/c-1/preferences", {"opted_out": True})
    ask("DELETE", "/v1/customers/c-1")
    ask("PUT", "/v1/customers/c-1/preferences", {"opted_out": True})
    assert ask("GET", "/v1/customers/c-1/preferences")["opted_out"] is True
    assert ask("GET", "/v1/admin/reports")["reports"] == []
    assert deployed == {action for action in granted(dev) if not action.startswith(("logs:", "xray:"))}
