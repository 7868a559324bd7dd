"""Proof that no row was seen that must not be: the one assertion that every consumer of a dataset's rows calls."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import combinations
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from teacher.features.schema import rows_digest
from understudy.errors import UserError

if TYPE_CHECKING:
    from teacher.datasets.dataset import Dataset

__all__ = ["SPLIT_NAMES", "refuse_other_splits", "require_apart", "require_disjoint", "split_record"]

SPLIT_NAMES = ("train", "valid", "test")


def require_disjoint(dataset: Dataset) -> None:
    """Check that train, validation and test share no row id, no customer and no split unit.

    Raises:
        UserError: (exit code 4) two splits share an id; the first shared one is named.
    """
    positions = {name: np.flatnonzero(dataset.split == code) for code, name in enumerate(SPLIT_NAMES)}
    require_apart(dataset, {f"the {name} split": rows.astype(np.int64) for name, rows in positions.items()})


def require_apart(dataset: Dataset, named: Mapping[str, NDArray[np.int64]]) -> None:
    """Check that sets of row positions (name -> ``[m]``) share no row id, no customer and no split unit.

    Raises:
        UserError: (exit code 4) two sets share an id; the first shared one is named.
    """
    for kind, ids in (("row id", dataset.row_ids), ("customer", dataset.customer_ids), ("split unit", dataset.units)):
        parts = {name: np.unique(ids[rows]) for name, rows in named.items()}
        for (one, a), (other, b) in combinations(parts.items(), 2):
            shared = np.intersect1d(a, b, assume_unique=True)
            if len(shared):
                raise UserError(
                    f"{len(shared)} {kind}s are in both {one} and {other}, first {shared[0].item()!r}",
                    where=f"dataset {dataset.spec.name}",
                    fix="Split by a key that keeps a customer's rows together.",
                    exit_code=4,
                )


def split_record(row_ids: NDArray[np.int64], split: NDArray[np.int8]) -> dict[str, Any]:
    """The content of ``splits.json``: split -> its number of rows and the digest of their ids."""
    named = {name: row_ids[split == code] for code, name in enumerate(SPLIT_NAMES)}
    return {name: {"rows": len(ids), "row_ids_sha256": rows_digest(ids)} for name, ids in named.items()}


def refuse_other_splits(
    recorded: Mapping[str, Any], row_ids: NDArray[np.int64], split: NDArray[np.int8], where: str
) -> None:
    """Refuse rows that are not in the splits they were prepared in.

    Raises:
        UserError: naming the first split whose rows differ from the record.
    """
    for name, found in split_record(row_ids, split).items():
        if recorded.get(name) != found:
            what = f"the rows of the {name} split are not those that were prepared"
            raise UserError(what, where=where, fix="Prepare the dataset again.", exit_code=4)
