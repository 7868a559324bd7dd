"""Skill, fidelity, quality, benefit and bypass. Each reads the test rows only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from distill.gates._evidence import Evidence, ModelName, measure
from distill.gates._result import Check, conclude
from distill.gates._scores import BENEFIT, PRIMARY, Scores
from distill.metrics import Bootstrapped, fidelity_bounds, fidelity_functionals
from understudy.contracts.gates import GateConfig, GateResult, Measure
from understudy.contracts.spec import TaskSpec

__all__ = ["benefit", "bypass", "fidelity", "floor", "quality", "skill", "skill_bound"]

Floats = NDArray[np.float64]


def skill_bound(task: TaskSpec, config: GateConfig) -> float:
    """AUC, macro-F1 or R2 from which a teacher is worth copying."""
    return {
        "binary": config.skill_auc,
        "multiclass": config.skill_f1_times_random / task.width,
        "regression": config.skill_r2,
    }[task.type]


def floor(task: TaskSpec, config: GateConfig) -> float:
    """AUC, macro-F1 or R2 under which no model serves: the rules do."""
    return {
        "binary": config.skill_auc_floor,
        "multiclass": 1 / task.width,
        "regression": config.skill_r2_floor,
    }[task.type]


def skill(evidence: Evidence, scores: Scores) -> GateResult:
    """Is the teacher worth copying?"""
    name = PRIMARY[evidence.task.type]
    found = _measure(evidence, f"teacher_{name}", scores["teacher"][name])
    return conclude("skill", [Check(found, skill_bound(evidence.task, evidence.config), "at least")])


def fidelity(evidence: Evidence) -> GateResult:
    """Does the distilled student compute the teacher's function? All test rows count, labelled or not.

    The metrics and which of them bind a task type are in ``distill.metrics._fidelity``.
    """
    kind = evidence.task.type
    decisions = (evidence.decisions["teacher"], evidence.decisions["distilled"])
    functionals = fidelity_functionals(
        kind, evidence.predictions["teacher"], evidence.predictions["distilled"], decisions
    )
    results = evidence.run(functionals)
    rows = len(evidence.labels)
    return conclude(
        "fidelity",
        [
            Check(_measure(evidence, name, results[name], rows=rows), bound.value, bound.side)
            for name, bound in fidelity_bounds(kind, evidence.config).items()
        ],
    )


def quality(evidence: Evidence, scores: Scores, model: ModelName = "distilled") -> GateResult:
    """Is the student good against the truth? One-sided: better than the teacher is no fault here (see bypass).

    Binary: AUC drop, ECE. Multiclass: macro-F1 drop, top-label ECE. Regression: relative rise of MAE and RMSE. The
    interval of a drop or rise is that of the paired difference.
    """
    config, teacher, student = evidence.config, scores["teacher"], scores[model]
    if evidence.task.type == "regression":
        rises = {name: _relative_rise(teacher[name], student[name]) for name in ("mae", "rmse")}
        bounds = {"mae": config.quality_mae_rise, "rmse": config.quality_rmse_rise}
        return conclude(
            "quality",
            [Check(_measure(evidence, f"{n}_rise", rises[n]), bounds[n], "at most") for n in rises],
        )
    name = PRIMARY[evidence.task.type]
    bound = config.quality_auc_drop if name == "auc" else config.quality_f1_drop
    return conclude(
        "quality",
        [
            Check(_measure(evidence, f"{name}_drop", teacher[name] - student[name]), bound, "at most"),
            Check(_measure(evidence, "ece", student["ece"]), config.ece, "at most"),
        ],
    )


def _relative_rise(teacher: Bootstrapped, student: Bootstrapped) -> Bootstrapped:
    with np.errstate(divide="ignore", invalid="ignore"):
        return Bootstrapped(student.value / teacher.value - 1, student.samples / teacher.samples - 1)


def benefit(evidence: Evidence, scores: Scores) -> GateResult:
    """Is distilling better than not? How far the direct student is ahead must not exceed epsilon.

    Ahead in AUC (binary), R2 (regression) or mean log loss in nats (multiclass); paired bootstrap. The distillation
    ratio, reported beside it, is the share of the teacher's lead over the direct student that the distilled student
    keeps: 1 = all of it, 0 = none; it is unknown where the teacher does not lead.
    """
    kind = evidence.task.type
    name = BENEFIT[kind]
    sign = -1.0 if name == "log_loss" else 1.0
    ahead = _signed(scores["direct"][name] - scores["distilled"][name], sign)
    lead = _signed(scores["teacher"][name] - scores["direct"][name], sign)
    check = Check(_measure(evidence, f"direct_ahead_{name}", ahead), evidence.config.benefit_epsilon, "at most")
    return conclude("benefit", [check], [_distillation_ratio(evidence, ahead, lead)])


def _signed(difference: Bootstrapped, sign: float) -> Bootstrapped:
    return Bootstrapped(sign * difference.value, sign * difference.samples)


def _distillation_ratio(evidence: Evidence, ahead: Bootstrapped, lead: Bootstrapped) -> Measure:
    rows = len(evidence.keep)
    if not float(lead.value) > 0:
        return Measure(
            name="distillation_ratio", value=None, rows=rows, note="the teacher is not ahead of the direct student"
        )
    return Measure(name="distillation_ratio", value=-float(ahead.value) / float(lead.value), rows=rows)


def bypass(evidence: Evidence, scores: Scores) -> GateResult:
    """Does the distilled student beat the teacher beyond noise? Then it uses something the teacher does not: review.

    The reason says whether the direct student is ahead too. If it is, the teacher is weak on this task; if not, the
    student must have got its lead from somewhere else.
    """
    name = PRIMARY[evidence.task.type]
    ahead = _measure(evidence, f"distilled_ahead_{name}", scores["distilled"][name] - scores["teacher"][name])
    threshold = f"interval of distilled_ahead_{name} reaches 0 or below"
    if ahead.value is None or ahead.low is None:
        return GateResult(
            gate="bypass", status="unknown", measures=[ahead], threshold=threshold, reason=f"{name} cannot be computed"
        )
    beats = ahead.low > 0
    cause = (
        "so is the direct student, the teacher is weak on this task"
        if float(scores["direct"][name].value) > float(scores["teacher"][name].value)
        else "the direct student is not, a person should look for a leak"
    )
    reason = (
        f"the student is ahead of its teacher by {ahead.value:.4g} {name} beyond noise; {cause}"
        if beats
        else "the student is not ahead of its teacher beyond noise"
    )
    return GateResult(
        gate="bypass", status="warn" if beats else "pass", measures=[ahead], threshold=threshold, reason=reason
    )


def _measure(evidence: Evidence, name: str, result: Bootstrapped, rows: int | None = None) -> Measure:
    return measure(name, result, len(evidence.keep) if rows is None else rows, evidence.config.confidence)
