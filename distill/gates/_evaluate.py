"""All gates over all tasks, on the test rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from distill.gates._evidence import Evidence, gather, measure
from distill.gates._fairness import fairness
from distill.gates._gates import benefit, bypass, fidelity, floor, quality, skill
from distill.gates._ranking import ranking
from distill.gates._reachable import require_reachable
from distill.gates._scores import PRIMARY, Scores, score_models, score_truth
from distill.gates._verdict import Verdict, decide_layer
from distill.soft_labels import SoftLabels
from distill.students import StudentPair
from teacher.datasets.disjoint import require_disjoint
from understudy.contracts.gates import GateConfig, GateName, GateReport, GateResult, TaskReport
from understudy.errors import UserError

if TYPE_CHECKING:
    from teacher.datasets.dataset import Dataset

__all__ = ["evaluate_gates"]


def evaluate_gates(
    dataset: Dataset, soft: SoftLabels, students: Mapping[str, StudentPair], config: GateConfig
) -> GateReport:
    """Measure teacher, distilled, direct and prior on the test rows, and decide what serves; then rank the products.

    Nothing is fitted here. Decision thresholds come from validation rows, rates from training rows.

    Args:
        dataset: All splits; they must not share a row or a customer.
        soft: The teacher's predictions; those of the test rows must come from teachers that saw none of them.
        students: Task -> its two students, for every task of the spec.
        config: Thresholds, replicates, policy.

    Raises:
        UserError: overlapping splits (exit code 4), no test row, a threshold that no model can reach, or a test row
            labelled by a fold teacher.
    """
    require_reachable(config, dataset.spec.tasks)
    require_disjoint(dataset)
    test = dataset.rows("test")
    if not len(test):
        raise UserError("the test split is empty", where=f"dataset {dataset.spec.name}", fix="Give it a larger share.")
    if np.any(soft.fold[test] != -1):
        raise UserError("a test row belongs to a training fold", where="soft labels", fix="Label again.", exit_code=4)
    outcomes = [
        _task(gather(dataset, soft, students[t.name], t, config, dataset.seed), students[t.name])
        for t in dataset.spec.tasks
    ]
    rejecting = [report.task for report, verdict in outcomes if verdict.rejects]
    tasks = [report for report, _ in outcomes]
    order = ranking(dataset, soft, students, tasks, config)
    # Under "fallback" other layers may serve what differs from the teacher: the order is shown, and rejects nothing.
    if order.status == "fail" and config.on_fidelity_failure == "reject":
        rejecting.append(f"the ranking ({order.reason})")
    return GateReport(
        dataset=dataset.spec.name,
        seed=dataset.seed,
        config=config,
        accepted=not rejecting,
        reason=_say(tasks, rejecting),
        rows={split: len(dataset.rows(split)) for split in ("train", "valid", "test")},
        tasks=tasks,
        ranking=order,
    )


def _task(evidence: Evidence, pair: StudentPair) -> tuple[TaskReport, Verdict]:
    scores = score_models(evidence)
    results = (
        skill(evidence, scores),
        fidelity(evidence),
        quality(evidence, scores),
        benefit(evidence, scores),
        fairness(evidence),
        bypass(evidence, scores),
    )
    verdict = _verdict(evidence, scores, {result.gate: result for result in results})
    report = TaskReport(
        task=evidence.task.name,
        type=evidence.task.type,
        rows_test=len(evidence.keep),
        layer=verdict.layer,
        layer_reason=verdict.reason,
        gates=list(results),
        scores={
            model: [measure(n, r, len(evidence.keep), evidence.config.confidence) for n, r in found.items()]
            for model, found in scores.items()
        },
        ceiling=score_truth(evidence),
        choices=pair.distilled.choices | {f"direct_{name}": value for name, value in pair.direct.choices.items()},
        tried=list(pair.tried),
    )
    return report, verdict


def _verdict(evidence: Evidence, scores: Scores, gates: dict[GateName, GateResult]) -> Verdict:
    primary = PRIMARY[evidence.task.type]
    return decide_layer(
        gates,
        teacher_skill=_finite(float(scores["teacher"][primary].value)),
        direct_skill=_finite(float(scores["direct"][primary].value)),
        floor=floor(evidence.task, evidence.config),
        direct_fairness=fairness(evidence, "direct"),
        on_failure=evidence.config.on_fidelity_failure,
    )


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None


def _say(tasks: list[TaskReport], rejecting: list[str]) -> str:
    layers = {layer: [t.task for t in tasks if t.layer == layer] for layer in ("distilled", "direct", "rules")}
    served = ", ".join(f"{len(names)} {layer}" for layer, names in layers.items() if names)
    if rejecting:
        return f"rejected by {', '.join(rejecting)}; layers: {served}"
    return f"no task rejects; layers: {served}"
