"""Every way of weighing, operating on and transferring between tasks trains through the public entry point."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from teacher import Teacher, TeacherConfig, fit_teacher
from understudy.progress import Silent

OPTIONS: list[dict[str, Any]] = [
    {"weighting": "uniform"},
    {"weighting": "gradient_scale"},
    {"weighting": "gradnorm"},
    {"weighting": "dwa"},
    {"weighting": "famo"},
    {"surgery": "pcgrad"},
    {"surgery": "cagrad"},
    {"surgery": "upgrad"},
    {"precision": "bfloat16"},
    {"fusion": "adatt"},
    {"fusion": "adatt", "layers": 3, "gate": "sigmoid"},
    {"transfer": [("next", "buys"), ("buys", "spend")]},
]


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: "-".join(map(str, options.values())))
def test_an_option_trains_a_healthy_teacher_that_predicts(
    toy: Any, small_config: TeacherConfig, tmp_path: Path, options: dict[str, Any]
) -> None:
    if "surgery" in options:
        pytest.importorskip("torchjd")
    if options.get("surgery") == "cagrad":
        pytest.importorskip("cvxpy")
    config = TeacherConfig.model_validate(small_config.model_dump() | {"epochs": 4, "learning_rate": 5e-3} | options)
    train, valid, test = np.arange(200), np.arange(200, 260), np.arange(260, 320)
    teacher = fit_teacher(toy, train, valid, config, tmp_path, progress=Silent())
    assert json.loads((tmp_path / "health.json").read_bytes())["status"] == "pass"
    loaded = Teacher.load(tmp_path / "teacher.pt").predict(toy, test)
    for task, said in teacher.predict(toy, test).items():
        np.testing.assert_array_equal(loaded[task], said)
    spread = loaded["spend"] - toy.labels["spend"][test]
    assert spread.std() < 1.2 * toy.labels["spend"][test].std()


def test_options_change_what_is_learned(toy: Any, small_config: TeacherConfig, tmp_path: Path) -> None:
    """A switch that does nothing would be a switch in name only."""
    pytest.importorskip("torchjd")
    said = {}
    for options in (
        {},
        *({"weighting": name} for name in ("uniform", "gradnorm", "famo")),
        {"surgery": "upgrad"},
        {"fusion": "adatt"},
    ):
        config = TeacherConfig.model_validate(small_config.model_dump() | options)
        out = tmp_path / str(len(said))
        teacher = fit_teacher(toy, np.arange(200), np.arange(200, 260), config, out, progress=Silent())
        said[str(options)] = teacher.predict(toy, np.arange(260, 320))["spend"].tobytes()
    same = [(one, other) for one in said for other in said if one < other and said[one] == said[other]]
    assert not same
