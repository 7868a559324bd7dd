"""Fit one candidate: boost on blended targets, stop early on the same blend of the validation rows."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from distill.config import DistillConfig, Shape
from distill.students._binned import Binned
from distill.students._shard import Shard
from distill.students._softmax import SoftmaxObjective, cross_entropy_rows, log_prior
from distill.students._targets import Targets, TaskData
from understudy.contracts._model import TaskType

__all__ = ["Boosted", "Candidate", "Loss", "Setting", "boost"]

Floats = NDArray[np.float64]
Loss = Literal["cross_entropy", "softmax", "huber", "l2"]


@dataclass(frozen=True)
class Candidate:
    """One point of the search.

    Attributes:
        alpha: Share of the teacher in the target.
        temperature: What the teacher's logits are divided by before they are blended.
        features: Indices of the only features that may be used, increasing; None for all.
    """

    alpha: float
    shape: Shape
    loss: Loss
    temperature: float = 1.0
    features: tuple[int, ...] | None = None


@dataclass(frozen=True)
class Setting:
    """What all candidates of a task share.

    Attributes:
        monotone: One of -1, 0, 1 for each feature; empty for no constraint.
        shard: This worker's share of the training rows, where several fit the task together.
    """

    kind: TaskType
    config: DistillConfig
    threads: int = 1
    monotone: tuple[int, ...] = ()
    shard: Shard | None = None


@dataclass(frozen=True)
class Boosted:
    """A fitted candidate: its model text, its rounds, and its base scores ``[outputs]``."""

    candidate: Candidate
    text: str
    rounds: int
    base: Floats


def boost(binned: Binned, train: TaskData, valid: TaskData, candidate: Candidate, setting: Setting) -> Boosted:
    """Fit ``candidate``; with a shard, together with the workers that hold the other shards.

    The validation rows are blended with the same alpha: a student of the teacher stops when it no longer comes closer
    to that blend. Which blend is best is asked of the labels afterwards.

    Raises:
        lightgbm.basic.LightGBMError: LightGBM refused the data or the parameters.
    """
    config, shard = setting.config, setting.shard
    fitted, held = (data.blend(candidate.alpha, candidate.temperature) for data in (train, valid))
    own = fitted if shard is None else shard.part(fitted)
    train_set, valid_set = binned.with_targets(own, held)
    parameters, rounds = _parameters(candidate, setting), config.rounds
    objective: SoftmaxObjective | None = None
    loss: Callable[[lgb.Booster], float] = _reported_loss
    base = np.zeros(1)
    if setting.kind == "multiclass":
        base = log_prior(fitted.values, fitted.weights)
        parameters |= {"objective": "none", "metric": "none", "num_class": len(base)}
        if len(base) >= config.many_classes:
            parameters["learning_rate"] = config.many_learning_rate
            rounds = config.many_rounds
        objective, loss = SoftmaxObjective(own.values, own.weights, base), _SoftmaxLoss(held, base)
    booster = _start(parameters, train_set, valid_set)
    # All workers of a gang see the same validation rows, so they stop after the same round.
    best = _run(booster, objective, loss, rounds, config)
    boosted = Boosted(candidate, booster.model_to_string(num_iteration=best), best, base)
    if shard is not None:
        shard.require_all(boosted.text, len(fitted.rows))
    return boosted


def _start(parameters: dict[str, Any], train_set: lgb.Dataset, valid_set: lgb.Dataset) -> lgb.Booster:
    # lgb.train would set the categorical features of the shared Datasets anew, which needs the raw features.
    return lgb.Booster(params=parameters, train_set=train_set).add_valid(valid_set, "valid")


def _run(
    booster: lgb.Booster,
    objective: SoftmaxObjective | None,
    loss: Callable[[lgb.Booster], float],
    rounds: int,
    config: DistillConfig,
) -> int:
    """Boost until the validation loss has not fallen for ``early_stopping`` rounds; returns the best round."""
    best, best_round = float("inf"), 1
    for this in range(1, rounds + 1):
        if booster.update(fobj=objective) and this > 1:
            # No tree could be split: LightGBM is done.
            break
        found = loss(booster)
        if found < best:
            best, best_round = found, this
        if this - best_round >= config.early_stopping:
            break
    return best_round


def _reported_loss(booster: lgb.Booster) -> float:
    """LightGBM's own metric on the validation rows."""
    return float(booster.eval_valid()[0][2])


def _parameters(candidate: Candidate, setting: Setting) -> dict[str, Any]:
    shape, config = candidate.shape, setting.config
    parameters: dict[str, Any] = {
        "objective": candidate.loss,
        # Huber candidates are stopped by their own loss; squared and entropy losses are their own metric as well.
        "metric": candidate.loss,
        "learning_rate": config.learning_rate,
        "num_leaves": shape.leaves,
        "min_data_in_leaf": shape.min_rows,
        "lambda_l2": shape.l2,
        "feature_fraction": shape.feature_fraction,
        "max_bin": config.max_bin,
        "feature_pre_filter": False,
        "deterministic": True,
        # By columns a thread that is alone takes two thirds of the time that it takes by rows, for the same sums.
        "force_col_wise": True,
        "num_threads": setting.threads,
        "seed": config.seed,
        "verbose": -1,
    }
    if any(setting.monotone):
        parameters["monotone_constraints"] = list(setting.monotone)
        parameters["monotone_constraints_method"] = "advanced"
    if candidate.features is not None:
        # One group of features that may act together: the binned Dataset stays that of all features.
        parameters["interaction_constraints"] = [list(candidate.features)]
    return parameters | ({} if setting.shard is None else setting.shard.parameters)


class _SoftmaxLoss:
    """Mean validation cross-entropy of a multiclass candidate."""

    def __init__(self, held: Targets, base: Floats) -> None:
        self._held = held
        self._base = base

    def __call__(self, booster: lgb.Booster) -> float:
        return float(booster.eval_valid(self._evaluate)[0][2])

    def _evaluate(self, scores: Floats, _dataset: lgb.Dataset) -> tuple[str, float, bool]:
        rows = cross_entropy_rows(self._held.values, scores + self._base)
        return "cross_entropy", float(np.average(rows, weights=self._held.weights)), False
