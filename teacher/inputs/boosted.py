"""Out-of-fold leaf values of a small booster, as an input group beside the features."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from understudy.contracts.spec import TaskSpec
from understudy.errors import UserError

if TYPE_CHECKING:
    from teacher.datasets.dataset import Dataset

__all__ = ["PREFIX", "BoostedLeaves", "column_names"]

PREFIX = "booster:"
FOLDS = 3
# Sums after a third, two thirds and all of the trees; a task of many classes gives one sum per class.
_STAGES = (1, 2, 3)
_SETTINGS: dict[str, Any] = {
    "num_leaves": 15,
    "learning_rate": 0.1,
    "min_data_in_leaf": 20,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "lambda_l2": 1.0,
    "max_bin": 63,
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
    "verbose": -1,
}
_OBJECTIVE = {"binary": "binary", "multiclass": "multiclass", "regression": "regression"}


def column_names(tasks: list[TaskSpec]) -> list[str]:
    """The columns that the boosters add, in order."""
    names = []
    for task in tasks:
        kinds = task.classes if task.type == "multiclass" else [f"stage{stage}" for stage in _STAGES]
        names += [f"{PREFIX}{task.name}:{kind}" for kind in kinds or []]
    return names


@dataclass(frozen=True)
class BoostedLeaves:
    """Per fold and task a LightGBM model of the training rows outside the fold; the sums of its leaf values are inputs.

    A row that was trained on is always given the sums of the boosters that did not see it; every other row the mean of
    all folds. So the network is trained on what it will meet, and a label cannot come back through its own leaf.

    Departure from leaf embeddings (DeepGBM, Ke et al., KDD 2019): a leaf's number means something else in every fold's
    trees and has no common embedding; partial sums of leaf values are in the units of the label in all of them. They
    pass through the piecewise-linear embedding like every number.

    Attributes:
        models: ``[FOLDS][tasks]`` LightGBM model texts; "" where a fold has no known label, or one class only.
        widths: Columns of each task.
        rows: ``[n]`` ids of the rows trained on, ascending.
        folds: ``[n]`` the fold of each.
    """

    models: list[list[str]]
    widths: list[int]
    rows: NDArray[np.int64]
    folds: NDArray[np.int64]

    @classmethod
    def fit(cls, dataset: Dataset, train: NDArray[np.int64], trees: int, seed: int) -> BoostedLeaves:
        """Train ``FOLDS`` x tasks boosters of ``trees`` rounds; rows of one unit share a fold.

        Raises:
            UserError: LightGBM is not installed.
        """
        units, place = np.unique(dataset.units[train], return_inverse=True)
        fold = (np.random.default_rng(seed).permutation(len(units)) % FOLDS)[place]
        models = [
            [_booster(dataset, task, train[fold != number], trees, seed) for task in dataset.spec.tasks]
            for number in range(FOLDS)
        ]
        order = np.argsort(dataset.row_ids[train], kind="stable")
        widths = [len(column_names([task])) for task in dataset.spec.tasks]
        return cls(models, widths, dataset.row_ids[train][order], fold[order].astype(np.int64))

    def scores(self, dataset: Dataset, positions: NDArray[np.int64]) -> NDArray[np.float64]:
        """``[m, columns]`` for the rows at ``positions``."""
        every = np.stack([self._by_fold(fold, dataset.features[positions]) for fold in range(FOLDS)])
        result = np.asarray(every.mean(axis=0), dtype=np.float64)
        mine = self._fold_of(dataset.row_ids[positions])
        for fold in range(FOLDS):
            result[mine == fold] = every[fold][mine == fold]
        return result

    def _fold_of(self, row_ids: NDArray[np.int64]) -> NDArray[np.int64]:
        """The fold of each row, -1 if it was not trained on."""
        place = np.searchsorted(self.rows, row_ids).clip(max=len(self.rows) - 1)
        return np.where(self.rows[place] == row_ids, self.folds[place], -1)

    def _by_fold(self, fold: int, features: NDArray[np.float64]) -> NDArray[np.float64]:
        parts = [_sums(text, width, features) for text, width in zip(self.models[fold], self.widths, strict=True)]
        return np.concatenate(parts, axis=1)


def _lightgbm() -> Any:
    try:
        return import_module("lightgbm")
    except ImportError as error:
        raise UserError(
            f"boosters needs LightGBM: {error}", where="teacher config", fix="Install it, or set boosters to 0."
        ) from error


def _booster(dataset: Dataset, task: TaskSpec, rows: NDArray[np.int64], trees: int, seed: int) -> str:
    labels = dataset.labels[task.name][rows]
    known = np.isfinite(labels)
    if len(np.unique(labels[known])) < 2:
        return ""
    lightgbm = _lightgbm()
    settings = _SETTINGS | {"objective": _OBJECTIVE[task.type], "seed": seed}
    rounds = trees
    if task.type == "multiclass":  # a round grows one tree per class
        settings |= {"num_class": len(task.classes or []), "num_leaves": 4}
        rounds = max(1, trees // 2)
    categorical = [i for i, feature in enumerate(dataset.schema.features) if feature.kind == "categorical"]
    data = lightgbm.Dataset(dataset.features[rows][known], labels[known], categorical_feature=categorical)
    text: str = lightgbm.train(settings, data, rounds).model_to_string()
    return text


def _sums(text: str, width: int, features: NDArray[np.float64]) -> NDArray[np.float64]:
    """Partial sums of leaf values ``[rows, width]``; 0 where there is no model."""
    if not text:
        return np.zeros((len(features), width))
    booster = _lightgbm().Booster(model_str=text)
    rounds = booster.current_iteration()
    if booster.num_model_per_iteration() > 1:
        return np.asarray(booster.predict(features, raw_score=True, num_threads=1), dtype=np.float64)
    ends = [max(1, rounds * stage // len(_STAGES)) for stage in _STAGES]
    sums = [booster.predict(features, raw_score=True, num_iteration=end, num_threads=1) for end in ends]
    return np.stack(sums, axis=1).astype(np.float64)
