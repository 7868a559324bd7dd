"""What a dated source and its amounts must be, checked where the file is read, so that the row can be named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from teacher.datasets.csv_source import ROW
from teacher.datasets.sql import quote
from understudy.contracts.spec import DatasetSpec, Source
from understudy.errors import UserError

if TYPE_CHECKING:
    from teacher.datasets.sources import Tables

__all__ = ["check_values"]

_ISO = r"\d{4}-\d{2}-\d{2}([ T]\d{2}:\d{2}(:\d{2}(\.\d+)?)?)?(Z|[+-]\d{2}(:?\d{2})?)?"
_ZONE = r"(Z|[+-]\d{2}(:?\d{2})?)$"
_FORMS = 3


def check_values(spec: DatasetSpec, source: Source, tables: Tables, rows: str) -> None:
    """Refuse times that cannot be compared with a cutoff, and negative amounts.

    Args:
        rows: SQL of a relation with all rows of the source (and ``@row`` where it is a file).

    Raises:
        UserError: a text that is no ISO date or time; times of more than one zone, or of a zone that is not UTC (local
            midnights would move across the cutoff); a negative amount. The file, row and column are named.
    """
    types = {str(row[0]): str(row[1]) for row in tables.con.execute(f"DESCRIBE SELECT * FROM {rows}").fetchall()}
    for column in sorted(_times(spec, source) & set(types)):
        if types[column] == "VARCHAR":
            _check_iso(source, tables, rows, types, column)
            _check_zones(source, tables, rows, types, column)
    for column in source.amounts:
        if column not in types:
            what = f"the amount {column!r} is no column"
            raise UserError(what, where=f"source {source.name!r}", fix=f"It has {', '.join(_named(types))}.")
        amount = f"TRY_CAST({quote(column)} AS DOUBLE)"
        found = _first(tables, rows, types, f"{amount} < 0", column)
        if found is not None:
            row, text = found
            fix = "Correct the cell; if refunds are booked so, make a column of their own of them in a view."
            raise UserError(f"a negative amount: {text}", where=tables.where(source, row, column), fix=fix)


def _times(spec: DatasetSpec, source: Source) -> set[str]:
    times = {source.time} if source.time else set()
    if spec.split.time is not None:
        times |= {sequence.time for sequence in spec.sequences if sequence.source == source.name}
    return times


def _named(types: dict[str, str]) -> list[str]:
    return [name for name in types if not name.startswith("@")]


def _first(
    tables: Tables, rows: str, types: dict[str, str], condition: str, column: str
) -> tuple[int | None, str] | None:
    row = quote(ROW) if ROW in types else "CAST(NULL AS BIGINT)"
    found = tables.con.execute(
        f"SELECT {row} AS place, {quote(column)}::VARCHAR FROM {rows} WHERE {condition} ORDER BY place LIMIT 1"
    ).fetchall()
    return None if not found else (found[0][0], str(found[0][1]))


def _check_iso(source: Source, tables: Tables, rows: str, types: dict[str, str], column: str) -> None:
    cell = quote(column)
    odd = f"{cell} IS NOT NULL AND (NOT regexp_full_match({cell}, '{_ISO}') OR TRY_CAST({cell} AS TIMESTAMP) IS NULL)"
    found = _first(tables, rows, types, odd, column)
    if found is None:
        return
    row, text = found
    forms = tables.con.execute(
        f"SELECT min({cell}), count(*) AS n FROM {rows} WHERE {cell} IS NOT NULL "
        f"GROUP BY regexp_replace(regexp_replace({cell}, '[0-9]', '9', 'g'), '[A-Za-z]+', 'a', 'g') ORDER BY n DESC, 1"
    ).fetchall()
    listed = "; ".join(f"{example} ({count:,} rows)" for example, count in forms[:_FORMS])
    more = f"; and {len(forms) - _FORMS} more" if len(forms) > _FORMS else ""
    said = f"; the column writes its dates in {len(forms)} ways: {listed}{more}" if len(forms) > 1 else ""
    fix = "Write all of them as 2024-01-31 or 2024-01-31T09:30:00, or convert them in a view (strptime)."
    raise UserError(f"{text!r} is not an ISO date or time{said}", where=tables.where(source, row, column), fix=fix)


def _check_zones(source: Source, tables: Tables, rows: str, types: dict[str, str], column: str) -> None:
    cell = quote(column)
    zone = f"CASE WHEN {cell} LIKE '%:%' THEN regexp_extract({cell}, '{_ZONE}') ELSE '' END"
    zones = tables.con.execute(
        f"SELECT {zone} AS zone, count(*) AS n FROM {rows} WHERE {cell} IS NOT NULL GROUP BY 1 ORDER BY n DESC, 1"
    ).fetchall()
    names = [str(found[0]) for found in zones]
    utc = {"Z", "+00:00", "+0000", "+00"}
    if len(names) < 2 and not set(names) - utc - {""}:
        return
    if len(names) > 1 and set(names) <= utc:
        return
    # The rarest zone is the likeliest mistake: its first row is named.
    found = _first(tables, rows, types, f"{zone} = '{names[-1]}' AND {cell} IS NOT NULL", column)
    row, text = found if found is not None else (None, "")
    listed = ", ".join(f"{name or 'no zone'} ({count:,} rows)" for name, count in zones[:5])
    what = f"times of more than one zone: {listed}" if len(names) > 1 else f"times of the zone {names[0]}"
    fix = "Write the bank's local times without a zone, as the cutoffs are, or all of them in UTC (Z)."
    raise UserError(f"{what}, for example {text}", where=tables.where(source, row, column), fix=fix)
