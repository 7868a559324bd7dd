"""Proof that no test row was ever seen: row ids, customers and split units of the splits do not meet."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from understudy.errors import UserError

if TYPE_CHECKING:
    from teacher.datasets.dataset import Dataset

__all__ = ["require_disjoint"]


def require_disjoint(dataset: Dataset) -> None:
    """Check that train, validation and test share no row id, no customer and no split unit.

    Raises:
        UserError: (exit code 4) two splits share an id; the first shared one is named.
    """
    names = ("train", "valid", "test")
    for kind, ids in (
        ("row id", dataset.row_ids),
        ("customer", dataset.customer_ids),
        ("split unit", dataset.units),
    ):
        parts = [np.unique(ids[dataset.split == code]) for code in range(3)]
        for i, j in ((0, 1), (0, 2), (1, 2)):
            shared = np.intersect1d(parts[i], parts[j], assume_unique=True)
            if len(shared):
                both = f"both the {names[i]} and the {names[j]} split"
                raise UserError(
                    f"{len(shared)} {kind}s are in {both}, first {shared[0].item()!r}",
                    where=f"dataset {dataset.spec.name}",
                    fix="Split by a key that keeps a customer's rows together.",
                    exit_code=4,
                )
