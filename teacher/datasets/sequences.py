"""Read the sequence of every row: the last steps before its cutoff, oldest first, left-padded."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import duckdb
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from teacher.datasets.base_table import KEY, floats
from teacher.datasets.sources import Tables
from teacher.datasets.sql import quote
from understudy.contracts.spec import DatasetSpec, DistributionSpec, SequenceSpec
from understudy.errors import UserError

__all__ = ["ReadSequence", "read_distribution", "read_sequence"]


@dataclass(frozen=True)
class ReadSequence:
    """``values`` float32 ``[rows, length, channels]`` and ``mask`` bool ``[rows, length]``.

    ``last_step`` ``[rows]`` is the time of the newest step read (NaT: none; None without a time split), so that the
    leakage gate can see for itself that no step is at or after the cutoff. ``withheld_steps`` counts those left out.
    """

    values: NDArray[np.float32]
    mask: NDArray[np.bool_]
    last_step: NDArray[np.datetime64] | None
    missing_values: int
    withheld_steps: int


def read_sequence(spec: DatasetSpec, sequence: SequenceSpec, tables: Tables, rows: NDArray[np.int64]) -> ReadSequence:
    """Read one sequence for the base rows with the ids ``rows``, in that order. A missing channel value becomes 0.

    Raises:
        UserError: two steps with one key and time, a channel that is not a number, a time that cannot be compared
            with the cutoff.
    """
    where = f"sequence {sequence.name!r}"
    timed = spec.split.time is not None
    tables.con.register("@kept", pa.table({"@row_id": rows, "@position": np.arange(len(rows))}))
    try:
        _refuse_repeated_steps(sequence, tables, where)
        found = tables.con.sql(_steps_sql(sequence, timed)).to_arrow_table()
        withheld = tables.con.execute(_withheld_sql(sequence)).fetchall()[0][0] if timed else 0
    except duckdb.Error as error:
        said = str(error).strip().splitlines()[0]
        raise UserError(f"cannot be read: {said}", where=where, fix="Check time and channels of the source.") from None
    finally:
        tables.con.unregister("@kept")
    return _fill(sequence, found, len(rows), timed, int(withheld), where)


def _step_time(sequence: SequenceSpec) -> str:
    return f"CAST(s.{quote(sequence.time)} AS TIMESTAMP)"


def _joined(sequence: SequenceSpec) -> str:
    return (
        f'FROM "@kept" k JOIN "@base" b ON b."@row_id" = k."@row_id" '
        f"JOIN {quote(sequence.source)} s ON CAST(s.{quote(sequence.key)} AS VARCHAR) = b.{KEY}"
    )


def _steps_sql(sequence: SequenceSpec, timed: bool) -> str:
    time = _step_time(sequence) if timed else f"s.{quote(sequence.time)}"
    before = f'WHERE {time} < CAST(b."@cutoff" AS TIMESTAMP)' if timed else ""
    channels = ", ".join(
        f"CAST(s.{quote(channel)} AS DOUBLE) AS {quote(str(i))}" for i, channel in enumerate(sequence.channels)
    )
    return (
        f'SELECT k."@position" AS position, {time} AS step, '
        f'row_number() OVER (PARTITION BY k."@position" ORDER BY {time} DESC) AS back, {channels} '
        f"{_joined(sequence)} {before} QUALIFY back <= {sequence.length} ORDER BY position, back"
    )


def _withheld_sql(sequence: SequenceSpec) -> str:
    return f'SELECT count(*) {_joined(sequence)} WHERE {_step_time(sequence)} >= CAST(b."@cutoff" AS TIMESTAMP)'


def _refuse_repeated_steps(sequence: SequenceSpec, tables: Tables, where: str) -> None:
    key, time = quote(sequence.key), quote(sequence.time)
    bad = tables.con.execute(
        f"SELECT {key}::VARCHAR, {time}::VARCHAR, count(*) FROM {quote(sequence.source)} "
        f"GROUP BY ALL HAVING count(*) > 1 OR {time}::VARCHAR IS NULL ORDER BY ALL LIMIT 1"
    ).fetchall()
    if not bad:
        return
    key_value, time_value, count = bad[0]
    if time_value is None:
        what = f"the key {key_value!r} has a step without a time"
    else:
        what = f"the key {key_value!r} has {count} steps at {time_value!r}"
    fix = "Aggregate to one step per key and time in a SQL view."
    raise UserError(what, where=f"{where}, source {sequence.source!r}", fix=fix)


def _fill(sequence: SequenceSpec, found: pa.Table, rows: int, timed: bool, withheld: int, where: str) -> ReadSequence:
    position: NDArray[Any] = found.column("position").to_numpy()
    slot = sequence.length - found.column("back").to_numpy()
    values = np.zeros((rows, sequence.length, len(sequence.channels)), dtype=np.float32)
    mask = np.zeros((rows, sequence.length), dtype=np.bool_)
    mask[position, slot] = True
    missing = 0
    for index, channel in enumerate(sequence.channels):
        numbers = floats(found.column(str(index)).combine_chunks())
        if np.isinf(numbers).any():
            raise UserError("an infinite value", where=f"{where}, channel {channel}", fix="Correct the source.")
        missing += int(np.isnan(numbers).sum())
        values[position, slot, index] = np.nan_to_num(numbers, nan=0.0)
    last: NDArray[np.datetime64] | None = None
    if timed:
        last = np.full(rows, np.datetime64("NaT"), dtype="datetime64[us]")
        newest = slot == sequence.length - 1
        last[position[newest]] = found.column("step").to_numpy()[newest].astype("datetime64[us]")
    return ReadSequence(values, mask, last, missing, withheld)


def read_distribution(distribution: DistributionSpec, tables: Tables, rows: NDArray[np.int64]) -> NDArray[np.float32]:
    """Read a histogram per row ``[rows, bins]``, normalised to sum 1; a row of zeros becomes uniform.

    Raises:
        UserError: a negative count.
    """
    columns = ", ".join(f"CAST({quote(column)} AS DOUBLE)" for column in distribution.columns)
    table = tables.con.sql(f'SELECT {columns} FROM "@base" ORDER BY "@row_id"').to_arrow_table()
    counts = np.stack([floats(column.combine_chunks())[rows] for column in table.columns], axis=1)
    counts = np.nan_to_num(counts, nan=0.0)
    if (counts < 0).any():
        column = distribution.columns[int(np.flatnonzero((counts < 0).any(axis=0))[0])]
        where = f"distribution {distribution.name!r}, column {column}"
        raise UserError("a negative count", where=where, fix="A histogram counts; correct the source.")
    counts[counts.sum(axis=1) == 0] = 1.0
    shares: NDArray[np.float32] = (counts / counts.sum(axis=1, keepdims=True)).astype(np.float32)
    return shares
