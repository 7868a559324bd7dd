"""The embedded store: one SQLite file in WAL mode, one module per capability."""

from __future__ import annotations

from pathlib import Path

from understudy.stores.sqlite import customers, trail
from understudy.stores.sqlite.customers import SqliteCustomers
from understudy.stores.sqlite.trail import SqliteTrail

__all__ = ["SqliteStore"]


class SqliteStore(SqliteCustomers, SqliteTrail):
    """`ServingStore` in one file. Open it after forking, not before: SQLite connections do not survive a fork."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open ``path``, creating file and tables unless ``read_only``.

        Raises:
            StoreError: the file is missing (read only), is not a database, or cannot be created.
        """
        super().__init__(path, customers.SCHEMA + trail.SCHEMA, read_only=read_only)
