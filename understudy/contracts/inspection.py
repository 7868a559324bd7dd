"""What people look at through the admin routes: stored reports, the state of the audit log, and one decision whole."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, model_validator

from understudy.contracts._model import Contract, Name, Sha256
from understudy.contracts.api import AuditRef, CustomerProfile, Dropped, Recommendation, ReviewNotice, TaskScore
from understudy.contracts.gates import Layer
from understudy.contracts.reasons import Reason
from understudy.contracts.watch import AuditReport, Day, LogState, OpsReport, Status

__all__ = [
    "AuditState",
    "DecisionProof",
    "DecisionRecord",
    "JudgedProduct",
    "JudgedText",
    "Level",
    "OpenedDecision",
    "Point",
    "ProductContributions",
    "Recomputed",
    "ReportKind",
    "ReportPage",
    "ReportSummary",
    "StoredReport",
]

ReportKind = Literal["ops", "nightly", "weekly", "quarterly"]
Level = Literal["GREEN", "YELLOW", "RED", "LOW", "MEDIUM", "HIGH", "UNKNOWN"]


class Point(Contract):
    """One measurement of one period; ``status`` is that of the checklist item it decides, if there is one."""

    value: float | None
    low: float | None = None
    high: float | None = None
    status: Status | None = None


class ReportSummary(Contract):
    """A stored report in a few lines. ``level`` UNKNOWN: it is there, but is no report; ``problem`` says why."""

    kind: ReportKind
    period: Day
    first: Day | None = Field(default=None, description="where an audit's period begins")
    made: str | None = None
    level: Level
    problem: str | None = None
    findings: int = 0
    incidents: int = 0
    counts: dict[Status, int] = Field(default={}, description="checklist items by status")
    open_cases: int = Field(default=0, description="items that the jury left open")
    log: Literal["clean", "damaged", "empty"] | None = None
    values: dict[Name, Point] = {}

    @model_validator(mode="after")
    def _unknown_has_problem(self) -> ReportSummary:
        if (self.level == "UNKNOWN") != (self.problem is not None):
            raise ValueError("an unreadable report says why, and no other does")
        return self


class ReportPage(Contract):
    """Body of ``GET /v1/admin/reports``: newest first; ``next`` is the cursor of the next page."""

    reports: list[ReportSummary]
    next: str | None = None


class StoredReport(Contract):
    """Body of ``GET /v1/admin/reports/{kind}/{period}``: the report, and the sha256 of its stored bytes."""

    kind: ReportKind
    period: Day
    sha256: Sha256
    ops: OpsReport | None = None
    audit: AuditReport | None = None

    @model_validator(mode="after")
    def _one_of_both(self) -> StoredReport:
        if (self.kind == "ops") != (self.ops is not None) or (self.ops is None) == (self.audit is None):
            raise ValueError("a report is one of operations or of an audit, as its kind says")
        return self


class AuditState(Contract):
    """Body of ``GET /v1/admin/audit``: what the newest report that verified the log found; ``why`` there is none."""

    kind: ReportKind | None = None
    period: Day | None = None
    log: LogState | None = None
    why: str | None = None

    @model_validator(mode="after")
    def _absent_has_reason(self) -> AuditState:
        if (self.log is None) != (self.why is not None):
            raise ValueError("either the log's state is known, or why it is not")
        return self


class DecisionProof(Contract):
    """Whether the entry behind a decision can be relied on.

    ``entry``: whether it verifies now, read anew (its MAC). ``chain``: what the last full verification says of it:
    ``clean`` (verified after the entry was written, nothing wrong in its chain up to it), ``damaged`` (its chain is not
    whole up to it), ``later`` (the entry is newer), ``unknown`` (no verification is on record). ``checkpoint`` is the
    number of a signed checkpoint made after the entry, as far as that verification knew.
    """

    audit: AuditRef
    at: str
    key_id: str
    entry: Literal["holds", "altered"]
    chain: Literal["clean", "damaged", "later", "unknown"]
    chain_note: str
    verified_at: str | None = None
    checkpoint: int | None = None


class JudgedText(Contract):
    """A text that the Safety Gate judged, and its verdict."""

    reason: Reason
    passed: bool
    findings: list[dict[str, Any]] = []


class JudgedProduct(Contract):
    """The texts that were tried for one product, in order."""

    product_id: Name
    texts: list[JudgedText]


class ProductContributions(Contract):
    """What argued for a product: the Shapley values of its main driver, the weightiest first.

    ``values`` are in units of the raw score of the layer that spoke; those that are not listed add up to ``rest``.
    """

    product_id: Name
    task: Name
    class_name: str | None = None
    values: dict[str, float]
    rest: float


class Recomputed(Contract):
    """The same decision, made again by the bundle that is served: ``same`` means that it is the recorded one, to the
    last bit. ``differing`` names the tasks, and of ranking, dropped and risk_cap the parts, that are not."""

    outcome: Literal["same", "different", "impossible"]
    note: str
    compared: int = 0
    differing: list[Name] = []
    contributions: list[ProductContributions] = []


class OpenedDecision(Contract):
    """What is sealed under the customer's key."""

    request: dict[str, Any]
    features: dict[str, float | int | str | None] = Field(description="what was known; empty if opted out")
    features_as_of: str | None = None
    features_missing: list[str] = []
    profile: CustomerProfile | None = None
    contacts: int | None = None
    risk_cap: dict[str, Any] = {}
    ranking: list[dict[str, Any]] = []
    recommendations: list[Recommendation]
    withheld: list[Recommendation] = []
    reviews: list[ReviewNotice] = []
    review_rules: dict[str, str] = {}
    dropped: list[Dropped]
    tasks: dict[Name, TaskScore]
    oversight: list[str] = []
    judged: list[JudgedProduct] = []
    teacher: dict[Name, dict[str, float]] = Field(default={}, description="task -> mean gate weight by expert")
    given: dict[str, Any] = Field(default={}, description="what was out of the ordinary: switches, rights, staleness")
    recomputed: Recomputed


class DecisionRecord(Contract):
    """Body of ``GET /v1/admin/decisions/{request_id}``.

    Without the customer's id only what is readable for ever is there; with it, ``opened`` too. ``closed`` says why it
    is not: nobody was named, or the customer's key was destroyed, or the entry was altered.
    """

    request_id: str
    proof: DecisionProof
    pseudonym: str | None = None
    model_version: str | None = None
    opted_out: bool | None = None
    read_error: str | None = None
    layers: dict[Name, Layer | Literal["person"]] = {}
    opened: OpenedDecision | None = None
    closed: Literal["unnamed", "erased", "altered"] | None = None

    @model_validator(mode="after")
    def _closed_has_reason(self) -> DecisionRecord:
        if (self.opened is None) != (self.closed is not None):
            raise ValueError("either the decision is open, or why it is not")
        return self
