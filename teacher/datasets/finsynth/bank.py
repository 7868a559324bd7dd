"""Write the generated bank to Parquet, partition by partition: resumable, and the same bytes for the same seed."""

from __future__ import annotations

from pathlib import Path
from typing import Final

import numpy as np

from teacher.datasets.finsynth.base_table import base_rows
from teacher.datasets.finsynth.config import FinsynthConfig
from teacher.datasets.finsynth.event_tables import event_tables
from teacher.datasets.finsynth.merchants import tree_table
from teacher.datasets.finsynth.products import product_table
from teacher.datasets.finsynth.simulate import simulate
from teacher.datasets.finsynth.streams import Streams
from teacher.datasets.finsynth.workers import default_workers, run_jobs
from teacher.datasets.parquet_parts import clear_scratch, part_path, write_part
from understudy.atomic import canonical_json, write_bytes
from understudy.errors import UserError
from understudy.progress import Progress

__all__ = ["TABLES", "generate"]

EVENT_TABLES: Final = (
    "customers", "holdings", "transactions", "monthly", "dekads", "indices", "payroll_moves", "base",
)  # fmt: skip
TABLES: Final = (*EVENT_TABLES, "products", "tree")
_MIN_CUSTOMERS: Final = 100
# Peak memory of one partition, measured: a part that does not depend on its size, and so much per customer.
_FIXED_MEGABYTES: Final = 300.0
_MEGABYTES_PER_CUSTOMER: Final = 0.025


def generate(
    out: Path,
    *,
    customers: int,
    seed: int,
    progress: Progress,
    config: FinsynthConfig | None = None,
    workers: int | None = None,
) -> dict[str, Path]:
    """Generate the bank into ``out``, one folder of Parquet parts per table: ``transactions/part-00017.parquet``.

    Part *i* holds partition *i* of the customers. Partitions draw from their own random streams, so their bytes
    depend neither on how many there are nor on the number of ``workers``. A file is written in one rename; a run that
    was killed goes on with the partitions that lack a file.

    Args:
        workers: processes (default: one per usable core, fewer where memory is short).

    Returns:
        Table name -> folder of its parts.

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
    folders = {table: out / table for table in TABLES}
    _claim(out, {"customers": customers, "seed": seed, "config": _settings(config)})
    clear_scratch(list(folders.values()))
    partitions = -(-customers // config.partition)
    jobs = [(out, i, customers, seed, config) for i in range(partitions) if not _is_done(out, i)]
    if workers is None:
        workers = default_workers(_FIXED_MEGABYTES + _MEGABYTES_PER_CUSTOMER * config.partition)
    with progress.task(f"Generate {customers:,} customers", partitions) as advance:
        if len(jobs) < partitions:
            advance(partitions - len(jobs), note="(kept)")
        for _ in run_jobs(_write_partition, jobs, workers):
            advance()
    for name, table in (("products", product_table()), ("tree", tree_table())):
        if not part_path(folders[name], 0).exists():
            write_part(table, part_path(folders[name], 0))
    return folders


_Job = tuple[Path, int, int, int, FinsynthConfig]


def _settings(config: FinsynthConfig) -> dict[str, object]:
    return {**config.model_dump(mode="json"), "signals": sorted(config.signals)}


def _claim(out: Path, settings: dict[str, object]) -> None:
    """Note the settings in ``out``, or find the same there."""
    note, said = out / "settings.json", canonical_json(settings)
    if not note.exists():
        write_bytes(note, said)
    elif note.read_bytes() != said:
        raise UserError("holds a bank of other settings", where=str(out), fix="Choose another folder, or remove it.")


def _is_done(out: Path, index: int) -> bool:
    return all(part_path(out / table, index).exists() for table in EVENT_TABLES)


def _write_partition(job: _Job) -> None:
    out, index, customers, seed, config = job
    first = index * config.partition
    streams = Streams(seed, index)
    partition = simulate(first, min(config.partition, customers - first), streams, config)
    for name, table in event_tables(partition):
        write_part(table, part_path(out / name, index))
    order = streams("row order").permutation(2 * len(partition.people.age)).astype(np.int64)
    write_part(base_rows(partition, order), part_path(out / "base", index))
