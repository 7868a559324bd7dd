"""Evaluate the label of every task, and refuse what is no label of its type."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from teacher.datasets.base_table import evaluate, floats, place
from teacher.datasets.sources import Tables
from teacher.datasets.sql import check_expression
from understudy.contracts.spec import DatasetSpec, TaskSpec
from understudy.errors import UserError

__all__ = ["read_labels", "read_row_weights", "read_truth", "refuse_unlearnable"]


def read_labels(spec: DatasetSpec, tables: Tables) -> dict[str, NDArray[np.float64]]:
    """Task -> ``[rows]``: 0/1, class index, or number; NaN where the label is masked.

    Raises:
        UserError: naming the task, and the row where a value does not fit.
    """
    labels = {task.name: _label(spec, task, tables) for task in spec.tasks}
    for task in spec.tasks:
        refuse_unlearnable(task, labels[task.name], "the data")
    return labels


def refuse_unlearnable(task: TaskSpec, label: NDArray[np.float64], rows: str) -> None:
    """Refuse a label that is masked everywhere or has one value only.

    Raises:
        UserError: naming the task and which rows were looked at.
    """
    values = np.unique(label[~np.isnan(label)])
    if values.size >= 2:
        return
    said = "no known label" if not values.size else f"one {_kind(task)} only: {_name(task, values[0])}"
    where = f"task {task.name!r}, label"
    raise UserError(f"{rows} has {said}", where=where, fix="Correct the label, or leave the task out.")


def read_truth(spec: DatasetSpec, tables: Tables) -> dict[str, NDArray[np.float64]]:
    """Task -> true probability or mean, ``[rows]`` or ``[rows, K]``; only tasks whose spec names truth columns."""
    truth: dict[str, NDArray[np.float64]] = {}
    for task in spec.tasks:
        if task.truth is None:
            continue
        quoted = [f'CAST("{column}" AS DOUBLE)' for column in task.truth]
        table = evaluate(tables, quoted, f"task {task.name!r}, truth")
        stacked = np.stack([floats(column.combine_chunks()) for column in table.columns], axis=1)
        truth[task.name] = stacked if task.classes else stacked[:, 0]
    return truth


def read_row_weights(spec: DatasetSpec, tables: Tables) -> dict[str, NDArray[np.float64]]:
    """Task -> ``[rows]`` weight of each row in that task's loss; only tasks whose spec has a ``row_weight``.

    Raises:
        UserError: a weight is missing, negative or no finite number; naming the task and the row.
    """
    weights = {}
    for task in spec.tasks:
        if task.row_weight is None:
            continue
        field = f"task {task.name!r}, row_weight"
        check_expression(task.row_weight, field)
        values = floats(evaluate(tables, [f"CAST(({task.row_weight}\n) AS DOUBLE)"], field).column(0).combine_chunks())
        bad = ~(np.isfinite(values) & (values >= 0))
        if bad.any():
            row_id = int(np.flatnonzero(bad)[0])
            what = f"{'a missing value' if np.isnan(values[row_id]) else f'{values[row_id]:g}'} is no weight"
            fix = "Give every row a finite number of at least 0; a row with 0 is not learned from."
            raise UserError(what, where=f"{place(spec, tables, row_id)}, {field}", fix=fix)
        weights[task.name] = values
    return weights


def _label(spec: DatasetSpec, task: TaskSpec, tables: Tables) -> NDArray[np.float64]:
    field = f"task {task.name!r}, label"
    check_expression(task.label, field)
    kind = "VARCHAR" if task.type == "multiclass" else "DOUBLE"
    cell = f"CAST(({task.label}\n) AS {kind})"
    if task.mask is not None:
        cell = f"CASE WHEN ({task.mask}\n) THEN {cell} END"
    values = evaluate(tables, [cell], field).column(0).combine_chunks()
    if task.type == "multiclass":
        return _class_index(spec, task, tables, values)
    numbers = floats(values)
    known = np.asarray(pc.is_valid(values).to_numpy(zero_copy_only=False))
    bad = known & (~np.isfinite(numbers) if task.type == "regression" else ~np.isin(numbers, (0.0, 1.0)))
    if bad.any():
        row_id = int(np.flatnonzero(bad)[0])
        what = f"{numbers[row_id]} is not {'a finite number' if task.type == 'regression' else '0 or 1'}"
        where = f"{place(spec, tables, row_id)}, {field}"
        raise UserError(what, where=where, fix="Correct the label expression, or mask the row.")
    return numbers


def _class_index(spec: DatasetSpec, task: TaskSpec, tables: Tables, values: pa.Array) -> NDArray[np.float64]:
    values = values.cast(pa.string())
    codes = pc.index_in(values, value_set=pa.array(task.classes, type=pa.string()))
    index: NDArray[np.float64] = pc.fill_null(codes, -1).to_numpy(zero_copy_only=False).astype(np.float64)
    known = np.asarray(pc.is_valid(values).to_numpy(zero_copy_only=False))
    outside = known & (index < 0)
    if outside.any():
        row_id = int(np.flatnonzero(outside)[0])
        what = f"{values[row_id].as_py()!r} is not among the classes {', '.join(task.classes or [])}"
        where = f"{place(spec, tables, row_id)}, task {task.name!r}, label"
        raise UserError(what, where=where, fix="Add the class, or correct the label expression.")
    index[~known] = np.nan
    return index


def _kind(task: TaskSpec) -> str:
    return "value" if task.type == "regression" else "class"


def _name(task: TaskSpec, value: float) -> str:
    return task.classes[int(value)] if task.classes else f"{value:g}"
