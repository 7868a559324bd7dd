"""One verdict on one training condition."""

from __future__ import annotations

from typing import Literal

from understudy.contracts._model import Contract, Name
from understudy.errors import UserError

__all__ = ["Check", "HealthReport", "TrainingHealthError", "verdict"]


class Check(Contract):
    """``unknown`` means that this run gave no evidence; it is never a pass."""

    name: Name
    status: Literal["pass", "fail", "unknown"]
    detail: str


class HealthReport(Contract):
    """All checks of one training run. ``fail`` if one failed, else ``pass``."""

    status: Literal["pass", "fail"]
    checks: list[Check]

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
