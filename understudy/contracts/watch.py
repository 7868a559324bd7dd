"""What the two watching agents measure, find and report; one vocabulary for checklist, monitors, jury and console."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from understudy.contracts._model import Contract, Name, Sha256
from understudy.contracts.audit import Checkpoint

__all__ = [
    "AuditReport",
    "BadPlace",
    "ChainHead",
    "Checkpoint7",
    "Claim",
    "Colour",
    "Day",
    "Direction",
    "Evidence",
    "Finding",
    "Incident",
    "Item",
    "ItemResult",
    "JuryOutcome",
    "LogState",
    "Measurement",
    "OpsReport",
    "Perspective",
    "Risk",
    "Severity",
    "Status",
    "Verdict",
    "Vote",
]

Status = Literal["PASS", "WARN", "FAIL", "UNKNOWN"]
Colour = Literal["GREEN", "YELLOW", "RED"]
Risk = Literal["LOW", "MEDIUM", "HIGH"]
Severity = Literal["minor", "major", "critical"]
Direction = Literal["above", "below", "outside", "present"]
Checkpoint7 = Literal["ingestion", "features", "training", "distillation", "serving", "latency", "experiments"]
Perspective = Literal["conservative", "statistical", "business"]
Day = Annotated[str, StringConstraints(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class Evidence(Contract):
    """Where a number or a statement comes from, so that a reader can go and look.

    ``ref``: a path inside the run directory, ``writer/seq`` or a request id of the audit log, a metric's name with its
    period, a store document's key, or a bundle file.
    """

    kind: Literal["artefact", "audit", "metric", "store", "bundle", "checkpoint", "case"]
    ref: str = Field(min_length=1)
    sha256: Sha256 | None = None


class Measurement(Contract):
    """One number of one period. ``value`` None means that it could not be measured, and ``why`` says why.

    ``low`` and ``high`` bound the value (95 % unless ``interval`` says otherwise); ``n`` is what it was counted over.
    """

    name: Name
    period: str
    value: float | None
    low: float | None = None
    high: float | None = None
    interval: str | None = Field(default=None, description="kind of the interval, if it is not a plain 95 % one")
    n: int | None = Field(default=None, ge=0)
    unit: str = ""
    why: str | None = Field(default=None, description="why there is no value")
    detail: dict[str, Any] = Field(default={}, description="what a person needs to understand the number")
    evidence: list[Evidence] = []

    @model_validator(mode="after")
    def _absent_has_reason(self) -> Measurement:
        if (self.value is None) != (self.why is not None):
            raise ValueError("a measurement has either a value or a reason why it has none")
        if self.value is not None and not self.evidence:
            raise ValueError("a value names its evidence")
        return self


class Item(Contract):
    """A row of the checklist: which measurement, and from where on it warns and fails.

    ``direction``: ``above`` (higher is worse), ``below`` (lower is worse), ``outside`` (worse outside
    ``[warn, fail]``, no WARN), ``present`` (1 passes, anything else fails).
    """

    id: str = Field(pattern=r"^P[1-6]-\d{2}$")
    part: Literal["P1", "P2", "P3", "P4", "P5", "P6"]
    title: str
    measurement: Name
    warn: float | None = None
    fail: float | None = None
    direction: Direction
    owner: str
    regulation: str | None = None
    range: tuple[float | None, float | None] = Field(
        default=(None, None), description="what values the measurement can take; thresholds outside are refused"
    )


class ItemResult(Contract):
    """What a period says of an item. Missing evidence is UNKNOWN."""

    item: Item
    status: Status
    measurement: Measurement


class Finding(Contract):
    """Something that a person should look at."""

    id: str
    severity: Severity
    title: str
    likely_cause: str
    suggested_action: str
    checkpoint: Checkpoint7 | None = None
    items: list[str] = Field(default=[], description="checklist ids")
    evidence: list[Evidence] = Field(min_length=1)
    since: Day


class Incident(Contract):
    """A draft of an incident report; ``due`` is when the clock of its severity runs out (ISO 8601)."""

    id: str
    severity: Severity
    opened: str
    due: str
    title: str
    text: str
    finding: str = Field(description="id of the finding")


class Vote(Contract):
    """One juror's vote; ``juror`` says which model answered, ``error`` why there is none.

    ``cites``: the exhibits and past cases that the reason rests on, all of them shown to the juror.
    """

    perspective: Perspective
    vote: Literal["PASS", "WARN", "FAIL"] | None
    reason: str
    juror: str
    error: str | None = None
    cites: list[str] = []

    @model_validator(mode="after")
    def _no_vote_has_error(self) -> Vote:
        if (self.vote is None) != (self.error is not None):
            raise ValueError("a juror either votes or says why not")
        return self


Verdict = Literal["CONSENSUS", "MAJORITY", "MINORITY_REPORT", "NO_QUORUM"]


class JuryOutcome(Contract):
    """What the arbiter made of the votes on one item. ``open`` stays true while any juror says FAIL, or none could.

    ``first_round``: the votes before the jurors heard each other, where they deliberated; ``case``: where it is kept.
    """

    item: str
    period: str
    verdict: Verdict
    decision: Literal["PASS", "WARN", "FAIL"] | None = Field(description="None without a quorum")
    open: bool
    votes: list[Vote]
    dissent: list[Vote] = []
    shown: list[str] = Field(default=[], description="ids of the past cases that the jury saw")
    first_round: list[Vote] = []
    case: str | None = Field(default=None, description="id in the case store")


class OpsReport(Contract):
    """A day of operations. GREEN only if nothing is WARN, FAIL or UNKNOWN that counts."""

    period: Day
    made: str
    colour: Colour
    checkpoints: dict[Checkpoint7, Colour]
    attention_required: list[Finding]
    items: list[ItemResult]
    measurements: list[Measurement] = Field(default=[], description="of the monitors, beyond those of the items")
    incidents: list[Incident] = []
    actions: list[dict[str, Any]] = Field(default=[], description="what confirmed breaches set off")
    input_sha256: Sha256 = Field(description="of what was read: the same inputs give the same report")


class BadPlace(Contract):
    """The first place where a writer's chain is not what the writer wrote; see `understudy.audit.BadEntry`."""

    writer: str
    seq: int | str
    problem: str
    detail: str


class ChainHead(Contract):
    """Where a writer's chain ended when the log was verified."""

    writer: str
    seq: int = Field(ge=1)
    mac: Sha256


class LogState(Contract):
    """What a full verification of the audit log found, begun at ``at`` (ISO 8601, UTC).

    ``covered``: how many entries the signed checkpoints cover; ``checkpoints`` None: there was none to hold against the
    log. ``heads`` are those of the longest chains, 50 at most.
    """

    at: str
    verdict: Literal["clean", "damaged", "empty"]
    entries: int = Field(ge=0)
    writers: int = Field(ge=0)
    bad: list[BadPlace] = []
    checkpoints: int | None = None
    covered: int = Field(default=0, ge=0)
    last_checkpoint: Checkpoint | None = None
    heads: list[ChainHead] = Field(default=[], max_length=50)

    @model_validator(mode="after")
    def _damage_has_a_place(self) -> LogState:
        if (self.verdict == "damaged") != bool(self.bad):
            raise ValueError("a damaged log names its bad places, and no other log has any")
        return self


class Claim(Contract):
    """One sentence of the regulatory summary, and what stands behind it."""

    regulation: str
    text: str
    status: Status
    evidence: list[Evidence] = []

    @model_validator(mode="after")
    def _known_has_evidence(self) -> Claim:
        if self.status != "UNKNOWN" and not self.evidence:
            raise ValueError("a claim links to its evidence")
        return self


class AuditReport(Contract):
    """What was re-verified over a period, ``first`` to ``last`` day."""

    kind: Literal["nightly", "weekly", "quarterly"]
    first: Day
    last: Day
    made: str
    risk: Risk
    focus_areas: list[Finding]
    measurements: list[Measurement]
    items: list[ItemResult]
    jury: list[JuryOutcome] = []
    claims: list[Claim] = []
    log: LogState | None = Field(default=None, description="absent: the log was not verified for this report")
    input_sha256: Sha256
