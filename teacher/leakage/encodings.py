"""Columns that arrive encoded: a category replaced by its mean label must not have been fitted on the rows it is
used on, for such a column holds a part of each row's own label."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from teacher.leakage.findings import Check, Evidence, check_of
from teacher.leakage.sampling import MIN_CASES
from teacher.leakage.tables import columns_of, correlation_errors, correlations, rank_columns
from teacher.leakage.targets import Outcomes, outcome_columns
from understudy.contracts.features import FeatureSchema
from understudy.contracts.spec import DatasetSpec

__all__ = ["BOUND_DIFFERENCE", "BOUND_FIT", "check_encodings"]

# In standard errors; some 25 000 tests are made of a wide table, so one honest table in 10^7 is refused.
BOUND_DIFFERENCE = 7.0
BOUND_FIT = 6.0
_ROWS = 20_000
_GROUP_ROWS = 12_000
_LARGEST, _FEWEST, _OF_ONE_SIZE = 200, 30, 8


def check_encodings(
    spec: DatasetSpec,
    schema: FeatureSchema,
    features: NDArray[np.float64],
    labels: dict[str, NDArray[np.float64]],
    split: NDArray[np.int8],
    units: NDArray[np.int64],
    seed: int,
) -> Check:
    """Two signs of a numeric column that was fitted to the labels of the rows it stands in.

    1. Its rank correlation with a label differs between training and validation rows (their difference over its
       standard error, one row per unit). Honest columns do not know which split a row is in.
    2. Rows that share a value (or a category that determines it) have a mean label that lies closer to a line in that
       value than the noise of their labels allows. Over groups of equal size ``n`` the residuals of an honest column
       have a variance of at least ``s^2 / n`` (``s`` the spread within groups), those of a mean fitted on the same rows
       0, smoothed or not. ``(df - sum r^2 n / s^2)`` over its standard error; groups whose means do not vary more than
       noise are left out.

    The line is fitted, and ``s`` measured, for each group size by itself. The second sign also sees a fit on training
    and validation rows together. An encoding with noise added, or of categories so large that a row hardly moves its
    mean, passes, and does little harm.
    """
    numeric = [index for index, feature in enumerate(schema.features) if feature.kind == "numeric"]
    names = [schema.features[index].name for index in numeric]
    evidence = _differences(spec, names, features, numeric, labels, split, units, seed)
    parts = [np.flatnonzero(rows).astype(np.int64) for rows in (split == 0, split < 2)]
    outcomes = [outcome_columns(spec, labels, rows) for rows in parts]
    categories = [
        features[:, index]
        for index, f in enumerate(schema.features)
        if f.kind == "categorical" and len(f.categories or []) >= _FEWEST
    ]
    for name, values in zip(names, columns_of(features, numeric), strict=True):
        made_of = next((codes for codes in categories if _determines(codes, values)), values)
        for rows, of_rows in zip(parts, outcomes, strict=True):
            evidence += _fits(name, values[rows], made_of[rows], of_rows)
    return check_of(
        "encodings",
        "Was a column fitted to the labels of the rows that it stands in?",
        "Encode categories out of fold, or hand over the categories: they are encoded on training rows here.",
        evidence,
    )


def _differences(
    spec: DatasetSpec,
    names: list[str],
    features: NDArray[np.float64],
    numeric: list[int],
    labels: dict[str, NDArray[np.float64]],
    split: NDArray[np.int8],
    units: NDArray[np.int64],
    seed: int,
) -> list[Evidence]:
    train, valid = (_one_per_unit(np.flatnonzero(split == part), units, seed) for part in (0, 1))
    a, b = outcome_columns(spec, labels, train), outcome_columns(spec, labels, valid)
    place = {key: index for index, key in enumerate(zip(b.tasks, b.details, strict=True))}
    shared = [key for key in zip(a.tasks, a.details, strict=True) if key in place]
    if not shared or not numeric:
        return []
    keep = [index for index, key in enumerate(zip(a.tasks, a.details, strict=True)) if key in place]
    halves = (
        (rank_columns(features[train][:, numeric]), a.values[:, keep]),
        (rank_columns(features[valid][:, numeric]), b.values[:, [place[key] for key in shared]]),
    )
    (r_a, n_a), (r_b, n_b) = (correlations(*half) for half in halves)
    e_a, e_b = correlation_errors(*halves[0], r_a, n_a), correlation_errors(*halves[1], r_b, n_b)
    distance = np.abs(r_a - r_b) / np.sqrt(e_a**2 + e_b**2)
    return [
        Evidence(
            "train against valid (SE)",
            float(distance[i, j]),
            BOUND_DIFFERENCE,
            [name],
            task,
            f"{detail + ', ' if detail else ''}rank correlation {r_a[i, j]:.3f} in train, {r_b[i, j]:.3f} in valid",
        )
        for i, name in enumerate(names)
        for j, (task, detail) in enumerate(shared)
        if min(n_a[i, j], n_b[i, j]) >= 4 * MIN_CASES
    ]


def _one_per_unit(rows: NDArray[np.int64], units: NDArray[np.int64], seed: int) -> NDArray[np.int64]:
    shuffled = np.random.default_rng(seed).permutation(rows)
    _, first = np.unique(units[shuffled], return_index=True)
    return np.sort(shuffled[np.sort(first)[:_ROWS]]).astype(np.int64)


@dataclass(frozen=True)
class _Groups:
    """Rows ``order`` that share a value, group after group; ``starts``, ``sizes`` and ``values`` are ``[groups]``."""

    order: NDArray[np.int64]
    starts: NDArray[np.int64]
    sizes: NDArray[np.int64]
    values: NDArray[np.float64]


def _determines(codes: NDArray[np.float64], values: NDArray[np.float64]) -> bool:
    """Whether all rows of one category have one value, and the values are more than a few."""
    look = slice(None, None, max(1, len(codes) // _ROWS))
    for part in (look, slice(None)):  # most columns are told by a look at some rows
        known = ~(np.isnan(codes[part]) | np.isnan(values[part]))
        order = np.argsort(codes[part][known], kind="stable")
        code, value = codes[part][known][order], values[part][known][order]
        if ((code[1:] == code[:-1]) & (value[1:] != value[:-1])).any() or len(np.unique(value[:_ROWS])) < 3:
            return False
    return True


def _fits(name: str, values: NDArray[np.float64], made_of: NDArray[np.float64], outcomes: Outcomes) -> list[Evidence]:
    groups = _groups(values, made_of)
    if groups is None:
        return []
    Y = outcomes.values[groups.order]
    # Labels that are known in the same rows are judged at once: nearly all are known everywhere.
    everywhere = ~np.isnan(Y).any(axis=0)
    together = [np.flatnonzero(everywhere), *(np.array([index]) for index in np.flatnonzero(~everywhere))]
    evidence = []
    for indices in together:
        if not len(indices):
            continue
        for index, found in zip(indices.tolist(), _too_close(groups, Y[:, indices]).tolist(), strict=True):
            if np.isnan(found):
                continue
            detail = f"{outcomes.details[index]}, " if outcomes.details[index] else ""
            detail += f"{len(groups.sizes)} groups of equal value"
            evidence.append(Evidence("fit to own labels (SE)", found, BOUND_FIT, [name], outcomes.tasks[index], detail))
    return evidence


def _groups(values: NDArray[np.float64], made_of: NDArray[np.float64]) -> _Groups | None:
    """Groups of 2 to 200 rows with one value of ``made_of``; whole groups are sampled, by a hash of that. None if too
    few."""
    rows = np.flatnonzero(_kept(made_of) & ~np.isnan(values)).astype(np.int64)
    rows = rows[np.argsort(made_of[rows], kind="stable")]
    ordered = made_of[rows]
    if not len(ordered):
        return None
    starts = np.flatnonzero(np.concatenate([[True], ordered[1:] != ordered[:-1]]))
    sizes = np.diff(np.append(starts, len(ordered)))
    fit = (sizes >= 2) & (sizes <= _LARGEST)
    if fit.sum() < _FEWEST:
        return None
    kept = np.repeat(fit, sizes)
    sizes = sizes[fit]
    return _Groups(rows[kept], np.cumsum(sizes) - sizes, sizes, values[rows[starts[fit]]])


def _kept(values: NDArray[np.float64]) -> NDArray[np.bool_]:
    known = ~np.isnan(values)
    if known.sum() <= _GROUP_ROWS:
        return known
    bits = np.ascontiguousarray(values + 0.0).view(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
    return known & ((bits >> np.uint64(40)) < np.uint64(2**24 * _GROUP_ROWS / known.sum()))


def _too_close(groups: _Groups, labels: NDArray[np.float64]) -> NDArray[np.float64]:
    """How many standard errors the group means lie closer to a line in the value than noise allows ``[labels]``; NaN
    where the groups do not say.

    Args:
        labels: ``[rows of groups.order, labels]``, known (no NaN) in the same rows.
    """
    known = ~np.isnan(labels[:, 0])
    filled = np.where(known[:, None], labels, 0.0)
    counts = np.add.reduceat(known.astype(np.float64), groups.starts)
    means = np.add.reduceat(filled, groups.starts, axis=0) / np.maximum(counts, 1)[:, None]
    rest = np.where(known[:, None], filled - np.repeat(means, groups.sizes, axis=0), 0.0)
    squares = rest**2
    within = np.add.reduceat(squares, groups.starts, axis=0)
    flat = within.sum(axis=0) <= 1e-12 * np.maximum(1.0, filled.var(axis=0) * len(filled))
    shared = max(1.0, float(known.sum()))
    with np.errstate(invalid="ignore", divide="ignore"):
        tails = np.maximum(0.0, ((squares**2).sum(axis=0) / shared) / (squares.sum(axis=0) / shared) ** 2 - 3.0)
    df, near, spread, variance = np.zeros((4, labels.shape[1]))
    for size in np.unique(counts[counts >= 2]):
        of_size = counts == size
        number = float(of_size.sum())
        if number < _OF_ONE_SIZE:
            continue
        noise = within[of_size].sum(axis=0) / (number * (size - 1))
        heard = noise > 0
        free = number - 2.0
        around, off = _about_line(groups.values[of_size], means[of_size])
        scale = np.where(heard, size / np.where(heard, noise, 1.0), 0.0)
        df += np.where(heard, free, 0.0)
        near += off * scale
        spread += around * scale
        # Of the residuals and of the noise they are compared with; heavy tails widen both.
        variance += np.where(heard, (2.0 + tails / size) * (free + free**2 / (number * (size - 1))), 0.0)
    silent = flat | (df < _FEWEST) | (spread < 0.5 * df)
    distance = np.maximum(0.0, (df - near) / np.sqrt(np.where(silent, 1.0, variance)))
    return np.where(silent, np.nan, distance)


def _about_line(
    values: NDArray[np.float64], means: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Sums of squares ``[labels]`` of ``means`` ``[groups, labels]`` around their mean, and around their regression
    line on ``values``."""
    v, y = values - values.mean(), means - means.mean(axis=0)
    slope = (v @ y) / max(float(v @ v), 1e-300)
    return (y**2).sum(axis=0), ((y - v[:, None] * slope) ** 2).sum(axis=0)
