"""The embedded queue: a table in a SQLite file."""

from __future__ import annotations

import hashlib
import sqlite3
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from understudy.queues.protocol import MAX_DELIVERIES, VISIBILITY_SECONDS, QueueError, Received

__all__ = ["SqliteQueue"]

SCHEMA = """
CREATE TABLE IF NOT EXISTS jobs (
    id TEXT PRIMARY KEY, body TEXT NOT NULL, visible_at REAL NOT NULL, deliveries INTEGER NOT NULL DEFAULT 0
) STRICT;
"""
TAKE = """
UPDATE jobs SET visible_at = ?1, deliveries = deliveries + 1 WHERE id IN (
    SELECT id FROM jobs WHERE visible_at <= ?2 AND deliveries < ?3 ORDER BY rowid LIMIT ?4
) RETURNING id, body
"""
BUSY_SECONDS = 5.0


class SqliteQueue:
    """`JobQueue` in one file. A job that is waiting already is not added twice.

    Jobs are a convenience, not a record: losing the last ones in a power cut costs a request its better sentence once,
    so that the file is not flushed at every commit.
    """

    def __init__(self, path: Path, *, clock: Callable[[], float] = time.time) -> None:
        self._path = path
        self._clock = clock
        self._lock = threading.Lock()
        with self._answering():
            self._connection = sqlite3.connect(
                path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
            )
            self._connection.execute("PRAGMA journal_mode=WAL")
            self._connection.execute("PRAGMA synchronous=NORMAL")
            self._connection.executescript(SCHEMA)

    @contextmanager
    def _answering(self) -> Iterator[None]:
        with self._lock:
            try:
                yield
            except sqlite3.Error as error:
                raise QueueError(f"{self._path}: {error}") from error

    def send(self, bodies: Sequence[str]) -> None:
        rows = [(hashlib.sha256(body.encode()).hexdigest(), body, self._clock()) for body in bodies]
        with self._answering():
            self._connection.executemany("INSERT OR IGNORE INTO jobs (id, body, visible_at) VALUES (?, ?, ?)", rows)

    def receive(self, limit: int = 10) -> list[Received]:
        now = self._clock()
        with self._answering():
            taken = self._connection.execute(TAKE, (now + VISIBILITY_SECONDS, now, MAX_DELIVERIES, limit)).fetchall()
        return [Received(body, job_id) for job_id, body in taken]

    def done(self, received: Sequence[Received]) -> None:
        with self._answering():
            self._connection.executemany("DELETE FROM jobs WHERE id = ?", [(one.receipt,) for one in received])

    def close(self) -> None:
        with self._lock:
            self._connection.close()
