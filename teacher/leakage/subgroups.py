"""A column that tells the label among some customers only hides behind the others."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teacher.leakage.binning import bin_edges, binned
from teacher.leakage.findings import Check, Evidence, check_of
from teacher.leakage.sampling import MIN_CASES, Halves, outcomes
from teacher.leakage.scores import low_auc
from understudy.contracts.features import FeatureDef, FeatureSchema
from understudy.contracts.spec import DatasetSpec

__all__ = ["BOUND_AUC", "check_subgroups"]

BOUND_AUC = 0.99
_MOST_GROUPS, _MOST_VALUES, _CLASSES, _CLOSER, _BINS = 150, 50, 3, 4, 8
# A column that errs in one row of twenty is perfect on so many once in a million times, and many groups are searched.
_FEWEST_ROWS = 300
# Eight bins of a column show most of what determines a label; honest columns explain less within any group.
_WORTH_A_LOOK = 0.55

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class _Group:
    """The rows where one column has one value."""

    column: int
    name: str
    rows: NDArray[np.bool_]


def check_subgroups(
    spec: DatasetSpec, schema: FeatureSchema, features: Numbers, labels: Mapping[str, Numbers], parts: Halves
) -> Check:
    """Look for a column that determines a 0/1 outcome within one group of customers: one value of a categorical column,
    or of a number with few values.

    The search takes, for all columns and all groups at once as matrix products, the share of the outcome's variance
    within the group that eight bins of the column explain; the best are measured as any single feature is, fitted on
    the group's rows of one half and scored on those of the other. Groups need 300 rows, and twenty of either outcome in
    both halves. Numbers as labels are not searched, and neither are values that leave no doubt by themselves: honest
    columns have such values too (no child earns over 50 000).
    """
    rows = np.concatenate([parts.fit, parts.score])
    first = np.arange(len(rows)) < len(parts.fit)
    table = features[rows]
    groups = list(_groups(schema, table))
    indicators, starts = _indicators(table)
    evidence: list[Evidence] = []
    for task in spec.tasks:
        if task.type == "regression" or not groups:
            continue
        label = labels[task.name][rows]
        wanted = sorted(outcomes(task, label), key=lambda outcome: -np.nansum(outcome[1]))[:_CLASSES]
        for name, outcome in wanted:
            known = ~np.isnan(outcome)
            for group, column in _best(groups, indicators, starts, np.where(known, outcome, 0.0), known):
                inside = group.rows & known
                value = _measure(table[inside, column], outcome[inside], first[inside])
                detail = f"where {schema.features[group.column].name} is {group.name}" + (
                    f", class {name}" * bool(name)
                )
                feature = schema.features[column].name
                evidence.append(Evidence("AUC less 2 SE", value, BOUND_AUC, [feature], task.name, detail))
    return check_of(
        "subgroup",
        "Does a feature tell a label within one group of customers?",
        "Find out where the column is filled in after the outcome, and take it out.",
        evidence,
        note="" if evidence else "no column has a value with enough customers of either outcome",
    )


def _value(feature: FeatureDef, value: float) -> str:
    return feature.categories[int(value)] if feature.categories else f"{value:g}"


def _groups(schema: FeatureSchema, table: Numbers) -> Iterator[_Group]:
    """Values of columns with few values, the larger groups first; a group is at least 300 rows."""
    found = []
    for index, feature in enumerate(schema.features):
        values, counts = np.unique(table[~np.isnan(table[:, index]), index], return_counts=True)
        if not 2 <= len(values) <= (_MOST_VALUES if feature.kind == "categorical" else 5):
            continue
        for value, count in zip(values.tolist(), counts.tolist(), strict=True):
            if _FEWEST_ROWS <= count <= 0.9 * len(table):
                found.append((feature.kind != "categorical", -count, index, value, _value(feature, value)))
    for _, _, index, value, name in sorted(found)[:_MOST_GROUPS]:
        yield _Group(index, name, table[:, index] == value)


def _indicators(table: Numbers) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Indicators ``[rows, bins]`` of all columns side by side (missing is a bin), and where each column begins."""
    blocks, starts, width = [], [], 0
    for column in table.T:
        known = column[~np.isnan(column)]
        marks = np.unique(known)
        if len(marks) > _BINS:
            marks = np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[:-1], method="inverted_cdf"))
        codes = np.where(np.isnan(column), 0, np.searchsorted(marks, column, side="right"))
        blocks.append((codes[:, None] == np.arange(len(marks) + 1)).astype(np.float32))
        starts.append(width)
        width += len(marks) + 1
    return np.concatenate(blocks, axis=1), np.array(starts, dtype=np.int64)


def _best(
    groups: list[_Group],
    indicators: NDArray[np.float32],
    starts: NDArray[np.int64],
    outcome: Numbers,
    known: NDArray[np.bool_],
) -> list[tuple[_Group, int]]:
    """The (group, column) pairs whose bins explain most of the outcome within the group, at most four."""
    inside = np.stack([group.rows & known for group in groups], axis=1).astype(np.float32)
    counts = inside.T @ indicators
    cases = (inside * outcome[:, None].astype(np.float32)).T @ indicators
    sizes = inside.sum(axis=0)
    rates = np.divide(inside.T @ outcome.astype(np.float32), np.maximum(sizes, 1))
    between = (cases - counts * rates[:, None]) ** 2 / np.maximum(counts, 1)
    share = np.add.reduceat(between, starts, axis=1) / np.maximum(sizes * rates * (1 - rates), 1e-9)[:, None]
    enough = (sizes >= _FEWEST_ROWS) & (sizes * np.minimum(rates, 1 - rates) >= 2 * MIN_CASES)
    share[~enough] = -1.0
    order = np.argsort(share, axis=None)[::-1][:_CLOSER]
    places = [(*divmod(int(place), len(starts)), float(share.flat[place])) for place in order]
    return [(groups[group], column) for group, column, said in places if said >= min(_WORTH_A_LOOK, places[0][2]) > 0]


def _measure(column: Numbers, outcome: Numbers, first: NDArray[np.bool_]) -> float:
    """The column's AUC, less two standard errors, on the second half of the group."""
    y_fit, y_score = outcome[first], outcome[~first]
    if min(*(float(min(y.sum(), len(y) - y.sum())) for y in (y_fit, y_score))) < MIN_CASES:
        return 0.0
    edges = bin_edges(column[first])
    missing = len(edges) + 1
    fit, score = (np.nan_to_num(binned(column[half], edges), nan=missing).astype(np.int64) for half in (first, ~first))
    counts = np.bincount(fit, minlength=missing + 1)
    rates = (np.bincount(fit, weights=y_fit, minlength=missing + 1) + y_fit.mean()) / (counts + 1.0)
    return low_auc(y_score, rates[score])
