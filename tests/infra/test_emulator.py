"""The parts of the emulated cloud that judge: what was called, and whether it was allowed."""

from __future__ import annotations

import json
from typing import Any

import boto3
import pytest
from moto import mock_aws

from infra.emulator.policy import Grant, grants_of, usage
from infra.emulator.server import call_of

WHERE = {"region": "us-east-1", "account": "123456789012"}
TABLE = "arn:aws:dynamodb:us-east-1:123456789012:table/t"


def request(service: str, **changes: Any) -> dict[str, Any]:
    signature = f"AWS4-HMAC-SHA256 Credential=KEY/20261121/us-east-1/{service}/aws4_request, SignedHeaders=host"
    return {"HTTP_AUTHORIZATION": signature, "REQUEST_METHOD": "GET", "PATH_INFO": "/", **changes}


@pytest.mark.parametrize(
    ("target", "body", "actions"),
    [
        ("DynamoDB_20120810.GetItem", {"TableName": "t"}, [["GetItem", "t"]]),
        (
            "DynamoDB_20120810.BatchGetItem",
            {"RequestItems": {"a": {}, "b": {}}},
            [["BatchGetItem", "a"], ["BatchGetItem", "b"]],
        ),
        (
            "DynamoDB_20120810.TransactWriteItems",
            {"TransactItems": [{"Put": {"TableName": "a"}}, {"Delete": {"TableName": "b"}}]},
            [["PutItem", "a"], ["DeleteItem", "b"]],
        ),
        ("AmazonSQS.SendMessageBatch", {"QueueUrl": "http://x/1/q"}, [["SendMessage", "http://x/1/q"]]),
        ("TrentService.Sign", {"KeyId": "arn:k"}, [["Sign", "arn:k"]]),
        (
            "AWSEvents.PutEvents",
            {"Entries": [{"EventBusName": "b"}, {}]},
            [["PutEvents", "event-bus/b"], ["PutEvents", "event-bus/default"]],
        ),
    ],
)
def test_a_call_is_the_actions_that_iam_asks_for(target: str, body: Any, actions: list[list[str]]) -> None:
    found = call_of(request("any", HTTP_X_AMZ_TARGET=target), json.dumps(body).encode())
    assert found == {"who": "KEY", "service": "any", "actions": actions}


@pytest.mark.parametrize(
    ("method", "path", "query", "action"),
    [
        ("GET", "/b/k.zip", "", ["GetObject", "b/k.zip"]),
        ("HEAD", "/b/k.zip", "", ["GetObject", "b/k.zip"]),
        ("GET", "/b/k", "versionId=1", ["GetObjectVersion", "b/k"]),
        ("GET", "/b", "versions&prefix=p", ["ListBucketVersions", "b"]),
        ("GET", "/b", "object-lock", ["GetBucketObjectLockConfiguration", "b"]),
        ("PUT", "/b/k", "", ["PutObject", "b/k"]),
    ],
)
def test_a_call_of_s3_is_told_by_its_method_and_query(method: str, path: str, query: str, action: list[str]) -> None:
    found = call_of(request("s3", REQUEST_METHOD=method, PATH_INFO=path, QUERY_STRING=query), b"")
    assert found is not None
    assert found["actions"] == [action]


def test_a_call_of_sns_is_told_by_its_form_and_one_of_lambda_by_its_path() -> None:
    told = call_of(
        request("sns", CONTENT_TYPE="application/x-www-form-urlencoded; charset=utf-8"),
        b"Action=Publish&TopicArn=arn%3Aaws%3Asns%3Ax%3A1%3At",
    )
    assert told is not None
    assert told["actions"] == [["Publish", "arn:aws:sns:x:1:t"]]
    invoked = call_of(request("lambda", PATH_INFO="/2015-03-31/functions/arn%3Afunction%3Af%3Alive/invocations"), b"")
    assert invoked is not None
    assert invoked["actions"] == [["InvokeFunction", "arn:function:f:live"]]
    measured = call_of(request("monitoring", HTTP_X_AMZ_TARGET="Granite.GetMetricData"), b"{}")
    assert measured is not None
    assert (measured["service"], measured["actions"]) == ("cloudwatch", [["GetMetricData", ""]])


def test_who_signs_nothing_is_not_recorded() -> None:
    assert call_of({"REQUEST_METHOD": "GET", "PATH_INFO": "/"}, b"") is None


def test_a_call_beyond_the_policy_is_refused_and_a_grant_beyond_the_calls_is_named() -> None:
    grants = [Grant("dynamodb:GetItem", (TABLE,)), Grant("dynamodb:Scan", (TABLE,)), Grant("logs:PutLogEvents", ("*",))]
    calls = [{"service": "dynamodb", "actions": [["GetItem", "t"], ["GetItem", "other"], ["PutItem", "t"]]}]
    found = usage(grants, calls, **WHERE)
    assert found.refused == [("dynamodb:GetItem", TABLE.replace("/t", "/other")), ("dynamodb:PutItem", TABLE)]
    assert found.unused == [f"dynamodb:Scan on {TABLE}"]


def test_a_policy_that_fits_the_calls_is_neither() -> None:
    grants = [Grant("s3:PutObject", ("arn:aws:s3:::b/checkpoints/*",))]
    found = usage(grants, [{"service": "s3", "actions": [["PutObject", "b/checkpoints/1.json"]]}], **WHERE)
    assert (found.refused, found.unused) == ([], [])


def test_a_statement_that_is_more_than_plain_is_not_judged(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    with mock_aws():
        iam = boto3.client("iam", region_name="us-east-1")
        iam.create_role(RoleName="r", AssumeRolePolicyDocument="{}")
        plain = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": ["arn:aws:s3:::b/k"]}
        document = {"Version": "2012-10-17", "Statement": [plain]}
        iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps(document))
        assert grants_of(iam, "r") == [Grant("s3:GetObject", ("arn:aws:s3:::b/k",))]
        document["Statement"] = [{**plain, "Effect": "Deny"}]
        iam.put_role_policy(RoleName="r", PolicyName="p", PolicyDocument=json.dumps(document))
        with pytest.raises(ValueError, match="not a plain statement"):
            grants_of(iam, "r")
