"""Splits share no row, no group and, where the spec asks for it, no feature row; fits saw training rows only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from teacher.features import FittedSchema
from teacher.features.schema import rows_digest
from teacher.leakage.findings import Check, Evidence, check_of

__all__ = ["check_disjoint", "check_fits"]


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


def check_fits(
    fitted: FittedSchema, features: NDArray[np.float64], row_ids: NDArray[np.int64], split: NDArray[np.int8]
) -> Check:
    """See that the schema was fitted on exactly the training rows: their number, their ids, and no category that no
    training row holds."""
    train = split == 0
    wrong_rows = float(fitted.rows != int(train.sum()) or fitted.row_ids_sha256 != rows_digest(row_ids[train]))
    evidence = [Evidence("fitted on other rows", wrong_rows, 1.0, ["schema"], detail=f"{fitted.rows} rows recorded")]
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
