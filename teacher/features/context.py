"""One cutoff of one partition: the relations from which all recipes read, none of which holds a later event."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field

import duckdb

from teacher.features.text import literal, months_before, quote
from understudy.contracts.recipes import Trees

__all__ = ["KEY", "ROWS", "TIME", "Context", "Query"]

KEY, TIME, ROWS = '"@key"', '"@time"', '"@rows"'


@dataclass(frozen=True)
class Query:
    """``sql`` gives ``@key`` and the columns named in ``fill``, at most one row per key; ``fill`` is the SQL literal
    that stands for a customer without a row."""

    sql: str
    fill: dict[str, str]


@dataclass
class Context:
    """What a recipe may read.

    ``as_of`` are views of the sources cut off strictly before ``cutoff``; ``rollups`` tables of the monthly aggregates;
    ``series`` tables of lists, oldest step first, NULL where a step is absent.
    """

    con: duckdb.DuckDBPyConnection
    cutoff: dt.date
    trees: Trees
    rollups: dict[str, str] = field(default_factory=dict)
    series_tables: dict[tuple[str, str], tuple[str, int]] = field(default_factory=dict)

    def as_of(self, source: str) -> str:
        """The source's rows before the cutoff (all rows of an undated source), with ``@key`` and ``@time``."""
        return quote(f"{source}@asof")

    def window(self, source: str, months: int, skip: int, column: str = "") -> str:
        """Rollup rows of the ``months`` before the cutoff but the last ``skip``, broken down by ``column`` ("":
        not)."""
        start, end = months_before(self.cutoff, months), months_before(self.cutoff, skip)
        return (
            f'(SELECT * FROM {self.rollups[source]} WHERE "@column" = {literal(column)} '
            f'AND "@period" >= {literal(start)} AND "@period" < {literal(end)})'
        )

    def series(self, source: str, step: str, column: str, length: int, missing: str) -> tuple[str, str]:
        """(table, SQL of the last ``length`` steps of ``column`` as a DOUBLE list, oldest first)."""
        table, whole = self.series_tables[source, step]
        cells = quote(column) if length == whole else f"{quote(column)}[{whole - length + 1}:{whole}]"
        return table, f"list_transform({cells}, lambda v: coalesce(v, 0))" if missing == "zero" else cells
