"""LightGBM on hard labels, tuned on the validation rows: what the teacher must beat."""

from __future__ import annotations

from typing import Any

import lightgbm
import numpy as np
from numpy.typing import NDArray

from teacher.datasets.dataset import Dataset
from understudy.contracts.spec import TaskSpec

__all__ = ["GRID", "boosted"]

GRID: tuple[dict[str, Any], ...] = (
    {"num_leaves": 7, "learning_rate": 0.1, "min_data_in_leaf": 20},
    {"num_leaves": 15, "learning_rate": 0.05, "min_data_in_leaf": 20},
    {"num_leaves": 31, "learning_rate": 0.05, "min_data_in_leaf": 20},
    {"num_leaves": 31, "learning_rate": 0.05, "min_data_in_leaf": 100},
    {"num_leaves": 63, "learning_rate": 0.03, "min_data_in_leaf": 50},
)
_MANY: tuple[dict[str, Any], ...] = ({"num_leaves": 4, "learning_rate": 0.15, "min_data_in_leaf": 20},)
_MANY_CLASSES = 10
_ROUNDS, _PATIENCE = 1500, 50
_OBJECTIVE = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}


def boosted(dataset: Dataset, tiers: tuple[str, ...], seed: int) -> dict[str, NDArray[np.float64]]:
    """Task -> predictions of the test rows, from the features of these tiers."""
    columns = [index for index, feature in enumerate(dataset.schema.features) if feature.tier in tiers]
    kinds = [dataset.schema.features[index].kind for index in columns]
    categorical = [place for place, kind in enumerate(kinds) if kind == "categorical"]
    features = dataset.features[:, columns]
    return {task.name: _task(dataset, task, features, categorical, seed) for task in dataset.spec.tasks}


def _task(
    dataset: Dataset, task: TaskSpec, features: NDArray[np.float64], categorical: list[int], seed: int
) -> NDArray[np.float64]:
    labels = dataset.labels[task.name]
    known = {split: dataset.rows(split) for split in ("train", "valid")}
    known = {split: rows[np.isfinite(labels[rows])] for split, rows in known.items()}
    train = lightgbm.Dataset(
        features[known["train"]], labels[known["train"]], categorical_feature=categorical, free_raw_data=False
    )
    valid = train.create_valid(features[known["valid"]], labels[known["valid"]])
    classes = len(task.classes or [])
    fitted = [_fit(train, valid, task, classes, point, seed) for point in (_MANY if classes >= _MANY_CLASSES else GRID)]
    best = min(fitted, key=lambda booster: next(iter(booster.best_score["valid"].values())))
    said = best.predict(features[dataset.rows("test")], num_iteration=best.best_iteration)
    return np.asarray(said, dtype=np.float64)


def _fit(
    train: lightgbm.Dataset, valid: lightgbm.Dataset, task: TaskSpec, classes: int, point: dict[str, Any], seed: int
) -> lightgbm.Booster:
    settings = point | {
        "objective": _OBJECTIVE[task.type],
        "feature_fraction": 0.5,
        "bagging_fraction": 0.8,
        "bagging_freq": 1,
        "lambda_l2": 1.0,
        "cat_smooth": 20.0,
        "num_threads": 1,
        "deterministic": True,
        "force_col_wise": True,
        "feature_pre_filter": False,
        "seed": seed,
        "verbose": -1,
    }
    if task.type == "multiclass":
        settings["num_class"] = classes
    stop = lightgbm.early_stopping(_PATIENCE, verbose=False)
    return lightgbm.train(settings, train, _ROUNDS, valid_sets=[valid], valid_names=["valid"], callbacks=[stop])
