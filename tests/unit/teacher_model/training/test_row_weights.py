"""Rows that the spec weighs, through the teacher's own entry point."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from teacher import TeacherConfig, fit_teacher
from teacher.losses import row_weights
from understudy.errors import UserError
from understudy.progress import Silent

TRAIN, VALID = np.arange(0, 400), np.arange(400, 480)


def test_rows_that_weigh_nothing_teach_nothing(toys: Any, small_config: TeacherConfig, tmp_path: Path) -> None:
    toy = toys(rows=480)
    wrong = np.random.default_rng(3).random(480) < 0.45
    wrong[VALID] = False
    truth = toy.labels["spend"].copy()
    toy.labels["spend"] = np.where(wrong, 10.0 - truth, truth)
    config = small_config.model_copy(update={"epochs": 8})
    errors = []
    for weights in ({"spend": np.where(wrong, 0.0, 1.0)}, {}):
        toy.row_weights = weights
        teacher = fit_teacher(toy, TRAIN, VALID, config, tmp_path / str(len(weights)), progress=Silent())
        errors.append(np.square(teacher.predict(toy, VALID)["spend"] - truth[VALID]).mean())
    assert errors[0] < errors[1]


def test_weights_have_mean_one_over_the_known_labels(toy: Any) -> None:
    toy.row_weights = {"buys": np.linspace(0, 7, len(toy))}
    weights = row_weights(toy, TRAIN[:200])
    assert weights is not None
    known = torch.from_numpy(np.isfinite(toy.labels["buys"][:200]))
    assert weights[known, 0].mean().item() == pytest.approx(1, abs=1e-6)
    assert (weights[:, 1:] == 1).all()
    toy.row_weights = {}
    assert row_weights(toy, TRAIN) is None


def test_a_task_whose_rows_all_weigh_nothing_is_refused(toy: Any, small_config: TeacherConfig, tmp_path: Path) -> None:
    toy.row_weights = {"buys": np.zeros(len(toy))}
    with pytest.raises(UserError, match="task buys: the rows with a label weigh nothing together"):
        fit_teacher(toy, TRAIN[:200], np.arange(200, 260), small_config, tmp_path, progress=Silent())
