"""Splits share no row, no group and, where the spec asks for it, no feature row; fits saw training rows only."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from teacher.features import FittedSchema
from teacher.features.schema import rows_digest
from teacher.leakage.findings import Check, Evidence, check_of

__all__ = ["Fit", "check_disjoint", "check_fits"]


def check_disjoint(named: dict[str, NDArray[np.int64]], split: NDArray[np.int8]) -> Check:
    """Count, for each of ``named`` (row ids, groups, ... as numbers ``[rows]``), how many stand in two splits.

    Row ids must besides be unique.
    """
    evidence = []
    for name, numbers in named.items():
        distinct, compact = np.unique(numbers, return_inverse=True)
        shared = len(np.unique(compact * 3 + split)) - len(distinct)
        repeated = len(numbers) - len(distinct) if name == "row_id" else 0
        evidence.append(Evidence("in two splits", float(shared + repeated), 1.0, [name]))
    return check_of(
        "disjoint",
        "Does any row, group or duplicate stand in two splits?",
        "Set split.key to the column that names the group, or keep_duplicates_together.",
        evidence,
    )


class Fit(Protocol):
    """What every fitted thing records: how many rows it was fitted on, and the digest of their ids."""

    @property
    def rows(self) -> int: ...
    @property
    def row_ids_sha256(self) -> str: ...


def check_fits(
    fitted: FittedSchema,
    features: NDArray[np.float64],
    row_ids: NDArray[np.int64],
    split: NDArray[np.int8],
    others: Mapping[str, Fit],
) -> Check:
    """See that the schema and every other fit (name -> record) were made on exactly the training rows: their number,
    their ids, and of the schema no category that no training row holds."""
    train = split == 0
    evidence = []
    rows, digest = int(train.sum()), rows_digest(row_ids[train])
    for name, fit in {"schema": fitted, **others}.items():
        wrong = float(fit.rows != rows or fit.row_ids_sha256 != digest)
        evidence.append(Evidence("fitted on other rows", wrong, 1.0, [name], detail=f"{fit.rows} rows recorded"))
    for index, feature in enumerate(fitted.schema.features):
        if feature.categories is not None:
            codes = features[train, index]
            seen = np.unique(codes[~np.isnan(codes)]).size
            foreign = float(len(feature.categories) - seen)
            evidence.append(Evidence("categories no training row holds", foreign, 1.0, [feature.name]))
    return check_of(
        "fits",
        "Was anything fitted on rows outside the training split?",
        "Fit on the training rows only.",
        evidence,
    )
