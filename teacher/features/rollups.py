"""Monthly aggregates of a stream, one file per partition and month: a new month leaves the files of the old ones alone.

A window of so many months is the sum (or the extreme) of its monthly aggregates. Months are counted from the cutoff:
for a cutoff on the first of a month they are calendar months, for one on the 15th they run from 15th to 15th.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from teacher.features.context import KEY, TIME
from teacher.features.demand import Aggregate, Demand
from teacher.features.partitions import scan
from teacher.features.text import literal, months_before, quote
from understudy.atomic import canonical_json, write_bytes

__all__ = ["Rollups", "periods_of"]

Period = tuple[dt.date, dt.date]


def periods_of(cutoffs: Sequence[dt.date], months: int) -> list[Period]:
    """(start, end) of every month that the windows of the cutoffs are made of, in order."""
    found = {
        (months_before(cutoff, back), months_before(cutoff, back - 1))
        for cutoff in cutoffs
        for back in range(1, months + 1)
    }
    return sorted(found)


@dataclass(frozen=True)
class Rollups:
    """The monthly aggregates of one stream in one partition, kept in ``folder``.

    Each file stands beside the count and the checksum of the events that it was made of; where they still hold, the
    file is not touched. Late or corrected events change the checksum, and that month alone is made again.
    """

    con: duckdb.DuckDBPyConnection
    source: str
    folder: Path
    aggregates: dict[str, list[Aggregate]]
    """Categorical column ("": none) -> what is aggregated by its values."""

    @staticmethod
    def of(con: duckdb.DuckDBPyConnection, source: str, folder: Path, demand: Demand) -> Rollups:
        wanted = demand.aggregates[source]
        return Rollups(con, source, folder, {by: sorted(wanted[by]) for by in sorted(wanted)})

    @property
    def _all(self) -> list[Aggregate]:
        return sorted({aggregate for aggregates in self.aggregates.values() for aggregate in aggregates})

    def update(self, periods: Sequence[Period], files: Mapping[str, Sequence[int]]) -> None:
        """Make every period's file that is missing or whose events changed.

        Args:
            periods: the months wanted.
            files: name -> (size, time of change) of the source's files: while these are the same, no event is read.
        """
        known = {period: _note(self._path(period)) for period in periods}
        identity = {name: list(values) for name, values in files.items()}
        stale = [p for p, note in known.items() if note is None or note["files"] != identity]
        if not stale:
            return
        events = self._events(stale)
        wrong = [p for p in stale if (note := known[p]) is None or note["events"] != events[p]]
        if wrong:
            self._make(wrong)
        for period in stale:
            note = {"events": events[period], "files": identity}
            write_bytes(self._path(period).with_suffix(".json"), canonical_json(note))

    def load(self, table: str, periods: Sequence[Period]) -> None:
        """Put the periods' aggregates into the temporary table ``table``."""
        files = [self._path(period) for period in periods]
        self.con.execute(f"CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM {scan(files)}")

    def _path(self, period: Period) -> Path:
        return self.folder / f"{period[0]}_{period[1]}.parquet"

    def _events(self, periods: Sequence[Period]) -> dict[Period, list[str]]:
        """Number of events and the sum of their hashes, per period."""
        columns = [KEY, TIME, *(quote(by) for by in self.aggregates if by)]
        columns += sorted({quote(a.value) for a in self._all if a.value})
        columns += sorted({f"({a.where})" for a in self._all if a.where})
        rows = self.con.execute(
            f"SELECT p, count(*), sum(CAST(hash({', '.join(columns)}) AS HUGEINT)) FROM {self._placed(periods)} "
            "GROUP BY p"
        ).fetchall()
        counted = {int(p): [str(count), str(total)] for p, count, total in rows}
        return {period: counted.get(index, ["0", "0"]) for index, period in enumerate(periods)}

    def _placed(self, periods: Sequence[Period]) -> str:
        """The events of the periods, none of which may overlap, with the period's place ``p``."""
        arms = " ".join(
            f"WHEN {TIME} >= {literal(start)} AND {TIME} < {literal(end)} THEN {index}"
            for index, (start, end) in enumerate(periods)
        )
        low, high = min(start for start, _ in periods), max(end for _, end in periods)
        inside = f"{TIME} >= {literal(low)} AND {TIME} < {literal(high)}"
        return f"(SELECT *, CASE {arms} END AS p FROM {quote(self.source)} WHERE {inside}) WHERE p IS NOT NULL"

    def _make(self, periods: Sequence[Period]) -> None:
        self.folder.mkdir(parents=True, exist_ok=True)
        parts = " UNION ALL BY NAME ".join(f"({self._by(by, periods)})" for by in self.aggregates)
        self.con.execute(f'CREATE OR REPLACE TEMP TABLE "@made" AS {parts}')
        for index, period in enumerate(periods):
            path = self._path(period)
            scratch = path.with_name(f".{path.name}")
            self.con.execute(
                f'COPY (SELECT {literal(period[0])} AS "@period", * EXCLUDE (p) FROM "@made" WHERE p = {index} '
                f'ORDER BY "@column", {KEY}, "@value") TO {literal(str(scratch))} (FORMAT parquet, COMPRESSION zstd)'
            )
            scratch.replace(path)
        self.con.execute('DROP TABLE "@made"')

    def _by(self, by: str, periods: Sequence[Period]) -> str:
        value = f"CAST({quote(by)} AS VARCHAR)" if by else "CAST(NULL AS VARCHAR)"
        cells = ", ".join(f"{_aggregate(a)} AS {quote(a.column)}" for a in self.aggregates[by])
        return (
            f'SELECT p, {KEY}, {literal(by)} AS "@column", {value} AS "@value", {cells} '
            f"FROM {self._placed(periods)} GROUP BY ALL"
        )


def _aggregate(a: Aggregate) -> str:
    condition = f" FILTER ({a.where})" if a.where else ""
    if a.function == "n":
        return f"count(*){condition}"
    if a.function == "days":
        return f"count(DISTINCT CAST({TIME} AS DATE)){condition}"
    if a.function == "last":
        return f"max({TIME}){condition}"
    # Whole won add up exactly in a double up to 2^53.
    return f"CAST({a.function}({quote(a.value)}){condition} AS DOUBLE)"


def _note(path: Path) -> dict[str, object] | None:
    try:
        note: dict[str, object] = json.loads(path.with_suffix(".json").read_bytes())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return note if path.exists() else None
