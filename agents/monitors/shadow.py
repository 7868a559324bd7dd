"""Fidelity in production: the teacher scores a sample of the day's decisions beside the students that decided.

Of each task that a distilled student served: mean KL(teacher, student) in nats, the share of rows on which both make
the same choice (binary: yes at or above the score that as many customers reach as are expected to say yes, of each
model its own; multiclass: the most probable class), and Spearman's rank correlation. The gates' definitions
(`distill.metrics`), held against the gates' bounds; the worst task counts. Confirmed is a breach by bets, day by day,
against a disagreement, or a KL (cut off at 1 nat), above its bound on average.

The teacher reads more than a record holds (sequences, graph, diagrams). Those of the run's customers are kept encoded
beside its ONNX files (`shadow/`), with the students' features that belong to them. A decision is compared only if its
features are those: for a customer whose record has changed since, the raw structure would be of another day.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from agents.monitors.config import MonitorConfig
from agents.monitors.day import Breach, Found, MonitorDay, measured, unknown
from agents.monitors.detector import Bets
from agents.monitors.sequential import day_weights
from understudy.contracts.watch import Evidence, Measurement

__all__ = ["ShadowScores", "kl_rows", "ranks", "spearman", "watch_fidelity"]

Floats = NDArray[np.float64]
NAMES = ("shadow_kl", "shadow_agreement", "shadow_spearman")
FLOOR = 1e-7


@dataclass(frozen=True)
class ShadowScores:
    """What the teacher says of some rows of the day.

    Attributes:
        rows: ``[m]`` of the day's `Columns`, sorted.
        scores: Task -> ``[m]`` probability or mean, ``[m, K]`` probabilities.
        looked_at: Decisions that were looked at to find these.
        evidence: The teacher's files.
    """

    rows: NDArray[np.int64]
    scores: Mapping[str, Floats]
    looked_at: int
    evidence: list[Evidence]


def kl_rows(teacher: Floats, student: Floats) -> Floats:
    """KL(teacher, student) of yes/no distributions, ``[m]`` nats."""
    t, s = (np.clip(p, FLOOR, 1 - FLOOR) for p in (teacher, student))
    return np.asarray(t * np.log(t / s) + (1 - t) * np.log((1 - t) / (1 - s)))


def ranks(values: Floats) -> Floats:
    """Ranks from 1, ties share their mean."""
    _, place, size = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(size)
    return np.asarray((last - (size - 1) / 2)[place], dtype=np.float64)


def spearman(one: Floats, other: Floats) -> float | None:
    """Pearson's correlation of the ranks; None if one side is constant."""
    a, b = (found - found.mean() for found in (ranks(one), ranks(other)))
    norm = float(np.sqrt((a**2).sum() * (b**2).sum()))
    return float((a * b).sum() / norm) if norm > 0 else None


@dataclass(frozen=True)
class _Task:
    """One task's comparison, per row where it is a mean."""

    name: str
    kl: Floats | None
    agree: Floats | None
    spearman: float | None
    bound: float


def watch_fidelity(day: MonitorDay, shadow: ShadowScores | str) -> Found:
    """KL, agreement and rank correlation of teacher and students."""
    found = day.decisions()
    why = found if isinstance(found, str) else shadow if isinstance(shadow, str) else ""
    if not why and not isinstance(shadow, str) and len(shadow.rows) < day.config.fewest_decisions:
        why = (
            f"{len(shadow.rows)} of {shadow.looked_at} decisions were made on records whose raw structure the teacher "
            f"has, fewer than {day.config.fewest_decisions}"
        )
    if why or isinstance(shadow, str) or isinstance(found, str):
        return Found([unknown(day, name, why) for name in NAMES], state=day.before)
    tasks = [task for index in range(len(found.tasks)) if (task := _compared(day, shadow, index)) is not None]
    if not tasks:
        return Found([unknown(day, name, "no distilled student decided in the sample") for name in NAMES])
    kept = day.kept().get("tasks", {})
    state: dict[str, Any] = {"model_version": day.frame.model_version, "tasks": dict(kept)}
    breaches = []
    for task in tasks:
        bets = {name: Bets(kept.get(task.name, {}).get(name)) for name in ("kl", "agree")}
        if task.kl is not None:
            bets["kl"].take(np.minimum(task.kl, 1.0), min(0.999, day.config.shadow_kl))
        if task.agree is not None:
            bets["agree"].take(1 - task.agree, 1 - task.bound)
        state["tasks"][task.name] = {name: one.state() for name, one in bets.items()}
        if any(_alarms(one, day.config, len(found.tasks)) for one in bets.values()):
            breaches.append(_breach(day, task.name, shadow))
    return Found(_measurements(day, tasks, shadow), breaches, state)


def _compared(day: MonitorDay, shadow: ShadowScores, index: int) -> _Task | None:
    columns, name = day.columns, day.frame.tasks[index]
    assert columns is not None
    served = (columns.layers[shadow.rows, index] == 0) & ~np.isnan(columns.scores[shadow.rows, index])
    if name not in shadow.scores or served.sum() < 2:
        return None
    teacher = shadow.scores[name][served]
    student = columns.scores[shadow.rows, index][served].astype(np.float64)
    config = day.config
    if day.frame.types[index] == "binary":
        agree = _chosen(teacher) == _chosen(student)
        rank = spearman(teacher, student)
        return _Task(name, kl_rows(teacher, student), agree.astype(np.float64), rank, config.shadow_agreement)
    if day.frame.types[index] == "multiclass":
        # The log keeps the most probable class and its probability: enough for agreement, not for KL.
        top = columns.top_class[shadow.rows, index][served]
        agree = teacher.argmax(axis=1) == top
        rank = spearman(teacher[np.arange(len(top)), np.maximum(top, 0)], student)
        return _Task(name, None, agree.astype(np.float64), rank, config.shadow_agreement_multiclass)
    return _Task(name, None, None, spearman(teacher, student), 0.0)


def _chosen(scores: Floats) -> NDArray[np.bool_]:
    return np.asarray(scores >= np.quantile(scores, 1 - np.clip(scores.mean(), 0, 1)))


def _alarms(bets: Bets, config: MonitorConfig, tasks: int) -> bool:
    return bool(bets.log_mean >= np.log(config.false_alarm_days / day_weights("fidelity", 2 * tasks)[0]))


def _measurements(day: MonitorDay, tasks: list[_Task], shadow: ShadowScores) -> list[Measurement]:
    evidence = [day.audit(), *shadow.evidence]
    kl = {task.name: task.kl for task in tasks if task.kl is not None}
    agree = {task.name: task.agree for task in tasks if task.agree is not None}
    rank = {task.name: task.spearman for task in tasks if task.spearman is not None}
    n = len(shadow.rows)
    found = [
        _worst_mean(day, "shadow_kl", kl, evidence, largest=True),
        _worst_mean(day, "shadow_agreement", agree, evidence, largest=False),
    ]
    if not rank:
        return [*found, unknown(day, "shadow_spearman", "every score in the sample is the same")]
    worst = min(sorted(rank), key=rank.__getitem__)
    # Fisher's transformation, with the variance of Fieller, Hartley and Pearson (1957) for ranks.
    centre, half = np.arctanh(np.clip(rank[worst], -0.999999, 0.999999)), 1.96 * np.sqrt(1.06 / max(1, n - 3))
    low, high = float(np.tanh(centre - half)), float(np.tanh(centre + half))
    detail = {"task": worst, "tasks": {name: round(value, 5) for name, value in rank.items()}}
    value = measured(day, "shadow_spearman", rank[worst], low=low, high=high, n=n, detail=detail, evidence=evidence)
    return [*found, value]


def _worst_mean(
    day: MonitorDay, name: str, found: Mapping[str, Floats], evidence: list[Evidence], *, largest: bool
) -> Measurement:
    if not found:
        return unknown(day, name, "no task of the sample has it")
    means = {task: float(rows.mean()) for task, rows in found.items()}
    worst = (max if largest else min)(sorted(means), key=means.__getitem__)
    half = 1.96 * float(found[worst].std() / np.sqrt(len(found[worst])))
    detail = {"task": worst, "tasks": {task: round(value, 5) for task, value in means.items()}}
    low, high = means[worst] - half, means[worst] + half
    return measured(day, name, means[worst], low=low, high=high, n=len(found[worst]), detail=detail, evidence=evidence)


def _breach(day: MonitorDay, task: str, shadow: ShadowScores) -> Breach:
    return Breach(
        rule="fidelity",
        measurement="shadow_agreement",
        severity="major",
        title=f"the student of {task} no longer says what its teacher says",
        cause="the customers have moved to where the student never copied the teacher, or another file serves",
        since=day.day,
        evidence=[day.audit(), *shadow.evidence],
        target=f"task:{task}",
    )
