from __future__ import annotations

import stat
from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from understudy.audit.signing import PublicKeys, create_signing_key, fingerprint, open_signer, verifying_keys
from understudy.errors import UserError


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-2")
    with mock_aws():
        yield


def test_a_file_key_signs_and_its_public_half_verifies(tmp_path: Path) -> None:
    create_signing_key(tmp_path / "key.pem")
    assert stat.S_IMODE((tmp_path / "key.pem").stat().st_mode) == 0o600
    signer = open_signer(f"file://{tmp_path}/key.pem")
    assert (tmp_path / "key.pem.pub").read_bytes() == signer.public_pem
    keys, name, signature = PublicKeys(signer.public_pem, where="t"), fingerprint(signer.public_pem), signer.sign(b"m")
    assert keys.verifies(name, signature, b"m")
    assert not keys.verifies(name, signature, b"n")
    assert not keys.verifies(name, signature[:-1] + bytes([signature[-1] ^ 1]), b"m")
    assert not keys.verifies("00" * 8, signature, b"m")
    with pytest.raises(UserError, match="exists"):
        create_signing_key(tmp_path / "key.pem")


def test_an_old_and_a_new_key_are_both_accepted(tmp_path: Path) -> None:
    for name in "ab":
        create_signing_key(tmp_path / name)
    signers = [open_signer(f"file://{tmp_path}/{name}") for name in "ab"]
    keys = PublicKeys(b"\n".join(signer.public_pem for signer in signers), where="test")
    for signer in signers:
        assert keys.verifies(fingerprint(signer.public_pem), signer.sign(b"m"), b"m")


@pytest.mark.parametrize("spec", ["ECC_NIST_P256", "RSA_2048"])
def test_a_kms_key_signs_if_it_is_of_a_kind_that_is_verified(aws: None, spec: str) -> None:
    key = boto3.client("kms").create_key(KeySpec=spec, KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    if spec == "RSA_2048":
        with pytest.raises(UserError, match="cannot sign checkpoints"):
            open_signer(f"kms://{key}")
        return
    signer = open_signer(f"kms://{key}")
    keys, name, signature = PublicKeys(signer.public_pem, where="t"), fingerprint(signer.public_pem), signer.sign(b"m")
    assert keys.verifies(name, signature, b"m")
    assert not keys.verifies(name, signature, b"n")


def test_keys_that_are_none_are_refused(tmp_path: Path, aws: None) -> None:
    (tmp_path / "text").write_text("no key")
    for url in (f"file://{tmp_path}/none", f"file://{tmp_path}/text", "key.pem", "kms://none"):
        with pytest.raises(UserError):
            open_signer(url)
    for pem in (b"", b"-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"):
        with pytest.raises(UserError):
            PublicKeys(pem, where="test")


def test_who_verifies_needs_the_public_half_alone(aws: None, tmp_path: Path) -> None:
    key = boto3.client("kms").create_key(KeySpec="ECC_NIST_P256", KeyUsage="SIGN_VERIFY")["KeyMetadata"]["KeyId"]
    signer = open_signer(f"kms://{key}")
    signature = signer.sign(b"root")
    for place in (f"kms://{key}", signer.public_pem.decode()):
        keys = verifying_keys(place, where="a setting")
        assert keys.verifies(fingerprint(signer.public_pem), signature, b"root")
    with pytest.raises(UserError):
        verifying_keys("kms://none", where="a setting")
