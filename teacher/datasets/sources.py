"""Bring every source of a spec into one DuckDB connection, as typed tables."""

from __future__ import annotations

import hashlib
import re
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from teacher.database import connect
from teacher.datasets.column_types import cast_text_columns, first_bad_number
from teacher.datasets.csv_source import ROW, file_row, load_csv_text
from teacher.datasets.parquet_folder import folder_parts
from teacher.datasets.specs import LoadedSpec
from teacher.datasets.sql import quote, select_only
from teacher.datasets.value_checks import check_values
from understudy.contracts._model import validated
from understudy.contracts.spec import DatasetSpec, Source
from understudy.errors import UserError
from understudy.progress import Progress

__all__ = ["Tables", "open_sources", "source_digests"]

_DECIMAL_COMMA = re.compile(r"[+-]?[\d. ]+,\d+")


@dataclass
class Tables:
    """The open connection, the digest of every file read, and enough provenance to point at a cell."""

    con: duckdb.DuckDBPyConnection
    scratch: Path
    digests: dict[str, str] = field(default_factory=dict)
    files: dict[str, Path] = field(default_factory=dict)
    parquet: dict[str, Path] = field(default_factory=dict)
    """Source -> the Parquet file or folder that it was read from."""

    def columns(self, table: str) -> list[str]:
        """Column names of ``table``, internal ones (``@...``) left out."""
        return [name for name in self._described(table) if not name.startswith("@")]

    def types(self, table: str) -> dict[str, str]:
        """DuckDB type of every column of ``table``."""
        return self._described(table)

    def _described(self, table: str) -> dict[str, str]:
        return {str(row[0]): str(row[1]) for row in self.con.execute(f"DESCRIBE {quote(table)}").fetchall()}

    def where(self, source: Source, row: int | None = None, column: str | None = None, key: str = "") -> str:
        """Name a place as a person finds it: file, row and column for a file; key and column for a view."""
        path = self.files.get(source.name)
        parts = [str(path) if path else f"source {source.name!r}"]
        if row is not None:
            parts.append(f"row {file_row(source, path, self.scratch, row) if path and source.kind == 'csv' else row}")
        if key:
            parts.append(f"key {key}")
        if column is not None:
            parts.append(f"column {column}")
        return ", ".join(parts)


@contextmanager
def open_sources(
    loaded: LoadedSpec, *, data_dir: Path | None, seed: int, customers: int | None, progress: Progress
) -> Iterator[Tables]:
    """Load the files, run the generator if the spec asks for it, then build the views in the order of the spec.

    One thread, so that floating-point sums in views are the same bytes on every run. Once the files are in, the
    connection loses access to the file system: SQL in a spec reads the spec's sources and nothing else.

    Raises:
        UserError: a file is missing, damaged or not the pinned one, a cell or a row is bad, or a view does not run.
    """
    spec = loaded.spec
    with tempfile.TemporaryDirectory(prefix="understudy-") as folder, connect() as con:
        con.execute("SET threads = 1")
        # Parquet statistics leave NaN out, and folding by them makes isnan() false where there is one.
        con.execute("SET disabled_optimizers = 'statistics_propagation'")
        tables = Tables(con, Path(folder))
        generated = _generate(spec, Path(folder) / "generated", customers, seed, progress)
        for source in spec.sources:
            if source.kind == "finsynth":
                _load_parquet(tables, source, _generated_table(source, generated), spec)
            elif source.kind != "sql":
                _load_file(tables, loaded, source, data_dir)
        con.execute("SET enable_external_access = false")
        for source in spec.sources:
            if source.kind == "sql":
                _build_view(tables, source)
                check_values(spec, source, tables, quote(source.name))
        yield tables


def _generate(spec: DatasetSpec, folder: Path, customers: int | None, seed: int, progress: Progress) -> dict[str, Path]:
    if not any(source.kind == "finsynth" for source in spec.sources):
        if spec.generator:
            raise UserError(
                "no source is generated", where="generator", fix='Leave it out, or read a "finsynth" source.'
            )
        return {}
    if customers is None:
        raise UserError("the generator needs a number of customers", where="sample", fix="Set `sample` or --customers.")
    from teacher.datasets.finsynth import FinsynthConfig, generate

    folder.mkdir()
    config = validated(FinsynthConfig, spec.generator, "generator")
    tables: dict[str, Path] = generate(folder, customers=customers, seed=seed, progress=progress, config=config)
    return tables


def _generated_table(source: Source, generated: dict[str, Path]) -> Path:
    path = generated.get(source.table or "")
    if path is None:
        what = f"the generator has no table {source.table!r}"
        raise UserError(what, where=f"source {source.name!r}", fix=f"Its tables are {', '.join(sorted(generated))}.")
    return path


def _load_file(tables: Tables, loaded: LoadedSpec, source: Source, data_dir: Path | None) -> None:
    path = _locate(loaded, source, data_dir)
    tables.files[source.name] = path
    digest = _digest(path)
    if source.sha256 is not None and digest != source.sha256:
        what = f"sha256 is {digest}, the spec pins {source.sha256}"
        raise UserError(what, where=str(path), fix="Fetch the file again, or correct sha256 if the file is meant.")
    if source.kind == "parquet":
        _load_parquet(tables, source, path, loaded.spec)
        return
    tables.digests[source.name] = digest
    columns = load_csv_text(tables.con, source, path, tables.scratch, source.name)
    numeric, text = _declared(loaded.spec, source, columns)
    bad = first_bad_number(tables.con, source.name, sorted(numeric))
    if bad is not None:
        column, row, cell = bad
        fix = "Correct the cell, list the text in null_values of the source, or declare the column categorical."
        if _DECIMAL_COMMA.fullmatch(cell):
            fix = f"This looks like a decimal comma: write the file's numbers with a point. {fix}"
        raise UserError(f"{cell!r} is not a finite number", where=tables.where(source, row, column), fix=fix)
    cast_text_columns(tables.con, source.name, columns, numeric, text)
    check_values(loaded.spec, source, tables, quote(source.name))


def _declared(spec: DatasetSpec, source: Source, columns: list[str]) -> tuple[set[str], set[str]]:
    """Columns that the spec declares numeric and textual, by name (a view passes names on unchanged)."""
    kinds = {column: kind for _, column, kind in spec.features()}
    numeric = {column for column in columns if kinds.get(column) == "numeric"}
    text = {column for column in columns if kinds.get(column) == "categorical"}
    for sequence in spec.sequences:
        if sequence.source == source.name:
            numeric.update(set(sequence.channels).intersection(columns))
    for distribution in spec.distributions:
        numeric.update(set(distribution.columns).intersection(columns))
    return numeric, text - numeric


def _locate(loaded: LoadedSpec, source: Source, data_dir: Path | None) -> Path:
    name = source.path or ""
    if name.startswith("./") or Path(name).is_absolute():
        path = loaded.folder / name
    elif data_dir is None:
        what = f"source {source.name!r} is the file {name!r} of the data folder, which is not set"
        raise UserError(what, where="UNDERSTUDY_DATA", fix="Set UNDERSTUDY_DATA to the folder of the data files.")
    else:
        path = data_dir / name
    if not path.is_file() and not (path.is_dir() and source.kind == "parquet"):
        hint = f"Fetch it from {source.url}." if source.url else "Check the path and UNDERSTUDY_DATA."
        raise UserError("file not found", where=str(path), fix=hint)
    return path


def _load_parquet(tables: Tables, source: Source, path: Path, spec: DatasetSpec) -> None:
    tables.digests[source.name] = _digest(path)
    tables.parquet[source.name] = path
    parts = path / "*.parquet" if path.is_dir() else path
    literal = str(parts).replace("'", "''")
    rows = f"SELECT row_number() OVER () AS {quote(ROW)}, * FROM read_parquet('{literal}')"
    try:
        check_values(spec, source, tables, f"({rows})")
        if _only_computed_from(spec, source):
            rows += " LIMIT 0"
        _create(tables.con, source.name, rows)
    except duckdb.Error as error:
        raise UserError(f"not a readable Parquet file: {_first_line(error)}", where=str(path)) from None


def _only_computed_from(spec: DatasetSpec, source: Source) -> bool:
    """True for a stream of events that recipes alone read, from its files: of any size, it is never held in memory."""
    held = {spec.base, *(sequence.source for sequence in spec.sequences)}
    read = {name for _, _, recipe in spec.recipes() for name in recipe.sources()}
    return (
        source.time is not None
        and source.name in read - held
        and not any(other.kind == "sql" for other in spec.sources)
    )


def _build_view(tables: Tables, source: Source) -> None:
    where = f"source {source.name!r}, sql"
    body = select_only(source.sql or "", where)
    try:
        _create(tables.con, source.name, f"SELECT COLUMNS(lambda c: c NOT LIKE '@%') FROM ({body}\n)")
    except duckdb.Error as error:
        raise UserError(f"the view does not run: {_first_line(error)}", where=where, fix="Correct the SQL.") from None


def _create(con: duckdb.DuckDBPyConnection, name: str, select: str) -> None:
    """Create the table ``name``; a stored NaN becomes NULL, so that missing is one thing in every expression."""
    described = con.execute(f"DESCRIBE {select}").fetchall()
    cells = ", ".join(
        f"CASE WHEN isnan({quote(column)}) THEN NULL ELSE {quote(column)} END AS {quote(column)}"
        if kind in ("FLOAT", "DOUBLE")
        else quote(column)
        for column, kind, *_ in described
    )
    con.execute(f"CREATE TABLE {quote(name)} AS SELECT {cells} FROM ({select})")


def _first_line(error: Exception) -> str:
    return str(error).strip().splitlines()[0]


def source_digests(loaded: LoadedSpec, data_dir: Path | None) -> dict[str, str]:
    """sha256 (hex) of each file that the spec reads, without reading it as a table.

    Raises:
        UserError: a file is not there.
    """
    files = {source.name: source for source in loaded.spec.sources if source.kind in ("csv", "parquet")}
    return {name: _digest(_locate(loaded, source, data_dir)) for name, source in files.items()}


def _digest(path: Path) -> str:
    """sha256 (hex) of a file, or of the digests of a folder's parts in order."""
    if path.is_dir():
        return hashlib.sha256("".join(_digest(part) for part in folder_parts(path)).encode()).hexdigest()
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
