"""Rows of Parquet files, a batch at a time, in an order that is the same every time."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from understudy.errors import UserError

__all__ = ["Row", "Source"]

BATCH_ROWS = 1000


@dataclass(frozen=True)
class Row:
    """One row: where it stands (``number`` counts from 1 in its file), and its values as Python objects."""

    file: str
    number: int
    values: dict[str, Any]


class Source:
    """A Parquet file, or a folder of them (read in the order of their names).

    Raises:
        UserError: there is nothing to read, or a file is not Parquet.
    """

    def __init__(self, path: Path) -> None:
        self.files = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
        if not self.files or not all(file.is_file() for file in self.files):
            raise UserError(
                "there is no Parquet file", where=str(path), fix="Name a .parquet file or a folder of them."
            )
        try:
            opened = [pq.ParquetFile(file) for file in self.files]
        except (OSError, pa.ArrowException) as error:
            fix = "Write the file again; it may have been cut off."
            raise UserError(f"not a Parquet file: {error}", where=str(path), fix=fix) from None
        self.rows = sum(file.metadata.num_rows for file in opened)
        self.columns = set(opened[0].schema_arrow.names)
        for file, other in zip(self.files, opened, strict=True):
            if set(other.schema_arrow.names) != self.columns:
                raise UserError("the files have different columns", where=str(file), fix="Write them alike.")

    def fingerprint(self) -> str:
        """sha256 over names, sizes and footers: another content is another source."""
        digest = hashlib.sha256()
        for file in self.files:
            size = file.stat().st_size
            with file.open("rb") as stream:
                stream.seek(max(0, size - 65536))
                digest.update(f"{file.name}\0{size}\0".encode() + stream.read())
        return digest.hexdigest()

    def column(self, *names: str) -> pa.Table:
        """Whole columns of all files."""
        return pa.concat_tables([pq.read_table(file, columns=list(names)) for file in self.files])

    def batches(self, start: int) -> Iterator[list[Row]]:
        """Rows from position ``start`` on, counted over all files.

        Raises:
            UserError: a file cannot be read to its end.
        """
        position = 0
        for path in self.files:
            file = pq.ParquetFile(path)
            if position + file.metadata.num_rows <= start:
                position += file.metadata.num_rows
                continue
            try:
                yield from self._of_file(file, path.name, max(0, start - position))
            except (OSError, pa.ArrowException) as error:
                raise UserError(f"the file cannot be read: {error}", where=str(path), fix="Write it again.") from None
            position += file.metadata.num_rows

    @staticmethod
    def _of_file(file: pq.ParquetFile, name: str, skip: int) -> Iterator[list[Row]]:
        number = 0
        for batch in file.iter_batches(batch_size=BATCH_ROWS):
            first, number = number, number + batch.num_rows
            if number <= skip:
                continue
            cut = max(0, skip - first)
            rows = batch.slice(cut).to_pylist()
            yield [Row(name, first + cut + place, values) for place, values in enumerate(rows, start=1)]
