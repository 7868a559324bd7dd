"""Which student ships is read off the layers, and an interval over splits that share rows is wider."""

from __future__ import annotations

import math
from typing import Any

import pytest

from studies._intervals import interval
from studies.census_students import TASKS, corrected, models


def run(distilled: float, direct: float, layers: tuple[str, str, str]) -> dict[str, Any]:
    scores = {"distilled": distilled, "direct": direct, "teacher": 0.9}
    found = {model: {task: {"auc": value} for task in TASKS} for model, value in scores.items()}
    return {"models": found, "layers": dict(zip(TASKS, layers, strict=True))}


def test_shipped_is_what_the_gates_let_serve() -> None:
    found = models({1: run(0.95, 0.94, ("distilled", "direct", "rules"))})
    assert found["shipped"] == {1: {TASKS[0]: 0.95, TASKS[1]: 0.94}}
    assert found["teacher"][1][TASKS[2]] == 0.9


def test_the_corrected_interval_counts_the_shared_rows() -> None:
    plain = interval([0.1, 0.2, 0.3, 0.25, 0.15])
    wide = corrected(plain, 1 / 3)
    assert wide.high - wide.mean == pytest.approx((plain.high - plain.mean) * math.sqrt(1 + 5 / 3))
    assert corrected(plain, 0.0) == plain
