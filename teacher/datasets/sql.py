"""The SQL that a spec may hold: one expression or one SELECT, over the tables of its own sources."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import duckdb

from understudy.errors import UserError

__all__ = ["check_expression", "columns_read", "quote", "select_only"]

_FIX = (
    "Write one DuckDB SQL expression over the columns; put names with other than letters and digits in double quotes."
)


def quote(name: str) -> str:
    """Quote an identifier."""
    return '"' + name.replace('"', '""') + '"'


def check_expression(sql: str, field: str) -> None:
    """Refuse what is not one expression (so that ``1); DROP TABLE x; --`` never runs).

    Raises:
        UserError: naming ``field``.
    """
    _tree(f"SELECT ({sql}\n)", field, sql)


def select_only(sql: str, field: str) -> str:
    """Return ``sql`` without its last semicolon if it is one SELECT statement.

    Raises:
        UserError: it does not parse, or is another kind of statement, or more than one.
    """
    body = sql.strip().rstrip(";")
    _tree(body, field, body)
    return body


def columns_read(sql: str, field: str, columns: list[str]) -> set[str]:
    """Columns (spelled as in ``columns``) that the expression reads; other identifiers are left out.

    SQL identifiers ignore case, so the match does too.
    """
    by_lower = {column.lower(): column for column in columns}
    found = {node["column_names"][-1].lower() for node in _nodes(_tree(f"SELECT ({sql}\n)", field, sql), "COLUMN_REF")}
    return {by_lower[name] for name in found if name in by_lower}


def _tree(statement: str, field: str, shown: str) -> Any:
    text = duckdb.execute("SELECT json_serialize_sql(?::VARCHAR)", [statement]).fetchall()[0][0]
    tree = json.loads(text)
    if tree.get("error") or len(tree.get("statements", [])) != 1:
        message = tree.get("error_message") or "more than one statement"
        raise UserError(f"bad SQL {_short(shown)}: {message}", where=field, fix=_FIX)
    return tree


def _short(sql: str) -> str:
    line = " ".join(sql.split())
    return repr(line if len(line) <= 80 else line[:77] + "...")


def _nodes(tree: Any, kind: str) -> Iterator[dict[str, Any]]:
    if isinstance(tree, dict):
        if tree.get("class") == kind:
            yield tree
        for value in tree.values():
            yield from _nodes(value, kind)
    elif isinstance(tree, list):
        for value in tree:
            yield from _nodes(value, kind)
