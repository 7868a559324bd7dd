"""Give the text columns of a delimited file their types, and name the first cell that does not fit."""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from teacher.datasets.csv_source import ROW
from teacher.datasets.sql import quote

__all__ = ["BadCell", "cast_text_columns", "first_bad_number"]

BadCell = tuple[str, int, str]  # column, @row, text


def first_bad_number(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> BadCell | None:
    """The first cell, by row, of ``columns`` that is neither missing nor a finite number."""
    best: BadCell | None = None
    for column, row in _first_bad_rows(con, table, columns):
        if best is None or row < best[1]:
            best = (column, row, "")
    if best is None:
        return None
    text = con.execute(
        f"SELECT {quote(best[0])}::VARCHAR FROM {quote(table)} WHERE {quote(ROW)} = ?", [best[1]]
    ).fetchall()[0][0]
    return best[0], best[1], str(text)


def _first_bad_rows(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> list[tuple[str, int]]:
    if not columns:
        return []
    firsts = ", ".join(f"min({quote(ROW)}) FILTER ({_not_finite(quote(column))})" for column in columns)
    found = con.execute(f"SELECT {firsts} FROM {quote(table)}").fetchall()[0]
    return [(column, int(row)) for column, row in zip(columns, found, strict=True) if row is not None]


def _not_finite(cell: str) -> str:
    return f"{cell} IS NOT NULL AND NOT coalesce(isfinite(TRY_CAST({cell} AS DOUBLE)), false)"


def cast_text_columns(
    con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str], numeric: set[str], text: set[str]
) -> None:
    """Replace ``table`` by one whose ``numeric`` columns are DOUBLE, whose ``text`` columns stay VARCHAR, and whose
    other columns become BIGINT or DOUBLE if every cell is such a number, else stay VARCHAR."""
    others = [column for column in columns if column not in numeric and column not in text]
    types = dict.fromkeys(numeric, "DOUBLE") | _inferred(con, table, others)
    cells = ", ".join(
        f"CAST({quote(column)} AS {types[column]}) AS {quote(column)}" if column in types else quote(column)
        for column in columns
    )
    con.execute(f"CREATE OR REPLACE TABLE {quote(table)} AS SELECT {quote(ROW)}, {cells} FROM {quote(table)}")


def _inferred(con: duckdb.DuckDBPyConnection, table: str, columns: Sequence[str]) -> dict[str, str]:
    types: dict[str, str] = {}
    if not columns:
        return types
    # A leading zero is part of a code (a postcode, an account number), not of a number: '007' is not 7.
    tests = ", ".join(
        f"count({c}), bool_and(coalesce(TRY_CAST({c} AS BIGINT)::VARCHAR = {c}, {c} IS NULL)), "
        f"bool_and(coalesce(isfinite(TRY_CAST({c} AS DOUBLE)), {c} IS NULL) AND "
        f"NOT coalesce(length({c}) > 1 AND {c}[1] = '0' AND {c}[2] BETWEEN '0' AND '9', false))"
        for c in map(quote, columns)
    )
    found = con.execute(f"SELECT {tests} FROM {quote(table)}").fetchall()[0]
    for index, column in enumerate(columns):
        filled, integers, numbers = found[3 * index : 3 * index + 3]
        if filled and integers:
            types[column] = "BIGINT"
        elif filled and numbers:
            types[column] = "DOUBLE"
    return types
