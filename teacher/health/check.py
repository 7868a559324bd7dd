"""One verdict on one training condition."""

from __future__ import annotations

from typing import Literal

from understudy.contracts._model import Contract, Name
from understudy.errors import UserError

__all__ = ["Check", "EpochHealth", "HealthReport", "TrainingHealthError", "verdict"]


class Check(Contract):
    """``unknown`` means that this run gave no evidence; it is never a pass."""

    name: Name
    status: Literal["pass", "fail", "unknown"]
    detail: str


class EpochHealth(Contract):
    """What was watched at the end of one epoch; lists are in the order of the tasks, None is a number that is none.

    Attributes:
        learning_rate: Of the last step.
        sigma: Of the uncertainty weighting; None under another weighting.
        gate_entropy: Per extraction layer and task, 1 = uniform, 0 = one expert takes all.
        gradient_norm: Of each task's term at its state above the named experts, without the task weight.
        effective_rate: ``learning rate * share of the task weight * gradient norm``: how fast the task moves what lies
            under its state, in one plain step.
    """

    epoch: int
    learning_rate: float
    sigma: list[float | None] | None
    gate_entropy: list[list[float | None]]
    gradient_norm: list[float | None]
    effective_rate: list[float | None]


class HealthReport(Contract):
    """All checks of one training run: ``training`` while it goes on, ``fail`` if a check failed, else ``pass``."""

    status: Literal["training", "pass", "fail"]
    checks: list[Check]
    tasks: list[Name]
    epochs: list[EpochHealth]

    @property
    def failures(self) -> list[Check]:
        return [check for check in self.checks if check.status == "fail"]


class TrainingHealthError(UserError):
    """A training condition was violated: nothing may be concluded from, or served by, this teacher."""

    def __init__(self, report: HealthReport, where: str) -> None:
        what = "; ".join(f"{check.name}: {check.detail}" for check in report.failures)
        fix = "Correct the named training condition and train again; the weights of this run were not kept."
        super().__init__(f"training is not healthy: {what}", where=where, fix=fix, exit_code=3)
        self.report = report


def verdict(name: str, faults: list[str], fine: str) -> Check:
    """A failed check that lists its faults, or a passed one that says what is ``fine``."""
    return Check(name=name, status="fail" if faults else "pass", detail="; ".join(faults) or fine)
