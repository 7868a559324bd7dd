"""Connections to DuckDB."""

from __future__ import annotations

import duckdb

__all__ = ["connect"]


def connect() -> duckdb.DuckDBPyConnection:
    """An empty database in memory that prints nothing: progress is shown by stage, and a log wants no bars."""
    con = duckdb.connect()
    con.execute("SET enable_progress_bar = false")
    return con
