from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from understudy.atomic import canonical_json
from understudy.audit import (
    AuditError,
    AuditLog,
    CustomerKeyError,
    CustomerKeys,
    ErasedError,
    Keyring,
    Personal,
    fsck,
    pseudonym,
    read_decision,
)
from understudy.contracts.audit import AuditEntry, CustomerKey
from understudy.stores import (
    Change,
    ChangeConflictError,
    Delete,
    Key,
    NewEntry,
    Put,
    ServingStore,
    StoreConflictError,
    StoreError,
    audit_key,
    open_store,
)


@pytest.fixture
def store(tmp_path: Path) -> ServingStore:
    return open_store(f"sqlite://{tmp_path}/store.sqlite")


@pytest.fixture
def keyring(tmp_path: Path) -> Keyring:
    return Keyring.create(tmp_path / "keys.json")


class Faulty:
    """A store whose next writes fail as told: "lost" is written and not acknowledged, "refused" is not written."""

    def __init__(self, store: ServingStore, faults: list[str]) -> None:
        self._store = store
        self._faults = faults
        self.reads = 0

    def put_entry(self, entry: NewEntry, changes: Sequence[Change] = ()) -> None:
        fault = self._faults.pop(0) if self._faults else "none"
        if fault == "conflict":
            raise StoreConflictError("taken")
        if fault != "refused":
            self._store.put_entry(entry, changes)
        if fault != "none":
            raise StoreError("timed out")

    def get_head(self, writer: str) -> bytes | None:
        self.reads += 1
        return self._store.get_head(writer)


def test_an_append_is_one_write_and_no_read(store: ServingStore, keyring: Keyring) -> None:
    counting: Any = Faulty(store, [])
    log = AuditLog(counting, keyring, "w")
    assert [log.append("operation", {}).seq for _ in range(3)] == [1, 2, 3]
    assert counting.reads == 0


@pytest.mark.parametrize(("fault", "total"), [("lost", 3), ("refused", 2)])
def test_a_failed_write_is_reported_and_the_chain_goes_on(
    store: ServingStore, keyring: Keyring, fault: str, total: int
) -> None:
    faulty: Any = Faulty(store, ["none", fault])
    log = AuditLog(faulty, keyring, "w")
    log.append("operation", {"n": 1})
    with pytest.raises(StoreError, match="timed out"):
        log.append("operation", {"n": 2})
    assert log.append("operation", {"n": 3}).seq == total
    assert fsck(store, keyring).verdict == "clean"
    assert len(list(store.entries())) == total


def test_a_place_that_stays_taken_is_an_error(store: ServingStore, keyring: Keyring) -> None:
    faulty: Any = Faulty(store, ["conflict"] * 1000)
    with pytest.raises(AuditError, match="its place was taken"):
        AuditLog(faulty, keyring, "w").append("operation", {})
    assert list(store.entries()) == []


def test_an_entry_is_stored_as_it_is_returned(store: ServingStore, keyring: Keyring) -> None:
    payload = {"request_id": "r1", "numbers": (1, 2.5), "by_year": {10: "ten", 9: "nine"}, "값": None}
    body = AuditLog(store, keyring, "w").append("model_inference", payload).body
    entry = AuditEntry.model_validate_json(body)
    assert entry.payload == json.loads(json.dumps(payload))
    assert canonical_json(entry.model_dump()) == body
    assert store.get_request("r1") == body
    assert fsck(store, keyring).verdict == "clean"


@pytest.mark.parametrize("value", [math.nan, math.inf, {1, 2}, "\ud800"])
def test_a_payload_that_is_not_json_is_refused_and_nothing_is_written(
    store: ServingStore, keyring: Keyring, value: Any
) -> None:
    with pytest.raises((ValueError, TypeError)):
        AuditLog(store, keyring, "w").append("operation", {"value": value})
    assert list(store.entries()) == []


@pytest.mark.parametrize("writer", ["", "a b", "request#1", "x" * 65])
def test_a_writer_needs_a_plain_name(store: ServingStore, keyring: Keyring, writer: str) -> None:
    with pytest.raises(ValueError, match="writer"):
        AuditLog(store, keyring, writer).append("operation", {})


def test_threads_share_a_log(store: ServingStore, keyring: Keyring) -> None:
    log = AuditLog(store, keyring, "w")
    threads = [
        threading.Thread(target=lambda: [log.append("operation", {"i": i}) for i in range(25)]) for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [row[1] for row in store.entries()] == list(range(1, 101))
    assert fsck(store, keyring).verdict == "clean"


def test_personal_data_is_readable_with_the_key_and_never_without(store: ServingStore, keyring: Keyring) -> None:
    log, keys = AuditLog(store, keyring, "w"), CustomerKeys(keyring)
    for n in range(2):
        readable = {"request_id": f"r{n}", "pseudonym": pseudonym(keyring, "c1")}
        personal = Personal("c1", {"income": 41_000_000 + n, "text": "적금"}, store.read_context("c1").key)
        body = log.append("model_inference", readable, personal=personal).body
        assert b"income" not in body
        key = store.read_context("c1").key
        content = read_decision(body, keyring, keys, "c1", key).content
        assert content == readable | {"income": 41_000_000 + n, "text": "적금"}
    store.remove_documents([audit_key("c1")])
    with pytest.raises(ErasedError):
        read_decision(body, keyring, keys, "c1", store.read_context("c1").key)
    again = Personal("c1", {"income": 1}, None)
    log.append("model_inference", {"request_id": "r9", "pseudonym": pseudonym(keyring, "c1")}, personal=again)
    with pytest.raises(ErasedError):  # a new key does not open what the old one closed
        read_decision(body, keyring, keys, "c1", store.read_context("c1").key)
    assert fsck(store, keyring).verdict == "clean"


def test_a_destroyed_key_is_in_no_file_of_the_store(store: ServingStore, keyring: Keyring, tmp_path: Path) -> None:
    log, name, key = AuditLog(store, keyring, "w"), pseudonym(keyring, "c1"), audit_key("c1")
    log.append("operation", {"pseudonym": name}, personal=Personal("c1", {"n": 1}, None))
    document = store.read_documents([key])[key]
    wrapped = document.json()["wrapped"].encode()
    files = [tmp_path / "store.sqlite", tmp_path / "store.sqlite-wal"]
    assert any(wrapped in file.read_bytes() for file in files)
    log.append("operation", {"pseudonym": name, "operation": "erase"}, [Delete(key, document.version)])
    assert not any(wrapped in file.read_bytes() for file in files if file.exists())


def test_two_writers_that_make_a_key_at_once_share_the_first(store: ServingStore, keyring: Keyring) -> None:
    logs, name = [AuditLog(store, keyring, writer) for writer in "ab"], pseudonym(keyring, "c1")
    bodies = [
        log.append("operation", {"pseudonym": name}, personal=Personal("c1", {"n": 1}, None)).body for log in logs
    ]
    key = store.read_context("c1").key
    for body in bodies:
        assert read_decision(body, keyring, CustomerKeys(keyring), "c1", key).content["n"] == 1


def test_a_change_that_conflicts_is_not_taken_for_a_key(store: ServingStore, keyring: Keyring) -> None:
    log, name = AuditLog(store, keyring, "w"), pseudonym(keyring, "c1")
    stale = Put(Key("customers", "c1", "choices"), "{}", before=3)
    with pytest.raises(ChangeConflictError):
        log.append("operation", {"pseudonym": name}, [stale], personal=Personal("c1", {}, None))
    assert store.read_context("c1").key is None
    assert list(store.entries()) == []


def test_a_key_of_another_customer_is_refused(store: ServingStore, keyring: Keyring) -> None:
    log, keys = AuditLog(store, keyring, "w"), CustomerKeys(keyring)
    stored, _ = keys.create("c2")
    with pytest.raises(CustomerKeyError):
        log.append("operation", {"pseudonym": "p"}, personal=Personal("c1", {}, stored))
    assert isinstance(stored, CustomerKey)


WRITER = textwrap.dedent("""
    import sys
    from understudy.audit import AuditLog, Personal, open_keyring, pseudonym
    from understudy.stores import open_store
    folder, name = sys.argv[1:]
    store, ring = open_store(f"sqlite://{folder}/store.sqlite"), open_keyring(f"file://{folder}/keys.json")
    log = AuditLog(store, ring, name)
    for i in range(100_000):
        customer = f"c{i}"  # every writer meets the same customers at about the same time
        readable = {"request_id": f"{name}-{i}", "pseudonym": pseudonym(ring, customer)}
        personal = Personal(customer, {"filler": "x" * 500, "by": name}, store.read_context(customer).key)
        entry = log.append("model_inference", readable, personal=personal)
        sys.stdout.write(f"{entry.writer} {entry.seq} {entry.mac}\\n")
        sys.stdout.flush()
""")


def test_eight_killed_writers_lose_nothing_that_they_acknowledged(tmp_path: Path, keyring: Keyring) -> None:
    # Six writers of their own and two processes that share a name, all opening a store that does not exist yet.
    names = [f"w{i}" for i in range(6)] + ["shared", "shared"]
    command = [sys.executable, "-c", WRITER, str(tmp_path)]
    processes = [subprocess.Popen([*command, name], stdout=subprocess.PIPE, text=True) for name in names]
    said = [[process.stdout.readline() for _ in range(20 + 7 * i)] for i, process in enumerate(processes)]  # type: ignore[union-attr]
    for process in processes:
        os.kill(process.pid, signal.SIGKILL)
    said = [lines + process.communicate()[0].splitlines() for lines, process in zip(said, processes, strict=True)]
    # A kill may cut the last line short: then nobody was told.
    acknowledged = {tuple(line.split()) for lines in said for line in lines if len(line.rstrip().rsplit(" ")[-1]) == 64}
    assert len(acknowledged) > 8 * 20

    store = open_store(f"sqlite://{tmp_path}/store.sqlite")
    report = fsck(store, keyring)
    assert (report.verdict, report.writers) == ("clean", 7), report.bad
    stored = {(row[0].decode(), str(row[1]), json.loads(row[3])["mac"]) for row in store.entries()}
    assert acknowledged <= stored
    for name, customer in (("w0", "c3"), ("shared", "c3"), ("w5", "c0")):  # whoever made the key first, all can be read
        body = store.get_request(f"{name}-{customer[1:]}")
        assert body is not None
        key = store.read_context(customer).key
        assert read_decision(body, keyring, CustomerKeys(keyring), customer, key).content["by"] == name
    AuditLog(store, keyring, "w0").append("operation", {"after": "the kill"})
    assert fsck(store, keyring).verdict == "clean"
