"""From a URL to a store."""

from __future__ import annotations

import re
from pathlib import Path

from understudy.errors import UserError
from understudy.stores.protocol import ServingStore

__all__ = ["open_store"]


def open_store(url: str, *, read_only: bool = False) -> ServingStore:
    """Open ``sqlite:///absolute/path.sqlite`` or ``dynamodb://table-prefix``.

    Args:
        url: Where the store is.
        read_only: Never create or change anything (SQLite: a missing file is an error). DynamoDB leaves that to IAM.

    Raises:
        UserError: the URL names neither.
        StoreError: the database cannot be opened.
    """
    if url.startswith("sqlite:///"):
        from understudy.stores.sqlite import SqliteStore

        return SqliteStore(Path(url.removeprefix("sqlite://")), read_only=read_only)
    match = re.fullmatch(r"dynamodb://([A-Za-z0-9_.-]{3,200})", url)
    if match:
        from understudy.stores.dynamodb import DynamoStore

        return DynamoStore(match[1])
    raise UserError(
        "not a store", where=repr(url), fix="Use sqlite:///absolute/path.sqlite or dynamodb://table-prefix."
    )
