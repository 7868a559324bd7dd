from __future__ import annotations

import subprocess
import sys

import pytest
from pydantic import ValidationError

from teacher.config import TeacherConfig
from understudy.errors import UserError


def test_defaults_follow_the_number_of_rows() -> None:
    sizes = [TeacherConfig.for_rows(rows, seed=3) for rows in (500, 5_000, 60_000, 1_000_000)]
    assert all(config.seed == 3 for config in sizes)
    assert [config.batch_size for config in sizes] == sorted(config.batch_size for config in sizes)
    assert [config.epochs for config in sizes] == sorted((config.epochs for config in sizes), reverse=True)


@pytest.mark.parametrize("rows", [500, 5_000, 60_000])
def test_quick_spends_less(rows: int) -> None:
    quick, standard = TeacherConfig.for_rows(rows, quick=True), TeacherConfig.for_rows(rows)
    assert quick.epochs < standard.epochs
    assert quick.members < standard.members


def test_a_config_survives_json_and_refuses_unknown_keys() -> None:
    config = TeacherConfig.for_rows(5_000)
    assert TeacherConfig.model_validate_json(config.model_dump_json()) == config
    with pytest.raises(ValidationError):
        TeacherConfig.model_validate({"learning_rat": 1.0})


@pytest.mark.parametrize("field", ["dropout", "average", "warmup"])
def test_a_share_beyond_one_is_refused(field: str) -> None:
    with pytest.raises(ValidationError):
        TeacherConfig.model_validate({field: 1.5})


def test_importing_the_package_does_not_import_torch() -> None:
    code = "import teacher, sys; teacher.TeacherConfig; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)


def test_a_config_can_be_changed_by_name() -> None:
    changed = TeacherConfig.for_rows(6000, seed=4).changed({"weighting": "famo", "surgery": "upgrad", "epochs": 3})
    assert (changed.weighting, changed.surgery, changed.epochs, changed.seed) == ("famo", "upgrad", 3, 4)
    assert changed.learning_rate == TeacherConfig.for_rows(6000).learning_rate


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"weightning": "famo"}, "weightning"),
        ({"epochs": 0}, "epochs"),
        ({"surgery": "pcgrad", "weighting": "gradnorm"}, "cannot be combined"),
    ],
)
def test_a_change_that_does_not_fit_is_named(changes: dict[str, object], message: str) -> None:
    with pytest.raises(UserError, match=message):
        TeacherConfig().changed(changes)
