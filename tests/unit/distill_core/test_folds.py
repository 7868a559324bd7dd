"""Folds follow the split unit, and nothing else."""

from __future__ import annotations

import numpy as np
import pytest

from distill.soft_labels import assign_folds
from understudy.errors import UserError


def test_rows_of_a_unit_share_a_fold_whatever_their_place() -> None:
    customers = np.array([f"c{i // 3}" for i in range(600)])
    units = np.random.default_rng(1).permutation(100)[np.arange(600) // 6]
    order = np.random.default_rng(0).permutation(600)
    fold = assign_folds(customers, units, 4, seed=1)
    assert np.array_equal(assign_folds(customers[order], 7 * units[order], 4, seed=1), fold[order])
    assert all(len(set(fold[units == unit].tolist())) == 1 for unit in units)
    assert len(set(fold.tolist())) == 4


def test_folds_are_even_and_change_with_the_seed() -> None:
    customers = np.array([f"c{i}" for i in range(4000)])
    fold = assign_folds(customers, np.arange(4000), 4, seed=0)
    assert np.bincount(fold, minlength=4).min() > 900
    assert (fold != assign_folds(customers, np.arange(4000), 4, seed=1)).mean() > 0.5


def test_an_empty_fold_and_an_impossible_number_are_refused() -> None:
    with pytest.raises(UserError, match="holds none of the 1 training units"):
        assign_folds(np.array(["one", "one"]), np.array([0, 0]), 3, seed=0)
    with pytest.raises(UserError, match="between 2 and 20"):
        assign_folds(np.array(["a", "b"]), np.array([0, 1]), 1, seed=0)
