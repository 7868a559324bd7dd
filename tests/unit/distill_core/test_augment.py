"""Rows that only the teacher labels: where they come from, who labels them, and that nobody is trained on them."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from distill import DistillConfig, fit_students, label_out_of_fold
from distill.soft_labels import augmented, first_rows
from teacher import TeacherConfig
from teacher.datasets.disjoint import require_disjoint
from understudy.progress import Silent


def test_added_rows_are_training_rows_with_some_features_drawn_anew(bank: Any) -> None:
    dataset = bank.dataset
    rows, train = len(dataset.row_ids), dataset.rows("train")
    more = augmented(dataset, 0.5, seed=3)
    added = np.arange(rows, len(more.row_ids))
    assert len(added) == round(0.5 * len(train))
    require_disjoint(more)
    assert len(np.unique(more.row_ids)) == len(more.row_ids)
    assert (more.split[added] == 0).all()
    assert all(np.isnan(labels[added]).all() for labels in more.labels.values())
    owner = {unit: row for row, unit in zip(train, dataset.units[train], strict=True)}
    base = np.array([owner[unit] for unit in more.units[added]])
    assert (more.customer_ids[added] == dataset.customer_ids[base]).all()
    known = np.nan_to_num(dataset.features, nan=-9.0)
    features = np.nan_to_num(more.features, nan=-9.0)
    changed = features[added] != known[base]
    assert 0.05 < changed.mean() < 0.2
    for column in range(changed.shape[1]):
        assert np.isin(features[added, column], known[train, column]).all()
    assert np.array_equal(features[:rows], known)
    again = augmented(dataset, 0.5, seed=3)
    assert np.array_equal(again.features, more.features, equal_nan=True)
    assert again.fingerprint == more.fingerprint != dataset.fingerprint
    assert augmented(dataset, 0.0, seed=3) is dataset


def test_an_added_row_is_labelled_by_the_teacher_that_saw_neither_it_nor_its_origin(
    bank: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    trained: list[np.ndarray] = []

    class Fake:
        experts = ("one",)

        def predict(self, dataset: Any, rows: np.ndarray) -> dict[str, np.ndarray]:
            half = np.full(len(rows), 0.5)
            return {"churn": half, "next_family": np.full((len(rows), 3), 1 / 3), "spend": half}

        def gate_weights(self, dataset: Any, rows: np.ndarray) -> dict[str, np.ndarray]:
            return {task.name: np.ones((len(rows), 1)) for task in dataset.spec.tasks}

    def fit(dataset: Any, rows: np.ndarray, *_: Any, **__: Any) -> Fake:
        trained.append(rows)
        return Fake()

    monkeypatch.setattr("teacher.fit_teacher", fit)
    more = augmented(bank.dataset, 0.5, seed=3)
    soft = label_out_of_fold(more, TeacherConfig(), folds=3, out=tmp_path, progress=Silent())
    rows = len(bank.dataset.row_ids)
    assert len(soft.fold) == len(more.row_ids)
    assert (soft.fold[rows:] >= 0).all()
    for k, fitted in enumerate(trained):
        assert fitted.max() < rows
        assert not set(more.units[fitted]) & set(more.units[soft.fold == k])
    cut = first_rows(soft, rows)
    assert len(cut.fold) == len(cut.probs["churn"]) == rows


def test_students_learn_from_added_rows_what_the_teacher_says(bank: Any, config: DistillConfig, tmp_path: Path) -> None:
    """A teacher of 150 labelled rows' worth of data knows the truth: more rows that it labels bring the copy closer."""
    dataset = bank.dataset
    few = np.concatenate([dataset.rows("train")[:150], dataset.rows("valid"), dataset.rows("test")])
    spec = dataset.spec.model_copy(update={"tasks": dataset.spec.tasks[:1]})
    small = replace(
        dataset,
        spec=spec,
        labels={task: values[few] for task, values in dataset.labels.items()},
        protected={name: groups[few] for name, groups in dataset.protected.items()},
        **{name: getattr(dataset, name)[few] for name in ("row_ids", "customer_ids", "units", "split", "features")},
    )
    errors = []
    settings = config.model_copy(update={"alphas": (0.0, 1.0), "tolerance_se": 50.0})
    for share in (0.0, 4.0):
        more = augmented(small, share, seed=1)
        soft = replace(bank.soft, probs={"churn": _truth(more)}, fold=np.where(more.split == 0, 0, -1).astype(np.int8))
        pair = fit_students(more, soft, settings, tmp_path / str(share), Silent())["churn"]
        test = small.rows("test")
        errors.append(np.square(pair.distilled.predict(small.features[test]) - _truth(small)[test]).mean())
    assert errors[1] < errors[0]


def _truth(dataset: Any) -> np.ndarray:
    """A function of the features, so that it is known of rows that nobody ever saw."""
    x = np.nan_to_num(dataset.features[:, :2])
    return np.asarray(1 / (1 + np.exp(-1.5 * x[:, 0] + x[:, 1])), dtype=np.float64)
