"""The embedded store: one SQLite file in WAL mode."""

from __future__ import annotations

import json
import sqlite3
import threading
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from typing import Any

from understudy.atomic import canonical_json
from understudy.contracts.api import CustomerRecord
from understudy.contracts.audit import AuditEntry, AuditHead
from understudy.stores.protocol import (
    MAX_CONTACTS,
    RequestContext,
    StoreConflictError,
    StoreError,
    choose_record,
    indexed_request,
)

__all__ = ["SqliteStore"]

SCHEMA = """
BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS records (
    customer_id TEXT, schema_version TEXT, body TEXT NOT NULL, PRIMARY KEY (customer_id, schema_version)
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS consents (
    customer_id TEXT PRIMARY KEY, opted_out INTEGER NOT NULL DEFAULT 0, contacts TEXT NOT NULL DEFAULT '[]'
) STRICT, WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS entries (
    writer TEXT, seq INTEGER, request_id TEXT, body TEXT NOT NULL, PRIMARY KEY (writer, seq)
) STRICT;
CREATE INDEX IF NOT EXISTS entries_by_request ON entries (request_id) WHERE request_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS heads (writer TEXT PRIMARY KEY, seq INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS entries_stay BEFORE DELETE ON entries
    BEGIN SELECT raise(ABORT, 'audit entries are never removed'); END;
CREATE TRIGGER IF NOT EXISTS entries_never_change BEFORE UPDATE ON entries
    BEGIN SELECT raise(ABORT, 'audit entries are never changed'); END;
COMMIT;
"""
CONTEXT = """
SELECT 'record', body FROM records WHERE customer_id = :id
UNION ALL SELECT opted_out, contacts FROM consents WHERE customer_id = :id
"""
CHUNK = 500  # records per transaction: an audit write waits for one chunk at most
BUSY_SECONDS = 10.0


class SqliteStore:
    """`ServingStore` in one file. Open it after forking, not before: SQLite connections do not survive a fork."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open ``path``, creating file and tables unless ``read_only``.

        Raises:
            StoreError: the file is missing (read only), is not a database, or cannot be created.
        """
        self._path = path
        self._lock = threading.RLock()
        with self._answering():
            self._connection = self._connect("ro" if read_only else "rwc")
            if not read_only:
                self._connection.executescript(SCHEMA)

    def _connect(self, mode: str) -> sqlite3.Connection:
        connection = sqlite3.connect(
            f"{self._path.absolute().as_uri()}?mode={mode}",
            uri=True,
            timeout=BUSY_SECONDS,
            isolation_level=None,
            check_same_thread=False,
        )
        if mode != "ro":
            _use_wal(connection)
            connection.execute("PRAGMA synchronous=FULL")  # an entry must survive a power cut once it is acknowledged
        return connection

    @contextmanager
    def _answering(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise StoreError(f"{self._path}: {error}") from error

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with self._answering():
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise

    def read_context(self, customer_id: str, schema_version: str | None = None) -> RequestContext:
        with self._answering():
            rows = self._connection.execute(CONTEXT, {"id": customer_id}).fetchall()
        opted_out, contacts, records = False, [], []
        try:
            for tag, body in rows:
                if tag == "record":
                    records.append(CustomerRecord.model_validate_json(body))
                else:
                    opted_out, contacts = bool(tag), json.loads(body)
        except ValueError as error:
            raise StoreError(f"{self._path}: the record of a customer cannot be read: {error}") from error
        return RequestContext(choose_record(records, schema_version), opted_out, contacts)

    def put_records(self, records: Iterable[CustomerRecord]) -> int:
        pending, written = iter(records), 0
        while rows := [(r.customer_id, r.schema_version, r.model_dump_json()) for r in islice(pending, CHUNK)]:
            with self._writing() as connection:
                connection.executemany("INSERT OR REPLACE INTO records VALUES (?, ?, ?)", rows)
            written += len(rows)
        return written

    def set_opt_out(self, customer_id: str, opted_out: bool) -> None:
        with self._writing() as connection:
            connection.execute(
                "INSERT INTO consents (customer_id, opted_out) VALUES (?1, ?2)"
                " ON CONFLICT (customer_id) DO UPDATE SET opted_out = ?2",
                (customer_id, int(opted_out)),
            )

    def add_contact(self, customer_id: str, at: str) -> None:
        with self._writing() as connection:
            row = connection.execute("SELECT contacts FROM consents WHERE customer_id = ?", (customer_id,)).fetchone()
            contacts = sorted([*json.loads(row[0] if row else "[]"), at])[-MAX_CONTACTS:]
            connection.execute(
                "INSERT INTO consents (customer_id, contacts) VALUES (?1, ?2)"
                " ON CONFLICT (customer_id) DO UPDATE SET contacts = ?2",
                (customer_id, json.dumps(contacts)),
            )

    def put_entry(self, entry: AuditEntry, head: AuditHead) -> None:
        row = (entry.writer, entry.seq, indexed_request(entry), canonical_json(entry.model_dump()).decode())
        with self._writing() as connection:
            last = connection.execute("SELECT seq FROM heads WHERE writer = ?", (entry.writer,)).fetchone()
            if entry.seq != (last[0] if last else 0) + 1:
                raise StoreConflictError(
                    f"writer {entry.writer} is at {last[0] if last else 0}, not before {entry.seq}"
                )
            try:
                connection.execute("INSERT INTO entries VALUES (?, ?, ?, ?)", row)
            except sqlite3.IntegrityError:
                raise StoreConflictError(f"entry {entry.seq} of writer {entry.writer} exists") from None
            connection.execute(
                "INSERT OR REPLACE INTO heads VALUES (?, ?, ?)",
                (head.writer, head.seq, canonical_json(head.model_dump()).decode()),
            )

    def get_head(self, writer: str) -> AuditHead | None:
        with self._answering():
            row = self._connection.execute("SELECT body FROM heads WHERE writer = ?", (writer,)).fetchone()
        try:
            return AuditHead.model_validate_json(row[0]) if row else None
        except ValueError as error:
            raise StoreError(f"{self._path}: the head of writer {writer} cannot be read") from error

    def get_request(self, request_id: str) -> AuditEntry | None:
        with self._answering():
            row = self._connection.execute(
                "SELECT body FROM entries WHERE request_id = ? ORDER BY rowid DESC LIMIT 1", (request_id,)
            ).fetchone()
        try:
            return AuditEntry.model_validate_json(row[0]) if row else None
        except ValueError as error:
            raise StoreError(f"{self._path}: the entry of request {request_id} cannot be read") from error

    def entries(self) -> Iterator[dict[str, Any]]:
        for row in self._stream("SELECT writer, seq, request_id, body FROM entries ORDER BY writer, seq"):
            yield dict(zip(("writer", "seq", "request_id", "body"), row, strict=True))

    def heads(self) -> Iterator[dict[str, Any]]:
        for row in self._stream("SELECT writer, body FROM heads ORDER BY writer"):
            yield dict(zip(("writer", "body"), row, strict=True))

    def _stream(self, query: str) -> Iterator[tuple[Any, ...]]:
        """Rows through a connection of their own: a long read holds one snapshot and blocks nobody."""
        try:
            connection = self._connect("ro")
            connection.text_factory = lambda raw: raw.decode("utf-8", "surrogateescape")
            try:
                yield from connection.execute(query)
            finally:
                connection.close()
        except sqlite3.Error as error:
            raise StoreError(f"{self._path}: {error}") from error

    def close(self) -> None:
        with self._lock:
            self._connection.close()


def _use_wal(connection: sqlite3.Connection) -> None:
    """Switch to WAL. SQLite does not wait by itself here when several processes open a new file at once."""
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("PRAGMA journal_mode=WAL")
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(0.01)
