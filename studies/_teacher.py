"""The product's teacher as a study measures it: fitted through the public entry point, health checks and all."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from studies._scores import scores_on_test
from teacher import Teacher, TeacherConfig, fit_teacher
from teacher.datasets.dataset import Dataset
from understudy.progress import LogProgress

__all__ = ["BOOSTERS", "measured_teacher"]

BOOSTERS = 150
"""Trees of the variant with out-of-fold leaf values."""


def measured_teacher(dataset: Dataset, seed: int, out: Path, **changes: Any) -> tuple[Teacher, dict[str, Any]]:
    """The default teacher for this many rows, with ``changes``.

    Returns:
        The teacher, and its test scores, its best validation score (by which defaults are chosen), epochs and size.
    """
    train, valid = dataset.rows("train"), dataset.rows("valid")
    config = TeacherConfig.for_rows(len(train), seed=seed).changed(changes)
    teacher = fit_teacher(dataset, train, valid, config, out, progress=LogProgress(every=60))
    epochs = json.loads((out / "history.json").read_bytes())["epochs"]
    found = {
        "scores": scores_on_test(dataset, teacher.predict(dataset, dataset.rows("test"))),
        "validation": max(record["score"] for record in epochs),
        "epochs": len(epochs),
        "parameters": sum(parameter.numel() for parameter in teacher.network.parameters()),
    }
    return teacher, found
