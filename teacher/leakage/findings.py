"""What a check of the leakage gate says."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any, Literal

__all__ = ["Check", "Evidence", "check_of", "joined"]

Status = Literal["pass", "fail", "unknown"]


@dataclass(frozen=True)
class Evidence:
    """One measurement beside its bound; it leaks if ``value`` reaches ``bound``."""

    measure: str
    value: float
    bound: float
    columns: list[str]
    task: str = ""
    detail: str = ""

    @property
    def leaks(self) -> bool:
        return self.value >= self.bound

    def as_json(self) -> dict[str, Any]:
        """The evidence for ``leakage.json``."""
        return {
            "measure": self.measure,
            "value": round(self.value, 6),
            "bound": self.bound,
            "columns": self.columns,
            "task": self.task,
            "detail": self.detail,
        }


@dataclass(frozen=True)
class Check:
    """One check: ``unknown`` where nothing could be measured, never ``pass``. ``closest`` is the measurement nearest to
    its bound, so that a reader sees how much room there was."""

    name: str
    question: str
    status: Status
    way_out: str
    failures: list[Evidence] = field(default_factory=list)
    closest: Evidence | None = None
    measured: int = 0
    note: str = ""

    def as_json(self) -> dict[str, Any]:
        """The check for ``leakage.json``."""
        return {
            "name": self.name,
            "question": self.question,
            "status": self.status,
            "way_out": self.way_out if self.status == "fail" else "",
            "failures": [evidence.as_json() for evidence in self.failures],
            "closest": self.closest.as_json() if self.closest else None,
            "measured": self.measured,
            "note": self.note,
        }


def joined(name: str, question: str, way_out: str, checks: list[Check], note: str) -> Check:
    """One check that says what several measured; ``note`` where none did."""
    failures = [evidence for check in checks for evidence in check.failures]
    nearest = max((check.closest for check in checks if check.closest), key=_nearness, default=None)
    measured = sum(check.measured for check in checks)
    said = check_of(name, question, way_out, failures or ([nearest] if nearest else []), "" if measured else note)
    return replace(said, closest=nearest, measured=measured)


def check_of(name: str, question: str, way_out: str, evidence: list[Evidence], note: str = "") -> Check:
    """The check that follows from its measurements: one leak fails it, none measured leaves it unknown."""
    failures = sorted((e for e in evidence if e.leaks), key=lambda e: (len(e.columns), -e.value, e.task, e.columns))
    status: Status = "fail" if failures else "pass" if evidence else "unknown"
    closest = max(evidence, key=_nearness, default=None)
    return Check(name, question, status, way_out, failures, closest, len(evidence), note)


def _nearness(evidence: Evidence) -> float:
    return evidence.value / evidence.bound if evidence.bound else evidence.value
