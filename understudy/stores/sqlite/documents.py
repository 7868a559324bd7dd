"""Versioned documents, in SQLite."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from functools import cache
from itertools import islice

from understudy.stores.documents import Change, Document, Key, Place, Put, now_seconds
from understudy.stores.protocol import ChangeConflictError
from understudy.stores.sqlite.connection import SqliteConnection

__all__ = ["SCHEMA", "SqliteDocuments"]

PLACES: tuple[Place, ...] = ("customers", "oversight")
SCHEMA = "".join(
    f"""
CREATE TABLE IF NOT EXISTS {place} (
    owner TEXT, item TEXT, version INTEGER NOT NULL, body TEXT NOT NULL, expires_at INTEGER, PRIMARY KEY (owner, item)
) STRICT, WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS {place}_by_expiry ON {place} (expires_at) WHERE expires_at IS NOT NULL;
"""
    for place in PLACES
)
FRESH = "(expires_at IS NULL OR expires_at > ?)"
CHUNK = 500  # documents per transaction: an audit write waits for one chunk at most


class SqliteDocuments(SqliteConnection):
    """`DocumentStore` in SQLite."""

    def read_documents(self, keys: Sequence[Key]) -> dict[Key, Document]:
        parts, values = [], []
        for place in PLACES:
            wanted = [key for key in keys if key.place == place]
            if wanted:
                parts.append(_lookup(place, len(wanted)))
                values += [part for key in wanted for part in (key.partition, key.item)] + [now_seconds()]
        if not parts:
            return {}
        with self._answering():
            found = self._connection.execute(" UNION ALL ".join(parts), values).fetchall()
        documents = (Document(Key(place, owner, item), version, body) for place, owner, item, version, body in found)
        return {document.key: document for document in documents}

    def list_documents(
        self, place: Place, partition: str, *, start: str = "", end: str | None = None, limit: int = 1000
    ) -> list[Document]:
        query = (
            f"SELECT item, version, body FROM {place} WHERE owner = ? AND item >= ? AND (? IS NULL OR item < ?)"
            f" AND {FRESH} ORDER BY item LIMIT ?"
        )
        with self._answering():
            rows = self._connection.execute(query, (partition, start, end, end, now_seconds(), limit)).fetchall()
        return [Document(Key(place, partition, item), version, body) for item, version, body in rows]

    def documents_named(self, place: Place, item: str) -> Iterator[Document]:
        query = f"SELECT owner, version, body FROM {place} WHERE item = ? AND {FRESH}"
        for owner, version, body in self._stream(query, (item, now_seconds())):
            yield Document(Key(place, owner.decode(), item), version, body.decode())

    def put_documents(self, documents: Iterable[tuple[Key, str]]) -> int:
        pending, written = iter(documents), 0
        while rows := [(key.partition, key.item, text) for key, text in islice(pending, CHUNK)]:
            with self._writing() as connection:
                connection.executemany("INSERT OR REPLACE INTO customers VALUES (?, ?, 1, ?, NULL)", rows)
            written += len(rows)
        return written

    def remove_documents(self, keys: Iterable[Key]) -> None:
        with self._writing() as connection:
            for key in keys:
                connection.execute(f"DELETE FROM {key.place} WHERE owner = ? AND item = ?", (key.partition, key.item))

    @staticmethod
    def _make(connection: sqlite3.Connection, changes: Sequence[Change]) -> None:
        """Make ``changes`` in the transaction that ``connection`` is in.

        Raises:
            ChangeConflictError: a document is at another version.
        """
        for place in {change.key.place for change in changes}:
            connection.execute(f"DELETE FROM {place} WHERE expires_at <= ?", (now_seconds(),))
        for change in changes:
            if not _made(connection, change):
                raise ChangeConflictError(f"{change.key.item} is not at version {change.before}")


@cache
def _lookup(place: Place, count: int) -> str:
    """The statement that reads ``count`` documents by their keys.

    Driven from the keys: SQLite answers ``(owner, item) IN (VALUES ...)`` by reading the whole table.
    """
    rows = ", ".join(["(?, ?)"] * count)
    return (
        f"SELECT '{place}', owner, item, version, body FROM (VALUES {rows}) CROSS JOIN {place}"
        f" ON owner = column1 AND item = column2 WHERE {FRESH}"
    )


def _made(connection: sqlite3.Connection, change: Change) -> bool:
    key = change.key
    place = (key.partition, key.item)
    if not isinstance(change, Put):
        deleted = connection.execute(
            f"DELETE FROM {key.place} WHERE owner = ? AND item = ? AND version = ?", (*place, change.before)
        )
        return deleted.rowcount == 1
    if change.before == 0:
        written = connection.execute(
            f"INSERT INTO {key.place} VALUES (?, ?, 1, ?, ?) ON CONFLICT DO NOTHING",
            (*place, change.text, change.expires_at),
        )
    else:
        written = connection.execute(
            f"UPDATE {key.place} SET version = version + 1, body = ?, expires_at = ?"
            " WHERE owner = ? AND item = ? AND version = ?",
            (change.text, change.expires_at, *place, change.before),
        )
    return written.rowcount == 1
