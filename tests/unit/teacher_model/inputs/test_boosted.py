from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from teacher import Teacher, TeacherConfig, fit_teacher
from teacher.inputs.boosted import FOLDS, BoostedLeaves, column_names
from understudy.errors import UserError
from understudy.progress import Silent

TRAIN, REST = np.arange(240), np.arange(240, 320)


def test_every_task_has_its_columns(toy: Any) -> None:
    names = column_names(toy.spec.tasks)
    assert names[:4] == ["booster:buys:stage1", "booster:buys:stage2", "booster:buys:stage3", "booster:next:p"]
    leaves = BoostedLeaves.fit(toy, TRAIN, 6, seed=0)
    assert leaves.scores(toy, REST).shape == (80, len(names)) == (80, 9)
    assert np.isfinite(leaves.scores(toy, REST)).all()


def test_a_row_is_scored_by_the_booster_that_did_not_see_its_label(toy: Any) -> None:
    """Labels of one fold are changed: its own sums do not move, and those of the other folds do."""
    before = BoostedLeaves.fit(toy, TRAIN, 6, seed=0)
    mine = before.folds == 1
    toy.labels["spend"][TRAIN[mine]] += 50.0
    after = BoostedLeaves.fit(toy, TRAIN, 6, seed=0)
    np.testing.assert_array_equal(before.folds, after.folds)
    one, other = before.scores(toy, TRAIN)[:, -1], after.scores(toy, TRAIN)[:, -1]
    np.testing.assert_array_equal(one[mine], other[mine])
    assert (np.abs(one - other)[~mine] > 1).mean() > 0.9


def test_other_rows_get_the_mean_of_all_folds(toy: Any) -> None:
    leaves = BoostedLeaves.fit(toy, TRAIN, 6, seed=0)
    mean = np.mean([leaves._by_fold(fold, toy.features[REST]) for fold in range(FOLDS)], axis=0)
    np.testing.assert_allclose(leaves.scores(toy, REST), mean)


def test_a_task_of_one_class_gives_zeros(toy: Any) -> None:
    toy.labels["buys"][:] = 1.0
    assert (BoostedLeaves.fit(toy, TRAIN, 3, seed=0).scores(toy, REST)[:, :3] == 0).all()


def test_a_teacher_with_boosters_reads_and_reloads_them(toy: Any, small_config: TeacherConfig, tmp_path: Path) -> None:
    config = small_config.model_copy(update={"boosters": 9})
    teacher = fit_teacher(toy, TRAIN[:200], TRAIN[200:], config, tmp_path, progress=Silent())
    layout = teacher.inputs.layout
    place = [index for index, name in enumerate(layout.numeric) if name.startswith("booster:")]
    assert set(place) <= set(layout.feeds["deepfm"].fields)
    assert not set(place) & set(layout.feeds["causal"].fields)
    loaded = Teacher.load(tmp_path / "teacher.pt")
    for task, said in teacher.predict(toy, REST).items():
        np.testing.assert_array_equal(loaded.predict(toy, REST)[task], said)


def test_without_lightgbm_the_fix_is_named(toy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "lightgbm", None)
    with pytest.raises(UserError, match="boosters needs LightGBM"):
        BoostedLeaves.fit(toy, TRAIN, 3, seed=0)
