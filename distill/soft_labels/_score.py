"""A fitted teacher's predictions of many rows, wherever the workers are."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from distill.executor import Columns, Executor, Positions

if TYPE_CHECKING:
    from teacher import Teacher
    from teacher.datasets.dataset import Dataset

__all__ = ["BATCH", "score"]

BATCH = 4096
"""Rows that a worker scores at a time: the chunk in which the network runs anyway, so that batches change no sum."""


def score(fitted: Teacher, dataset: Dataset, rows: Positions, path: Path, executor: Executor) -> Columns:
    """Task -> the teacher's predictions of ``rows``, by the executor's workers.

    Args:
        path: The teacher's file, which travels to workers of other processes.
    """
    return executor.map_rows(_Scoring(fitted, dataset, path), _predict, rows, BATCH)


@dataclass(frozen=True)
class _Scoring:
    """Makes teacher and rows: in this process those at hand; sent elsewhere, the teacher from its file."""

    fitted: Teacher
    dataset: Dataset
    path: Path

    def __call__(self) -> tuple[Teacher, Dataset]:
        return self.fitted, self.dataset

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return _Sent, (self.path.read_bytes(), self.dataset)


@dataclass(frozen=True)
class _Sent:
    """The same where the file system of the job is not."""

    file: bytes
    dataset: Dataset

    def __call__(self) -> tuple[Teacher, Dataset]:
        from teacher import Teacher

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "teacher.pt"
            path.write_bytes(self.file)
            return Teacher.load(path), self.dataset


def _predict(state: tuple[Teacher, Dataset], rows: Positions) -> Columns:
    fitted, dataset = state
    return fitted.predict(dataset, rows)
