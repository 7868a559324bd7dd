"""Build the features of every (customer, cutoff) from event tables: partition by partition, out of core,
incremental."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from multiprocessing import get_context
from pathlib import Path

import duckdb
import pyarrow.parquet as pq

from teacher.database import connect
from teacher.features.context import KEY, ROWS, TIME
from teacher.features.demand import Demand, demand_of
from teacher.features.partitions import Partition, find_partitions, parquet_files, scan
from teacher.features.rollups import Rollups, periods_of
from teacher.features.snapshot import snapshot_sql
from teacher.features.text import literal, quote
from teacher.features.views import cut_views, key_of, open_views
from understudy.atomic import canonical_json, write_bytes
from understudy.contracts.spec import DatasetSpec
from understudy.errors import UserError
from understudy.progress import Progress

__all__ = ["FeatureTable", "Population", "build_features"]


@dataclass(frozen=True)
class Population:
    """Whose features are wanted: Parquet files with a key column and, for cutoffs that differ by row, a cutoff
    column."""

    files: list[Path]
    key: str
    cutoff: str | None = None


@dataclass(frozen=True)
class FeatureTable:
    """Parquet parts with the columns ``@key``, ``@cutoff`` and one per computed column that needs no fit."""

    files: list[Path]
    rows: int


def build_features(
    spec: DatasetSpec,
    sources: Mapping[str, Path],
    out: Path,
    *,
    cutoffs: Sequence[dt.date] | None = None,
    population: Population | None = None,
    progress: Progress,
    workers: int = 1,
    memory_mb: int = 2000,
) -> FeatureTable:
    """Compute all recipes that need no fit, for every customer at every cutoff.

    Partitions of customers are worked through one after the other (``workers`` at a time), so memory is that of one
    partition and time is linear. Parts that are there are kept while the recipes, the code and the events behind them
    are the same; monthly aggregates are kept likewise, so a new month reads and writes its own events only.

    Args:
        sources: source name -> Parquet file or folder of parts; sources that no recipe reads are ignored.
        out: ``<out>/<cutoff>/<partition>.parquet``, with the aggregates in ``<out>/rollups``.
        cutoffs: the same for every customer of the population; default: each row's own, from the population.
        population: default: the rows of the base source.
        workers: processes.
        memory_mb: DuckDB's memory limit per process; what does not fit is spilled to disk.

    Raises:
        UserError: a source is missing or does not hold what a recipe reads; no cutoff is known.
    """
    demand = demand_of(spec)
    missing = sorted(set(demand.columns) - set(sources))
    if missing:
        raise UserError(f"no events are given for {', '.join(missing)}", where="sources", fix="Give their files.")
    people = population or _base_population(spec, sources, cutoffs)
    wanted = {name: sources[name] for name in sorted(demand.columns)}
    keys = {source.name: key_of(spec, source) for source in spec.sources if source.name in wanted}
    days = sorted(set(cutoffs)) if cutoffs is not None else _cutoffs(people)
    partitions = find_partitions(wanted, keys, out / "pieces")
    jobs = [_Job(spec, demand, p, people, days, cutoffs is None, out, memory_mb) for p in partitions]
    files: list[Path] = []
    with progress.task(f"Features of {len(days)} cutoff(s)", len(jobs)) as advance:
        for made in _run(jobs, workers):
            files += made
            advance()
    return FeatureTable(files, sum(pq.ParquetFile(file).metadata.num_rows for file in files))


def _base_population(spec: DatasetSpec, sources: Mapping[str, Path], cutoffs: Sequence[dt.date] | None) -> Population:
    if spec.base not in sources:
        raise UserError(f"no rows are given for {spec.base}", where="sources", fix="Give the base, or a population.")
    time = spec.split.time
    if time is None and cutoffs is None:
        what = "features need a cutoff, and the spec has no split.time"
        raise UserError(what, where="split", fix="Name the column with each row's cutoff.")
    return Population(parquet_files(sources[spec.base]), spec.key, time.column if time and cutoffs is None else None)


def _cutoffs(people: Population) -> list[dt.date]:
    column = quote(people.cutoff or "")
    with connect() as con:
        sql = f"SELECT DISTINCT CAST({column} AS DATE) FROM {scan(people.files)} ORDER BY 1"
        found = con.execute(sql).fetchall()
    return [row[0] for row in found if row[0] is not None]


@dataclass(frozen=True)
class _Job:
    spec: DatasetSpec
    demand: Demand
    partition: Partition
    people: Population
    cutoffs: list[dt.date]
    by_row: bool
    out: Path
    memory_mb: int


def _run(jobs: Sequence[_Job], workers: int) -> Iterator[list[Path]]:
    if workers <= 1 or len(jobs) <= 1:
        yield from map(_partition_files, jobs)
        return
    with ProcessPoolExecutor(min(workers, len(jobs)), mp_context=get_context("spawn")) as pool:
        yield from pool.map(_partition_files, jobs)


def _partition_files(job: _Job) -> list[Path]:
    """Every cutoff of one partition; returns the parts that hold rows."""
    spec, demand, partition = job.spec, job.demand, job.partition
    identity = _identity(job)
    digest = definitions_digest(spec)
    with connect() as con:
        _configure(con, job)
        open_views(con, spec, demand, partition)
        folder = job.out / "rollups" / digest[:16] / partition.name
        rollups = {source: Rollups.of(con, source, folder / source, demand) for source in sorted(demand.aggregates)}
        files = []
        for cutoff in job.cutoffs:
            path = job.out / cutoff.isoformat() / f"{partition.name}.parquet"
            if _rows(con, job, cutoff) == 0:
                continue
            files.append(path)
            note = _read_note(path)
            if note is not None and (note["definitions"], note["files"]) == (digest, identity):
                continue
            events = _events(con, spec, demand, cutoff)
            if note is None or (note["definitions"], note["events"]) != (digest, events):
                for source, rollup in rollups.items():
                    rollup.update(periods_of([cutoff], demand.months[source]), identity[source])
                _write(con, snapshot_sql(con, spec, demand, rollups, cutoff), path)
            write_bytes(
                path.with_suffix(".json"),
                canonical_json({"definitions": digest, "files": identity, "events": events}),
            )
    return files


def _configure(con: duckdb.DuckDBPyConnection, job: _Job) -> None:
    # One thread: a sum of doubles is the same bytes on every run. Workers make use of more cores.
    con.execute("SET threads = 1")
    con.execute(f"SET memory_limit = '{job.memory_mb}MB'")
    con.execute(f"SET temp_directory = {literal(str(job.out / 'spill' / job.partition.name))}")
    # Parquet statistics leave NaN out, and folding by them makes isnan() false where there is one.
    con.execute("SET disabled_optimizers = 'statistics_propagation'")


def _rows(con: duckdb.DuckDBPyConnection, job: _Job, cutoff: dt.date) -> int:
    people = job.people
    at = f"AND CAST({quote(people.cutoff or '')} AS DATE) = {literal(cutoff)}" if job.by_row else ""
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE {ROWS} AS SELECT DISTINCT {quote(people.key)} AS {KEY} "
        f"FROM {scan(people.files)} WHERE {job.partition.holds(people.key)} {at}"
    )
    return int(con.execute(f"SELECT count(*) FROM {ROWS}").fetchall()[0][0])


def _events(con: duckdb.DuckDBPyConnection, spec: DatasetSpec, demand: Demand, cutoff: dt.date) -> dict[str, list[str]]:
    """Per source: how many rows of these customers lie before the cutoff, and the sum of their hashes."""
    cut_views(con, spec, demand, cutoff)
    found = {"rows": con.execute(f"SELECT count(*), sum(CAST(hash({KEY}) AS HUGEINT)) FROM {ROWS}").fetchall()[0]}
    for source, columns in sorted(demand.columns.items()):
        read = ", ".join([KEY, TIME, *map(quote, sorted(columns))])
        found[source] = con.execute(
            f"SELECT count(*), sum(CAST(hash({read}) AS HUGEINT)) FROM {quote(source + '@asof')} "
            f"SEMI JOIN {ROWS} USING ({KEY})"
        ).fetchall()[0]
    return {name: [str(value) for value in row] for name, row in found.items()}


def _write(con: duckdb.DuckDBPyConnection, sql: str, path: Path) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    scratch = path.with_name(f".{path.name}")
    try:
        con.execute(f"COPY ({sql}) TO {literal(str(scratch))} (FORMAT parquet, COMPRESSION zstd)")
    except duckdb.ConversionException as error:
        said = str(error).strip().splitlines()[0].removeprefix("Conversion Error: ")
        fix = "Declare it categorical, or correct the source."
        raise UserError(f"a numeric feature is no number: {said}", where="feature groups", fix=fix) from None
    scratch.replace(path)


def _identity(job: _Job) -> dict[str, dict[str, list[int]]]:
    """Source -> file name -> (size, time of change): while these are the same, the file is taken to be."""
    files = {**job.partition.files, "@rows": job.people.files}
    return {
        source: {path.name: [path.stat().st_size, path.stat().st_mtime_ns] for path in files.get(source, [])}
        for source in [*job.demand.columns, "@rows"]
    }


def _read_note(path: Path) -> dict[str, object] | None:
    try:
        note: dict[str, object] = json.loads(path.with_suffix(".json").read_bytes())
    except (FileNotFoundError, json.JSONDecodeError):
        return None
    return note if path.exists() else None


def definitions_digest(spec: DatasetSpec) -> str:
    """sha256 over the recipes, the code that computes them and the version of DuckDB: what a kept file must agree
    with."""
    recipes = [recipe.model_dump(mode="json") for _, _, recipe in spec.recipes() if not recipe.fitted]
    trees = {name: tree.model_dump(mode="json") for name, tree in spec.trees.items()}
    times = {source.name: [source.key or spec.key, source.time] for source in spec.sources}
    digest = hashlib.sha256(canonical_json([recipes, trees, times, duckdb.__version__]))
    folder = Path(__file__).parent
    for path in sorted(folder.rglob("*.py")):
        digest.update(path.relative_to(folder).as_posix().encode() + path.read_bytes())
    return digest.hexdigest()
