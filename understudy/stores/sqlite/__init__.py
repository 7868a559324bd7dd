"""The embedded store: one SQLite file in WAL mode, one module per capability."""

from __future__ import annotations

from pathlib import Path

from understudy.stores.customers import CustomerDocuments
from understudy.stores.sqlite import documents, ledger, sentences, trail
from understudy.stores.sqlite.documents import SqliteDocuments
from understudy.stores.sqlite.ledger import SqliteLedger
from understudy.stores.sqlite.sentences import SqliteSentences
from understudy.stores.sqlite.trail import SqliteTrail

__all__ = ["SqliteStore"]


class SqliteStore(SqliteTrail, SqliteSentences, SqliteLedger, SqliteDocuments, CustomerDocuments):
    """`ServingStore` in one file. Open it after forking, not before: SQLite connections do not survive a fork."""

    def __init__(self, path: Path, *, read_only: bool = False) -> None:
        """Open ``path``, creating file and tables unless ``read_only``.

        Raises:
            StoreError: the file is missing (read only), is not a database, or cannot be created.
        """
        super().__init__(path, documents.SCHEMA + trail.SCHEMA + sentences.SCHEMA + ledger.SCHEMA, read_only=read_only)
