"""The same customer, slightly changed, must not stand in two splits: a copy with jitter is still a copy."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from teacher.leakage.findings import Check, Evidence, check_of
from understudy.contracts.features import FeatureSchema

__all__ = ["BOUND_NEAR_COPIES", "check_near_copies"]

BOUND_NEAR_COPIES = 0.02
_LOOKED, _TRAIN, _COLUMNS, _FEWEST_COLUMNS, _FEWEST = 1500, 60_000, 48, 6, 8
_DISTINCT = 20
_CHUNK = 250
# One honest row in so many has a neighbour that much nearer than the next one.
_BY_CHANCE = 1e-3
_NEAREST_RATIO = 0.5

Numbers = NDArray[np.float32]


def check_near_copies(
    schema: FeatureSchema, features: NDArray[np.float64], split: NDArray[np.int8], seed: int
) -> Check:
    """Estimate the share of held-out rows that are a training row with small changes.

    The numeric columns with many values are dealt into two halves. A held-out row counts if its nearest training row
    is the same one in both halves and in both much nearer than the second nearest: independent halves of honest rows
    have different neighbours. "Much nearer" follows from the intrinsic dimension ``d``, measured as ``n / sum
    log(r2 / r1)`` (Facco et al. 2017, two nearest neighbours), for ``P(r1 / r2 < t) = t^d``: where all columns hang
    on one or two quantities, close neighbours are no surprise. Ties (equal rows by chance) never count; exact copies
    are counted by ``check_copies``. The share found is divided by the share of training rows that were looked at.
    """
    rng = np.random.default_rng(seed)
    train, held_out = np.flatnonzero(split == 0), np.flatnonzero(split > 0)
    columns = _columns(schema, features, train)
    evidence = []
    if len(columns) >= _FEWEST_COLUMNS and len(train) > 100:
        some = np.sort(rng.permutation(train)[:_TRAIN])
        looked = np.sort(rng.permutation(held_out)[:_LOOKED])
        columns = rng.permutation(columns)
        a, b = _scaled(features, some, columns), _scaled(features, looked, columns)
        halves = [_neighbours(a[:, part], b[:, part]) for part in (slice(0, None, 2), slice(1, None, 2))]
        near = np.logical_and.reduce([ratio < _limit(ratio) for _, ratio in halves])
        same = near & (halves[0][0] == halves[1][0])
        coverage = len(some) / len(train)
        share = float(same.sum()) / len(looked) / coverage if same.sum() >= _FEWEST else 0.0
        detail = f"{int(same.sum())} of {len(looked)} rows looked at, {100 * coverage:.0f} % of the training rows"
        evidence.append(Evidence("share of held-out rows", share, BOUND_NEAR_COPIES, ["all features"], detail=detail))
    return check_of(
        "near_copies",
        "Does a customer with small changes stand in two splits?",
        "Set split.key to the column that names the person, and remove copies of customers from the export.",
        evidence,
        note="" if evidence else "too few columns or rows to recognise a customer by",
    )


def _columns(schema: FeatureSchema, features: NDArray[np.float64], train: NDArray[np.int64]) -> NDArray[np.int64]:
    """The numeric columns with the most values: those by which a row is recognised."""
    look = train[:: max(1, len(train) // 2000)]
    distinct = {
        index: len(np.unique(values[~np.isnan(values)]))
        for index, feature in enumerate(schema.features)
        if feature.kind == "numeric" and not np.isnan(values := features[look, index]).all()
    }
    many = sorted((index for index in distinct if distinct[index] >= _DISTINCT), key=lambda i: (-distinct[i], i))
    return np.array(many[:_COLUMNS], dtype=np.int64)


def _scaled(features: NDArray[np.float64], rows: NDArray[np.int64], columns: NDArray[np.int64]) -> Numbers:
    """Places among the values of the rows, in [0, 1], whatever the tails; missing is 0.5."""
    found = np.full((len(rows), len(columns)), 0.5, dtype=np.float32)
    for place, column in enumerate(columns.tolist()):
        everyone = np.sort(features[:: max(1, len(features) // 20_000), column])
        everyone = np.unique(everyone[~np.isnan(everyone)])
        values = features[rows, column]
        known = ~np.isnan(values)
        grid = np.linspace(0, 1, len(everyone))
        found[known, place] = np.interp(values[known], everyone, grid)
    return found


def _neighbours(train: Numbers, looked: Numbers) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
    """The nearest training row of each row looked at, and its distance over that of the second nearest."""
    nearest, ratios = [], []
    length = (train**2).sum(axis=1)
    for start in range(0, len(looked), _CHUNK):
        part = looked[start : start + _CHUNK]
        squares = length[None, :] - 2 * part @ train.T
        two = np.argpartition(squares, 1, axis=1)[:, :2]
        exact = np.sqrt(((train[two] - part[:, None, :]).astype(np.float64) ** 2).sum(axis=2))
        order = np.argsort(exact, axis=1, kind="stable")
        first, second = (np.take_along_axis(exact, order[:, i : i + 1], axis=1)[:, 0] for i in (0, 1))
        nearest.append(np.take_along_axis(two, order[:, :1], axis=1)[:, 0])
        ratios.append(np.where(second > 1e-9, first / np.maximum(second, 1e-9), 1.0))
    return np.concatenate(nearest).astype(np.int64), np.concatenate(ratios)


def _limit(ratios: NDArray[np.float64]) -> float:
    """The ratio that chance falls below once in a thousand rows, by the dimension of the rows that are no copies."""
    logs = np.sort(-np.log(np.maximum(ratios, 1e-9)))
    # Copies are the far end; the median of an exponential does not see them: log 2 / d.
    dimension = np.log(2) / max(1e-6, float(np.median(logs)))
    return float(min(_NEAREST_RATIO, _BY_CHANCE ** (1 / dimension)))
