"""The audit trail, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator, Sequence
from typing import Any, cast

from understudy.stores.documents import Change, Delete
from understudy.stores.protocol import NewEntry, StoreConflictError, StoredEntry
from understudy.stores.sqlite.documents import SqliteDocuments

__all__ = ["SCHEMA", "SqliteTrail"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS entries (
    writer TEXT, seq INTEGER, request_id TEXT, body TEXT NOT NULL, PRIMARY KEY (writer, seq)
) STRICT;
CREATE INDEX IF NOT EXISTS entries_by_request ON entries (request_id) WHERE request_id IS NOT NULL;
CREATE TABLE IF NOT EXISTS heads (writer TEXT PRIMARY KEY, seq INTEGER NOT NULL, body TEXT NOT NULL) STRICT;
CREATE TRIGGER IF NOT EXISTS entries_stay BEFORE DELETE ON entries
    BEGIN SELECT raise(ABORT, 'audit entries are never removed'); END;
CREATE TRIGGER IF NOT EXISTS entries_never_change BEFORE UPDATE ON entries
    BEGIN SELECT raise(ABORT, 'audit entries are never changed'); END;
"""


class SqliteTrail(SqliteDocuments):
    """`TrailStore` in SQLite."""

    def put_entry(self, entry: NewEntry, changes: Sequence[Change] = ()) -> None:
        row = (entry.writer, entry.seq, entry.request_id, entry.body.decode())
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
                "INSERT OR REPLACE INTO heads VALUES (?, ?, ?)", (entry.writer, entry.seq, entry.head.decode())
            )
            self._make(connection, changes)
        if any(isinstance(change, Delete) for change in changes):
            self._forget()

    def _forget(self) -> None:
        """Leave no copy of what was deleted (a customer's key, perhaps) in the write-ahead log, if nobody reads now."""
        with self._answering():
            self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()

    def get_head(self, writer: str) -> bytes | None:
        return self._one("SELECT CAST(body AS BLOB) FROM heads WHERE writer = ?", writer)

    def get_request(self, request_id: str) -> bytes | None:
        query = "SELECT CAST(body AS BLOB) FROM entries WHERE request_id = ? ORDER BY rowid DESC LIMIT 1"
        return self._one(query, request_id)

    def get_entry(self, writer: str, seq: int) -> bytes | None:
        return self._one("SELECT CAST(body AS BLOB) FROM entries WHERE writer = ? AND seq = ?", writer, seq)

    def _one(self, query: str, *values: str | int) -> bytes | None:
        with self._answering():
            row = self._connection.execute(query, values).fetchone()
        return row[0] if row else None

    def entries(self) -> Iterator[StoredEntry]:
        rows = self._stream("SELECT writer, seq, request_id, body FROM entries ORDER BY writer, seq")
        return cast(Iterator[StoredEntry], rows)

    def chain(self, writer: str, after: int) -> Iterator[StoredEntry]:
        query = "SELECT writer, seq, request_id, body FROM entries WHERE writer = ? AND seq > ? ORDER BY seq"
        return cast(Iterator[StoredEntry], self._stream(query, (writer, after)))

    def heads(self) -> Iterator[tuple[Any, Any]]:
        return cast(Iterator[tuple[Any, Any]], self._stream("SELECT writer, body FROM heads ORDER BY writer"))
