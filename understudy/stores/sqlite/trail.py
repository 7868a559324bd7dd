"""The audit trail, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from typing import Any

from understudy.atomic import canonical_json
from understudy.contracts.audit import AuditEntry, AuditHead
from understudy.stores.protocol import StoreConflictError, StoreError, indexed_request
from understudy.stores.sqlite.connection import SqliteConnection

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


class SqliteTrail(SqliteConnection):
    """`TrailStore` in SQLite."""

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
