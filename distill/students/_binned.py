"""Features binned once, for all tasks and all candidates."""

from __future__ import annotations

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from distill.students._targets import Targets

__all__ = ["Binned"]

Floats = NDArray[np.float64]


class Binned:
    """The training rows and the validation rows as LightGBM Datasets with common bins.

    Labels and weights are set on the same two Datasets task after task; only where some rows have no target is a
    subset copied (of bins, not of features), so LightGBM never reads the float features twice.

    Args:
        train: ``[m, F]`` features, NaN = missing; categorical ones are codes.
        valid: ``[v, F]``.
        categorical: Indices of the categorical features.
        max_bin: Most bins of a feature.
        threads: Threads that bin.
    """

    def __init__(self, train: Floats, valid: Floats, categorical: list[int], *, max_bin: int, threads: int) -> None:
        # feature_pre_filter would freeze min_data_in_leaf, which the search varies.
        parameters = {"max_bin": max_bin, "feature_pre_filter": False, "num_threads": threads, "verbose": -1}
        self._train = lgb.Dataset(train, categorical_feature=categorical, params=parameters).construct()
        self._valid = lgb.Dataset(valid, reference=self._train, params=parameters).construct()
        self._rows = (len(train), len(valid))

    def with_targets(self, train: Targets, valid: Targets) -> tuple[lgb.Dataset, lgb.Dataset]:
        """Both Datasets with these targets; for a multiclass target the label is not used and set to 0."""
        return _set(self._train, self._rows[0], train), _set(self._valid, self._rows[1], valid)


def _set(dataset: lgb.Dataset, rows: int, targets: Targets) -> lgb.Dataset:
    chosen = dataset
    if len(targets.rows) < rows:
        # A subset copies the field sizes of its parent, which must hold a label first.
        dataset.set_label(np.zeros(rows, dtype=np.float32))
        dataset.set_weight(None)
        chosen = dataset.subset(targets.rows.tolist()).construct()
    values = targets.values if targets.values.ndim == 1 else np.zeros(len(targets.rows))
    chosen.set_label(values.astype(np.float32))
    chosen.set_weight(None if targets.weights is None else targets.weights.astype(np.float32))
    return chosen
