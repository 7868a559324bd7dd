"""What must outlive every deployment does, and fits the code that uses it."""

from __future__ import annotations

import json
from typing import Any
from uuid import uuid4

import boto3
import pytest
from choices import choose
from moto import mock_aws

from understudy.audit import AuditLog, Keyring, fsck
from understudy.stores import open_store


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-2")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        yield


def test_it_holds_exactly_what_the_function_needs(dev: Any) -> None:
    kinds = sorted(resource["Type"] for resource in dev.stateful["Resources"].values())
    assert kinds == [
        *["AWS::DynamoDB::Table"] * 6,
        *["AWS::KMS::Alias"] * 2,
        *["AWS::KMS::Key"] * 2,
        *["AWS::S3::Bucket"] * 3,
        *["AWS::S3::BucketPolicy"] * 3,
        "AWS::SecretsManager::Secret",
    ]


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_nothing_in_it_can_be_lost_by_accident(request: pytest.FixtureRequest, stage: str) -> None:
    synthesised = request.getfixturevalue(stage)
    manifest = json.loads((synthesised.folder / "manifest.json").read_text())
    stack = manifest["artifacts"][f"understudy-{stage}-stateful"]["properties"]
    assert stack["terminationProtection"] is True
    for name, resource in synthesised.stateful["Resources"].items():
        if resource["Type"] not in ("AWS::S3::BucketPolicy", "AWS::KMS::Alias"):
            assert resource["DeletionPolicy"] == resource["UpdateReplacePolicy"] == "Retain", name


@pytest.mark.parametrize("stage", ["dev", "prod"])
def test_tables_are_encrypted_recoverable_protected_and_billed_by_request(
    request: pytest.FixtureRequest, stage: str
) -> None:
    tables = request.getfixturevalue(stage).of_type("AWS::DynamoDB::Table")
    assert {t["Properties"]["TableName"] for t in tables.values()} == {
        f"understudy-{stage}-{name}" for name in ("customers", "oversight", "audit", "heads", "sentences", "spending")
    }
    for table in tables.values():
        properties = table["Properties"]
        expires = properties["TableName"].endswith(("-customers", "-oversight"))
        ttl = {"AttributeName": "expires_at", "Enabled": True}
        assert properties.get("TimeToLiveSpecification") == (ttl if expires else None)
        assert properties["SSESpecification"] == {"SSEEnabled": True}
        assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}
        assert properties["DeletionProtectionEnabled"] is True
        assert properties["BillingMode"] == "PAY_PER_REQUEST"


def test_the_store_works_on_the_tables_of_the_template(dev: Any, aws: None, keyring: Keyring) -> None:
    prefix = f"infra-{uuid4().hex[:8]}"
    for table in dev.of_type("AWS::DynamoDB::Table").values():
        wanted = table["Properties"]
        boto3.client("dynamodb").create_table(
            TableName=wanted["TableName"].replace("understudy-dev", prefix),
            **{name: wanted[name] for name in ("KeySchema", "AttributeDefinitions", "BillingMode")},
        )
    store = open_store(f"dynamodb://{prefix}")
    choose(store, "c1", opted_out=True)
    assert store.read_context("c1").opted_out
    log = AuditLog(store, keyring, "w")
    entries = [log.append("model_inference", {"request_id": f"r{i}"}) for i in range(3)]
    assert store.get_request("r1") == entries[1].body
    assert fsck(store, keyring).verdict == "clean"


@pytest.fixture
def keyring(dev: Any, aws: None) -> Keyring:
    """What Secrets Manager would generate from the template."""
    wanted = dict(dev.only("AWS::SecretsManager::Secret")["GenerateSecretString"])
    content = json.loads(wanted.pop("SecretStringTemplate"))
    key = wanted.pop("GenerateStringKey")
    content[key] = boto3.client("secretsmanager").get_random_password(**wanted)["RandomPassword"]
    return Keyring.parse(json.dumps(content), where="template")


def test_the_generated_secret_is_a_keyring(keyring: Keyring) -> None:
    assert keyring.active == "k1"
    assert len(keyring.mac("k1", b"")) == 64


def test_the_template_holds_no_secret(dev: Any) -> None:
    assert "SecretString" not in dev.only("AWS::SecretsManager::Secret")


@pytest.mark.parametrize("word", ["Bundles", "Checkpoints", "Reports"])
def test_each_bucket_is_private_versioned_and_refuses_plain_connections(dev: Any, word: str) -> None:
    bucket = dev.holding("AWS::S3::Bucket", word)
    assert bucket["VersioningConfiguration"] == {"Status": "Enabled"}
    assert set(bucket["PublicAccessBlockConfiguration"].values()) == {True}
    assert bucket["OwnershipControls"]["Rules"] == [{"ObjectOwnership": "BucketOwnerEnforced"}]
    assert bucket["BucketEncryption"]["ServerSideEncryptionConfiguration"]
    statements = dev.holding("AWS::S3::BucketPolicy", word)["PolicyDocument"]["Statement"]
    assert {json.dumps(s["Condition"]) for s in statements if s["Effect"] == "Deny" and s["Action"] == "s3:*"} == {
        '{"Bool": {"aws:SecureTransport": "false"}}',
        '{"NumericLessThan": {"s3:TlsVersion": 1.2}}',
    }


@pytest.mark.parametrize(("stage", "days"), [("dev", 1), ("prod", 3650)])
def test_checkpoints_are_locked_so_that_not_even_the_owner_can_delete_them(
    request: pytest.FixtureRequest, stage: str, days: int
) -> None:
    bucket = request.getfixturevalue(stage).holding("AWS::S3::Bucket", "Checkpoints")
    assert bucket["ObjectLockEnabled"] is True
    lock = bucket["ObjectLockConfiguration"]
    assert lock["Rule"]["DefaultRetention"] == {"Mode": "COMPLIANCE", "Days": days}


def test_the_signing_key_signs_and_the_wrapping_key_is_rotated_by_the_service(dev: Any) -> None:
    signing = dev.holding("AWS::KMS::Key", "SigningKey")
    assert (signing["KeySpec"], signing["KeyUsage"]) == ("ECC_NIST_P256", "SIGN_VERIFY")
    wrapping = dev.holding("AWS::KMS::Key", "CustomerKeys")
    assert wrapping["EnableKeyRotation"] is True
    assert "KeySpec" not in wrapping
    assert {key["Properties"]["PendingWindowInDays"] for key in dev.of_type("AWS::KMS::Key").values()} == {30}
