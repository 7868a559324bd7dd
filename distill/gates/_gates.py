"""Skill, fidelity, quality, benefit and bypass. Each reads the test rows only."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from distill.gates._evidence import Evidence, ModelName, measure
from distill.gates._result import Check, conclude
from distill.gates._scores import BENEFIT, PRIMARY, Scores
from distill.metrics import Bootstrapped, Functional, jsd_rows, kl_rows, quartiles, spearman, weighted_mean
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

    Binary: mean KL(teacher || student) in nats, agreement of the two decisions, Spearman, mean JSD. Multiclass: mean
    KL, agreement of the most probable classes, mean JSD. Regression: Spearman, and the share of rows that both models
    put into the same quartile of their own predictions.
    """
    config, kind = evidence.config, evidence.task.type
    results = evidence.run(_fidelity_functionals(evidence))
    found = {name: _measure(evidence, name, result, rows=len(evidence.labels)) for name, result in results.items()}
    if kind == "regression":
        return conclude(
            "fidelity",
            [
                Check(found["spearman"], config.spearman, "at least"),
                Check(found["quartile_agreement"], config.quartile_agreement, "at least"),
            ],
        )
    agreement = config.agreement_binary if kind == "binary" else config.agreement_multiclass
    checks = [
        Check(found["kl"], config.fidelity_floor, "at most"),
        Check(found["agreement"], agreement, "at least"),
        Check(found["jsd"], config.jsd, "at most"),
    ]
    if kind == "binary":
        checks.append(Check(found["spearman"], config.spearman, "at least"))
    return conclude("fidelity", checks)


def _fidelity_functionals(evidence: Evidence) -> dict[str, Functional]:
    teacher, student = evidence.predictions["teacher"], evidence.predictions["distilled"]
    if evidence.task.type == "regression":
        same = quartiles(teacher) == quartiles(student)
        return {
            "spearman": spearman(teacher, student),
            "quartile_agreement": weighted_mean(same.astype(np.float64)),
        }
    agree = (evidence.decisions["teacher"] == evidence.decisions["distilled"]).all(axis=1)
    functionals = {
        "kl": weighted_mean(kl_rows(teacher, student)),
        "agreement": weighted_mean(agree.astype(np.float64)),
        "jsd": weighted_mean(jsd_rows(teacher, student)),
    }
    if evidence.task.type == "binary":
        functionals["spearman"] = spearman(teacher, student)
    return functionals


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
