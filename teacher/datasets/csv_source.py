"""Read a delimited file as text first, so that every problem can be named by file, row and column."""

from __future__ import annotations

import codecs
import csv
import gzip
import io
import shutil
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, cast

import duckdb

from teacher.datasets.sql import quote
from understudy.contracts.spec import Source
from understudy.errors import UserError

__all__ = ["ROW", "file_row", "load_csv_text"]

ROW = "@row"  # internal column: 1-based number of the record in the file, header not counted, blank lines not counted
_PROBLEMS = {
    "MISSING COLUMNS": "too few columns",
    "TOO MANY COLUMNS": "too many columns",
    "UNQUOTED VALUE": "a quote is opened and not closed",
    "INVALID ENCODING": "not UTF-8 text",
    "LINE SIZE OVER MAXIMUM": "the line is too long",
}


def load_csv_text(con: duckdb.DuckDBPyConnection, source: Source, path: Path, scratch: Path, table: str) -> list[str]:
    """Create ``table`` with every column as text (trimmed if the source says so, NULL where missing) and ``@row``.

    Returns:
        The column names in the order of the file.

    Raises:
        UserError: no header, a column named twice, the wrong delimiter, a ragged row, broken quotes or encoding.
    """
    plain = _plain_file(source, path, scratch)
    columns = _columns(source, path, plain)
    raw = quote(f"@text {table}")
    names = "{" + ", ".join(f"{_literal(name)}: 'VARCHAR'" for name in columns) + "}"
    con.execute("DROP TABLE IF EXISTS reject_errors")
    con.execute("DROP TABLE IF EXISTS reject_scans")
    con.execute(
        f"CREATE TABLE {raw} AS SELECT row_number() OVER () AS {quote(ROW)}, * FROM read_csv({_literal(str(plain))}, "
        f"columns={names}, auto_detect=false, header=false, skip={int(source.header)}, "
        f"delim={_literal(source.delimiter)}, "
        "quote='\"', escape='\"', strict_mode=true, null_padding=false, store_rejects=true, max_line_size=16777216)"
    )
    _refuse_rejects(con, path, len(columns))
    _refuse_lost_rows(con, source, path, plain, raw)
    cells = ", ".join(f"{_cell(source, name)} AS {quote(name)}" for name in columns)
    con.execute(f"CREATE TABLE {quote(table)} AS SELECT {quote(ROW)}, {cells} FROM {raw}")
    con.execute(f"DROP TABLE {raw}")
    return columns


def _cell(source: Source, name: str) -> str:
    cell = f"trim({quote(name)})" if source.strip else quote(name)
    nulls = sorted({"", *source.null_values})
    return f"CASE WHEN {cell} IN ({', '.join(_literal(null) for null in nulls)}) THEN NULL ELSE {cell} END"


def _literal(text: str) -> str:
    return "'" + text.replace("'", "''") + "'"


def _plain_file(source: Source, path: Path, scratch: Path) -> Path:
    """Unpack a gz file or a zip member; DuckDB then reads a plain file whatever it was packed in."""
    if not source.member and path.suffix != ".gz":
        return path
    plain = scratch / f"{source.name}.csv"
    with _open_packed(source, path) as packed, plain.open("wb") as file:
        try:
            shutil.copyfileobj(packed, file, 1 << 20)
        except (EOFError, OSError, zipfile.BadZipFile) as error:
            raise UserError(f"the packed file is damaged: {error}", where=str(path), fix="Fetch it again.") from None
    return plain


@contextmanager
def _open_packed(source: Source, path: Path) -> Iterator[IO[bytes]]:
    if not source.member:
        with gzip.open(path) as file:
            yield cast(IO[bytes], file)
        return
    try:
        archive = zipfile.ZipFile(path)
    except zipfile.BadZipFile:
        raise UserError("not a zip file", where=str(path), fix="Remove `member`, or correct the path.") from None
    with archive:
        if source.member not in archive.namelist():
            inside = ", ".join(name for name in archive.namelist() if not name.endswith("/"))
            raise UserError(f"no member {source.member!r}", where=str(path), fix=f"It holds {inside}.")
        with archive.open(source.member) as file:
            yield file


def _records(source: Source, plain: Path) -> Iterator[list[str]]:
    with plain.open("rb") as raw, io.TextIOWrapper(raw, "utf-8-sig", errors="replace", newline="") as text:
        yield from csv.reader(text, delimiter=source.delimiter)


def _columns(source: Source, path: Path, plain: Path) -> list[str]:
    with plain.open("rb") as file:
        if file.read(2) in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            raise UserError("not UTF-8 text but UTF-16", where=str(path), fix="Save the file as UTF-8.")
    first = next(_records(source, plain), [])
    if not first:
        raise UserError("the file is empty", where=str(path), fix="Give a file with rows.")
    names = [name.strip() for name in first] if source.header else list(source.columns or [])
    if not source.header and len(first) != len(names):
        what = f"row 1 has {len(first)} columns, the spec names {len(names)}"
        raise UserError(what, where=str(path), fix=_delimiter_hint(source, first) or "Correct `columns` of the source.")
    if len(first) == 1 and (hint := _delimiter_hint(source, first)):
        what = f"only one column found with the delimiter {source.delimiter!r}"
        raise UserError(what, where=f"{path}, row 1", fix=hint)
    lowered = [name.lower() for name in names]
    twice = sorted({name for name in names if lowered.count(name.lower()) > 1})
    if twice or "" in names:
        what = f"column named twice: {', '.join(twice)}" if twice else f"column {names.index('') + 1} has no name"
        raise UserError(
            what, where=f"{path}, row 1", fix="Names must be unique (upper and lower case count as the same)."
        )
    return names


def _delimiter_hint(source: Source, first: list[str]) -> str:
    line = source.delimiter.join(first)
    others = {mark: line.count(mark) for mark in ";\t,|" if mark != source.delimiter}
    best = max(others, key=lambda mark: others[mark])
    return f"The file looks delimited by {best!r}: set `delimiter` of the source." if others[best] else ""


def _refuse_rejects(con: duckdb.DuckDBPyConnection, path: Path, width: int) -> None:
    rejects = con.execute(
        "SELECT line, error_type, error_message FROM reject_errors ORDER BY line, column_idx LIMIT 3"
    ).fetchall()
    if not rejects:
        return
    total = con.execute("SELECT count(DISTINCT line) FROM reject_errors").fetchall()[0][0]
    line, kind, message = rejects[0]
    said = _PROBLEMS.get(str(kind), str(message))
    found = str(message).rpartition("Found: ")[2] if "Found: " in str(message) else ""
    counted = f" ({found} instead of {width})" if found else ""
    more = f"; {total} rows like it, the first is named" if total > 1 else ""
    raise UserError(f"{said}{counted}{more}", where=f"{path}, row {line}", fix="Correct the row or the delimiter.")


def _refuse_lost_rows(con: duckdb.DuckDBPyConnection, source: Source, path: Path, plain: Path, table: str) -> None:
    """Count the records a second way: a reader that loses rows in silence would make every later number wrong."""
    loaded = con.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0]
    counted = _count_records(source, plain) - int(source.header)
    if loaded != counted:
        what = f"{counted} rows counted, {loaded} read"
        raise UserError(what, where=str(path), fix="Write the file anew, with one kind of line end and closed quotes.")


def _count_records(source: Source, plain: Path) -> int:
    with plain.open("rb") as file:
        quoted = any(b'"' in block for block in iter(lambda: file.read(1 << 20), b""))
    if quoted:
        return sum(1 for cells in _records(source, plain) if cells)
    with plain.open(encoding="utf-8-sig", errors="replace") as text:
        return sum(1 for line in text if line != "\n")


def file_row(source: Source, path: Path, scratch: Path, record: int) -> int:
    """The row of ``record`` (see ``ROW``) as a person counts it in the file: header and blank lines included."""
    seen = -1 if source.header else 0
    for number, cells in enumerate(_records(source, _plain_file(source, path, scratch)), start=1):
        seen += bool(cells)
        if seen == record:
            return number
    return record + int(source.header)
