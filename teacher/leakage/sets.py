"""No set of columns may determine a label, though no column of it does alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.ensemble import HistGradientBoostingClassifier, HistGradientBoostingRegressor
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
# Rounds, leaves, and the score below which a larger booster is not tried.
_AUC_STAGES = ((8, 15, 0.80), (20, 31, 0.90), (80, 31, 1.0))
_R2_STAGES = ((15, 15, 0.85), (100, 31, 1.0))


def check_sets(
    spec: DatasetSpec,
    schema: FeatureSchema,
    features: NDArray[np.float64],
    labels: dict[str, NDArray[np.float64]],
    parts: Halves,
    advance: Advance,
) -> Check:
    """Fit a small booster from each feature group, and from all features, to each label; score it on the other half.

    AUC for binary and each class; R2 of ranks for regression, and R2 of a linear fit, which sees a label that is a
    sum of columns where trees only come near. Smaller boosters decide whether the full one is worth its time. Greedy
    trees do not see every interaction: an exclusive or of two columns among sixty others stays hidden from them.
    """
    evidence: list[Evidence] = []
    fit, score = _halves(features[parts.fit], features[parts.score])
    for group, columns in _sets(spec, schema):
        X_fit, X_score = fit.take(columns), score.take(columns)
        names = [schema.features[index].name for index in columns]
        for task in spec.tasks:
            label = labels[task.name]
            evidence += _measure(task, group, names, X_fit, X_score, label[parts.fit], label[parts.score])
            advance()
    return check_of(
        "feature_set",
        "Does a set of features determine a label?",
        "Find the columns of the set that are made from the label or from what defines it, and take them out.",
        evidence,
    )


@dataclass(frozen=True)
class _Inputs:
    """Features of one half ``[rows, F]``: binned for the boosters, raw for the linear fit."""

    bins: NDArray[np.float64]
    raw: NDArray[np.float64]

    def take(self, columns: list[int]) -> _Inputs:
        return _Inputs(self.bins[:, columns], self.raw[:, columns])

    def rows(self, known: NDArray[np.bool_]) -> _Inputs:
        return _Inputs(self.bins[known], self.raw[known])


def _halves(fit: NDArray[np.float64], score: NDArray[np.float64]) -> tuple[_Inputs, _Inputs]:
    edges = [bin_edges(column) for column in fit.T]
    a, b = (np.stack([binned(c, e) for c, e in zip(half.T, edges, strict=True)], axis=1) for half in (fit, score))
    return _Inputs(a, fit), _Inputs(b, score)


def _sets(spec: DatasetSpec, schema: FeatureSchema) -> Iterator[tuple[str, list[int]]]:
    for group in spec.groups:
        yield group.name, [i for i, feature in enumerate(schema.features) if feature.group == group.name]
    if len(spec.groups) > 1:
        yield "all groups", list(range(len(schema.features)))


def _measure(
    task: TaskSpec,
    group: str,
    names: list[str],
    X_fit: _Inputs,
    X_score: _Inputs,
    y_fit: NDArray[np.float64],
    y_score: NDArray[np.float64],
) -> list[Evidence]:
    a, b = ~np.isnan(y_fit), ~np.isnan(y_score)
    if min(a.sum(), b.sum()) < 2 * MIN_CASES:
        return []
    if task.type == "regression":
        return _regression(task, group, names, X_fit.rows(a), X_score.rows(b), y_fit[a], y_score[b])
    promising = (
        _promising_classes(X_fit.bins[a], y_fit[a], X_score.bins[b], task.width) if task.type == "multiclass" else None
    )
    found = []
    for index, ((name, fit), (_, score)) in enumerate(zip(outcomes(task, y_fit), outcomes(task, y_score), strict=True)):
        if min(*_cases(fit[a]), *_cases(score[b])) < MIN_CASES:
            continue
        value = 0.0 if promising is None else low_auc(score[b], promising[:, index])
        if promising is None or value >= _AUC_STAGES[0][2]:
            value = _boosted_auc(X_fit.bins[a], fit[a], X_score.bins[b], score[b])
        detail = f"group {group}, class {name}" if name else f"group {group}"
        found.append(Evidence("AUC less 2 SE", value, BOUND_AUC, names, task.name, detail))
    return found


def _promising_classes(
    X_fit: NDArray[np.float64], y_fit: NDArray[np.float64], X_score: NDArray[np.float64], classes: int
) -> NDArray[np.float64]:
    """Class shares ``[rows, K]`` by one tree over all classes: with fifty classes, fifty boosters are only fitted where
    the tree says that a class can be told."""
    tree = DecisionTreeClassifier(criterion="entropy", max_leaf_nodes=256, min_samples_leaf=5, random_state=0)
    shares = tree.fit(X_fit, y_fit).predict_proba(X_score)
    wide = np.zeros((len(X_score), classes))
    wide[:, tree.classes_.astype(np.int64)] = shares
    return wide


def _cases(outcome: NDArray[np.float64]) -> tuple[float, float]:
    return float(outcome.sum()), float((1 - outcome).sum())


def _boosted_auc(
    X_fit: NDArray[np.float64], y_fit: NDArray[np.float64], X_score: NDArray[np.float64], y_score: NDArray[np.float64]
) -> float:
    value = 0.0
    for rounds, leaves, enough in _AUC_STAGES:
        model = HistGradientBoostingClassifier(
            max_iter=rounds, max_leaf_nodes=leaves, learning_rate=0.2, min_samples_leaf=5, early_stopping=False
        )
        value = low_auc(y_score, model.fit(X_fit, y_fit).decision_function(X_score))
        if value < enough:
            break
    return value


def _regression(
    task: TaskSpec,
    group: str,
    names: list[str],
    X_fit: _Inputs,
    X_score: _Inputs,
    y_fit: NDArray[np.float64],
    y_score: NDArray[np.float64],
) -> list[Evidence]:
    value = 0.0
    for rounds, leaves, enough in _R2_STAGES:
        model = HistGradientBoostingRegressor(
            max_iter=rounds, max_leaf_nodes=leaves, learning_rate=0.2, min_samples_leaf=5, early_stopping=False
        )
        value = explained(ranks(y_score), model.fit(X_fit.bins, ranks(y_fit)).predict(X_score.bins))
        if value < enough:
            break
    linear = _linear_r2(X_fit.raw, y_fit, X_score.raw, y_score)
    detail = f"group {group}"
    return [
        Evidence("R2 of ranks", value, BOUND_R2, names, task.name, detail),
        Evidence("linear R2", linear, BOUND_LINEAR, names, task.name, detail),
    ]


def _linear_r2(
    X_fit: NDArray[np.float64], y_fit: NDArray[np.float64], X_score: NDArray[np.float64], y_score: NDArray[np.float64]
) -> float:
    known = np.where(np.isnan(X_fit), 0.0, X_fit)
    mean, scale = known.mean(axis=0), known.std(axis=0)
    scale[scale == 0] = 1.0

    def design(X: NDArray[np.float64]) -> NDArray[np.float64]:
        filled = (np.where(np.isnan(X), 0.0, X) - mean) / scale
        return np.column_stack([filled, np.ones(len(X))])

    weights = np.linalg.lstsq(design(X_fit), y_fit, rcond=None)[0]
    return explained(y_score, design(X_score) @ weights)
