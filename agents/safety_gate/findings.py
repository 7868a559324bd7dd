"""What the gate found, without repeating what it found."""

from __future__ import annotations

import hashlib
from typing import Literal

from pydantic import Field

from understudy.contracts._model import Contract, Name

__all__ = ["Criterion", "Finding", "Severity", "Verdict", "span_hash"]

Criterion = Literal["regulatory", "suitability", "hallucination", "tone", "factuality", "privacy", "security"]
Severity = Literal["block", "warn"]


class Finding(Contract):
    """One breach. ``span_hash`` identifies the offending words without storing them (they may be personal data)."""

    rule_id: str
    clause: Name
    criterion: Criterion
    severity: Severity = "block"
    where: str = Field(description="`text`, `disclosure`, or the path of a catalog or glossary field")
    span_hash: str = Field(description="first 16 hex digits of the sha256 of the normalised words; empty if absent")
    message: str


class Verdict(Contract):
    """``passed`` is true only if no finding blocks."""

    passed: bool
    findings: list[Finding]

    @classmethod
    def of(cls, findings: list[Finding]) -> Verdict:
        return cls(passed=not any(f.severity == "block" for f in findings), findings=findings)


def span_hash(words: str) -> str:
    """Pseudonym of the offending words."""
    return hashlib.sha256(words.encode("utf-8", "surrogatepass")).hexdigest()[:16]
