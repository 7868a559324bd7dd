"""What the audit log holds beside decisions: promotions, and calls of language models."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from pydantic import ValidationError

from agents.evidence import History, days_before
from agents.evidence.spans import DaySpan, day_spans
from understudy.audit import Keyring
from understudy.audit.envelope import Envelope, EnvelopeError, authentic, payload_of, unpack
from understudy.contracts.promotion import Fria, Promotion
from understudy.contracts.watch import Evidence
from understudy.stores import ServingStore

__all__ = ["Calls", "Journal", "Promoted", "read_journal"]

STATE = "journal"
KEPT = 50


class Promoted(NamedTuple):
    """A promotion entry, whatever came of it."""

    at: str
    place: str
    outcome: str
    version: str
    operator: str | None
    fria: Fria | None

    @property
    def promoted(self) -> bool:
        return self.outcome != "reject"

    @property
    def evidence(self) -> Evidence:
        return Evidence(kind="audit", ref=self.place)


@dataclass
class Calls:
    """The day's calls of language models, by outcome: ``ok``, or the reason of the error."""

    outcomes: Counter[str] = field(default_factory=Counter)
    first_failure: str | None = None
    last_answer: str | None = None
    failures: list[str] = field(default_factory=list)

    @property
    def made(self) -> int:
        return sum(self.outcomes.values())

    @property
    def failed(self) -> int:
        """Calls that nobody answered: not those whose answer was refused."""
        return sum(count for outcome, count in self.outcomes.items() if outcome in UNANSWERED)


# Reasons of `LlmUnavailableError`: the service, not what it said.
UNANSWERED = {"throttled", "service_error", "no_answer", "circuit_open"}


@dataclass(frozen=True)
class Journal:
    """``promotions``: all until the day's end, oldest first. ``calls``, and ``operations`` by name: of the day."""

    promotions: list[Promoted]
    calls: Calls
    operations: Mapping[str, int]
    cursor: Mapping[str, int]


def read_journal(store: ServingStore, keyring: Keyring, day: str, history: History) -> Journal:
    """Read the day's entries, and once, on the first night, all before them.

    Raises:
        StoreError: the log cannot be read.
    """
    kept = history.state(STATE, days_before(day, 1)[0]) or {}
    after = kept.get("cursor")
    spans, cursor = day_spans(store, keyring, day, after)
    promotions = [_promoted(*row) for row in kept.get("promotions", [])]
    if after is None:
        before = {span.writer: span.first - 1 for span in spans}
        older = [DaySpan(writer, 1, before.get(writer, last)) for writer, last in cursor.items()]
        promotions += [
            p for kind, place, at, body in _entries(store, keyring, older) for p in _promotion(kind, place, at, body)
        ]
    calls, operations = Calls(), Counter[str]()
    for kind, place, at, payload in _entries(store, keyring, spans):
        promotions += _promotion(kind, place, at, payload)
        if kind == "operation":
            operations[str(payload.get("operation", payload.get("agent", "")))] += 1
            if payload.get("operation") == "llm_call":
                _count(calls, place, at, payload)
    promotions.sort(key=lambda promotion: promotion.at)
    rows = [
        [p.at, p.place, p.outcome, p.version, p.operator, p.fria and p.fria.model_dump(mode="json")] for p in promotions
    ]
    history.put_state(STATE, day, {"cursor": cursor, "promotions": rows})
    return Journal(promotions, calls, operations, cursor)


def _entries(
    store: ServingStore, keyring: Keyring, spans: list[DaySpan]
) -> Iterator[tuple[str, str, str, dict[str, Any]]]:
    """Kind, place, time and payload of the entries that are not decisions and authenticate."""
    for span in spans:
        if span.last < span.first:
            continue
        for _, seq, _, body in store.chain(span.writer, span.first - 1):
            if not isinstance(seq, int) or seq > span.last:
                break
            try:
                envelope = unpack(body)
                if envelope.kind == b"model_inference" or not _known(keyring, envelope):
                    continue
                yield envelope.kind.decode(), f"{span.writer}/{seq}", envelope.at.decode(), payload_of(body, envelope)
            except EnvelopeError:
                continue  # what is wrong with it is for fsck to say


def _known(keyring: Keyring, envelope: Envelope) -> bool:
    return envelope.key_id.decode() in keyring and authentic(keyring, envelope)


def _promotion(kind: str, place: str, at: str, payload: dict[str, Any]) -> list[Promoted]:
    if kind != "model_promotion":
        return []
    try:
        found = Promotion.model_validate(payload)
    except ValidationError:
        return []
    return [Promoted(at, place, found.outcome, found.challenger, found.operator, found.fria)]


def _promoted(at: str, place: str, outcome: str, version: str, operator: str | None, fria: Any) -> Promoted:
    return Promoted(at, place, outcome, version, operator, None if fria is None else Fria.model_validate(fria))


def _count(calls: Calls, place: str, at: str, payload: Mapping[str, Any]) -> None:
    outcome = str(payload.get("outcome"))
    calls.outcomes[outcome] += 1
    if outcome in UNANSWERED:
        calls.first_failure = calls.first_failure or at
        if len(calls.failures) < KEPT:
            calls.failures.append(place)
    else:
        calls.last_answer = at
