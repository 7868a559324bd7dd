from __future__ import annotations

import hashlib
import hmac
import json
import stat
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from understudy.audit import Keyring, open_keyring, pseudonym
from understudy.errors import UserError

TWO = json.dumps({"active": "k2", "k1": "01" * 32, "k2": "02" * 32})


def test_a_new_keyring_is_private_and_random(tmp_path: Path) -> None:
    first, second = Keyring.create(tmp_path / "a.json"), Keyring.create(tmp_path / "deep" / "b.json")
    assert stat.S_IMODE((tmp_path / "a.json").stat().st_mode) == 0o600
    assert first.mac("k1", b"x") != second.mac("k1", b"x")
    assert open_keyring(f"file://{tmp_path}/a.json").mac("k1", b"x") == first.mac("k1", b"x")


def test_a_keyring_is_never_overwritten(tmp_path: Path) -> None:
    Keyring.create(tmp_path / "a.json")
    before = (tmp_path / "a.json").read_bytes()
    with pytest.raises(UserError, match="the keyring exists"):
        Keyring.create(tmp_path / "a.json")
    assert (tmp_path / "a.json").read_bytes() == before


def test_macs_are_those_of_the_standard_library() -> None:
    ring = Keyring.parse(TWO, where="test")
    assert ring.mac("k1", b"message") == hmac.new(b"\x01" * 32, b"message", hashlib.sha256).hexdigest()
    key = hmac.new(b"\x02" * 32, b"understudy/head\x01", hashlib.sha256).digest()
    assert ring.derived_mac("k2", "head", b"m") == hmac.new(key, b"m", hashlib.sha256).hexdigest()


def test_purposes_do_not_share_a_key() -> None:
    ring = Keyring.parse(TWO, where="test")
    macs = {ring.mac("k1", b"m"), ring.derived_mac("k1", "head", b"m"), ring.derived_mac("k1", "pseudonym", b"m")}
    assert len(macs) == 3


def test_a_pseudonym_follows_its_key() -> None:
    ring = Keyring.parse(TWO, where="test")
    assert pseudonym(ring, "c1") == pseudonym(ring, "c1", "k2")
    assert pseudonym(ring, "c1").startswith("k2.")
    assert len({pseudonym(ring, "c1"), pseudonym(ring, "c2"), pseudonym(ring, "c1", "k1")}) == 3


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "one JSON object of strings"),
        ('{"active": "k1", "k1": 7}', "one JSON object of strings"),
        ("{}", "names no active key"),
        (json.dumps({"active": "k9", "k1": "01" * 32}), "names no active key"),
        (json.dumps({"active": "k1", "k1": "01" * 31}), "64 lower-case hex digits"),
        (json.dumps({"active": "k 1", "k 1": "01" * 32}), "key id 'k 1'"),
    ],
)
def test_an_unusable_keyring_is_refused_without_showing_a_secret(text: str, message: str) -> None:
    with pytest.raises(UserError, match=message) as raised:
        Keyring.parse(text, where="ring.json")
    assert "0101" not in str(raised.value)


def test_a_keyring_does_not_print_its_secrets() -> None:
    assert repr(Keyring.parse(TWO, where="test")) == "Keyring(active='k2', keys=['k1', 'k2'])"


def test_a_keyring_that_is_not_there_is_a_readable_error(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="cannot be read"):
        open_keyring(f"file://{tmp_path}/none.json")
    with pytest.raises(UserError, match="not a keyring"):
        open_keyring("keys.json")


def test_a_keyring_comes_from_secrets_manager(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-2")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "testing")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "testing")
    with mock_aws():
        arn = boto3.client("secretsmanager").create_secret(Name="ring", SecretString=TWO)["ARN"]
        ring = open_keyring(f"secretsmanager://{arn}")
        assert ring.active == "k2"
        with pytest.raises(UserError, match="cannot be read"):
            open_keyring("secretsmanager://absent")
