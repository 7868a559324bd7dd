"""Rules that need no model: training rates, tabulated over a few columns a person can read."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise, product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from teacher.datasets.disjoint import require_disjoint
from understudy.contracts.features import FeatureDef
from understudy.contracts.rules import Condition, RuleSet, Segment, TaskRules
from understudy.contracts.spec import TaskSpec
from understudy.errors import UserError

if TYPE_CHECKING:
    from teacher.datasets.dataset import Dataset

__all__ = ["PRIOR_ROWS", "fit_rules"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
Bin = tuple[Condition, Bools]

# Each segment's rate is drawn towards the prior as if it held this many more rows at the prior's rate.
PRIOR_ROWS = 20.0


def fit_rules(dataset: Dataset) -> RuleSet:
    """Tabulate the training labels over ``spec.rules.columns``.

    Numeric columns are cut at quantiles into at most ``spec.rules.bins`` bins; of a categorical column the most
    frequent ``bins - 1`` categories stand alone and the others share one bin; missing values are a bin of their own.
    Every combination that occurs is a segment; its value is ``(n * mean + m * prior) / (n + m)`` with ``m`` =
    ``PRIOR_ROWS``, over the labelled training rows. Combinations that did not occur get the prior.

    Raises:
        UserError: the splits overlap, a column is not a feature, or a task has no labelled training row.
    """
    require_disjoint(dataset)
    train = dataset.rows("train")
    by_column = [_bins(dataset, column, train) for column in dataset.spec.rules.columns]
    segments = list(_combinations(by_column, len(train)))
    return RuleSet(tasks={t.name: _task_rules(t, dataset.labels[t.name][train], segments) for t in dataset.spec.tasks})


def _bins(dataset: Dataset, column: str, train: NDArray[np.int64]) -> list[Bin]:
    names = dataset.schema.names
    if column not in names:
        raise UserError(
            f"the rules ask for the column {column!r}, which is not a feature",
            where="rules.columns",
            fix="The function sees features only: name one of them.",
        )
    index = names.index(column)
    values = dataset.features[train, index]
    feature = dataset.schema.features[index]
    split = _numeric_bins if feature.kind == "numeric" else _categorical_bins
    bins = list(split(feature, values, dataset.spec.rules.bins))
    missing = np.isnan(values)
    if missing.any():
        bins.append((Condition(feature=column, missing=True), missing))
    return bins


def _numeric_bins(feature: FeatureDef, values: Floats, most: int) -> Iterator[Bin]:
    known = values[~np.isnan(values)]
    if not len(known):
        return
    above = known[known > known.min()]
    # An edge at the minimum would leave the first bin empty. Where many rows hold the minimum (a count that is mostly
    # zero), they get a bin of their own instead.
    edges = np.unique(np.quantile(known, np.arange(1, most) / most))
    edges = np.unique(np.where(edges > known.min(), edges, above.min())) if len(above) else edges[:0]
    bounds = [None, *edges.tolist(), None]
    for low, high in pairwise(bounds):
        inside = ~np.isnan(values)
        if low is not None:
            inside &= values >= low
        if high is not None:
            inside &= values < high
        yield Condition(feature=feature.name, ge=low, lt=high), inside


def _categorical_bins(feature: FeatureDef, values: Floats, most: int) -> Iterator[Bin]:
    categories = feature.categories or []
    codes, counts = np.unique(values[~np.isnan(values)], return_counts=True)
    frequent = codes[np.argsort(-counts, kind="stable")]
    alone = len(frequent) if len(frequent) <= most else most - 1
    shared = [[code] for code in frequent[:alone]] + ([list(frequent[alone:])] if alone < len(frequent) else [])
    for part in shared:
        names = [categories[int(code)] for code in part]
        yield Condition(feature=feature.name, any_of=names), np.isin(values, part)


def _combinations(by_column: list[list[Bin]], rows: int) -> Iterator[tuple[list[Condition], Bools]]:
    """Conditions and membership of every combination of bins; without columns there is none."""
    if not by_column:
        return
    for combination in product(*by_column):
        inside = np.ones(rows, dtype=np.bool_)
        for _, members in combination:
            inside &= members
        yield [condition for condition, _ in combination], inside


def _task_rules(task: TaskSpec, labels: Floats, segments: list[tuple[list[Condition], Bools]]) -> TaskRules:
    known = ~np.isnan(labels)
    if not known.any():
        raise UserError("no training row has a label", where=f"task {task.name}", fix="Check its label and mask.")
    outputs = np.eye(task.width)[labels[known].astype(np.int64)] if task.classes else labels[known][:, None]
    prior = outputs.mean(axis=0)
    found = [(when, outputs[inside[known]]) for when, inside in segments]
    return TaskRules(
        type=task.type,
        prior=prior.tolist(),
        segments=[
            Segment(
                when=when,
                value=((inside.sum(axis=0) + PRIOR_ROWS * prior) / (len(inside) + PRIOR_ROWS)).tolist(),
                rows=len(inside),
            )
            for when, inside in found
            if len(inside)
        ],
    )
