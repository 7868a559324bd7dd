"""What the audit rests on in the log itself, read from entries as they verify: promotions, and hashes of past cases."""

from __future__ import annotations

from dataclasses import dataclass

from pydantic import ValidationError

from agents.audit_agent.period import Period
from agents.evidence import WatchSettings
from agents.evidence.spans import bounds
from agents.watch.verification import verify_log
from understudy.audit.envelope import EnvelopeError, payload_of, unpack
from understudy.contracts.promotion import Promotion
from understudy.contracts.watch import LogState
from understudy.stores import StoredEntry

__all__ = ["AGENTS", "CASE", "LogCheck", "Promoted", "check_log"]

CASE = "jury_case"  # the operation under which the hash of a case is recorded
AGENTS = frozenset({"audit-agent", "ops-agent", "fsck-agent"})  # writers whose entries are about the log, not in it
AT = slice(7, 39)  # where an entry's bytes say when
HEADER = 220  # the kind stands within so many bytes


@dataclass(frozen=True)
class Promoted:
    """A promotion entry: where it stands, when it was written, what it says."""

    place: str
    at: str
    record: Promotion


class LogCheck:
    """Reads entries as they verify.

    Attributes:
        state: What the verification of the whole log found; set by `check_log`.
        decisions: Verified decisions of the period.
        ended: Writer -> its last verified entry before the period's end, without the agents' own.
        promotions: Up to the period's end, oldest first; ``unread``: places of those that cannot be read.
        cases: Id of a jury's case -> (place of the entry that records it, sha256 that it records).
    """

    def __init__(self, period: Period) -> None:
        self._begin, self._end = bounds(period.first)[0], bounds(period.last)[1]
        self.state: LogState | None = None
        self.decisions = 0
        self.ended: dict[str, int] = {}
        self.promotions: list[Promoted] = []
        self.unread: list[str] = []
        self.cases: dict[str, tuple[str, str]] = {}

    def take(self, row: StoredEntry) -> None:
        """Look at one verified entry."""
        writer, seq, _, body = row
        name, header = writer.decode(), body[:HEADER]
        if b'"kind":"operation"' in header and b'"operation":"jury_case"' in body:
            # Also of later days: a case that was recorded is never to be missing.
            payload = payload_of(body, unpack(body))
            self.cases[str(payload.get("case"))] = (f"{name}/{seq}", str(payload.get("sha256")))
        at = body[AT].decode()
        if at >= self._end:
            return
        if name not in AGENTS:
            self.ended[name] = seq
        if b'"kind":"model_inference"' in header:
            self.decisions += at >= self._begin
        elif b'"kind":"model_promotion"' in header:
            self._promotion(f"{name}/{seq}", at, body)

    def _promotion(self, place: str, at: str, body: bytes) -> None:
        try:
            record = Promotion.model_validate(payload_of(body, unpack(body)))
        except (ValidationError, EnvelopeError):
            self.unread.append(place)
        else:
            self.promotions.append(Promoted(place, at, record))


def check_log(settings: WatchSettings, period: Period) -> LogCheck:
    """Verify every entry that there is, and read those that the audit of ``period`` rests on.

    Raises:
        StoreError: the log cannot be read to its end.
        UserError: keys or checkpoints cannot be read.
    """
    check = LogCheck(period)
    check.state = verify_log(settings, check.take)
    check.promotions.sort(key=lambda one: (one.at, one.place))
    return check
