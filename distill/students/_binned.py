"""Features binned once, for all tasks and all candidates."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from distill.students._targets import Targets

__all__ = ["Binned"]

Floats = NDArray[np.float64]


class Binned:
    """The training rows and the validation rows as LightGBM Datasets with common bins.

    Labels and weights are set on the same two Datasets task after task, so features are read and binned once; only
    where some rows have no target is a subset of the bins copied.
    """

    def __init__(self, train: lgb.Dataset, valid: lgb.Dataset) -> None:
        self._train = train
        self._valid = valid

    @classmethod
    def fit(
        cls,
        train: Floats,
        valid: Floats,
        categorical: list[int],
        *,
        max_bin: int,
        threads: int,
        network: Mapping[str, Any] | None = None,
    ) -> Binned:
        """Bin by the training rows.

        Args:
            train: ``[m, F]`` features, NaN = missing; categorical ones are codes.
            valid: ``[v, F]``.
            categorical: Indices of the categorical features.
            max_bin: Most bins of a feature.
            threads: Threads that bin.
            network: Parameters of a worker that bins together with others.
        """
        # feature_pre_filter would freeze min_data_in_leaf, which the search varies.
        parameters = {"max_bin": max_bin, "feature_pre_filter": False, "num_threads": threads, "verbose": -1}
        parameters |= network or {}
        fitted = lgb.Dataset(train, categorical_feature=categorical, params=parameters).construct()
        return cls(fitted, lgb.Dataset(valid, reference=fitted, params=parameters).construct())

    def with_targets(self, train: Targets, valid: Targets) -> tuple[lgb.Dataset, lgb.Dataset]:
        """Both Datasets with these targets; for a multiclass target the label is not used and set to 0."""
        return _set(self._train, train), _set(self._valid, valid)


def _subset(dataset: lgb.Dataset, rows: NDArray[np.int64] | None = None) -> lgb.Dataset:
    """Copy the bins of ``rows``, all by default."""
    # A subset copies the labels of its parent, which must have some.
    dataset.set_label(np.zeros(dataset.num_data(), dtype=np.float32))
    dataset.set_weight(None)
    chosen = range(dataset.num_data()) if rows is None else rows.tolist()
    return dataset.subset(list(chosen)).construct()


def _set(dataset: lgb.Dataset, targets: Targets) -> lgb.Dataset:
    chosen = dataset if len(targets.rows) == dataset.num_data() else _subset(dataset, targets.rows)
    values = targets.values if targets.values.ndim == 1 else np.zeros(len(targets.rows))
    chosen.set_label(values.astype(np.float32))
    chosen.set_weight(None if targets.weights is None else targets.weights.astype(np.float32))
    return chosen
