"""No feature may tell a label by itself."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from teacher.leakage.binning import bin_edges, binned
from teacher.leakage.findings import Check, Evidence, check_of
from teacher.leakage.sampling import MIN_CASES, Halves, outcomes
from teacher.leakage.scores import correlation, explained, low_auc, ranks
from understudy.contracts.features import FeatureSchema
from understudy.contracts.spec import DatasetSpec, TaskSpec

__all__ = ["BOUND_AUC", "BOUND_CORRELATION", "BOUND_R2", "check_single"]

BOUND_AUC = 0.99
BOUND_CORRELATION = 0.98
BOUND_R2 = 0.98


def check_single(
    spec: DatasetSpec,
    schema: FeatureSchema,
    features: NDArray[np.float64],
    labels: dict[str, NDArray[np.float64]],
    parts: Halves,
) -> Check:
    """Measure each feature against each label.

    Skill: the mean label per value (or per quantile bin; missing is a value of its own), fitted on one half
    and scored on the other: AUC for binary and for each class of a multiclass label, R2 of the label's ranks for
    regression. Besides, |Pearson| and for regression |Spearman| of numeric features with the label.
    """
    evidence: list[Evidence] = []
    for index, feature in enumerate(schema.features):
        fit, score = _bins(features[parts.fit, index], features[parts.score, index])
        both = features[np.concatenate([parts.fit, parts.score]), index]
        for task in spec.tasks:
            label = labels[task.name]
            evidence += _skill(task, feature.name, label[parts.fit], label[parts.score], fit, score)
            if feature.kind == "numeric" and task.type != "multiclass":
                evidence += _correlations(task, feature.name, label[np.concatenate([parts.fit, parts.score])], both)
    return check_of(
        "single_feature",
        "Does one feature tell a label by itself?",
        "Take the column out of the feature groups (name it in defined_by of the task, or in ignore), or replace it by "
        "its value before the label window.",
        evidence,
    )


def _bins(fit: NDArray[np.float64], score: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Bin numbers of both halves by the edges of the first; missing is the last bin."""
    edges = bin_edges(fit)
    missing = len(edges) + 1
    a, b = (np.nan_to_num(binned(half, edges), nan=missing).astype(np.int64) for half in (fit, score))
    return a, b


def _means(bins: NDArray[np.int64], label: NDArray[np.float64], scored: NDArray[np.int64]) -> NDArray[np.float64]:
    """Mean label of each scored row's bin, shrunk by one row towards the mean, which also stands for unseen bins."""
    width = int(max(bins.max(), scored.max())) + 1
    prior = float(label.mean())
    sums = np.bincount(bins, weights=label, minlength=width) + prior
    means: NDArray[np.float64] = (sums / (np.bincount(bins, minlength=width) + 1.0))[scored]
    return means


def _skill(
    task: TaskSpec,
    column: str,
    label_fit: NDArray[np.float64],
    label_score: NDArray[np.float64],
    bins_fit: NDArray[np.int64],
    bins_score: NDArray[np.int64],
) -> list[Evidence]:
    known_fit, known_score = ~np.isnan(label_fit), ~np.isnan(label_score)
    if min(known_fit.sum(), known_score.sum()) < 2 * MIN_CASES:
        return []
    fit, score = bins_fit[known_fit], bins_score[known_score]
    if task.type == "regression":
        predicted = _means(fit, ranks(label_fit[known_fit]), score)
        value = explained(ranks(label_score[known_score]), predicted)
        return [Evidence("R2 of ranks", value, BOUND_R2, [column], task.name)]
    found = []
    for (name, y_fit), (_, y_score) in zip(outcomes(task, label_fit), outcomes(task, label_score), strict=True):
        a, b = y_fit[known_fit], y_score[known_score]
        if min(a.sum(), (1 - a).sum(), b.sum(), (1 - b).sum()) >= MIN_CASES:
            detail = f"class {name}" if name else ""
            found.append(
                Evidence("AUC less 2 SE", low_auc(b, _means(fit, a, score)), BOUND_AUC, [column], task.name, detail)
            )
    return found


def _correlations(
    task: TaskSpec, column: str, label: NDArray[np.float64], values: NDArray[np.float64]
) -> list[Evidence]:
    known = ~(np.isnan(label) | np.isnan(values))
    if known.sum() < 2 * MIN_CASES:
        return []
    found = [Evidence("|Pearson|", correlation(values, label), BOUND_CORRELATION, [column], task.name)]
    if task.type == "regression":
        spearman = correlation(ranks(values[known]), ranks(label[known]))
        found.append(Evidence("|Spearman|", spearman, BOUND_CORRELATION, [column], task.name))
    return found
