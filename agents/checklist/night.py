"""Everything that one night's judgement rests on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, TypeVar

from agents.checklist.papers import MissingEvidenceError, Papers
from understudy.contracts.watch import LogState, Measurement

if TYPE_CHECKING:
    from agents.evidence import Columns
    from agents.ops_agent.journal import Journal
    from understudy.bundle import Bundle

__all__ = ["Night"]

T = TypeVar("T")


@dataclass(frozen=True)
class Night:
    """The evidence of one day, as it was collected. What could not be collected is None, and ``lost`` says why.

    Attributes:
        day: UTC day that is judged.
        papers: What the run that made the bundle left behind.
        bundle: The bundle that serves, verified.
        columns: The day's decisions.
        monitors: Name -> measurement of the day.
        journal: What else the audit log holds: promotions, calls of language models.
        log: What the verification of the whole log found.
        lost: Name of a field above -> why it is None.
    """

    day: str
    papers: Papers
    bundle: Bundle | None = None
    columns: Columns | None = None
    monitors: Mapping[str, Measurement] = field(default_factory=dict)
    journal: Journal | None = None
    log: LogState | None = None
    lost: Mapping[str, str] = field(default_factory=dict)

    def serving(self) -> Bundle:
        """The bundle that serves.

        Raises:
            MissingEvidenceError: it could not be loaded.
        """
        return self._needed(self.bundle, "bundle")

    def decisions(self) -> Columns:
        """The day's decisions, of which there is at least one that could be opened.

        Raises:
            MissingEvidenceError: there is none.
        """
        columns = self._needed(self.columns, "columns")
        if not len(columns):
            raise MissingEvidenceError("no decision of this day could be read")
        return columns

    def entries(self) -> Journal:
        """The other entries of the audit log.

        Raises:
            MissingEvidenceError: they could not be read.
        """
        return self._needed(self.journal, "journal")

    def verified(self) -> LogState:
        """What the verification of the audit log found.

        Raises:
            MissingEvidenceError: it was not made.
        """
        return self._needed(self.log, "log")

    def _needed(self, value: T | None, name: str) -> T:
        if value is None:
            raise MissingEvidenceError(self.lost.get(name, f"{name}: was not collected"))
        return value
