"""On generated data, where the true expectation of a label is known: no feature may know more than the truth does."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from teacher.leakage.findings import Check, Evidence, check_of
from teacher.leakage.sampling import MIN_CASES, Halves
from teacher.leakage.tables import correlations, rank_columns
from understudy.contracts.features import FeatureSchema
from understudy.contracts.spec import DatasetSpec, TaskSpec

__all__ = ["BOUND_COPY", "BOUND_RESIDUAL", "check_truth"]

# In standard errors, over some 25 000 tests: one honest table in 10^6.
BOUND_RESIDUAL = 7.0
BOUND_COPY = 0.9999


def check_truth(
    spec: DatasetSpec,
    schema: FeatureSchema,
    features: NDArray[np.float64],
    labels: dict[str, NDArray[np.float64]],
    truth: dict[str, NDArray[np.float64]],
    parts: Halves,
) -> Check:
    """Correlate every feature (its ranks, and where it is missing) with what is left of each label once its true
    expectation given the history is taken away.

    ``E[label - truth | history] = 0``, so every function of the history is uncorrelated with the rest, and a feature
    that is not was made from the label, however weakly: the sum of products over its standard error. A feature that is
    the truth itself is refused as well (|Spearman|).
    """
    rows = np.concatenate([parts.fit, parts.score])
    evidence: list[Evidence] = []
    ranked = rank_columns(features[rows])
    missing = np.isnan(features[rows]).astype(np.float64)
    for task in spec.tasks:
        if task.name in truth:
            evidence += _of_task(task, schema, ranked, missing, labels[task.name][rows], truth[task.name][rows])
    return check_of(
        "label_derived",
        "Does a feature of the generated data know more of a label than the history tells?",
        "Make the feature from the history before the cutoff alone, without the label or what it was drawn from.",
        evidence,
        note="" if evidence else "the true expectations are known of generated data only",
    )


def _of_task(
    task: TaskSpec,
    schema: FeatureSchema,
    ranked: NDArray[np.float64],
    missing: NDArray[np.float64],
    label: NDArray[np.float64],
    truth: NDArray[np.float64],
) -> list[Evidence]:
    wide = truth if truth.ndim == 2 else truth[:, None]
    outcome = np.stack([label == k for k in range(wide.shape[1])], axis=1) if task.classes else label[:, None]
    residual = np.where(np.isnan(label)[:, None], np.nan, outcome - wide)
    evidence = []
    for what, values in (("value", ranked), ("where it is missing", missing)):
        distances = _distances(values, residual)
        for i, k in zip(*np.nonzero(~np.isnan(distances)), strict=True):
            detail = f"{what}, class {task.classes[k]}" if task.classes else what
            name, distance = schema.features[i].name, float(distances[i, k])
            evidence.append(Evidence("label beyond truth (SE)", distance, BOUND_RESIDUAL, [name], task.name, detail))
    r, _ = correlations(ranked, rank_columns(wide))
    for i, feature in enumerate(schema.features):
        k = int(np.abs(r[i]).argmax())
        detail = f"class {task.classes[k]}" if task.classes else ""
        copy = abs(float(r[i, k]))
        evidence.append(Evidence("|Spearman| with the truth", copy, BOUND_COPY, [feature.name], task.name, detail))
    return evidence


def _distances(values: NDArray[np.float64], residual: NDArray[np.float64]) -> NDArray[np.float64]:
    """``|sum x e| / sqrt(sum x^2 e^2)`` ``[columns, outcomes]`` with ``x`` centred; NaN where there are too few rows.

    The residual's spread differs from row to row, so each row brings its own square.
    """
    known = ~np.isnan(residual)
    seen = ~np.isnan(values)
    e = np.where(known, residual, 0.0)
    x = np.where(seen, values - np.where(seen, values, 0.0).sum(axis=0) / np.maximum(seen.sum(axis=0), 1), 0.0)
    rows = seen.T.astype(np.float64) @ known.astype(np.float64)
    squares = (x**2).T @ (e**2)
    with np.errstate(invalid="ignore", divide="ignore"):
        found: NDArray[np.float64] = np.abs(x.T @ e) / np.sqrt(squares)
    found[(rows < 4 * MIN_CASES) | (squares <= 1e-12)] = np.nan
    return found
