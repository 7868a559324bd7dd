"""Series of signed checkpoints, where they are kept, and the proofs that they allow."""

from __future__ import annotations

import base64
import json
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from understudy.audit import AuditLog, CustomerKeys, Keyring, Personal, fsck, pseudonym
from understudy.audit.checkpoint_store import CheckpointConflictError, CheckpointStore, open_checkpoints
from understudy.audit.checkpointing import make_checkpoint
from understudy.audit.coverage import Coverage
from understudy.audit.proof import NotCoveredError, ProofError, disclosure, prove, verify_proof
from understudy.audit.ranges import leaf_hash
from understudy.audit.series import Series, SeriesError
from understudy.audit.signing import PublicKeys, Signer, create_signing_key, open_signer
from understudy.contracts.audit import EntryProof
from understudy.errors import UserError
from understudy.stores import ServingStore, open_store


@dataclass
class Signed:
    """A log with checkpoints: three of them, over writers that come and go."""

    store: ServingStore
    keyring: Keyring
    signer: Signer
    checkpoints: CheckpointStore
    keys: PublicKeys

    def append(self, writer: str, request_id: str) -> None:
        readable = {"request_id": request_id, "pseudonym": pseudonym(self.keyring, "c1")}
        personal = Personal("c1", {"of": request_id}, self.store.read_context("c1").key)
        AuditLog(self.store, self.keyring, writer).append("model_inference", readable, personal=personal)

    def sign(self) -> Any:
        return make_checkpoint(self.store, self.keyring, self.signer, self.checkpoints)

    def series(self) -> Series:
        return Series.read(self.checkpoints.read(), self.keys)

    def body(self, request_id: str) -> bytes:
        found = self.store.get_request(request_id)
        assert found is not None
        return found


@pytest.fixture(scope="module")
def signed(tmp_path_factory: pytest.TempPathFactory) -> Signed:
    folder = tmp_path_factory.mktemp("signed")
    create_signing_key(folder / "key.pem")
    made = Signed(
        open_store(f"sqlite://{folder}/store.sqlite"),
        Keyring.create(folder / "keys.json"),
        open_signer(f"file://{folder}/key.pem"),
        open_checkpoints(f"file://{folder}/checkpoints"),
        PublicKeys((folder / "key.pem.pub").read_bytes(), where="test"),
    )
    for batch, writers in enumerate(("bb", "abc", "cd")):
        for n, writer in enumerate(writers):
            made.append(writer, f"r{batch}{n}")
        made.sign()
    return made


def files(signed: Signed) -> list[tuple[int, bytes]]:
    return list(signed.checkpoints.read())


def test_leaves_stand_by_checkpoint_writer_and_seq(signed: Signed) -> None:
    expected = [f"r{place}" for place in ("00", "01", "10", "11", "12", "20", "21")]
    assert signed.series().leaves() == [leaf_hash(signed.body(request_id)) for request_id in expected]
    cores = [one.checkpoint for one in signed.series().checkpoints]
    assert [(core.number, core.size, core.added, core.writers) for core in cores] == [
        (1, 2, 2, 1),
        (2, 5, 3, 3),
        (3, 7, 2, 4),
    ]
    assert signed.sign() is None


def test_every_changed_byte_of_a_checkpoint_is_found(signed: Signed) -> None:
    stored = files(signed)
    number, raw = stored[1]
    for at in range(len(raw)):
        for bit in range(8):
            changed = raw[:at] + bytes([raw[at] ^ (1 << bit)]) + raw[at + 1 :]
            with pytest.raises(SeriesError) as raised:
                Series.read([stored[0], (number, changed), stored[2]], signed.keys)
            assert raised.value.number == 2, (at, bit)


def test_checkpoints_that_are_missing_or_out_of_place_are_found(signed: Signed) -> None:
    one, two, three = files(signed)
    for given, number in (
        ([two, three], 1),
        ([one, three], 2),
        ([one, (2, one[1])], 2),
        ([one, (2, three[1])], 2),
        ([(1, two[1])], 1),
    ):
        with pytest.raises(SeriesError) as raised:
            Series.read(given, signed.keys)
        assert raised.value.number == number
        report = fsck(signed.store, signed.keyring, Coverage(given, signed.keys))
        assert [(bad.writer, bad.seq, bad.problem) for bad in report.bad] == [("(checkpoints)", number, "checkpoint")]


def test_another_key_is_not_accepted(signed: Signed, tmp_path: Path) -> None:
    create_signing_key(tmp_path / "other.pem")
    other = PublicKeys((tmp_path / "other.pem.pub").read_bytes(), where="test")
    with pytest.raises(SeriesError, match="accepted key"):
        Series.read(files(signed), other)
    proof = prove(signed.series(), signed.body("r10"))
    with pytest.raises(ProofError, match="not signed"):
        verify_proof(proof, other)


def test_every_entry_is_proven(signed: Signed) -> None:
    for request_id in ("r00", "r01", "r10", "r11", "r12", "r20", "r21"):
        proof = prove(signed.series(), signed.body(request_id), since=1)
        again = EntryProof.model_validate_json(proof.model_dump_json())
        proven = verify_proof(again, signed.keys)
        assert proven.payload["request_id"] == request_id
        assert (proven.disclosed, proven.consistent_since, proven.checkpoint.size) == (None, 1, 7)


def test_a_disclosure_opens_its_entry(signed: Signed) -> None:
    body, key = signed.body("r12"), signed.store.read_context("c1").key
    secret = disclosure(CustomerKeys(signed.keyring), "c1", key, body)
    assert verify_proof(prove(signed.series(), body, disclosed=secret), signed.keys).disclosed == {"of": "r12"}
    with pytest.raises(ProofError, match="not the one"):
        verify_proof(prove(signed.series(), signed.body("r11"), disclosed=secret), signed.keys)


def test_every_changed_part_of_a_proof_is_refused(signed: Signed) -> None:
    data = prove(signed.series(), signed.body("r12"), since=1).model_dump(mode="json")

    def check(changed: Any) -> None:
        with pytest.raises((ProofError, ValueError)):
            verify_proof(EntryProof.model_validate(changed), signed.keys)

    body = base64.b64decode(data["entry"])
    for at in range(0, len(body), 7):
        changed = body[:at] + bytes([body[at] ^ 4]) + body[at + 1 :]
        check(data | {"entry": base64.b64encode(changed).decode()})
    for index in range(7):
        if index != data["index"]:
            check(data | {"index": index})
    for at in range(len(data["path"])):
        check(data | {"path": [*data["path"][:at], "00" * 32, *data["path"][at + 1 :]]})
        check(data | {"path": data["path"][:at]})
    for name, value in (("size", 8), ("root", "00" * 32), ("number", 2), ("at", "2020-01-01"), ("key", "00" * 8)):
        core = data["signed"]["checkpoint"] | {name: value}
        check(data | {"signed": data["signed"] | {"checkpoint": core}})
    check(data | {"consistency": data["consistency"] | {"path": []}})
    check(data | {"consistency": data["consistency"] | {"since": data["signed"] | {"signature": "AAAA"}}})
    check(data | {"disclosed": "AAAA"})


def test_the_verifier_in_the_documentation_agrees(signed: Signed, tmp_path: Path) -> None:
    text = (Path(__file__).parents[3] / "docs" / "audit-log.md").read_text(encoding="utf-8")
    script = tmp_path / "verify.py"
    script.write_text(text.split("```python\n")[1].split("```")[0], encoding="utf-8")
    (tmp_path / "key.pub").write_bytes(signed.signer.public_pem)
    body = signed.body("r12")
    secret = disclosure(CustomerKeys(signed.keyring), "c1", signed.store.read_context("c1").key, body)
    proof = prove(signed.series(), body, disclosed=secret).model_dump(mode="json")

    def run(given: Any) -> subprocess.CompletedProcess[str]:
        (tmp_path / "proof.json").write_text(json.dumps(given))
        command = [sys.executable, "-I", str(script), str(tmp_path / "proof.json"), str(tmp_path / "key.pub")]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    done = run(proof)
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["of"] == "r12"
    forged = body.replace(b'"request_id":"r12"', b'"request_id":"r99"')
    other = prove(signed.series(), signed.body("r11")).model_dump(mode="json")
    for changed in (
        proof | {"entry": base64.b64encode(forged).decode()},
        proof | {"index": proof["index"] - 1},
        proof | {"signed": proof["signed"] | {"checkpoint": proof["signed"]["checkpoint"] | {"size": 9}}},
        other | {"disclosed": proof["disclosed"]},
    ):
        assert run(changed).returncode != 0


def test_what_cannot_be_proven(signed: Signed) -> None:
    with pytest.raises(NotCoveredError, match="no checkpoint 4"):
        prove(signed.series(), signed.body("r12"), since=4)
    with pytest.raises(NotCoveredError, match="covers entry"):
        prove(Series.read(files(signed)[:1], signed.keys), signed.body("r12"))
    with pytest.raises(ProofError, match="is not the one"):
        prove(signed.series(), signed.body("r12").replace(b"r12", b"r99"))


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "testing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    with mock_aws():
        client = boto3.client("s3")
        client.create_bucket(Bucket="locked", ObjectLockEnabledForBucket=True)
        rule = {"DefaultRetention": {"Mode": "COMPLIANCE", "Days": 365}}
        lock = {"ObjectLockEnabled": "Enabled", "Rule": rule}
        client.put_object_lock_configuration(Bucket="locked", ObjectLockConfiguration=lock)
        yield "locked"


@pytest.fixture(params=["directory", "bucket"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> CheckpointStore:
    if request.param == "directory":
        return open_checkpoints(f"file://{tmp_path}/checkpoints")
    return open_checkpoints(f"s3://{request.getfixturevalue('bucket')}/understudy/dev")


def test_a_checkpoint_is_written_once(empty: CheckpointStore) -> None:
    assert list(empty.read()) == []
    for number in (1, 2, 11):
        empty.put(number, b"%d" % number)
    with pytest.raises(CheckpointConflictError):
        empty.put(2, b"another")
    assert list(empty.read()) == [(1, b"1"), (2, b"2"), (11, b"11")]


def test_of_many_that_write_one_checkpoint_one_succeeds(tmp_path: Path) -> None:
    store, done = open_checkpoints(f"file://{tmp_path}/checkpoints"), []

    def write(n: int) -> None:
        try:
            store.put(1, b"%d" % n)
            done.append(n)
        except CheckpointConflictError:
            pass

    threads = [threading.Thread(target=write, args=(n,)) for n in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert list(store.read()) == [(1, b"%d" % done[0])]
    assert len(done) == 1


def test_in_a_bucket_what_was_written_first_counts(bucket: str) -> None:
    store, client = open_checkpoints(f"s3://{bucket}"), boto3.client("s3")
    store.put(1, b"first")
    store.put(2, b"second")
    client.put_object(Bucket=bucket, Key="00000001.json", Body=b"forged")  # a new version: the lock allows it
    client.delete_object(Bucket=bucket, Key="00000002.json")  # a delete marker: the lock allows it too
    client.put_object(Bucket=bucket, Key="other.json", Body=b"{}")
    assert list(store.read()) == [(1, b"first"), (2, b"second")]


def test_a_bucket_that_keeps_nothing_is_refused(bucket: str) -> None:
    boto3.client("s3").create_bucket(Bucket="open")
    for url, message in (("s3://open", "Object Lock"), ("s3://absent", "Object Lock"), ("/tmp/x", "not a checkpoint")):
        with pytest.raises(UserError, match=message):
            open_checkpoints(url)


def test_a_series_continues_in_a_bucket(bucket: str, signed: Signed) -> None:
    elsewhere = Signed(
        signed.store, signed.keyring, signed.signer, open_checkpoints(f"s3://{bucket}/copy"), signed.keys
    )
    assert elsewhere.sign().size == 7
    report = fsck(signed.store, signed.keyring, Coverage(elsewhere.checkpoints.read(), signed.keys))
    assert (report.verdict, report.checkpoints, report.covered) == ("clean", 1, 7)
    assert json.loads(files(elsewhere)[0][1])["signed"]["checkpoint"]["number"] == 1
