"""No set of columns may determine a label, though no column of it does alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Protocol

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray
from sklearn.tree import DecisionTreeClassifier

from teacher.leakage.binning import bin_edges, binned
from teacher.leakage.findings import Check, Evidence, check_of
from teacher.leakage.sampling import MIN_CASES, Halves, outcomes
from teacher.leakage.scores import explained, low_auc, ranks
from understudy.contracts.features import FeatureSchema
from understudy.contracts.spec import DatasetSpec, TaskSpec
from understudy.progress import Advance

__all__ = ["BOUND_AUC", "BOUND_LINEAR", "BOUND_R2", "check_sets"]

BOUND_AUC = 0.998
BOUND_R2 = 0.98
BOUND_LINEAR = 0.999
# Rounds of boosting, and the score below which no more are added.
_AUC_STAGES = ((8, 0.80), (20, 0.90), (80, 1.0))
_R2_STAGES = ((15, 0.85), (100, 1.0))
# One thread: the gate must find the same on any number of cores.
_BOOSTER = {
    "num_leaves": 31,
    "learning_rate": 0.2,
    "min_data_in_leaf": 5,
    "max_bin": 255,
    "min_data_in_bin": 1,
    "feature_pre_filter": False,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 0,
    "verbose": -1,
}


def check_sets(
    spec: DatasetSpec,
    schema: FeatureSchema,
    features: NDArray[np.float64],
    labels: dict[str, NDArray[np.float64]],
    parts: Halves,
    advance: Advance,
    *,
    together: bool = True,
) -> Check:
    """Fit a small booster from each feature group, and (``together``) from all features, to each label.

    Scored on the other half: AUC for binary and each class; R2 of ranks for regression. A linear fit besides (AUC, R2)
    sees a label that is a sum of columns where trees only come near. The first rounds decide whether more are worth
    their time. Greedy trees do not see every interaction; ``check_pairs`` looks at every pair.
    """
    evidence: list[Evidence] = []
    fit, score = _halves(features[parts.fit], features[parts.score])
    for group, columns in _sets(spec, schema, together):
        inputs = _Inputs(fit.bins[:, columns], score.bins[:, columns], fit.raw[:, columns], score.raw[:, columns])
        names = [schema.features[index].name for index in columns]
        for task in spec.tasks:
            label = labels[task.name]
            evidence += _measure(task, group, names, inputs, label[parts.fit], label[parts.score])
            advance()
    return check_of(
        "feature_set",
        "Does a set of features determine a label?",
        "Find the columns of the set that are made from the label or from what defines it, and take them out.",
        evidence,
    )


@dataclass(frozen=True)
class _Half:
    bins: NDArray[np.float64]
    raw: NDArray[np.float64]


@dataclass(frozen=True)
class _Inputs:
    """The columns of one set in both halves ``[rows, F]``: binned for the boosters, raw for the linear fit."""

    fit: NDArray[np.float64]
    score: NDArray[np.float64]
    raw_fit: NDArray[np.float64]
    raw_score: NDArray[np.float64]

    @cached_property
    def dataset(self) -> lgb.Dataset:
        """The half to fit on, binned once for all tasks."""
        # Free the rows: only labels and weights are set on it from here on.
        return lgb.Dataset(self.fit, label=np.zeros(len(self.fit)), params=_BOOSTER).construct()

    def boosted(
        self,
        label: NDArray[np.float64],
        known: NDArray[np.bool_],
        objective: str,
        stages: Sequence[tuple[int, float]],
        value: _Value,
    ) -> float:
        """Boost stage by stage while ``value`` of the scores of the other half reaches the stage's mark."""
        self.dataset.set_label(np.where(known, label, 0.0))
        self.dataset.set_weight(known.astype(np.float64))
        booster = lgb.Booster({**_BOOSTER, "objective": objective}, self.dataset)
        found, done = 0.0, 0
        for rounds, enough in stages:
            for _ in range(done, rounds):
                if booster.update():
                    break
            done = rounds
            found = value(np.asarray(booster.predict(self.score, raw_score=True, num_threads=1)))
            if found < enough:
                break
        return found

    @cached_property
    def designs(self) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Both halves standardised by the first, missing as the mean, with a column of ones."""
        known = np.where(np.isnan(self.raw_fit).all(axis=0), 0.0, self.raw_fit)
        mean = np.asarray(np.nanmean(known, axis=0), dtype=np.float64)
        scale = np.asarray(np.nanstd(known, axis=0), dtype=np.float64)
        scale[scale == 0] = 1.0
        a, b = (np.nan_to_num((raw - mean) / scale) for raw in (self.raw_fit, self.raw_score))
        return np.column_stack([a, np.ones(len(a))]), np.column_stack([b, np.ones(len(b))])

    @cached_property
    def gram(self) -> NDArray[np.float64]:
        return self.designs[0].T @ self.designs[0]

    def linear(self, label: NDArray[np.float64]) -> NDArray[np.float64]:
        """Least squares of ``label`` (NaN: unknown) on the columns of one half, read on the other."""
        X, look = self.designs
        known = ~np.isnan(label)
        gram = self.gram if known.all() else X[known].T @ X[known]
        tiny = 1e-10 * max(1, int(known.sum())) * np.eye(len(gram))
        return np.asarray(look @ np.linalg.solve(gram + tiny, X[known].T @ label[known]), dtype=np.float64)


class _Value(Protocol):
    def __call__(self, scores: NDArray[np.float64], /) -> float: ...


def _halves(fit: NDArray[np.float64], score: NDArray[np.float64]) -> tuple[_Half, _Half]:
    edges = [bin_edges(column) for column in fit.T]
    a, b = (np.stack([binned(c, e) for c, e in zip(half.T, edges, strict=True)], axis=1) for half in (fit, score))
    return _Half(a, fit), _Half(b, score)


def _sets(spec: DatasetSpec, schema: FeatureSchema, together: bool) -> Iterator[tuple[str, list[int]]]:
    for group in [group for group in spec.groups if group.tier != "raw"]:
        yield group.name, [i for i, feature in enumerate(schema.features) if feature.group == group.name]
    if together and len(spec.groups) > 1:
        yield "all groups", list(range(len(schema.features)))


def _measure(
    task: TaskSpec,
    group: str,
    names: list[str],
    inputs: _Inputs,
    y_fit: NDArray[np.float64],
    y_score: NDArray[np.float64],
) -> list[Evidence]:
    a, b = ~np.isnan(y_fit), ~np.isnan(y_score)
    if min(a.sum(), b.sum()) < 2 * MIN_CASES:
        return []
    if task.type == "regression":
        return _regression(task, group, names, inputs, y_fit, y_score)
    shares = _class_shares(inputs.fit[a], y_fit[a], inputs.score[b], task.width) if task.type == "multiclass" else None
    found = []
    for index, ((name, fit), (_, score)) in enumerate(zip(outcomes(task, y_fit), outcomes(task, y_score), strict=True)):
        if min(*_cases(fit[a]), *_cases(score[b])) < MIN_CASES:
            continue
        value = 0.0 if shares is None else low_auc(score[b], shares[:, index])
        if shares is None or value >= _AUC_STAGES[0][1]:
            value = inputs.boosted(fit, a, "binary", _AUC_STAGES, lambda s, y=score[b]: low_auc(y, s[b]))
        detail = f"group {group}, class {name}" if name else f"group {group}"
        found.append(Evidence("AUC less 2 SE", value, BOUND_AUC, names, task.name, detail))
        linear = low_auc(score[b], inputs.linear(fit)[b])
        found.append(Evidence("AUC less 2 SE, linear", linear, BOUND_AUC, names, task.name, detail))
    return found


def _class_shares(
    X_fit: NDArray[np.float64], y_fit: NDArray[np.float64], X_score: NDArray[np.float64], classes: int
) -> NDArray[np.float64]:
    """Class shares ``[rows, K]`` by one tree over all classes: with fifty classes, fifty boosters are only fitted where
    the tree says that a class can be told."""
    tree = DecisionTreeClassifier(criterion="entropy", max_leaf_nodes=64, min_samples_leaf=5, random_state=0)
    shares = tree.fit(X_fit, y_fit).predict_proba(X_score)
    wide = np.zeros((len(X_score), classes))
    wide[:, tree.classes_.astype(np.int64)] = shares
    return wide


def _cases(outcome: NDArray[np.float64]) -> tuple[float, float]:
    return float(outcome.sum()), float((1 - outcome).sum())


def _regression(
    task: TaskSpec,
    group: str,
    names: list[str],
    inputs: _Inputs,
    y_fit: NDArray[np.float64],
    y_score: NDArray[np.float64],
) -> list[Evidence]:
    a, b = ~np.isnan(y_fit), ~np.isnan(y_score)
    ranked = np.zeros(len(y_fit))
    ranked[a] = ranks(y_fit[a])
    truth = ranks(y_score[b])
    value = inputs.boosted(ranked, a, "regression", _R2_STAGES, lambda scores: explained(truth, scores[b]))
    linear = explained(y_score[b], inputs.linear(y_fit)[b])
    detail = f"group {group}"
    return [
        Evidence("R2 of ranks", value, BOUND_R2, names, task.name, detail),
        Evidence("linear R2", linear, BOUND_LINEAR, names, task.name, detail),
    ]
