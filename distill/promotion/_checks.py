"""What a bundle and its assessment must show, whoever the champion is."""

from __future__ import annotations

import datetime as dt

from pydantic import ValidationError

from distill.report import ReportDocument
from understudy.bundle import Bundle, BundleError
from understudy.contracts.gates import GateReport
from understudy.contracts.promotion import Check, Fria, PromotionConfig

__all__ = ["check_fairness", "check_fria", "check_gates", "check_sign_off", "read_report"]


def read_report(bundle: Bundle) -> GateReport:
    """The gates' report that the bundle carries.

    Raises:
        BundleError: it carries none that fits.
    """
    try:
        return ReportDocument.model_validate_json(bundle.read("report.json")).gates
    except ValidationError as error:
        raise BundleError(f"does not fit its contract: {error.errors()[0]['msg']}", "report.json") from None


def check_gates(bundle: Bundle, report: GateReport) -> Check:
    """Skill, fidelity, quality and benefit were measured, and no task rejects."""
    named = {task.task for task in report.tasks}
    missing = [task.name for task in bundle.manifest.tasks if task.name not in named]
    if missing:
        return Check(name="gates", status="unknown", reason=f"no report of {', '.join(missing)}")
    if not (bundle.manifest.accepted and report.accepted):
        return Check(name="gates", status="fail", reason=report.reason)
    return Check(name="gates", status="pass", reason=report.reason)


def check_fairness(report: GateReport) -> Check:
    """No task is served by a model whose fairness failed or is unknown; what warns is named."""
    served = {task.task: task for task in report.tasks if task.layer == "distilled"}
    found = {name: gate for name, task in served.items() for gate in task.gates if gate.gate == "fairness"}
    open_ = sorted(served.keys() - found.keys()) + [name for name, gate in found.items() if gate.status == "unknown"]
    failed = [name for name, gate in found.items() if gate.status == "fail"]
    warned = [name for name, gate in found.items() if gate.status == "warn"]
    figures = {"failed": float(len(failed)), "warned": float(len(warned)), "unknown": float(len(open_))}
    if failed:
        return Check(name="fairness", status="fail", reason=f"failed: {', '.join(failed)}", figures=figures)
    if open_:
        return Check(name="fairness", status="unknown", reason=f"not measured: {', '.join(open_)}", figures=figures)
    reason = f"inherited differences in {', '.join(warned)}" if warned else "no group is served worse"
    return Check(name="fairness", status="pass", reason=reason, figures=figures)


def check_fria(
    fria: Fria | None, bundle: Bundle, fairness: Check, config: PromotionConfig, today: dt.date, reason: str
) -> Check:
    """The impact assessment is there, recent, not milder than what was measured, and its risk acceptable.

    The level is that of the worst of the seven dimensions: a risk is not made smaller by others that are small. Two
    have a floor that the bundle itself measures: fairness risk (.7 where a fairness gate failed or is unknown, .4 where
    one warns) and the explainability gap (the share of tasks that no model explains).
    """
    if fria is None:
        return Check(name="fria", status="unknown", reason="there is no impact assessment: give one with --fria")
    age = (today - fria.date).days
    if not 0 <= age <= config.fria_days:
        return Check(name="fria", status="fail", reason=f"the assessment of {fria.date} is {age} days old")
    floors = {"fairness_risk": _fairness_floor(fairness), "explainability_gap": _unexplained(bundle)}
    for name, floor in floors.items():
        declared = fria.dimensions[name].score
        if declared < floor:
            why = f"{name} is declared as {declared:.2f}, the bundle measures at least {floor:.2f}"
            return Check(name="fria", status="fail", reason=why, figures=floors)
    worst = max(fria.dimensions, key=lambda name: fria.dimensions[name].score)
    risk = fria.dimensions[worst].score
    figures = {"risk": risk, **{f"floor[{name}]": floor for name, floor in floors.items()}}
    if risk >= config.fria_unacceptable:
        return Check(name="fria", status="fail", reason=f"unacceptable risk: {worst} {risk:.2f}", figures=figures)
    if risk >= config.fria_high and not reason:
        return Check(
            name="fria", status="fail", reason=f"high risk ({worst} {risk:.2f}) needs --reason", figures=figures
        )
    return Check(name="fria", status="pass", reason=f"worst dimension {worst} {risk:.2f}", figures=figures)


def _fairness_floor(fairness: Check) -> float:
    figures = fairness.figures
    if figures.get("failed") or figures.get("unknown"):
        return 0.7
    return 0.4 if figures.get("warned") else 0.0


def _unexplained(bundle: Bundle) -> float:
    tasks = bundle.manifest.tasks
    return sum(task.layer == "rules" for task in tasks) / len(tasks)


def check_sign_off(operator: str | None) -> Check:
    """A named person answers for it."""
    if operator is None or len(operator.strip()) < 2:
        return Check(name="sign_off", status="unknown", reason="nobody signed: give a name with --sign-off")
    return Check(name="sign_off", status="pass", reason=operator)
