"""No feature may tell a label by itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teacher.leakage.binning import bin_edges, binned
from teacher.leakage.findings import Check, Evidence, check_of
from teacher.leakage.sampling import MIN_CASES, Halves
from teacher.leakage.scores import explained, low_aucs_of_counts, ranks
from teacher.leakage.tables import correlations, rank_columns
from understudy.contracts.features import FeatureSchema
from understudy.contracts.spec import DatasetSpec, TaskSpec

__all__ = ["BOUND_AUC", "BOUND_CORRELATION", "BOUND_R2", "BOUND_VARIANCE", "check_single"]

BOUND_AUC = 0.99
BOUND_CORRELATION = 0.98
BOUND_R2 = 0.98
# Of a 0/1 label: an honest probability is not 0 or 1 nearly everywhere. A feature of AUC .97 explains some .65.
BOUND_VARIANCE = 0.88


@dataclass(frozen=True)
class _Target:
    """A task over the rows of both halves where its label is known: class numbers, or the ranks of a number.

    ``classes`` are those with enough cases on either side of both halves (binary: 1 alone).
    """

    task: TaskSpec
    fit: NDArray[np.float64]
    score: NDArray[np.float64]
    known_fit: NDArray[np.bool_]
    known_score: NDArray[np.bool_]
    classes: list[int]

    def detail(self, index: int) -> str:
        return f"class {self.task.classes[index]}" if self.task.classes else ""


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
    targets = [target for task in spec.tasks for target in _targets(task, labels[task.name], parts)]
    X_fit, X_score = features[parts.fit], features[parts.score]
    evidence: list[Evidence] = []
    for index, feature in enumerate(schema.features):
        fit, score = _bins(X_fit[:, index], X_score[:, index])
        for target in targets:
            evidence += _skill(target, feature.name, fit, score)
    evidence += _correlated(spec, schema, np.concatenate([X_fit, X_score]), labels, parts)
    return check_of(
        "single_feature",
        "Does one feature tell a label by itself?",
        "Take the column out of the feature groups (name it in defined_by of the task, or in ignore), or replace it by "
        "its value before the label window.",
        evidence,
    )


def _targets(task: TaskSpec, label: NDArray[np.float64], parts: Halves) -> Iterator[_Target]:
    a, b = ~np.isnan(label[parts.fit]), ~np.isnan(label[parts.score])
    if min(a.sum(), b.sum()) < 2 * MIN_CASES:
        return
    fit, score = label[parts.fit][a], label[parts.score][b]
    if task.type == "regression":
        yield _Target(task, ranks(fit), ranks(score), a, b, [])
        return
    wanted = range(task.width) if task.type == "multiclass" else [1]
    classes = [index for index in wanted if min(_cases(fit, index), _cases(score, index)) >= MIN_CASES]
    if classes:
        yield _Target(task, fit, score, a, b, classes)


def _cases(label: NDArray[np.float64], index: int) -> int:
    cases = int((label == index).sum())
    return min(cases, len(label) - cases)


def _bins(fit: NDArray[np.float64], score: NDArray[np.float64]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Bin numbers of both halves by the edges of the first; missing is the last bin."""
    edges = bin_edges(fit)
    missing = len(edges) + 1
    a, b = (np.nan_to_num(binned(half, edges), nan=missing).astype(np.int64) for half in (fit, score))
    return a, b


def _skill(target: _Target, column: str, bins_fit: NDArray[np.int64], bins_score: NDArray[np.int64]) -> list[Evidence]:
    fit, score = bins_fit[target.known_fit], bins_score[target.known_score]
    width = int(max(fit.max(), score.max())) + 1
    task = target.task
    # Shrunk by one row towards the mean, which also stands for bins that the first half does not hold.
    if task.type == "regression":
        sums = np.bincount(fit, weights=target.fit, minlength=width) + target.fit.mean()
        means = sums / (np.bincount(fit, minlength=width) + 1.0)
        return [Evidence("R2 of ranks", explained(target.score, means[score]), BOUND_R2, [column], task.name)]
    fitted, scored = (
        _counts(fit, target.fit, width, target.classes),
        _counts(score, target.score, width, target.classes),
    )
    rates = fitted.sum(axis=0) / len(fit)
    shares = (fitted + rates) / (np.bincount(fit, minlength=width)[:, None] + 1.0)
    values = low_aucs_of_counts(shares, scored, np.bincount(score, minlength=width)[:, None] - scored)
    said = zip(target.classes, values.tolist(), _variance(shares, scored, score, width).tolist(), strict=True)
    return [
        Evidence(measure, value, bound, [column], task.name, target.detail(index))
        for index, low, share in said
        for measure, value, bound in (
            ("AUC less 2 SE", low, BOUND_AUC),
            ("share of variance less 2 SE", share, BOUND_VARIANCE),
        )
    ]


def _variance(
    shares: NDArray[np.float64], cases: NDArray[np.float64], score: NDArray[np.int64], width: int
) -> NDArray[np.float64]:
    """The share of each outcome's variance ``[classes]`` that the fitted rates explain, less two standard errors as in
    ``low_auc``: a label of which some rows were redrawn is told nearly everywhere."""
    rows = np.bincount(score, minlength=width)[:, None].astype(np.float64)
    total = cases.sum(axis=0)
    error = (cases * (1 - shares) ** 2 + (rows - cases) * shares**2).sum(axis=0)
    share = np.clip(1 - error / np.maximum(total * (1 - total / len(score)), 1e-9), 0, 1)
    lowered: NDArray[np.float64] = share - 2 * np.sqrt(
        share * (1 - share) / np.maximum(1, np.minimum(total, len(score) - total))
    )
    return lowered


def _counts(bins: NDArray[np.int64], label: NDArray[np.float64], width: int, classes: list[int]) -> NDArray[np.float64]:
    """Rows ``[bins, classes]`` of each class in each bin: one pass, however many classes there are."""
    kinds = max(int(label.max()), *classes) + 1
    table = np.bincount(bins * kinds + label.astype(np.int64), minlength=width * kinds)
    return table.reshape(width, kinds)[:, classes].astype(np.float64)


def _correlated(
    spec: DatasetSpec,
    schema: FeatureSchema,
    values: NDArray[np.float64],
    labels: dict[str, NDArray[np.float64]],
    parts: Halves,
) -> list[Evidence]:
    """|Pearson| of every number with every binary and regression label; |Spearman| with the latter."""
    columns = [index for index, feature in enumerate(schema.features) if feature.kind == "numeric"]
    tasks = [task for task in spec.tasks if task.type != "multiclass"]
    if not columns or not tasks:
        return []
    rows = np.concatenate([parts.fit, parts.score])
    X, Y = values[:, columns], np.stack([labels[task.name][rows] for task in tasks], axis=1)
    names = [schema.features[index].name for index in columns]
    evidence = _pairs("|Pearson|", names, tasks, *correlations(X, Y))
    numbers = [index for index, task in enumerate(tasks) if task.type == "regression"]
    if numbers:
        ranked = correlations(rank_columns(X), rank_columns(Y[:, numbers]))
        evidence += _pairs("|Spearman|", names, [tasks[index] for index in numbers], *ranked)
    return evidence


def _pairs(
    measure: str, names: list[str], tasks: list[TaskSpec], found: NDArray[np.float64], rows: NDArray[np.float64]
) -> list[Evidence]:
    return [
        Evidence(measure, abs(float(found[i, j])), BOUND_CORRELATION, [name], task.name)
        for i, name in enumerate(names)
        for j, task in enumerate(tasks)
        if rows[i, j] >= 2 * MIN_CASES
    ]
