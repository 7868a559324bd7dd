"""No feature may tell a label by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teacher.leakage.binning import bin_edges, binned
from teacher.leakage.findings import Check, Evidence, check_of
from teacher.leakage.sampling import MIN_CASES, Halves, outcomes
from teacher.leakage.scores import correlation, explained, low_auc_of_counts, ranks
from understudy.contracts.features import FeatureSchema
from understudy.contracts.spec import DatasetSpec, TaskSpec

__all__ = ["BOUND_AUC", "BOUND_CORRELATION", "BOUND_R2", "check_single"]

BOUND_AUC = 0.99
BOUND_CORRELATION = 0.98
BOUND_R2 = 0.98


@dataclass(frozen=True)
class _Target:
    """One outcome of a task over the rows of both halves where it is known: 0/1, or the ranks of a number."""

    task: TaskSpec
    detail: str
    fit: NDArray[np.float64]
    score: NDArray[np.float64]
    known_fit: NDArray[np.bool_]
    known_score: NDArray[np.bool_]


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
    targets = [target for task in spec.tasks for target in _targets(task, labels[task.name], parts)]
    rows = np.concatenate([parts.fit, parts.score])
    for index, feature in enumerate(schema.features):
        fit, score = _bins(features[parts.fit, index], features[parts.score, index])
        evidence += [_skill(target, feature.name, fit, score) for target in targets]
        if feature.kind == "numeric":
            for task in spec.tasks:
                if task.type != "multiclass":
                    evidence += _correlations(task, feature.name, labels[task.name][rows], features[rows, index])
    return check_of(
        "single_feature",
        "Does one feature tell a label by itself?",
        "Take the column out of the feature groups (name it in defined_by of the task, or in ignore), or replace it by "
        "its value before the label window.",
        evidence,
    )


def _targets(task: TaskSpec, label: NDArray[np.float64], parts: Halves) -> Iterator[_Target]:
    """Outcomes with enough cases on both sides of both halves."""
    a, b = ~np.isnan(label[parts.fit]), ~np.isnan(label[parts.score])
    if min(a.sum(), b.sum()) < 2 * MIN_CASES:
        return
    fit, score = label[parts.fit][a], label[parts.score][b]
    if task.type == "regression":
        yield _Target(task, "", ranks(fit), ranks(score), a, b)
        return
    for (name, y_fit), (_, y_score) in zip(outcomes(task, fit), outcomes(task, score), strict=True):
        if min(y_fit.sum(), (1 - y_fit).sum(), y_score.sum(), (1 - y_score).sum()) >= MIN_CASES:
            yield _Target(task, f"class {name}" if name else "", y_fit, y_score, a, b)


def _bins(fit: NDArray[np.float64], score: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Bin numbers of both halves by the edges of the first; missing is the last bin."""
    edges = bin_edges(fit)
    missing = len(edges) + 1
    a, b = (np.nan_to_num(binned(half, edges), nan=missing).astype(np.int64) for half in (fit, score))
    return a, b


def _skill(target: _Target, column: str, bins_fit: NDArray[np.int64], bins_score: NDArray[np.int64]) -> Evidence:
    fit, score = bins_fit[target.known_fit], bins_score[target.known_score]
    width = int(max(fit.max(), score.max())) + 1
    # Shrunk by one row towards the mean, which also stands for bins that the first half does not hold.
    sums = np.bincount(fit, weights=target.fit, minlength=width) + target.fit.mean()
    means = sums / (np.bincount(fit, minlength=width) + 1.0)
    if target.task.type == "regression":
        value = explained(target.score, means[score])
        return Evidence("R2 of ranks", value, BOUND_R2, [column], target.task.name)
    cases = np.bincount(score, weights=target.score, minlength=width).astype(np.float64)
    value = low_auc_of_counts(means, cases, np.bincount(score, minlength=width) - cases)
    return Evidence("AUC less 2 SE", value, BOUND_AUC, [column], target.task.name, target.detail)


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
