"""The teacher's predictions of every row, and which teacher made them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from understudy.atomic import write_bytes
from understudy.errors import UserError

if TYPE_CHECKING:
    from teacher.datasets.dataset import Dataset
    from understudy.contracts.spec import TaskSpec

__all__ = ["SoftLabels", "column_names", "read_soft", "write_soft"]

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class SoftLabels:
    """Soft labels aligned with the dataset's rows.

    Attributes:
        probs: Task -> ``[rows]`` probability (binary) or mean in label units (regression), or ``[rows, K]``
            probabilities that sum to 1 (multiclass).
        fold: ``[rows]`` the fold whose teacher labelled the row, which is the fold that held the row out; -1 = the
            mean of all fold teachers (validation and test rows, which none of them was trained on).
        gates: Task -> expert -> mean gate weight over the validation rows and the folds; sums to 1.
    """

    probs: dict[str, Floats]
    fold: NDArray[np.int8]
    gates: dict[str, dict[str, float]]


def column_names(task: TaskSpec) -> list[str]:
    """One column per output: the task's name, or ``task:class``."""
    return [f"{task.name}:{name}" for name in task.classes] if task.classes else [task.name]


def write_soft(dataset: Dataset, soft: SoftLabels, path: Path) -> None:
    """Write ``row_id``, ``fold`` and one float64 column per output, rows in dataset order, in one rename."""
    columns: dict[str, NDArray[np.generic]] = {"row_id": dataset.row_ids, "fold": soft.fold}
    columns |= dict(_outputs(dataset, soft))
    sink = pa.BufferOutputStream()
    pq.write_table(pa.table({name: pa.array(values) for name, values in columns.items()}), sink, compression="zstd")
    write_bytes(path, sink.getvalue().to_pybytes())


def _outputs(dataset: Dataset, soft: SoftLabels) -> Iterator[tuple[str, Floats]]:
    for task in dataset.spec.tasks:
        values = soft.probs[task.name].reshape(len(soft.fold), -1)
        yield from zip(column_names(task), values.T, strict=True)


def read_soft(dataset: Dataset, path: Path, gates: dict[str, dict[str, float]]) -> SoftLabels:
    """Read what ``write_soft`` wrote.

    Raises:
        UserError: the rows of the file are not those of the dataset.
    """
    table = pq.read_table(path)
    if not np.array_equal(table["row_id"].to_numpy(), dataset.row_ids):
        raise UserError(
            "the soft labels are those of other rows", where=str(path), fix="Delete the file and run again."
        )
    probs = {}
    for task in dataset.spec.tasks:
        stacked = np.column_stack([table[name].to_numpy() for name in column_names(task)])
        probs[task.name] = stacked if task.classes else stacked[:, 0]
    return SoftLabels(probs=probs, fold=table["fold"].to_numpy().astype(np.int8), gates=gates)
