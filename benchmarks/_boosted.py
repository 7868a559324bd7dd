"""LightGBM as a bank would use it: a small grid, chosen and stopped on the validation rows."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from understudy.contracts._model import TaskType

__all__ = ["GRID", "predict_boosted"]

Floats = NDArray[np.float64]

GRID = ({"num_leaves": 7, "learning_rate": 0.1}, {"num_leaves": 31, "learning_rate": 0.06})
"""Tried on binary and regression tasks. With many classes a round grows one tree per class, so one setting serves."""

_MANY = ({"num_leaves": 4, "learning_rate": 0.15},)
_MAX_ROUNDS, _PATIENCE = 500, 25
_OBJECTIVE = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}


def predict_boosted(
    features: Floats,
    labels: Floats,
    rows: dict[str, NDArray[np.int64]],
    kind: TaskType,
    classes: int,
    categorical: list[int],
) -> Floats:
    """Fit on ``rows["train"]``, choose and stop on ``rows["valid"]``, predict ``rows["test"]``: ``[m]`` or ``[m, K]``.

    Rows without a label are left out of fitting and choosing. One thread, fixed seed: the same bytes every time.
    """
    known = {name: rows[name][~np.isnan(labels[rows[name]])] for name in ("train", "valid")}
    train = lightgbm.Dataset(
        features[known["train"]], labels[known["train"]], categorical_feature=categorical, free_raw_data=False
    )
    valid = train.create_valid(features[known["valid"]], labels[known["valid"]])
    fitted = [_fit(train, valid, kind, classes, point) for point in (GRID if kind != "multiclass" else _MANY)]
    best = min(fitted, key=_loss)
    return np.asarray(best.predict(features[rows["test"]], num_iteration=best.best_iteration), dtype=np.float64)


def _fit(
    train: lightgbm.Dataset, valid: lightgbm.Dataset, kind: TaskType, classes: int, point: dict[str, Any]
) -> lightgbm.Booster:
    settings = point | {
        "objective": _OBJECTIVE[kind],
        "feature_fraction": 0.3,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "min_data_in_leaf": 40,
        "lambda_l2": 1.0,
        "cat_smooth": 20.0,
        "max_bin": 63,
        "num_threads": 1,
        "deterministic": True,
        "force_col_wise": True,
        "seed": 1,
        "verbose": -1,
        "feature_pre_filter": False,
    }
    if kind == "multiclass":
        settings["num_class"] = classes
    stop = lightgbm.early_stopping(_PATIENCE, verbose=False)
    return lightgbm.train(settings, train, _MAX_ROUNDS, valid_sets=[valid], valid_names=["valid"], callbacks=[stop])


def _loss(booster: lightgbm.Booster) -> float:
    return float(next(iter(booster.best_score["valid"].values())))
