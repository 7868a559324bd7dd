"""How long one customer takes the teacher, and how long the students that stand in for it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from statistics import median
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from distill.students import StudentPair
    from teacher import Teacher
    from teacher.datasets import Dataset

__all__ = ["ROWS", "scoring_latency"]

ROWS = 24


def scoring_latency(dataset: Dataset, teacher: Teacher, students: Mapping[str, StudentPair]) -> dict[str, float]:
    """Median milliseconds to score one test row for all tasks, by the teacher and by the distilled students.

    Both as they stand here (PyTorch; LightGBM's Python package), one row a call, after one that warms up. A time is no
    part of the bundle: two runs of one seed differ in it.
    """
    positions = dataset.rows("test")[:ROWS]

    def students_score(position: int) -> None:
        features = dataset.features[position : position + 1]
        for pair in students.values():
            pair.distilled.predict(features)

    return {
        "rows": float(len(positions)),
        "teacher_ms": _median(lambda p: teacher.predict(dataset, np.asarray([p])), positions.tolist()),
        "students_ms": _median(students_score, positions.tolist()),
    }


def _median(score: Callable[[int], object], positions: list[int]) -> float:
    score(positions[0])
    seconds = []
    for position in positions:
        began = time.perf_counter()
        score(position)
        seconds.append(time.perf_counter() - began)
    return round(1000 * median(seconds), 4)
