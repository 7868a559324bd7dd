"""No two columns may determine a label together, though neither tells it alone (an exclusive or)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.neighbors import KNeighborsRegressor
from sklearn.tree import DecisionTreeRegressor

from teacher.leakage.findings import Check, Evidence, check_of
from teacher.leakage.sampling import MIN_CASES, Halves
from teacher.leakage.scores import explained, low_auc, ranks
from understudy.contracts.features import FeatureSchema
from understudy.contracts.spec import DatasetSpec, TaskSpec

__all__ = ["BOUND_AUC", "BOUND_R2", "MOST_COLUMNS", "check_pairs"]

BOUND_AUC = 0.99
BOUND_R2 = 0.98
MOST_COLUMNS = 800
_ROWS, _BINS, _CLASSES, _CLOSER = 3000, 4, 3, 5
# Sixteen cells explain about 16 / 3000 of an outcome by chance; what determines it explains most of it.
_WORTH_A_LOOK = 0.15


@dataclass(frozen=True)
class _Outcome:
    """``coarse`` is the 0/1 outcome that the search looks for, ``label`` what the closer look predicts."""

    task: TaskSpec
    detail: str
    coarse: NDArray[np.float64]
    label: NDArray[np.float64]


def check_pairs(
    spec: DatasetSpec,
    schema: FeatureSchema,
    features: NDArray[np.float64],
    labels: dict[str, NDArray[np.float64]],
    parts: Halves,
) -> Check:
    """Search all pairs of columns for each outcome, and look closer at the five best.

    The search cuts each column into quartiles (or its few values) and takes the share of an outcome's variance that the
    cells of a pair explain, all pairs at once as matrix products: with ``B`` ``[rows, bins]`` of indicators,
    ``sum (B' diag(y - p) B)^2 / B'B`` over the cells. The closer look fits a tree and nearest neighbours to the two
    columns and scores them on the other half. Outcomes are binary labels, the three largest classes, and for a number
    whether it lies above its median and whether it lies far from it.

    Out of reach: three columns of which no two tell anything, and a threshold so rare that quartiles do not show it
    (trees do, in ``check_sets``).
    """
    fit = parts.fit[:: max(1, -(-len(parts.fit) // _ROWS))]
    columns = _informative(features[fit])
    wide = len(columns) > MOST_COLUMNS
    outcomes = [outcome for task in spec.tasks for outcome in _outcomes(task, labels[task.name], fit)]
    evidence: list[Evidence] = []
    if not wide and len(columns) > 1:
        indicators, starts = _indicators(features[fit][:, columns])
        for outcome in outcomes:
            for a, b, share in _best_pairs(indicators, starts, outcome.coarse[fit]):
                pair = [columns[a], columns[b]]
                names = [schema.features[index].name for index in pair]
                evidence.append(_closer(outcome, names, share, features[:, pair], parts))
    return check_of(
        "feature_pair",
        "Do two features determine a label together?",
        "One of the two columns is made from the label and the other: take it out of the feature groups.",
        evidence,
        note=f"not searched: more than {MOST_COLUMNS} columns" if wide else "",
    )


def _informative(values: NDArray[np.float64]) -> list[int]:
    """Columns with two values, missing counted as one; of columns that are equal, the first."""
    seen: set[bytes] = set()
    found = []
    for index, column in enumerate(values.T):
        key = np.nan_to_num(column, nan=np.inf).tobytes()
        if key not in seen and not (column == column[0]).all() and not np.isnan(column).all():
            seen.add(key)
            found.append(index)
    return found


def _indicators(values: NDArray[np.float64]) -> tuple[NDArray[np.float32], NDArray[np.int64]]:
    """Indicator columns ``[rows, bins]`` of all columns side by side, and where each column's bins start."""
    blocks, starts, width = [], [], 0
    for column in values.T:
        codes = _codes(column)
        blocks.append((codes[:, None] == np.unique(codes)).astype(np.float32))
        starts.append(width)
        width += blocks[-1].shape[1]
    return np.concatenate(blocks, axis=1), np.array(starts, dtype=np.int64)


def _codes(column: NDArray[np.float64]) -> NDArray[np.int64]:
    known = column[~np.isnan(column)]
    distinct = np.unique(known)
    edges = (
        distinct[1:] if len(distinct) <= _BINS else np.unique(np.quantile(known, np.linspace(0, 1, _BINS + 1)[1:-1]))
    )
    return np.where(np.isnan(column), -1, np.searchsorted(edges, column, side="right")).astype(np.int64)


def _outcomes(task: TaskSpec, label: NDArray[np.float64], fit: NDArray[np.int64]) -> Iterator[_Outcome]:
    known = ~np.isnan(label)
    if task.type == "regression":
        if known[fit].sum() < 4 * MIN_CASES:
            return
        middle = np.median(label[fit][known[fit]])
        far = np.abs(label - middle)
        yield _Outcome(task, "above its median", np.where(known, label > middle, np.nan), label)
        yield _Outcome(task, "far from its median", np.where(known, far > np.nanmedian(far[fit]), np.nan), label)
        return
    classes = [1] if task.type == "binary" else np.argsort(-_class_counts(label[fit], task.width))[:_CLASSES].tolist()
    for index in classes:
        cases = (label[fit] == index).sum()
        if min(cases, known[fit].sum() - cases) >= MIN_CASES:
            outcome = np.where(known, label == index, np.nan)
            yield _Outcome(task, f"class {task.classes[index]}" if task.classes else "", outcome, outcome)


def _class_counts(label: NDArray[np.float64], width: int) -> NDArray[np.int64]:
    return np.bincount(label[~np.isnan(label)].astype(np.int64), minlength=width)


def _best_pairs(
    indicators: NDArray[np.float32], starts: NDArray[np.int64], outcome: NDArray[np.float64]
) -> list[tuple[int, int, float]]:
    """The pairs that explain most of the outcome, with the share that they explain; at least one."""
    known = ~np.isnan(outcome)
    rate = float(outcome[known].mean())
    centred = np.where(known, outcome - rate, 0.0).astype(np.float32)
    counts = (indicators * known[:, None].astype(np.float32)).T @ indicators
    sums = (indicators * centred[:, None]).T @ indicators
    cells = sums**2 / np.maximum(counts, 1.0)
    explained_by = np.add.reduceat(np.add.reduceat(cells, starts, axis=0), starts, axis=1)
    explained_by /= max(1e-12, float(known.sum()) * rate * (1 - rate))
    explained_by[np.tril_indices(len(starts))] = -1.0
    order = np.argsort(explained_by, axis=None)[::-1][:_CLOSER]
    best = [(*divmod(int(place), len(starts)), float(explained_by.flat[place])) for place in order]
    return [pair for pair in best if pair[2] >= _WORTH_A_LOOK] or best[:1]


def _closer(outcome: _Outcome, names: list[str], share: float, values: NDArray[np.float64], parts: Halves) -> Evidence:
    task, label = outcome.task, outcome.label
    regression = task.type == "regression"
    measure, bound = ("R2 of ranks", BOUND_R2) if regression else ("AUC less 2 SE", BOUND_AUC)
    detail = f"{outcome.detail}, " if outcome.detail else ""
    detail += f"quartiles explain {100 * share:.1f} %"
    a, b = (half[~np.isnan(label[half])] for half in (parts.fit, parts.score))
    enough = regression or min(_rarer(label[a]), _rarer(label[b])) >= MIN_CASES
    if share < _WORTH_A_LOOK or not enough:
        return Evidence(measure, 0.0, bound, names, task.name, detail)
    y_fit, y_score = (ranks(label[a]), ranks(label[b])) if regression else (label[a], label[b])
    value = explained if regression else low_auc
    tree, neighbours = _fitted(values[a], y_fit, values[b])
    # They err in different places: both alone and their mean are given a chance.
    best = max(value(y_score, said) for said in (tree, neighbours, tree + neighbours if not regression else tree))
    return Evidence(measure, best, bound, names, task.name, detail)


def _rarer(outcome: NDArray[np.float64]) -> float:
    return float(min(outcome.sum(), (1 - outcome).sum()))


def _fitted(
    X_fit: NDArray[np.float64], y_fit: NDArray[np.float64], X_score: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """What a tree (thresholds) and nearest neighbours on ranks (smooth functions) say of the other half."""
    fit, score = (_places(X_fit, X) for X in (X_fit, X_score))
    tree = DecisionTreeRegressor(min_samples_leaf=2, random_state=0).fit(fit, y_fit)
    neighbours = KNeighborsRegressor(n_neighbors=3, weights="distance").fit(fit, y_fit)
    return tree.predict(score), neighbours.predict(score)


def _places(fit: NDArray[np.float64], values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Each value's place among the known values of ``fit``, in [0, 1]; missing is -1."""
    columns = []
    for a, b in zip(fit.T, values.T, strict=True):
        ordered = np.sort(a[~np.isnan(a)])
        columns.append(np.where(np.isnan(b), -1.0, np.searchsorted(ordered, b) / max(1, len(ordered))))
    return np.stack(columns, axis=1)
