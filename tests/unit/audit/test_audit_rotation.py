from __future__ import annotations

import json
import threading
from pathlib import Path

import boto3
import pytest
from moto import mock_aws

from understudy.audit import (
    AuditLog,
    CustomerKeys,
    Keyring,
    Personal,
    concerns,
    fsck,
    open_keyring,
    pseudonym,
    pseudonyms,
    read_decision,
    rotation,
)
from understudy.audit.rotation import rotate
from understudy.errors import UserError
from understudy.stores import open_store


def test_each_rotation_adds_a_key_and_keeps_the_others(tmp_path: Path) -> None:
    Keyring.create(tmp_path / "keys.json")
    url = f"file://{tmp_path}/keys.json"
    first = open_keyring(url)
    assert [rotate(url), rotate(url)] == ["k2", "k3"]
    ring = open_keyring(url)
    assert ring.ids == ["k3", "k1", "k2"]
    assert ring.mac("k1", b"x") == first.mac("k1", b"x")
    assert pseudonyms(ring, "c1")[1] == pseudonym(first, "c1")
    assert [path.name for path in tmp_path.iterdir()] == ["keys.json"]


def test_rotations_at_once_lose_no_key(tmp_path: Path) -> None:
    Keyring.create(tmp_path / "keys.json")
    made: list[str] = []
    threads = [threading.Thread(target=lambda: made.append(rotate(f"file://{tmp_path}/keys.json"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(made) == [f"k{n}" for n in range(2, 10)]
    assert set(made) < set(open_keyring(f"file://{tmp_path}/keys.json").ids)


def test_who_holds_the_old_ring_reads_what_the_new_key_wrote(tmp_path: Path) -> None:
    Keyring.create(tmp_path / "keys.json")
    url, store = f"file://{tmp_path}/keys.json", open_store(f"sqlite://{tmp_path}/store.sqlite")
    old = open_keyring(url)
    AuditLog(store, old, "old").append("operation", {})
    rotate(url)
    new = open_keyring(url)
    payload = {"request_id": "r1", "pseudonym": pseudonym(new, "c1")}
    body = AuditLog(store, new, "new").append("model_inference", payload, personal=Personal("c1", {"n": 1}, None)).body
    assert fsck(store, old).verdict == "clean"
    assert old.active == "k2"
    fresh = open_keyring(url)
    key = store.read_context("c1").key
    assert read_decision(body, fresh, CustomerKeys(fresh), "c1", key).content["n"] == 1
    assert concerns(open_keyring(url), "c1", pseudonym(new, "c1"))


def test_a_key_that_nobody_has_is_looked_up_once(tmp_path: Path) -> None:
    reads: list[int] = []

    def reload() -> Keyring:
        reads.append(1)
        return Keyring("k1", {"k1": b"1" * 32})

    ring = Keyring("k1", {"k1": b"1" * 32}, reload)
    assert "k1" in ring
    assert not reads
    assert [("k9" in ring) for _ in range(3)] == [False] * 3
    assert len(reads) == 1
    assert not any(f"forged{n}" in ring for n in range(1000))
    assert len(reads) < 10


@pytest.mark.parametrize("url", ["keys.json", "file:///no/such/folder/keys.json"])
def test_no_ring_cannot_be_rotated(url: str) -> None:
    with pytest.raises(UserError):
        rotate(url)


def test_a_secret_rotates_and_a_race_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "ap-northeast-2")
    with mock_aws():
        client = boto3.client("secretsmanager")
        client.create_secret(Name="ring", SecretString=json.dumps({"active": "k1", "k1": "01" * 32}))
        old = open_keyring("secretsmanager://ring")
        assert rotate("secretsmanager://ring") == "k2"
        assert "k2" in old
        assert open_keyring("secretsmanager://ring").ids == ["k2", "k1"]
        with pytest.raises(UserError, match="cannot be rotated"):
            rotate("secretsmanager://absent")
        prepare = rotation._with_new_key

        def meanwhile(text: str, where: str) -> tuple[str, str]:
            monkeypatch.setattr(rotation, "_with_new_key", prepare)
            assert rotate("secretsmanager://ring") == "k3"
            return prepare(text, where)

        monkeypatch.setattr(rotation, "_with_new_key", meanwhile)
        theirs = open_keyring("secretsmanager://ring")
        with pytest.raises(UserError, match="cannot be rotated"):
            rotate("secretsmanager://ring")
        assert "k3" in theirs
        assert open_keyring("secretsmanager://ring").ids == ["k3", "k1", "k2"]
