"""A table on disk that is too large for one file: a folder of Parquet parts, each written in one rename."""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from understudy.errors import UserError

__all__ = ["clear_scratch", "part_files", "part_path", "write_part"]


def part_path(folder: Path, index: int) -> Path:
    """``<folder>/part-00017.parquet``."""
    return folder / f"part-{index:05d}.parquet"


def write_part(table: pa.Table, path: Path) -> None:
    """Write ``path`` so that it is there whole or not at all, whenever the process dies.

    The scratch name is the process's own and does not end in ``.parquet``: no reader and no other writer meets it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    pq.write_table(table, scratch, compression="zstd", compression_level=1)
    with scratch.open("rb") as file:
        os.fsync(file.fileno())
    scratch.replace(path)


def clear_scratch(folders: Sequence[Path]) -> None:
    """Remove what killed writers left behind."""
    for scratch in (file for folder in folders for file in folder.glob(".part-*")):
        scratch.unlink(missing_ok=True)


def part_files(folder: Path) -> list[Path]:
    """The parts of a table in order.

    Raises:
        UserError: there is none, or one between the first and the last is missing.
    """
    files = sorted(folder.glob("part-*.parquet"))
    expected = [part_path(folder, index) for index in range(max(1, len(files)))]
    missing = [path for path in expected if path not in files]
    if missing:
        fix = "Generate the bank again into the same folder (only what is missing is made), or put the file back."
        raise UserError("a part of the table is missing", where=str(missing[0]), fix=fix)
    return files
