"""Write the generated bank to Parquet, partition by partition: resumable, and the same bytes for the same seed."""

from __future__ import annotations

import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from multiprocessing import get_context
from pathlib import Path
from typing import Final

import pyarrow as pa
import pyarrow.parquet as pq

from teacher.datasets.finsynth.base_table import base_rows
from teacher.datasets.finsynth.config import FinsynthConfig
from teacher.datasets.finsynth.event_tables import event_tables
from teacher.datasets.finsynth.merchants import tree_table
from teacher.datasets.finsynth.simulate import simulate
from teacher.datasets.finsynth.streams import Streams
from understudy.atomic import atomic_directory, canonical_json, write_bytes
from understudy.errors import UserError
from understudy.progress import Progress

__all__ = ["TABLES", "generate"]

TABLES: Final = ("customers", "holdings", "transactions", "monthly", "dekads", "payroll_moves", "base", "tree")
_MIN_CUSTOMERS: Final = 100


def generate(
    out: Path,
    *,
    customers: int,
    seed: int,
    progress: Progress,
    config: FinsynthConfig | None = None,
    workers: int = 1,
) -> dict[str, Path]:
    """Generate the bank into ``out``, one Parquet file per table.

    Each partition is written to ``out/parts`` first, in one rename; a run that was killed skips the partitions that
    are there. Partitions draw from their own random streams, so their bytes depend neither on how many there are nor
    on the number of ``workers`` (processes).

    Returns:
        Table name -> Parquet file.

    Raises:
        UserError: fewer than 100 customers, or ``out`` holds a bank of other settings.
    """
    config = config or FinsynthConfig()
    if customers < _MIN_CUSTOMERS:
        raise UserError(
            f"{customers} customers are too few to generate",
            where="customers",
            fix=f"Ask for {_MIN_CUSTOMERS} or more.",
        )
    paths = {table: out / f"{table}.parquet" for table in TABLES}
    settings = {"customers": customers, "seed": seed, "config": _settings(config)}
    if _claim(out, settings) and all(path.exists() for path in paths.values()):
        return paths
    jobs = [(out / "parts", index, customers, seed, config) for index in range(-(-customers // config.partition))]
    with progress.task(f"Generate {customers:,} customers", len(jobs)) as advance:
        for _ in _run(jobs, workers):
            advance()
    for table, path in paths.items():
        _join([out / "parts" / f"{index:05d}" / path.name for index in range(len(jobs))], path, table)
    shutil.rmtree(out / "parts")
    return paths


_Job = tuple[Path, int, int, int, FinsynthConfig]


def _settings(config: FinsynthConfig) -> dict[str, object]:
    return {**config.model_dump(mode="json"), "signals": sorted(config.signals)}


def _claim(out: Path, settings: dict[str, object]) -> bool:
    """Note the settings in ``out``; True if they were there already."""
    note, said = out / "settings.json", canonical_json(settings)
    if not note.exists():
        write_bytes(note, said)
        return False
    if note.read_bytes() != said:
        raise UserError("holds a bank of other settings", where=str(out), fix="Choose another folder, or remove it.")
    return True


def _run(jobs: list[_Job], workers: int) -> Iterator[None]:
    if workers <= 1 or len(jobs) == 1:
        yield from map(_write_partition, jobs)
        return
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=get_context("spawn")) as pool:
        yield from pool.map(_write_partition, jobs)


def _write_partition(job: _Job) -> None:
    parts, index, customers, seed, config = job
    folder = parts / f"{index:05d}"
    if folder.exists():
        return
    first = index * config.partition
    streams = Streams(seed, index)
    partition = simulate(first, min(config.partition, customers - first), streams, config)
    order = streams("row order").permutation(2 * len(partition.people.age))
    with atomic_directory(folder) as scratch:
        for name, table in event_tables(partition).items():
            _write(table, scratch / f"{name}.parquet")
        _write(base_rows(partition, order), scratch / "base.parquet")


def _write(table: pa.Table, path: Path) -> None:
    with _writer(path, table.schema) as writer:
        writer.write_table(table)


def _writer(path: Path, schema: pa.Schema) -> pq.ParquetWriter:
    return pq.ParquetWriter(path, schema, compression="zstd", compression_level=1, write_statistics=True)


def _join(parts: Iterable[Path], path: Path, table: str) -> None:
    """Put the partitions of a table into one file, in order (a single partition is moved as it is)."""
    if path.exists():
        return
    if table == "tree":
        _write(tree_table(), path)
        return
    files = list(parts)
    if len(files) == 1:
        files[0].replace(path)
        return
    scratch = path.with_suffix(".joining")
    with ExitStack() as stack:
        writer = stack.enter_context(_writer(scratch, pq.read_schema(files[0])))
        for file in files:
            for batch in pq.ParquetFile(file).iter_batches(batch_size=1 << 20):
                writer.write_batch(batch)
    scratch.replace(path)
