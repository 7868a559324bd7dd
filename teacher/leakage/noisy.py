"""A copy of the label with noise is weaker than a clean one, but it gives itself away by what it does not know."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import lightgbm as lgb
import numpy as np
from numpy.typing import NDArray

from teacher.leakage.findings import Check, Evidence, check_of
from teacher.leakage.sampling import MIN_CASES, Halves
from teacher.leakage.scores import ranks
from teacher.leakage.tables import correlations, rank_columns
from understudy.contracts.spec import DatasetSpec, TaskSpec

__all__ = ["BOUND_LIKENESS", "check_noisy_copies"]

BOUND_LIKENESS = 0.5
# Weaker columns are common among honest ones, and do less harm.
_STRONG_AUC, _STRONG_R2 = 0.90, 0.80
# The two honest alternatives must lie so many standard errors away, or the data cannot tell.
_POWER = 4.0
_ANY_COLUMN = 4.5
_KNOTS = 12
_BOOSTER = {
    "num_leaves": 15,
    "learning_rate": 0.1,
    "min_data_in_leaf": 20,
    "num_threads": 1,
    "deterministic": True,
    "force_row_wise": True,
    "seed": 0,
    "verbose": -1,
}

Numbers = NDArray[np.float64]


@dataclass(frozen=True)
class _Columns:
    """Ranks of every column and where it is missing ``[rows, columns]``, NaN filled by the middle; raw for boosters."""

    names: list[str]
    ranked: Numbers
    raw: Numbers


@dataclass(frozen=True)
class _Outcome:
    """``values`` ``[rows]``: 0/1, or the ranks of a number; NaN where unknown."""

    task: TaskSpec
    detail: str
    values: Numbers


def check_noisy_copies(
    spec: DatasetSpec, names: list[str], values: Numbers, labels: Mapping[str, Numbers], parts: Halves
) -> Check:
    """Ask of every strong column ``z`` whether it knows of the other columns only what the label tells.

    Let ``s`` be what the other columns say of label ``y`` (a booster fitted on one half, read on the other, both ways).
    A column made from the label and noise is independent of ``s`` given ``y``: the partial correlation ``r(z, s | y)``
    is 0. An honest input is not. If ``z`` sums up what the others know (``s`` acts through ``z``), it is about
    ``r(z, y) r(s, y) sqrt(1 - r(z, y)^2)``; if both act on ``y`` side by side, fixing their outcome makes them
    dependent, and it is negative and larger. Measured is ``1 - |r| / expected``, with the former, smaller expectation;
    0 if any single column is related to ``z`` given ``y``. Columns are judged where the expectation lies four standard
    errors from 0, so that a 0 means something.

    Strong: AUC of at least .90, or R2 of ranks of at least .80. ``y`` of a number is taken out by a piecewise linear
    fit. An honest symptom that is independent of all else given the outcome would be refused as well: it must be
    measured before the outcome is, which no table shows.

    Args:
        values: ``[rows, columns]``; ``parts`` and ``labels`` refer to these rows.
    """
    columns = _columns(names, values)
    outcomes = {task.name: list(_outcomes(task, labels[task.name])) for task in spec.tasks}
    everything = [outcome.values for told in outcomes.values() for outcome in told]
    related = iter(correlations(columns.ranked, np.stack(everything, axis=1))[0].T if everything else ())
    spread = columns.ranked.std(axis=0)
    evidence: list[Evidence] = []
    for task in spec.tasks:
        strong = [(outcome, _strong(outcome, next(related), spread)) for outcome in outcomes[task.name]]
        suspects = np.unique(np.concatenate([found for _, found in strong] or [np.empty(0, dtype=np.int64)]))
        for outcome, found in strong:
            if len(found):
                evidence += _judge(outcome, found, suspects, columns, parts)
    return check_of(
        "noisy_copy",
        "Is a strong feature the label with noise added?",
        "Take the column out, or show that it is measured before the label window and replace it by its value then.",
        evidence,
        note=""
        if evidence
        else "no feature is strong enough to be a noisy copy, or the other features tell too little",
    )


def _columns(names: list[str], values: Numbers) -> _Columns:
    missing = np.isnan(values)
    partly = np.flatnonzero(missing.any(axis=0) & ~missing.all(axis=0))
    ranked = np.concatenate([rank_columns(values), missing[:, partly].astype(np.float64)], axis=1)
    filled = np.where(np.isnan(ranked), 0.5, ranked)
    return _Columns([*names, *(names[index] for index in partly)], filled, values)


def _outcomes(task: TaskSpec, label: Numbers) -> Iterator[_Outcome]:
    known = ~np.isnan(label)
    if task.type == "regression":
        if known.sum() >= 10 * MIN_CASES:
            ranked = np.full(len(label), np.nan)
            ranked[known] = ranks(label[known])
            yield _Outcome(task, "", ranked)
        return
    for index in [1] if task.type == "binary" else range(task.width):
        cases = float((label == index).sum())
        if min(cases, known.sum() - cases) >= 5 * MIN_CASES:
            detail = f"class {task.classes[index]}, " if task.classes else ""
            yield _Outcome(task, detail, np.where(known, label == index, np.nan))


def _strong(outcome: _Outcome, r: Numbers, spread: Numbers) -> NDArray[np.int64]:
    """Columns whose ranks (of correlation ``r`` with the outcome) tell it well, in either direction."""
    if outcome.task.type == "regression":
        return np.flatnonzero(r**2 >= _STRONG_R2).astype(np.int64)
    rate = float(np.nanmean(outcome.values))
    # A rank's mean among the cases, less among the others, is the AUC less a half.
    distance = np.abs(r) * spread / np.sqrt(rate * (1 - rate))
    return np.flatnonzero(distance >= _STRONG_AUC - 0.5).astype(np.int64)


def _judge(
    outcome: _Outcome,
    found: NDArray[np.int64],
    suspects: NDArray[np.int64],
    columns: _Columns,
    parts: Halves,
) -> list[Evidence]:
    a, b = (half[~np.isnan(outcome.values[half])] for half in (parts.fit, parts.score))
    others = np.setdiff1d(np.arange(columns.ranked.shape[1]), suspects)
    plain = others[others < columns.raw.shape[1]]
    if min(len(a), len(b)) < 10 * MIN_CASES or not len(plain):
        return []
    # Each half is told by a booster that was fitted on the other.
    rows, y = np.concatenate([a, b]), outcome.values[np.concatenate([a, b])]
    told = np.concatenate([ranks(_said(columns.raw[:, plain], outcome, *halves)) for halves in ((b, a), (a, b))])
    design = _design(y, outcome.task.type == "regression")
    rest = _residual(design, np.column_stack([told, columns.ranked[np.ix_(rows, others)]]))
    r_ys = float(np.corrcoef(told, y)[0, 1]) if told.std() > 0 else 0.0
    evidence = []
    for index in found.tolist():
        z = columns.ranked[rows, index]
        if z.std() == 0:
            continue
        left = _residual(design, z[:, None])[:, 0]
        r_zy = np.sqrt(max(0.0, 1.0 - float(left.var() / z.var())))
        expected = r_zy * max(0.0, r_ys) * np.sqrt(1 - r_zy**2)
        if expected * np.sqrt(len(rows)) < _POWER:
            continue
        errors = _errors_from_zero(left, rest)
        partial = float(left @ rest[:, 0]) / max(1e-12, float(np.sqrt((left @ left) * (rest[:, 0] @ rest[:, 0]))))
        likeness = max(0.0, 1.0 - abs(partial) / expected) if errors[1:].max(initial=0.0) < _ANY_COLUMN else 0.0
        detail = f"{outcome.detail}given the label, correlation {partial:.3f} with what the other features tell"
        detail += f", {expected:.3f} or more expected of an input"
        name = columns.names[index]
        evidence.append(Evidence("likeness", likeness, BOUND_LIKENESS, [name], outcome.task.name, detail))
    return evidence


def _said(raw: Numbers, outcome: _Outcome, fit: NDArray[np.int64], score: NDArray[np.int64]) -> Numbers:
    settings = _BOOSTER | {"objective": "regression" if outcome.task.type == "regression" else "binary"}
    booster = lgb.train(settings, lgb.Dataset(raw[fit], outcome.values[fit]), num_boost_round=40)
    return np.asarray(booster.predict(raw[score], raw_score=True, num_threads=1), dtype=np.float64)


def _design(y: Numbers, number: bool) -> Numbers:
    """What is taken out: the mean of each outcome, or a piecewise linear function of the label's rank."""
    if not number:
        return np.stack([np.ones(len(y)), y], axis=1)
    hinges = [np.maximum(0.0, y - knot) for knot in np.linspace(0, 1, _KNOTS + 1)[1:-1]]
    return np.stack([np.ones(len(y)), y, *hinges], axis=1)


def _residual(design: Numbers, columns: Numbers) -> Numbers:
    left: Numbers = columns - design @ np.linalg.lstsq(design, columns, rcond=None)[0]
    return left


def _errors_from_zero(left: Numbers, rest: Numbers) -> Numbers:
    """``|sum e f| / sqrt(sum e^2 f^2)`` of one residual with each of the others."""
    squares = (rest**2).T @ (left**2)
    found: Numbers = np.where(squares > 1e-9, np.abs(rest.T @ left) / np.sqrt(np.maximum(squares, 1e-12)), 0.0)
    return found
