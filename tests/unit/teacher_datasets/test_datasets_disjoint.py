"""One assertion, and every consumer of a dataset's rows calls it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from distill import DistillConfig, evaluate_gates, fit_rules, fit_students, label_out_of_fold
from teacher import TeacherConfig
from teacher.datasets import open_dataset
from teacher.datasets.disjoint import require_apart, require_disjoint
from teacher.training.fit import fit_teacher
from understudy.contracts.gates import GateConfig
from understudy.errors import UserError
from understudy.progress import Silent

Bank = Any


def test_prepared_splits_are_apart(bank: Bank) -> None:
    require_disjoint(bank.dataset())


@pytest.mark.parametrize("kind", ["row_ids", "customer_ids", "units"])
def test_what_two_splits_share_is_named(bank: Bank, kind: str) -> None:
    dataset = bank.dataset()
    ids = getattr(dataset, kind).copy()
    ids[dataset.rows("test")[0]] = ids[dataset.rows("train")[0]]
    name = {"row_ids": "row id", "customer_ids": "customer", "units": "split unit"}[kind]
    with pytest.raises(UserError, match=f"1 {name}s are in both the train split and the test split, first") as error:
        require_disjoint(replace(dataset, **{kind: ids}))
    assert error.value.exit_code == 4


def test_every_consumer_refuses_overlapping_splits(bank: Bank, tmp_path: Path) -> None:
    dataset = bank.dataset()
    units = dataset.units.copy()
    units[dataset.rows("valid")[0]] = units[dataset.rows("train")[0]]
    bad, soft = replace(dataset, units=units), SimpleNamespace()
    teacher, students = TeacherConfig.for_rows(240, quick=True), DistillConfig.for_rows(240, quick=True)
    train, valid = dataset.rows("train"), dataset.rows("valid")
    consumers = {
        "teacher": lambda: fit_teacher(bad, train, valid, teacher, tmp_path / "t", progress=Silent()),
        "soft labels": lambda: label_out_of_fold(bad, teacher, folds=2, out=tmp_path / "s", progress=Silent()),
        "students": lambda: fit_students(bad, soft, students, tmp_path / "p", Silent()),  # type: ignore[arg-type]
        "rules": lambda: fit_rules(bad),
        "gates": lambda: evaluate_gates(bad, soft, {}, GateConfig()),  # type: ignore[arg-type]
    }
    for name, consume in consumers.items():
        with pytest.raises(UserError, match="1 split units are in both") as error:
            consume()
        assert error.value.exit_code == 4, name


def test_a_teacher_never_gets_a_test_row(bank: Bank, tmp_path: Path) -> None:
    dataset = bank.dataset()
    train = np.append(dataset.rows("train"), dataset.rows("test")[:1])
    with pytest.raises(UserError, match="in both training and the test split"):
        fit_teacher(dataset, train, dataset.rows("valid"), TeacherConfig.for_rows(240), tmp_path, progress=Silent())


def test_the_row_ids_of_each_split_are_recorded_and_checked_when_opened(bank: Bank) -> None:
    dataset = bank.dataset()
    path = bank.out / "splits.json"
    record = json.loads(path.read_text())
    assert {name: part["rows"] for name, part in record.items()} == {
        name: len(dataset.rows(name))
        for name in ("train", "valid", "test")  # type: ignore[arg-type]
    }
    record["test"]["row_ids_sha256"] = "0" * 64
    path.write_text(json.dumps(record))
    with pytest.raises(UserError, match="the rows of the test split are not those that were prepared"):
        open_dataset(bank.out)


def test_sets_of_rows_can_be_named(bank: Bank) -> None:
    dataset = bank.dataset()
    require_apart(dataset, {"a": np.array([0, 1]), "b": np.array([2])})
    with pytest.raises(UserError, match="in both a and b"):
        require_apart(dataset, {"a": np.array([0, 1]), "b": np.array([1])})
