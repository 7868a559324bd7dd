"""What a monitor is given for one day, and what it returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from agents.evidence.columns import Columns
from agents.evidence.frame import Frame
from agents.evidence.labelled import Labelled
from agents.evidence.request_metrics import RequestDay
from agents.monitors.config import MonitorConfig, Policy
from understudy.contracts.watch import Evidence, Measurement, Severity

__all__ = ["Breach", "Found", "MonitorDay", "measured", "unknown"]

TOO_FEW = "no decisions were read"


@dataclass(frozen=True)
class MonitorDay:
    """One day.

    Attributes:
        day: UTC day.
        columns: Its decisions; None if the log could not be read.
        metrics: Its requests.
        frame: What decisions are held against.
        config: Thresholds.
        labelled: Decisions whose outcomes became known on that day; None: no outcomes are delivered.
        before: What the monitor asked kept on the day before (its own state), or None.
    """

    day: str
    columns: Columns | None
    metrics: RequestDay
    frame: Frame
    config: MonitorConfig
    labelled: Labelled | None = None
    before: Mapping[str, Any] | None = None

    def decisions(self, fewest: int = 1) -> Columns | str:
        """The day's decisions, or why they cannot be measured."""
        if self.columns is None:
            return "the audit log could not be read"
        if len(self.columns) < fewest:
            return f"{len(self.columns)} decisions, fewer than {fewest}" if len(self.columns) else TOO_FEW
        return self.columns

    def kept(self) -> Mapping[str, Any]:
        """The state of the day before, if it is about the same model; else nothing."""
        before = self.before
        return before if before is not None and before.get("model_version") == self.frame.model_version else {}

    def audit(self) -> Evidence:
        """Points at the day's decisions in the log."""
        return Evidence(kind="audit", ref=f"model_inference entries of {self.day}")


@dataclass(frozen=True)
class Breach:
    """A breach that is more than noise.

    ``rule`` names the policy's line; ``since`` when it most probably began; ``target`` what a kill switch would stop
    (``global`` or ``task:<name>`` or ``product:<id>``).
    """

    rule: str
    measurement: str
    severity: Severity
    title: str
    cause: str
    since: str
    evidence: Sequence[Evidence]
    target: str = "global"
    detail: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        assert self.rule in Policy.model_fields, self.rule


@dataclass(frozen=True)
class Found:
    """What a monitor measured, what it has confirmed, and what it wants kept until tomorrow."""

    measurements: list[Measurement]
    breaches: list[Breach] = field(default_factory=list)
    state: Mapping[str, Any] | None = None


def measured(
    day: MonitorDay, name: str, value: float, *, n: int | None, evidence: Sequence[Evidence] | None = None, **more: Any
) -> Measurement:
    """A measurement with a value; the evidence is the day's decisions unless it says otherwise."""
    found = list(evidence) if evidence is not None else [day.audit()]
    return Measurement(name=name, period=day.day, value=float(value), n=n, evidence=found, **more)


def unknown(day: MonitorDay, name: str, why: str, **more: Any) -> Measurement:
    """A measurement that could not be made."""
    return Measurement(name=name, period=day.day, value=None, why=why, **more)
