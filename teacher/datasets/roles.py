"""Every column of the base table has a role; a column without one, or a name without a column, is refused."""

from __future__ import annotations

import re
from collections.abc import Iterable
from fnmatch import fnmatchcase

import duckdb

from teacher.datasets.sources import Tables
from teacher.datasets.sql import check_expression, columns_read, quote
from understudy.contracts.spec import DatasetSpec, Source
from understudy.errors import UserError

__all__ = ["ROW_KEY", "base_source", "check_roles", "label_columns"]

ROW_KEY = "@row"
_UNBOUND = re.compile(r'Referenced column "([^"]+)" not found')


def base_source(spec: DatasetSpec) -> Source:
    """The source that holds one row per customer (and cutoff)."""
    return next(source for source in spec.sources if source.name == spec.base)


def check_roles(spec: DatasetSpec, tables: Tables) -> None:
    """Refuse missing columns, columns without a role, and labels read off the features.

    Raises:
        UserError: naming the columns; exit code 4 where a label reads a feature.
    """
    columns = tables.columns(spec.base)
    where = tables.where(base_source(spec))
    computed = spec.computed()
    both = sorted(set(columns) & set(computed))
    if both:
        what = f"{', '.join(both)} is a column of the base and computed"
        raise UserError(what, where=where, fix="Give the computed column another name, or drop the base's in a view.")
    _refuse_missing(spec, [*columns, *computed], where)
    _refuse_label_from_features(spec, [*columns, *computed])
    _refuse_unknown_columns(spec, tables, columns)
    used = _used(spec, columns)
    exact = [pattern for pattern in spec.ignore if not _is_glob(pattern)]
    contradicted = sorted(set(exact) & {column for _, column, _ in spec.features()})
    if contradicted:
        what = f"{', '.join(contradicted)} is a feature and ignored"
        raise UserError(what, where="ignore", fix="Keep one of the two.")
    extra = [c for c in columns if c not in used and not any(fnmatchcase(c, pattern) for pattern in spec.ignore)]
    if extra:
        what = f"columns without a role: {', '.join(extra)}"
        raise UserError(what, where=where, fix="Add each to a feature group, or to `ignore`.")
    _check_sequences(spec, tables)


def label_columns(spec: DatasetSpec, columns: list[str]) -> dict[str, set[str]]:
    """Task -> the columns that define its label: those its SQL reads, and ``defined_by``."""
    return {
        task.name: columns_read(task.label, f"task {task.name!r}, label", columns) | set(task.defined_by)
        for task in spec.tasks
    }


def _is_glob(pattern: str) -> bool:
    return any(mark in pattern for mark in "*?[")


def _refuse_missing(spec: DatasetSpec, columns: list[str], where: str) -> None:
    wanted = [column for _, column, _ in spec.features()]
    wanted += [] if spec.key == ROW_KEY else [spec.key]
    wanted += [column for task in spec.tasks for column in [*task.defined_by, *(task.truth or [])]]
    wanted += [column for distribution in spec.distributions for column in distribution.columns]
    wanted += [spec.split.time.column] if spec.split.time else []
    wanted += [spec.split.key] if spec.split.key not in (None, ROW_KEY) else []
    missing = _absent(wanted, columns)
    if missing:
        what = f"missing columns: {', '.join(missing)}"
        raise UserError(what, where=where, fix=f"The table has {_some(columns)}. Correct the spec or the file.")
    stale = [p for p in spec.ignore if not any(fnmatchcase(column, p) for column in columns)]
    if stale:
        what = f"{', '.join(stale)} matches no column"
        raise UserError(what, where=f"{where}, ignore", fix="Remove the entry, or correct its spelling.")


def _absent(wanted: Iterable[str], columns: list[str]) -> list[str]:
    present = set(columns)
    return [name for name in dict.fromkeys(wanted) if name not in present]


def _some(columns: list[str]) -> str:
    return ", ".join(columns) if len(columns) <= 30 else f"{', '.join(columns[:30])} and {len(columns) - 30} more"


def _refuse_label_from_features(spec: DatasetSpec, columns: list[str]) -> None:
    features = {column for _, column, _ in spec.features()}
    for task, read in label_columns(spec, columns).items():
        leaks = sorted(read & features)
        if leaks:
            raise UserError(
                f"the label of task {task!r} reads {', '.join(leaks)}, which the models see as a feature",
                where=f"task {task!r}, label",
                fix="Take the columns out of the feature groups (and name them in defined_by).",
                exit_code=4,
            )


def _used(spec: DatasetSpec, columns: list[str]) -> set[str]:
    used = {column for _, column, _ in spec.features()} | {spec.key}
    used.update(*label_columns(spec, columns).values())
    used.update(column for task in spec.tasks for column in task.truth or [])
    used.update(column for distribution in spec.distributions for column in distribution.columns)
    if spec.split.time:
        used.add(spec.split.time.column)
    if spec.split.key:
        used.add(spec.split.key)
    for field, sql in _expressions(spec):
        check_expression(sql, field)
        used |= columns_read(sql, field, columns)
    return used


def _expressions(spec: DatasetSpec) -> Iterable[tuple[str, str]]:
    profile = spec.profile
    yield from ((f"task {task.name!r}, mask", task.mask) for task in spec.tasks if task.mask)
    yield from ((f"task {task.name!r}, row_weight", task.row_weight) for task in spec.tasks if task.row_weight)
    yield from ((f"protected.{name}", sql) for name, sql in spec.protected.items())
    yield from ((f"profile.owned.{name}", sql) for name, sql in profile.owned.items())
    singles = {"age": profile.age, "income_krw": profile.income_krw, "risk_tolerance": profile.risk_tolerance}
    yield from ((f"profile.{name}", sql) for name, sql in singles.items() if sql)


def _refuse_unknown_columns(spec: DatasetSpec, tables: Tables, columns: list[str]) -> None:
    """Let DuckDB bind every expression to an empty table: it knows a lambda's parameter from a column."""
    later = ['CAST(NULL AS BIGINT) AS "@row_id"', 'CAST(NULL AS VARCHAR) AS "@key"', 'CAST(NULL AS DATE) AS "@cutoff"']
    later += [
        f"CAST(NULL AS {'DOUBLE' if kind == 'numeric' else 'VARCHAR'}) AS {quote(column)}"
        for column, kind in spec.computed().items()
        if column not in columns
    ]
    labels = [(f"task {task.name!r}, label", task.label) for task in spec.tasks]
    for field, sql in [*labels, *_expressions(spec)]:
        check_expression(sql, field)
        try:
            tables.con.execute(f"SELECT ({sql}\n) FROM (SELECT *, {', '.join(later)} FROM {quote(spec.base)} LIMIT 0)")
        except duckdb.BinderException as error:
            unknown = _UNBOUND.search(str(error))
            if unknown:  # what else does not bind is said where the expression runs
                what = f"there is no column {unknown[1]}; the table has {_some(columns)}"
                raise UserError(what, where=field, fix="Correct the expression, or the file.") from None
        except duckdb.Error:
            continue


def _check_sequences(spec: DatasetSpec, tables: Tables) -> None:
    for sequence in spec.sequences:
        source = next(s for s in spec.sources if s.name == sequence.source)
        columns = tables.columns(sequence.source)
        missing = _absent([sequence.key, sequence.time, *sequence.channels], columns)
        if missing:
            what = f"sequence {sequence.name!r} needs the missing columns {', '.join(missing)}"
            raise UserError(what, where=tables.where(source), fix=f"The table has {_some(columns)}.")
