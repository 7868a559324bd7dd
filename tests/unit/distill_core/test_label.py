"""Out-of-fold labels: nobody labels what they saw, finished folds are not trained again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from distill import label_out_of_fold
from distill.soft_labels import assign_folds
from teacher import TeacherConfig
from understudy.errors import UserError
from understudy.progress import Silent

FOLDS = 3


@dataclass
class FakeTeacher:
    """Says the number of rows it was trained on, so that a label names its teacher."""

    fitted: np.ndarray
    experts: tuple[str, ...] = ("deepfm", "causal")
    poison: float = 0.0

    def predict(self, dataset: Any, positions: np.ndarray) -> dict[str, np.ndarray]:
        said = len(self.fitted) / 1e4 + dataset.row_ids[positions] / 1e7 + self.poison
        three = np.column_stack([said, 1 - 2 * said, said])
        return {"churn": said, "next_family": three, "spend": 10 * said}

    def gate_weights(self, dataset: Any, positions: np.ndarray) -> dict[str, np.ndarray]:
        one = np.tile([0.75, 0.25], (len(positions), 1))
        return {task.name: one for task in dataset.spec.tasks}


@dataclass
class Academy:
    """Stands for ``teacher.fit_teacher`` and remembers whom it trained on what."""

    trained: list[tuple[np.ndarray, np.ndarray, Path]]
    poison: float = 0.0
    fail_at: int | None = None

    def __call__(self, dataset: Any, train: Any, valid: Any, config: Any, out: Path, *, progress: Any) -> FakeTeacher:
        if len(self.trained) == self.fail_at:
            raise KeyboardInterrupt
        self.trained.append((train, valid, out))
        return FakeTeacher(train, poison=self.poison)


@pytest.fixture
def academy(monkeypatch: pytest.MonkeyPatch) -> Academy:
    academy = Academy([])
    monkeypatch.setattr("teacher.fit_teacher", academy, raising=False)
    return academy


def label(dataset: Any, out: Path, seed: int = 0) -> Any:
    return label_out_of_fold(dataset, TeacherConfig(seed=seed), folds=FOLDS, out=out, progress=Silent())


def test_every_row_is_labelled_by_teachers_that_never_saw_it(bank: Any, academy: Academy, tmp_path: Path) -> None:
    dataset = bank.dataset
    soft = label(dataset, tmp_path)
    train, others = dataset.rows("train"), np.flatnonzero(dataset.split != 0)
    assert np.array_equal(soft.fold[train], assign_folds(dataset.customer_ids[train], dataset.units[train], FOLDS, 0))
    assert (soft.fold[others] == -1).all()
    sizes = np.array([len(fitted) for fitted, _, _ in academy.trained])
    by_teacher = sizes[soft.fold[train]] / 1e4
    np.testing.assert_allclose(soft.probs["churn"][train], by_teacher + dataset.row_ids[train] / 1e7)
    np.testing.assert_allclose(soft.probs["churn"][others], sizes.mean() / 1e4 + dataset.row_ids[others] / 1e7)
    np.testing.assert_allclose(soft.probs["next_family"].sum(axis=1), 1)
    for k, (fitted, valid, out) in enumerate(academy.trained):
        assert not set(fitted) & set(train[soft.fold[train] == k])
        assert np.array_equal(valid, dataset.rows("valid"))
        assert out == tmp_path / f"fold{k}"


def test_the_file_says_which_fold_scored_which_row(bank: Any, academy: Academy, tmp_path: Path) -> None:
    soft = label(bank.dataset, tmp_path)
    table = pq.read_table(tmp_path / "soft.parquet")
    names = ["row_id", "fold", "churn", "next_family:none", "next_family:deposit", "next_family:loan", "spend"]
    assert table.column_names == names
    assert np.array_equal(table["row_id"].to_numpy(), bank.dataset.row_ids)
    assert np.array_equal(table["fold"].to_numpy(), soft.fold)
    assert np.array_equal(table["next_family:loan"].to_numpy(), soft.probs["next_family"][:, 2])


def test_gates_are_means_over_folds(bank: Any, academy: Academy, tmp_path: Path) -> None:
    assert label(bank.dataset, tmp_path).gates["spend"] == {"deepfm": 0.75, "causal": 0.25}


def test_an_interrupted_run_goes_on_at_the_fold_where_it_stopped(bank: Any, academy: Academy, tmp_path: Path) -> None:
    academy.fail_at = 2
    with pytest.raises(KeyboardInterrupt):
        label(bank.dataset, tmp_path)
    academy.fail_at = None
    soft = label(bank.dataset, tmp_path)
    assert [out.name for _, _, out in academy.trained] == ["fold0", "fold1", "fold2"]
    again = label(bank.dataset, tmp_path / "whole")
    assert all(np.array_equal(soft.probs[name], again.probs[name]) for name in soft.probs)


def test_another_config_trains_again(bank: Any, academy: Academy, tmp_path: Path) -> None:
    label(bank.dataset, tmp_path)
    label(bank.dataset, tmp_path, seed=1)
    assert len(academy.trained) == 2 * FOLDS


def test_shared_customers_are_refused(bank: Any, academy: Academy, tmp_path: Path) -> None:
    customers = bank.dataset.customer_ids.copy()
    customers[bank.dataset.rows("test")[0]] = customers[bank.dataset.rows("train")[0]]
    with pytest.raises(UserError, match="customers are in both the train split and the test split") as error:
        label(replace(bank.dataset, customer_ids=customers), tmp_path)
    assert error.value.exit_code == 4
    assert not academy.trained


def test_repeated_row_ids_are_refused(bank: Any, academy: Academy, tmp_path: Path) -> None:
    ids = bank.dataset.row_ids.copy()
    ids[bank.dataset.rows("train")] = 7
    with pytest.raises(UserError, match="labelled by a teacher that was trained on them"):
        label(replace(bank.dataset, row_ids=ids), tmp_path)


def test_a_prediction_that_is_not_finite_is_refused(bank: Any, academy: Academy, tmp_path: Path) -> None:
    academy.poison = float("nan")
    with pytest.raises(UserError, match="not finite"):
        label(bank.dataset, tmp_path)
    assert not (tmp_path / "soft.parquet").exists()


def test_a_household_is_labelled_by_one_teacher_and_never_parted(bank: Any, academy: Academy, tmp_path: Path) -> None:
    units = bank.dataset.units // 5 + 10_000 * bank.dataset.split.astype(np.int64)
    soft = label(replace(bank.dataset, units=units), tmp_path)
    train = bank.dataset.rows("train")
    assert all(len(set(soft.fold[train][units[train] == unit].tolist())) == 1 for unit in np.unique(units[train]))
    with pytest.raises(UserError, match="split units are in both"):
        label(replace(bank.dataset, units=bank.dataset.units // 5), tmp_path)
