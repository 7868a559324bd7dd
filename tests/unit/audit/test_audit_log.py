from __future__ import annotations

import json
import math
import os
import signal
import subprocess
import sys
import textwrap
import threading
from pathlib import Path
from typing import Any

import pytest

from understudy.audit import AuditError, AuditLog, Keyring, fsck
from understudy.contracts.audit import AuditEntry, AuditHead
from understudy.stores import ServingStore, StoreConflictError, StoreError, open_store


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

    def put_entry(self, entry: AuditEntry, head: AuditHead) -> None:
        fault = self._faults.pop(0) if self._faults else "none"
        if fault == "conflict":
            raise StoreConflictError("taken")
        if fault != "refused":
            self._store.put_entry(entry, head)
        if fault != "none":
            raise StoreError("timed out")

    def get_head(self, writer: str) -> AuditHead | None:
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
    entry = AuditLog(store, keyring, "w").append("model_inference", payload)
    assert entry.payload == json.loads(json.dumps(payload))
    assert store.get_request("r1") == entry
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
    assert [row["seq"] for row in store.entries()] == list(range(1, 101))
    assert fsck(store, keyring).verdict == "clean"


WRITER = textwrap.dedent("""
    import sys
    from understudy.audit import AuditLog, open_keyring
    from understudy.stores import open_store
    folder, name = sys.argv[1:]
    log = AuditLog(open_store(f"sqlite://{folder}/store.sqlite"), open_keyring(f"file://{folder}/keys.json"), name)
    for i in range(100_000):
        entry = log.append("model_inference", {"request_id": f"{name}-{i}", "filler": "x" * 500})
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
    stored = {(row["writer"], str(row["seq"]), json.loads(row["body"])["mac"]) for row in store.entries()}
    assert acknowledged <= stored
    AuditLog(store, keyring, "w0").append("operation", {"after": "the kill"})
    assert fsck(store, keyring).verdict == "clean"
