"""Verify one writer's entries as they stream by, and name the first bad one."""

from __future__ import annotations

import hmac
import json
from typing import Any

from understudy.atomic import canonical_json
from understudy.audit.finding import BadEntry, Problem
from understudy.audit.keyring import Keyring
from understudy.audit.sealing import GENESIS, mac_of
from understudy.contracts.audit import AuditEntry, AuditHead
from understudy.stores.protocol import indexed_request

__all__ = ["Chain"]


class _BadError(Exception):
    def __init__(self, problem: Problem, detail: str) -> None:
        self.problem: Problem = problem
        self.detail = detail
        super().__init__(detail)


class Chain:
    """The verified part of a chain (last seq and mac), and the first finding, if there is one.

    An authentic entry in the wrong place leaves a question: is the one that belongs there gone, elsewhere, or
    overwritten by a copy? The later rows answer it, so the finding stays open until they have passed.
    """

    def __init__(self, writer: Any, keyring: Keyring, *, mark: int | None) -> None:
        """``mark``: the seq whose mac `finish` will compare with the head read before the entries."""
        self._writer = writer
        self._keyring = keyring
        self._mark = mark
        self._mark_mac: str | None = None
        self._last = 0
        self._mac = GENESIS
        self._bad: BadEntry | None = None
        self._open: tuple[int, int] | None = None  # (seq that is missing, seq found in its place)

    def take(self, row: dict[str, Any]) -> None:
        """Look at the next stored row of this writer."""
        if self._bad is not None and self._open is None:
            return
        try:
            entry = self._authentic(row)
            if self._open is None:
                self._link(entry, row["seq"])
            else:
                self._close(entry, row["seq"], *self._open)
        except _BadError as bad:
            if self._bad is None:
                self._bad = BadEntry(self._writer, row["seq"], bad.problem, bad.detail)

    def _authentic(self, row: dict[str, Any]) -> AuditEntry:
        """The row's entry, if it is exactly what a holder of its key wrote for this writer."""
        try:
            raw = str(row["body"]).encode("utf-8", "surrogateescape")
            fields = json.loads(raw)
            if canonical_json(fields) != raw:
                raise _BadError("edited", "the bytes are not those that were written")
            entry = AuditEntry.model_validate(fields)
        except (ValueError, RecursionError):
            raise _BadError("edited", "the entry cannot be read") from None
        if entry.key_id not in self._keyring:
            raise _BadError("unknown_key", f"key {entry.key_id} is not in the ring")
        if not hmac.compare_digest(entry.mac, mac_of(self._keyring, fields)):
            raise _BadError("edited", "the mac does not fit the content")
        if entry.writer != self._writer:
            raise _BadError("foreign", f"entry {entry.seq} of writer {entry.writer} is stored here")
        if row["request_id"] != indexed_request(entry):
            raise _BadError("edited", "it is filed under another request id than its own")
        return entry

    def _link(self, entry: AuditEntry, place: Any) -> None:
        due = self._last + 1
        if not isinstance(place, int) or place < due:
            raise _BadError("reordered", f"entry {entry.seq} is stored where none belongs")
        if entry.seq < due:
            raise _BadError("duplicated", f"it is a copy of entry {entry.seq}")
        if entry.seq > due:
            self._open = (due, entry.seq)
            where = "" if entry.seq == place else f", which holds entry {entry.seq}"
            self._bad = BadEntry(self._writer, due, "removed", f"no such entry before {place}{where}")
            return
        if entry.seq != place:
            raise _BadError("reordered", f"entry {entry.seq} is stored here")
        if entry.prev != self._mac:
            raise _BadError("appended", f"it does not follow entry {self._last}")
        self._last, self._mac = entry.seq, entry.mac
        if entry.seq == self._mark:
            self._mark_mac = entry.mac

    def _close(self, entry: AuditEntry, place: Any, missing: int, found: int) -> None:
        if entry.seq == missing:
            self._bad = BadEntry(self._writer, missing, "reordered", f"it is stored as {place}")
        elif entry.seq == found:
            self._bad = BadEntry(self._writer, missing, "duplicated", f"a copy of entry {found} stands in its place")
        else:
            return
        self._open = None

    def finish(self, before: AuditHead | str | None, after: AuditHead | str | None) -> BadEntry | None:
        """The first bad entry, given the heads read before and after the entries (a string says why one is invalid)."""
        if not isinstance(after, AuditHead):
            return self._bad or self._problem(self._last, "head", after or "the head is missing")
        if self._bad is not None:
            return self._past_the_end(self._bad, after)
        if isinstance(before, AuditHead) and self._last < before.seq:
            return self._problem(self._last + 1, "truncated", f"the head says that the chain reached {before.seq}")
        if self._last > after.seq:
            return self._problem(after.seq + 1, "appended", f"the head says that the chain ends at {after.seq}")
        if isinstance(before, AuditHead) and self._mark_mac != before.mac:
            return self._problem(before.seq, "head", "the head was sealed over another entry")
        return None

    def _past_the_end(self, bad: BadEntry, head: AuditHead) -> BadEntry:
        if bad.problem in ("edited", "unknown_key") and isinstance(bad.seq, int) and bad.seq > head.seq:
            return self._problem(bad.seq, "appended", f"the head says that the chain ends at {head.seq}; {bad.detail}")
        return bad

    def _problem(self, seq: int, problem: Problem, detail: str) -> BadEntry:
        return BadEntry(self._writer, seq, problem, detail)
