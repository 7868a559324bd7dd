"""How a measurement becomes a verdict."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from understudy.contracts.gates import GateName, GateResult, Measure

__all__ = ["Check", "conclude"]

Status = Literal["pass", "warn", "fail", "unknown"]


@dataclass(frozen=True)
class Check:
    """One measure against one bound.

    ``status``: *fail* if the value breaks the bound; *pass* if the whole interval keeps it; *warn* if the value keeps
    it and the interval does not, so that another sample of customers might break it; *unknown* without a value.
    """

    measure: Measure
    bound: float
    side: Literal["at least", "at most"]

    @property
    def threshold(self) -> str:
        return f"{self.measure.name} {self.side} {self.bound:g}"

    @property
    def status(self) -> Status:
        if self.measure.value is None:
            return "unknown"
        if not self._keeps(self.measure.value):
            return "fail"
        edge = self.measure.low if self.side == "at least" else self.measure.high
        return "pass" if edge is not None and self._keeps(edge) else "warn"

    def _keeps(self, value: float) -> bool:
        return value >= self.bound if self.side == "at least" else value <= self.bound

    def say(self) -> str:
        value = self.measure.value
        if value is None:
            return f"{self.measure.name} cannot be computed ({self.measure.note or 'too few rows or one class'})"
        if self.status == "warn":
            return f"{self.measure.name} {value:.4g} keeps {self.threshold}, its interval does not"
        return f"{self.measure.name} {value:.4g}, bound {self.side} {self.bound:g}"


def conclude(gate: GateName, checks: Sequence[Check], extra: Sequence[Measure] = ()) -> GateResult:
    """The worst check decides: fail before unknown before warn before pass. No check at all is unknown."""
    order: tuple[Status, ...] = ("fail", "unknown", "warn", "pass")
    status: Status = min((check.status for check in checks), key=order.index, default="unknown")
    said = [check.say() for check in checks if check.status == status and status != "pass"]
    return GateResult(
        gate=gate,
        status=status,
        measures=[*(check.measure for check in checks), *extra],
        threshold="; ".join(check.threshold for check in checks),
        reason="; ".join(said) or ("every bound is kept" if checks else "nothing was measured"),
    )
