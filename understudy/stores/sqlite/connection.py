"""One SQLite file in WAL mode, shared by threads."""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from understudy.stores.protocol import StoreError

__all__ = ["BUSY_SECONDS", "SqliteConnection"]

BUSY_SECONDS = 10.0


class SqliteConnection:
    """The connection behind every capability of the store; errors of the database become `StoreError`."""

    def __init__(self, path: Path, schema: str, *, read_only: bool = False) -> None:
        """Open ``path``, creating file and tables unless ``read_only``.

        Raises:
            StoreError: the file is missing (read only), is not a database, or cannot be created.
        """
        self._path = path
        self._lock = threading.RLock()
        with self._answering():
            self._connection = self._connect("ro" if read_only else "rwc")
            if not read_only:
                self._connection.executescript(f"BEGIN IMMEDIATE;\n{schema}COMMIT;")

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
            connection.execute("PRAGMA secure_delete=ON")  # a destroyed key must not lie about in free pages
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

    def _stream(self, query: str, values: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
        """Rows, texts as bytes, through a connection of their own: a long read holds one snapshot and blocks nobody."""
        try:
            connection = self._connect("ro")
            connection.text_factory = bytes
            try:
                yield from connection.execute(query, values)
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
