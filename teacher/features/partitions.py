"""Which Parquet parts hold the same customers, so that each set can be worked through on its own."""

from __future__ import annotations

import re
import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.parquet as pq

from teacher.database import connect
from teacher.features.text import literal, quote
from understudy.errors import UserError

__all__ = ["Partition", "find_partitions", "parquet_files", "scan"]

ROWS_AT_ONCE = 8_000_000
"""Rows of the largest source above which a partition is cut by a hash of the key."""
_PIECE = "understudy_piece"


@dataclass(frozen=True)
class Partition:
    """The customers with keys from ``low`` to below ``high`` (None: no bound), and the files of each source on them.

    The partitions of a run tile all keys: a customer without any event falls into one of them too.
    """

    name: str
    low: Any
    high: Any
    files: dict[str, list[Path]]
    key_type: str

    def holds(self, key: str) -> str:
        """SQL condition on a key column: is the customer in this partition?"""
        bounds = [
            f"{quote(key)} {sign} {_sql(end)}" for sign, end in ((">=", self.low), ("<", self.high)) if end is not None
        ]
        return " AND ".join(bounds) or "true"


def parquet_files(path: Path) -> list[Path]:
    """The file itself, or the Parquet files of a folder and its subfolders in the order of their names.

    Raises:
        UserError: there is none.
    """
    files = sorted(path.rglob("*.parquet")) if path.is_dir() else [path]
    if not files or not all(file.is_file() for file in files):
        raise UserError("no Parquet file", where=str(path), fix="Check the path of the events.")
    return files


def scan(files: Sequence[Path]) -> str:
    """``read_parquet([...])``."""
    return f"read_parquet([{', '.join(literal(str(file)) for file in files)}])"


def find_partitions(sources: Mapping[str, Path], keys: Mapping[str, str], scratch: Path) -> list[Partition]:
    """Put files whose key ranges overlap together; cut what is still too large by a hash of the key.

    Tables written in parts by ranges of customers so fall into one partition per range, whatever their files are
    called; a table in one file, or one part per month, is one partition, which is cut (in one linear pass) if it is
    large.

    Args:
        sources: source -> file or folder.
        keys: source -> its key column.
        scratch: where the pieces of cut tables go.
    """
    spans = [span for name, path in sources.items() for span in _spans(name, parquet_files(path), keys[name])]
    groups = _overlapping(spans)
    lows = [min(span.low for span in group) for group in groups]
    bounds = zip([None, *lows[1:]], [*lows[1:], None], strict=True) if groups else [(None, None)]
    partitions = [_partition(group, *ends) for group, ends in zip(groups or [[]], bounds, strict=True)]
    return [piece for whole in partitions for piece in _cut(whole, keys, scratch)]


@dataclass(frozen=True)
class _Span:
    source: str
    file: Path
    low: Any
    high: Any
    rows: int


def _spans(source: str, files: list[Path], key: str) -> list[_Span]:
    found = []
    for file in files:
        metadata = pq.ParquetFile(file).metadata
        if metadata.num_rows == 0:
            continue
        low, high = _range(file, key, source)
        if low is None:
            raise UserError("every key is missing", where=f"{file}, column {key}", fix="Give each row a key.")
        found.append(_Span(source, file, low, high, metadata.num_rows))
    return found


def _range(file: Path, key: str, source: str) -> tuple[Any, Any]:
    try:
        with connect() as con:
            found = con.execute(f"SELECT min({quote(key)}), max({quote(key)}) FROM {scan([file])}").fetchall()[0]
    except duckdb.Error as error:
        said = str(error).strip().splitlines()[0]
        raise UserError(f"the key cannot be read: {said}", where=f"source {source!r}, {file}") from None
    return found[0], found[1]


def _overlapping(spans: list[_Span]) -> list[list[_Span]]:
    if len({isinstance(span.low, str) for span in spans}) > 1:
        texts = sorted({span.source for span in spans if isinstance(span.low, str)})
        what = f"the key is a text in {', '.join(texts)} and a number elsewhere"
        raise UserError(what, where="sources", fix="Give the key one type in all sources that recipes read.")
    groups: list[list[_Span]] = []
    reach: Any = None
    for span in sorted(spans, key=lambda s: (s.low, s.high, s.source, str(s.file))):
        if groups and span.low <= reach:
            groups[-1].append(span)
            reach = max(reach, span.high)
        else:
            groups.append([span])
            reach = span.high
    return groups


def _partition(spans: list[_Span], low: Any, high: Any) -> Partition:
    files: dict[str, list[Path]] = {}
    for span in sorted(spans, key=lambda s: str(s.file)):
        files.setdefault(span.source, []).append(span.file)
    first = min((span.low for span in spans), default=0)
    return Partition(_name(first), low, high, files, "VARCHAR" if isinstance(first, str) else "BIGINT")


def _name(low: Any) -> str:
    text = f"{low:012d}" if isinstance(low, int) else str(low)
    return "from-" + re.sub(r"[^A-Za-z0-9._-]", "_", text)


def _cut(whole: Partition, keys: Mapping[str, str], scratch: Path) -> list[Partition]:
    largest = max(
        (sum(pq.ParquetFile(file).metadata.num_rows for file in files) for files in whole.files.values()), default=0
    )
    pieces = 1
    while largest > pieces * ROWS_AT_ONCE:
        pieces *= 2
    if pieces == 1:
        return [whole]
    folder = scratch / whole.name
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    with connect() as con:
        con.execute("SET threads = 1")
        for source, files in whole.files.items():
            bucket = _remainder(keys[source], pieces)
            con.execute(
                f"COPY (SELECT *, {bucket} AS {_PIECE} FROM {scan(files)}) TO {literal(str(folder / source))} "
                f"(FORMAT parquet, PARTITION_BY ({_PIECE}))"
            )
    return [_piece(whole, folder, index, pieces) for index in range(pieces)]


def _piece(whole: Partition, folder: Path, index: int, pieces: int) -> Partition:
    files = {source: sorted((folder / source / f"{_PIECE}={index}").glob("*.parquet")) for source in whole.files}
    return Piece(f"{whole.name}-{index}of{pieces}", whole.low, whole.high, files, whole.key_type, index, pieces)


@dataclass(frozen=True)
class Piece(Partition):
    """One part of a cut partition: the keys with one remainder of their hash."""

    index: int = 0
    pieces: int = 1

    def holds(self, key: str) -> str:
        return f"{super().holds(key)} AND {_remainder(key, self.pieces)} = {self.index}"


def _remainder(key: str, pieces: int) -> str:
    # As text: equal numbers of different types have different hashes.
    return f"hash(CAST({quote(key)} AS VARCHAR)) % {pieces}"


def _sql(key: Any) -> str:
    return literal(key) if isinstance(key, str) else str(key)
