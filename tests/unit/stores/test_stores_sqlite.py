from __future__ import annotations

import sqlite3
from pathlib import Path

import pytest
from choices import choose

from understudy.audit import AuditLog, Keyring, fsck
from understudy.contracts.api import CustomerProfile, CustomerRecord
from understudy.errors import UserError
from understudy.stores import ServingStore, StoreError, open_store
from understudy.stores.customers import choices_key


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "스토어 #1?.sqlite"


@pytest.fixture
def store(path: Path) -> ServingStore:
    return open_store(f"sqlite://{path}")


def record(customer_id: str) -> CustomerRecord:
    return CustomerRecord(
        customer_id=customer_id, schema_version="v1", as_of="2026-01-01", features={}, profile=CustomerProfile()
    )


@pytest.mark.parametrize("url", ["store.sqlite", "sqlite://relative", "dynamodb://", "dynamodb://a/b", "mysql://x"])
def test_a_url_of_no_store_is_refused(url: str) -> None:
    with pytest.raises(UserError, match="not a store"):
        open_store(url)


def test_the_file_is_in_wal_mode_and_commits_reach_the_disk(store: ServingStore, path: Path) -> None:
    assert sqlite3.connect(path).execute("PRAGMA journal_mode").fetchone() == ("wal",)
    assert store._connection.execute("PRAGMA synchronous").fetchone() == (2,)  # type: ignore[attr-defined]


def test_a_store_that_is_not_there_is_not_made_by_reading(path: Path) -> None:
    with pytest.raises(StoreError, match="unable to open"):
        open_store(f"sqlite://{path}", read_only=True)
    assert not path.exists()


def test_a_read_only_store_is_verified_and_refuses_writes(store: ServingStore, path: Path, tmp_path: Path) -> None:
    keyring = Keyring.create(tmp_path / "keys.json")
    AuditLog(store, keyring, "w").append("operation", {})
    reader = open_store(f"sqlite://{path}", read_only=True)
    assert fsck(reader, keyring).verdict == "clean"
    for write in (
        lambda: reader.put_records([record("c1")]),
        lambda: choose(reader, "c1", opted_out=True),
        lambda: reader.remove_documents([choices_key("c1")]),
        lambda: AuditLog(reader, keyring, "v").append("operation", {}),
    ):
        with pytest.raises(StoreError, match="readonly"):
            write()


def test_a_file_that_is_no_database_is_an_error(path: Path) -> None:
    path.write_bytes(b"not a database" * 100)
    with pytest.raises(StoreError, match="not a database"):
        open_store(f"sqlite://{path}")


def test_entries_are_neither_changed_nor_removed_by_accident(store: ServingStore, path: Path, tmp_path: Path) -> None:
    AuditLog(store, Keyring.create(tmp_path / "keys.json"), "w").append("operation", {})
    with pytest.raises(sqlite3.IntegrityError, match="never changed"):
        sqlite3.connect(path, isolation_level=None).execute("UPDATE entries SET body = ''")
    with pytest.raises(sqlite3.IntegrityError, match="never removed"):
        sqlite3.connect(path, isolation_level=None).execute("DELETE FROM entries")


@pytest.mark.parametrize(
    "table",
    [("customers", "read_context"), ("oversight", "read_context"), ("entries", "get_request"), ("heads", "get_head")],
)
def test_a_read_that_fails_is_an_error_and_never_an_answer(
    store: ServingStore, path: Path, table: tuple[str, str]
) -> None:
    sqlite3.connect(path, isolation_level=None).execute(f"DROP TABLE {table[0]}")
    with pytest.raises(StoreError, match="no such table"):
        getattr(store, table[1])("x")
    if table[1] != "read_context":
        with pytest.raises(StoreError, match="no such table"):
            list(getattr(store, {"entries": "entries", "heads": "heads"}[table[0]])())


def test_a_closed_store_is_an_error(store: ServingStore) -> None:
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.read_context("c1")


def test_a_store_that_stays_locked_is_an_error_and_nothing_is_written(
    path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("understudy.stores.sqlite.connection.BUSY_SECONDS", 0.05)
    store = open_store(f"sqlite://{path}")
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="locked"):
        choose(store, "c1", opted_out=True)
    assert not store.read_context("c1").opted_out  # readers do not wait for writers
    other.execute("ROLLBACK")
    choose(store, "c1", opted_out=True)
    assert store.read_context("c1").opted_out


def test_records_before_a_bad_one_in_the_same_chunk_are_not_half_written(store: ServingStore) -> None:
    def broken() -> object:
        yield record("c1")
        raise ValueError("the source ended early")

    with pytest.raises(ValueError, match="ended early"):
        store.put_records(broken())  # type: ignore[arg-type]
    assert store.read_context("c1").record is None
