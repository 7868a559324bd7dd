"""Calibration and concept drift, once outcomes are known.

*Calibration* (binary tasks): expected calibration error, the sum over equal-width bins of the score of (rows / n)
|mean score - share of yes|, over the last `report_days` of outcomes; the largest of the tasks counts. Even a perfect
score has an ECE above 0 by chance: its expectation, sum (rows / n) sqrt(2 v / (pi rows)) with v the mean of p (1 - p),
is shown beside. Confirmed is a breach by bets against |E[y - p]| <= tolerance, in both directions.

*Concept drift*: is the error larger than in the model's first days? Per task a loss in [0, 1]: (y - p)^2 (binary),
wrong or not (multiclass), |y - s| at or above the 90th percentile of the first days (regression). The value is the
largest rise of the mean loss of the last `report_days` over that baseline. Confirmed is a breach by bets against a
mean of at most baseline + 2.6 standard errors + tolerance.

Bets: `agents.monitors.detector.Bets`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.evidence.history import days_before
from agents.evidence.labelled import Labelled
from agents.monitors.config import MonitorConfig
from agents.monitors.day import Breach, Found, MonitorDay, measured, unknown
from agents.monitors.detector import Bets
from agents.monitors.sequential import day_weights
from understudy.contracts.watch import Measurement

__all__ = ["ece", "watch_calibration", "watch_concept"]

Floats = NDArray[np.float64]
Z99 = 2.575829
TAIL = 0.9


def ece(rows: Floats, scores: Floats, yes: Floats) -> float:
    """Expected calibration error of bins with so many rows, sums of scores, and yeses."""
    return float(np.abs(scores - yes).sum() / max(1.0, float(rows.sum())))


def watch_calibration(day: MonitorDay) -> Found:
    """ECE of the binary tasks."""
    name, labels = "calibration_ece", day.labelled
    state: dict[str, Any] = {"model_version": day.frame.model_version, "tasks": dict(day.kept().get("tasks", {}))}
    if labels is None:
        return Found([unknown(day, name, "no outcomes are delivered")], state=state)
    binary = [index for index, kind in enumerate(day.frame.types) if kind == "binary"]
    breaches, found = [], {}
    for index in binary:
        task = day.frame.tasks[index]
        p, y = _known(labels, index)
        kept = state["tasks"].get(task, {})
        bets = {side: Bets(kept.get(side)) for side in ("low", "high")}
        for side, sign in (("low", -1.0), ("high", 1.0)):
            bets[side].take((1 + sign * (p - y)) / 2, (1 + day.config.calibration_tolerance) / 2)
        days = _appended(day, kept, _bins(p, y, day.config.calibration_bins))
        state["tasks"][task] = {side: one.state() for side, one in bets.items()} | {"days": days}
        summed = np.sum([one["counts"] for one in days], axis=0)
        if summed[0].sum() >= day.config.fewest_labels:
            found[task] = summed
        weight = day_weights("calibration", 2 * len(binary))[0]
        wrong = [side for side, one in bets.items() if _alarms(one, day.config, weight)]
        breaches += [_miscalibrated(day, task, side) for side in wrong]
    return Found([_calibration(day, name, found)], breaches, state)


def _calibration(day: MonitorDay, name: str, found: Mapping[str, Floats]) -> Measurement:
    if not found:
        return unknown(day, name, f"no task has {day.config.fewest_labels} outcomes")
    values = {task: ece(*bins[:3]) for task, bins in found.items()}
    worst = max(sorted(values), key=values.__getitem__)
    rows, scores, yes, variance = found[worst]
    low, high = _resampled(rows, scores, yes)
    detail = {
        "task": worst,
        "tasks": {task: round(value, 5) for task, value in values.items()},
        "by_chance": round(_by_chance(rows, variance), 5),
        "bins": [
            {"n": int(n), "score": round(float(s / n), 4), "yes": round(float(y / n), 4)}
            for n, s, y in zip(rows, scores, yes, strict=True)
            if n
        ],
    }
    return measured(day, name, values[worst], low=low, high=high, n=int(rows.sum()), detail=detail)


def _known(labels: Labelled, task: int) -> tuple[Floats, Floats]:
    """Scores and outcomes of the rows that have both."""
    score, label = labels.columns.scores[:, task].astype(np.float64), labels.labels[:, task]
    keep = ~np.isnan(score) & ~np.isnan(label)
    return score[keep], label[keep]


def _bins(p: Floats, y: Floats, bins: int) -> list[list[float]]:
    """Rows, sum of scores, yeses and sum of p (1 - p), per bin."""
    place = np.minimum((p * bins).astype(np.int64), bins - 1)
    sums = [np.bincount(place, weights, minlength=bins) for weights in (np.ones(len(p)), p, y, p * (1 - p))]
    return [[round(float(value), 9) for value in one] for one in sums]


def _appended(day: MonitorDay, kept: Mapping[str, Any], counts: Any) -> list[dict[str, Any]]:
    """The kept counts of the last `report_days`, today's among them."""
    recent = {day.day, *days_before(day.day, day.config.report_days - 1)}
    return [*(one for one in kept.get("days", []) if one["day"] in recent), {"day": day.day, "counts": counts}]


def _by_chance(rows: Floats, variance: Floats) -> float:
    return float(np.sqrt(2 / np.pi * variance).sum() / rows.sum())


def _resampled(rows: Floats, scores: Floats, yes: Floats) -> tuple[float, float]:
    """Percentiles of the ECE over 400 draws of the yeses of every bin (seeded)."""
    rng, share = np.random.default_rng(29), yes / np.maximum(rows, 1)
    drawn = rng.binomial(rows.astype(np.int64), np.clip(share, 0, 1), size=(400, len(rows)))
    values = np.abs(scores - drawn).sum(axis=1) / rows.sum()
    low, high = np.percentile(values, (2.5, 97.5))
    return float(low), float(high)


def _alarms(bets: Bets, config: MonitorConfig, weight: float) -> bool:
    return bool(bets.log_mean >= np.log(config.false_alarm_days / weight))


def _miscalibrated(day: MonitorDay, task: str, side: str) -> Breach:
    return Breach(
        rule="calibration",
        measurement="calibration_ece",
        severity="major",
        title=f"the scores of {task} are too {side}",
        cause="what the scores mean has changed since the model was calibrated",
        since=day.day,
        evidence=[day.audit()],
        target=f"task:{task}",
    )


def watch_concept(day: MonitorDay) -> Found:
    """The largest rise of a task's mean loss over its first days."""
    name, labels = "concept_drift", day.labelled
    state: dict[str, Any] = {"model_version": day.frame.model_version, "tasks": dict(day.kept().get("tasks", {}))}
    if labels is None:
        return Found([unknown(day, name, "no outcomes are delivered")], state=state)
    rises: dict[str, tuple[float, float, int]] = {}
    breaches = []
    for index, task in enumerate(day.frame.tasks):
        kept = state["tasks"].get(task, {})
        kept, rise, alarmed = _followed(day, labels, index, kept)
        state["tasks"][task] = kept
        if rise is not None:
            rises[task] = rise
        if alarmed:
            breaches.append(_drifted(day, task, rise))
    if not rises:
        why = f"no task has {day.config.fewest_labels} outcomes of the model's first days and as many of later ones"
        return Found([unknown(day, name, why)], breaches, state)
    worst = max(sorted(rises), key=lambda task: rises[task][0])
    value, error, n = rises[worst]
    detail = {"task": worst, "tasks": {task: round(rise[0], 5) for task, rise in rises.items()}}
    result = measured(day, name, value, low=value - 1.96 * error, high=value + 1.96 * error, n=n, detail=detail)
    return Found([result], breaches, state)


def _followed(
    day: MonitorDay, labels: Labelled, index: int, kept: Mapping[str, Any]
) -> tuple[dict[str, Any], tuple[float, float, int] | None, bool]:
    """One task: what is kept, the rise of its loss with standard error and n, and whether it is confirmed."""
    config, kind = day.config, day.frame.types[index]
    known = _losses(labels, index, kind)
    if "mean" not in kept:
        first = [*kept.get("first", []), *(round(float(value), 6) for value in known)]
        seen = kept.get("seen", 0) + bool(len(known))
        if seen < config.baseline_days or len(first) < config.fewest_labels:
            return {"first": first[-FIRST:], "seen": seen}, None, False
        return _baseline(np.asarray(first), kind), None, False
    loss = (known >= kept["tail"]).astype(np.float64) if kind == "regression" else known
    bound = min(0.999, kept["mean"] + Z99 * kept["error"] + config.concept_tolerance)
    bets = Bets(kept.get("bets"))
    bets.take(loss, bound)
    days = _appended(day, kept, [len(loss), float(loss.sum()), float((loss**2).sum())])
    n, total, squares = np.sum([one["counts"] for one in days], axis=0)
    following = {**kept, "bets": bets.state(), "days": days}
    weight = day_weights("concept", len(day.frame.tasks))[0]
    if n < config.fewest_labels:
        return following, None, _alarms(bets, config, weight)
    spread = max(0.0, squares / n - (total / n) ** 2)
    rise = (float(total / n - kept["mean"]), float(np.sqrt(spread / n + kept["error"] ** 2)), int(n))
    return following, rise, _alarms(bets, config, weight)


FIRST = 5_000  # losses that are kept to find the baseline: enough for its mean and its tail


def _losses(labels: Labelled, index: int, kind: str) -> Floats:
    if kind == "multiclass":
        label, top = labels.labels[:, index], labels.columns.top_class[:, index]
        known = ~np.isnan(label) & (top >= 0)
        return np.asarray(label[known] != top[known], dtype=np.float64)
    score, label = _known(labels, index)
    return np.abs(label - score) if kind == "regression" else (label - score) ** 2


def _baseline(first: Floats, kind: str) -> dict[str, Any]:
    tail = float(np.quantile(first, TAIL)) if kind == "regression" else 0.0
    loss = (first >= tail).astype(np.float64) if kind == "regression" else first
    return {"mean": float(loss.mean()), "error": float(loss.std() / np.sqrt(len(loss))), "tail": tail}


def _drifted(day: MonitorDay, task: str, rise: tuple[float, float, int] | None) -> Breach:
    said = f" by {rise[0]:.3f}" if rise else ""
    return Breach(
        rule="concept",
        measurement="concept_drift",
        severity="major",
        title=f"the errors of {task} have grown{said} since the model's first days",
        cause="customers behave otherwise than when the model was trained",
        since=day.day,
        evidence=[day.audit()],
        target=f"task:{task}",
    )
