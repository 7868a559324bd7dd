"""Hold signed checkpoints against a log as it is read."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING

from understudy.audit.finding import BadEntry
from understudy.audit.ranges import leaf_hash
from understudy.audit.series import Covered, Series, SeriesError
from understudy.contracts.audit import Checkpoint

if TYPE_CHECKING:  # a signature is checked where keys are given: whoever has none need not load it
    from understudy.audit.signing import PublicKeys

__all__ = ["CHECKPOINTS", "Coverage"]

CHECKPOINTS = "(checkpoints)"  # no writer can have this name


class Coverage:
    """What the checkpoints say about each entry, and where the log says otherwise.

    A damaged series is a finding of its own; the checkpoints before the damage still count.
    """

    def __init__(self, files: Iterable[tuple[int, bytes]], keys: PublicKeys) -> None:
        """``files``: stored checkpoints as (number, bytes), in order, read before the log."""
        self._series = Series(keys)
        self._findings: dict[str, BadEntry] = {}
        self._at: dict[bytes, list[Covered]] = {}
        try:
            for number, raw in files:
                self._series.add(number, raw)
        except SeriesError as error:
            self._findings[CHECKPOINTS] = BadEntry(CHECKPOINTS, error.number, "checkpoint", error.detail)
        self._at = {writer.encode(): spans for writer, spans in self._series.covered.items()}

    @property
    def checkpoints(self) -> int:
        """How many verified."""
        return len(self._series.checkpoints)

    @property
    def last(self) -> Checkpoint | None:
        """The newest that verified."""
        return self._series.checkpoints[-1].checkpoint if self._series.checkpoints else None

    @property
    def size(self) -> int:
        """How many entries they cover."""
        return self._series.size

    def take(self, writer: bytes, seq: int, body: bytes) -> None:
        """Look at an entry that verified, and is the next of its chain."""
        spans = self._at.get(writer)
        if spans is None or seq > spans[-1].last:
            return
        span = spans[bisect_right(spans, seq, key=lambda covered: covered.first) - 1]
        name = writer.decode()
        if leaf_hash(body) != self._series.leaf(span, seq) and name not in self._findings:
            detail = f"it verifies, but is not the entry that checkpoint {span.number} covers"
            self._findings[name] = BadEntry(name, seq, "rewritten", detail)

    def finish(self, ends: Mapping[str, int]) -> dict[str, BadEntry]:
        """Findings by writer, given where each writer's chain ends (absent: it is not there at all)."""
        for writer, spans in self._series.covered.items():
            end = ends.get(writer, 0)
            if end < spans[-1].last and writer not in self._findings:
                missing = next(span for span in spans if span.last > end)
                detail = f"the chain ends at {end}, and checkpoint {missing.number} covers {missing.last} entries of it"
                self._findings[writer] = BadEntry(writer, end + 1, "rolled_back", detail)
        return self._findings
