"""Fairness in production: impact and parity of what is offered, equal opportunity where outcomes are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.evidence.columns import Columns
from agents.evidence.labelled import Labelled
from agents.monitors.day import Breach, Found, MonitorDay, measured, unknown
from agents.monitors.detector import Detection
from agents.monitors.disparity import Measure, intervals, rates, scan
from agents.monitors.group_counts import Cells, Comparison, count, flattened
from agents.monitors.sequential import day_weights
from understudy.contracts.watch import Measurement

__all__ = ["watch_offers", "watch_opportunity"]

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]
OFFERS: dict[Measure, tuple[str, ...]] = {"di": ("fairness_di_min", "fairness_di_max"), "spd": ("fairness_spd_max",)}
OPPORTUNITY: dict[Measure, tuple[str, ...]] = {"eod": ("fairness_eod_max",)}
INTERVAL = "95 %, valid on every day of the window (Beta mixture)"
CUT_ROWS = 200
SHOWN = 60


def watch_offers(day: MonitorDay) -> Found:
    """DI and SPD of being offered a product of a family, per person and day, by group and pair of groups."""
    names = [name for found in OFFERS.values() for name in found]
    found = day.decisions()
    if isinstance(found, str):
        return Found([unknown(day, name, found) for name in names], state=day.before)
    if not found.groups:
        return Found([unknown(day, name, "the bundle names no protected attribute") for name in names])
    families = sorted(set(found.families))
    cells = count(found, _offered(found, families), np.repeat(found.first[:, None], len(families), axis=1))
    days = _Days.of(day, cells, [f"offer of {family}" for family in families])
    targets = {f"offer of {family}": f"task:{task}" for family, task in day.frame.family_tasks.items()}
    return _watched(day, days, OFFERS, targets)


def watch_opportunity(day: MonitorDay) -> Found:
    """EOD of each binary task: among those who did it, who had been given a high score?

    High is at or above the score that, on the model's first day, so many customers reached as were expected to say yes.
    """
    names = [name for found in OPPORTUNITY.values() for name in found]
    tasks = [index for index, kind in enumerate(day.frame.types) if kind == "binary"]
    cuts = _cuts(day, tasks)
    labels, kept = day.labelled, dict(day.kept())
    state: Mapping[str, Any] = kept | {"model_version": day.frame.model_version, "cuts": cuts}
    if labels is None or not len(labels.columns):
        why = "no outcomes are delivered" if labels is None else "no outcome of an earlier decision became known"
        return Found([unknown(day, name, why) for name in names], state=state)
    if not any(cuts.values()):
        return Found([unknown(day, name, "too few decisions to say what a high score is") for name in names])
    happened, high = _opportunities(labels, tasks, [cuts.get(day.frame.tasks[i]) for i in tasks])
    cells = count(labels.columns, high, happened)
    decisions = [f"high score of {day.frame.tasks[i]}" for i in tasks]
    targets = {f"high score of {day.frame.tasks[i]}": f"task:{day.frame.tasks[i]}" for i in tasks}
    found = _watched(day, _Days.of(day, cells, decisions), OPPORTUNITY, targets)
    return Found(found.measurements, found.breaches, {**(found.state or {}), "cuts": cuts})


def _offered(columns: Columns, families: Sequence[str]) -> Bools:
    """``[n, families]`` whether a product of the family is among the recommendations."""
    code = np.asarray([families.index(name) for name in columns.families] + [-1])
    offered = code[columns.products]  # -1 is the last entry: no product
    return np.stack([(offered == index).any(axis=1) for index in range(len(families))], axis=1)


def _cuts(day: MonitorDay, tasks: Sequence[int]) -> dict[str, float]:
    cuts = dict(day.kept().get("cuts", {}))
    if day.columns is not None:
        for index in tasks:
            scores = day.columns.scores[day.columns.first, index]
            scores = scores[~np.isnan(scores)]
            if day.frame.tasks[index] not in cuts and len(scores) >= CUT_ROWS:
                cuts[day.frame.tasks[index]] = float(np.quantile(scores, 1 - scores.mean()))
    return cuts


def _opportunities(labels: Labelled, tasks: Sequence[int], cuts: Sequence[float | None]) -> tuple[Bools, Bools]:
    happened = labels.labels[:, list(tasks)] == 1
    scores = labels.columns.scores[:, list(tasks)]
    bounds = np.asarray([np.nan if cut is None else cut for cut in cuts])
    return happened & ~np.isnan(scores) & ~np.isnan(bounds), scores >= bounds


@dataclass(frozen=True)
class _Days:
    """Counts of the last days (today last) and of the first days of the model."""

    comparisons: list[Comparison]
    daily: Floats
    names: list[str]
    baseline: Floats
    complete: bool
    state: Mapping[str, Any]

    @classmethod
    def of(cls, day: MonitorDay, cells: Cells, decisions: Sequence[str]) -> _Days:
        config, groups = day.config, {g.attribute: g.names for g in day.frame.groupings}
        # Counts of other groups or decisions cannot be added to these.
        key = {"groups": groups, "decisions": list(decisions)}
        kept = day.kept() if day.kept().get("key") == key else {}
        days = [*kept.get("days", []), {"day": day.day, "cells": cells}][-config.window_days :]
        first: list[Any] = list(kept.get("first", []))
        complete = len(first) >= config.baseline_days
        if not complete:
            first.append({"day": day.day, "cells": cells})
        comparisons, daily = flattened([one["cells"] for one in days], groups, decisions)
        _, before = flattened([one["cells"] for one in first], groups, decisions)
        if complete:  # the first days are what later ones are held against, and are no part of these
            outside = [one["day"] not in {f["day"] for f in first} for one in days]
            days, daily = [one for one, later in zip(days, outside, strict=True) if later], daily[outside]
        state = {"model_version": day.frame.model_version, "key": key, "days": days, "first": first}
        return cls(comparisons, daily, [one["day"] for one in days], before.sum(axis=0), complete, state)


def _watched(
    day: MonitorDay, days: _Days, wanted: Mapping[Measure, tuple[str, ...]], targets: Mapping[str, str]
) -> Found:
    measurements: list[Measurement] = []
    confirmed: list[_Confirmed] = []
    for measure, names in wanted.items():
        recent = days.daily[-day.config.report_days :].sum(axis=0)
        detection, before, _ = scan(days.daily, days.baseline, measure, day.config)
        alarms = _alarms(day, days, detection) if days.complete else np.zeros(len(before), dtype=bool)
        found = [_Confirmed(measure, days, detection, int(i)) for i in np.flatnonzero(alarms)]
        confirmed += found
        for one in found:  # what has changed is shown as it is now, not mixed with the days before
            recent[one.index] = one.counts
        measurements += _measurements(day, days, measure, names, recent, before, found)
    return Found(measurements, [_breach(day, confirmed, targets)] if confirmed else [], days.state)


def _alarms(day: MonitorDay, days: _Days, detection: Detection) -> Bools:
    crossed = np.asarray([comparison.crossed for comparison in days.comparisons])
    weights = np.ones(len(crossed))
    for mask, family in ((~crossed, "fairness_single"), (crossed, "fairness_crossed")):
        # Three measures share what the family has.
        weights[mask] = day_weights(family, 3 * int(mask.sum()))[:1] if mask.any() else 1.0
    return detection.alarms(day.config.false_alarm_days, weights)


@dataclass(frozen=True)
class _Confirmed:
    """A comparison that has alarmed; its value is that of the days since it began."""

    measure: Measure
    days: _Days
    detection: Detection
    index: int

    @property
    def since(self) -> str:
        return self.days.names[int(self.detection.start[self.index])]

    @property
    def counts(self) -> Floats:
        return np.asarray(self.days.daily[int(self.detection.start[self.index]) :, self.index].sum(axis=0))

    @property
    def value(self) -> float:
        return float(rates(self.counts[None], self.measure, 0).value[0])

    @property
    def comparison(self) -> Comparison:
        return self.days.comparisons[self.index]

    def said(self) -> dict[str, Any]:
        return {
            "measure": self.measure,
            "attribute": self.comparison.attribute,
            "group": self.comparison.group,
            "decision": self.comparison.decision,
            "value": round(self.value, 4),
            "since": self.since,
        }


def _measurements(
    day: MonitorDay,
    days: _Days,
    measure: Measure,
    names: Sequence[str],
    recent: Floats,
    before: Floats,
    confirmed: Sequence[_Confirmed],
) -> list[Measurement]:
    found = rates(recent, measure, day.config.fairness_min_rows)
    known = np.flatnonzero(found.enough)
    if not len(known):
        why = f"no two groups of at least {day.config.fairness_min_rows} persons to compare"
        return [unknown(day, name, why) for name in names]
    off = np.abs(np.log(found.value)) if measure == "di" else np.abs(found.value)
    bound = {"di": -np.log(day.config.fairness_di), "spd": day.config.fairness_spd, "eod": day.config.fairness_eod}
    worst = _worst_of_each_group(days.comparisons, off, known)
    outside = int((off[worst] > bound[measure]).sum())
    sure = {one.index for one in confirmed}
    single = [i for i in worst if not days.comparisons[i].crossed]
    # Of hundreds of intersections some are far off by chance: they count once they are confirmed.
    counted = single + [i for i in worst if i in sure and i not in single]
    worst = (counted + [i for i in worst if i not in counted])[:SHOWN]
    low, high = intervals(recent[worst], measure, day.config.window_days)
    base_off = np.abs(np.log(before)) if measure == "di" else np.abs(before)
    shown = [
        {
            "attribute": days.comparisons[i].attribute,
            "group": days.comparisons[i].group,
            "decision": days.comparisons[i].decision,
            "value": round(float(found.value[i]), 4),
            "low": round(float(low[place]), 4),
            "high": round(float(high[place]), 4),
            "n": int(found.rows[i]),
            "inherited": bool(base_off[i] > bound[measure]),
        }
        for place, i in enumerate(worst)
    ]
    detail = {
        "groups": shown,
        "compared": len(known),
        "outside": outside,
        "confirmed": [one.said() for one in confirmed],
        "baseline": "complete" if days.complete else "being taken",
    }
    results = []
    for name in names:
        place = _place(name, found.value[worst[: len(counted)]])
        value = float(found.value[worst[place]])
        bounds = (float(low[place]), float(high[place]))
        if name.endswith(("spd_max", "eod_max")):
            value, bounds = abs(value), bounds if value >= 0 else (-bounds[1], -bounds[0])
        n = int(recent[worst[place], [1, 3]].sum())
        results.append(measured(day, name, value, low=bounds[0], high=bounds[1], n=n, interval=INTERVAL, detail=detail))
    return results


def _worst_of_each_group(comparisons: Sequence[Comparison], off: Floats, known: NDArray[np.int64]) -> list[int]:
    """The decision that is furthest off in each group, single attributes first, furthest first."""
    worst: dict[tuple[str, str], int] = {}
    for i in known.tolist():
        key = (comparisons[i].attribute, comparisons[i].group)
        if key not in worst or off[i] > off[worst[key]]:
            worst[key] = i
    return sorted(worst.values(), key=lambda i: (comparisons[i].crossed, -off[i], i))


def _place(name: str, values: Floats) -> int:
    if name == "fairness_di_min":
        return int(np.argmin(values))
    return int(np.argmax(values if name == "fairness_di_max" else np.abs(values)))


def _breach(day: MonitorDay, confirmed: Sequence[_Confirmed], targets: Mapping[str, str]) -> Breach:
    def size(one: _Confirmed) -> float:
        return abs(float(np.log(one.value))) if one.measure == "di" else abs(one.value)

    order = sorted(confirmed, key=lambda one: (one.comparison.crossed, -size(one)))
    worst = order[0]
    impacts = [min(one.value, 1 / one.value) for one in order if one.measure == "di"]
    severe = bool(impacts) and min(impacts) < day.config.fairness_severe_di
    names = {"di": "disparate impact", "spd": "parity difference", "eod": "opportunity difference"}
    return Breach(
        rule="fairness_severe" if severe else "fairness",
        measurement={"di": "fairness_di_min", "spd": "fairness_spd_max", "eod": "fairness_eod_max"}[worst.measure],
        severity="critical" if severe else "major",
        title=f"{worst.comparison}: {names[worst.measure]} {worst.value:.2f}, {len(order)} comparisons in all",
        cause="the scores, the features or the rules treat this group otherwise than in the model's first days",
        since=min(one.since for one in order),
        evidence=[day.audit()],
        target=targets.get(worst.comparison.decision, "global"),
        detail={"confirmed": [one.said() for one in order[:SHOWN]]},
    )
