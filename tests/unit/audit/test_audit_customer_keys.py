from __future__ import annotations

import base64
import json
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from understudy.audit import CustomerKeyError, CustomerKeys, Keyring, customer_keys
from understudy.audit.customer_keys import KmsWrapper
from understudy.contracts.audit import CustomerKey
from understudy.errors import UserError

ONE = {"active": "k1", "k1": "01" * 32}


def ring(**more: str) -> Keyring:
    return Keyring.parse(json.dumps({**ONE, **more}), where="test")


def test_a_key_opens_for_its_customer_alone() -> None:
    keys = CustomerKeys(ring())
    stored, key = keys.create("c1")
    assert len(key) == 32
    assert base64.b64encode(key).decode() not in stored.wrapped
    assert keys.open("c1", stored) == key
    other, _ = keys.create("c1")
    assert other.key_id != stored.key_id
    with pytest.raises(CustomerKeyError):
        keys.open("c2", stored)
    with pytest.raises(CustomerKeyError):
        keys.open("c1", stored.model_copy(update={"key_id": other.key_id}))
    with pytest.raises(CustomerKeyError):
        keys.open("c1", stored.model_copy(update={"wrapped": stored.wrapped[:-8] + "AAAAAAA="}))
    with pytest.raises(CustomerKeyError):
        CustomerKeys(ring(k1="02" * 32)).open("c1", stored)


def test_a_key_survives_a_rotation_and_needs_its_ring_key() -> None:
    stored, key = CustomerKeys(ring()).create("c1")
    assert CustomerKeys(ring(active="k2", k2="02" * 32)).open("c1", stored) == key
    with pytest.raises(CustomerKeyError, match="k1"):
        CustomerKeys(Keyring.parse(json.dumps({"active": "k2", "k2": "02" * 32}), where="test")).open("c1", stored)


@pytest.fixture
def kms(monkeypatch: pytest.MonkeyPatch) -> object:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-2")
    with mock_aws():
        yield boto3.client("kms").create_key()["KeyMetadata"]["KeyId"]


def test_kms_wraps_new_keys_and_the_ring_still_opens_old_ones(kms: str) -> None:
    old, old_key = CustomerKeys(ring()).create("c0")
    keys = customer_keys(ring(), f"kms://{kms}")
    stored, key = keys.create("c1")
    assert stored.wrapped.startswith("kms.k1.")
    assert keys.open("c1", stored) == key
    assert keys.open("c0", old) == old_key
    with pytest.raises(CustomerKeyError, match="KMS could not decrypt"):
        keys.open("c2", stored)  # the encryption context is another
    with pytest.raises(CustomerKeyError, match="not configured"):
        CustomerKeys(ring()).open("c1", stored)


def test_an_unreachable_kms_key_is_an_error(kms: str) -> None:
    keys = CustomerKeys(ring(), KmsWrapper("00000000-0000-0000-0000-000000000000"))
    with pytest.raises(CustomerKeyError, match="KMS could not encrypt"):
        keys.create("c1")


def test_a_wrapper_has_to_be_one_that_exists(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no wrapper"):
        customer_keys(ring(), "vault://x")
    with pytest.raises(ValueError, match="wrapped"):
        CustomerKey(key_id="00" * 8, wrapped="plain")
