"""Verify one writer's entries as they stream by, and name the first bad one."""

from __future__ import annotations

from typing import Any

from understudy.audit.envelope import GENESIS, Envelope, EnvelopeError, Successor, authentic, payload_of, unpack
from understudy.audit.finding import BadEntry, Problem
from understudy.audit.keyring import Keyring
from understudy.contracts.audit import AuditHead
from understudy.stores import StoredEntry

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

    def __init__(self, writer: Any, keyring: Keyring, *, mark: int | None = None, after: tuple[int, str] | None = None):
        """``mark``: the seq whose mac `finish` will compare with the head read before the entries.

        ``after``: the seq and mac of the entry before the first one to be taken (default: the chain's beginning).
        """
        self._writer = writer
        self._keyring = keyring
        self._mark = mark
        self._mark_mac: bytes | None = None
        self.last, mac = after or (0, GENESIS)
        self._mac = mac.encode()
        self._successor: Successor | None = None
        self._bad: BadEntry | None = None
        self._open: tuple[int, int] | None = None  # (seq that is missing, seq found in its place)

    @property
    def mac(self) -> str:
        """The mac of the last entry that was verified."""
        return self._mac.decode()

    @property
    def bad(self) -> BadEntry | None:
        """The finding so far; `finish` knows more."""
        return self._bad

    def take(self, row: StoredEntry) -> bool:
        """Look at the next stored row of this writer; True if it is the next entry of an intact chain."""
        if self._bad is not None and self._open is None:
            return False
        if self._successor is not None and row[1] == self.last + 1 and self._is_next(row, self._successor):
            return True
        try:
            entry = self._authentic(row)
            if self._open is None:
                self._link(entry, int(entry.seq), row[1])
            else:
                self._close(int(entry.seq), row[1], *self._open)
        except _BadError as bad:
            if self._bad is None:
                self._bad = BadEntry(self._writer, row[1], bad.problem, bad.detail)
        return self._bad is None

    def _is_next(self, row: StoredEntry, successor: Successor) -> bool:
        """Whether the row is the next entry, and looks like the one before; the short way for almost every entry."""
        _, seq, request_id, body = row
        try:
            mac = successor.mac_of(self._keyring, seq, self._mac, request_id, body)
        except (TypeError, AttributeError):  # values of other types than were ever written
            return False
        if mac is None:
            return False
        self.last, self._mac = seq, mac
        if seq == self._mark:
            self._mark_mac = mac
        return True

    def _authentic(self, row: StoredEntry) -> Envelope:
        """The row's entry, if it is exactly what a holder of its key wrote for this writer."""
        writer, _, request_id, body = row
        try:
            entry = unpack(body)
        except (EnvelopeError, TypeError):
            raise _BadError("edited", "the entry cannot be read") from None
        try:
            written = authentic(self._keyring, entry)
        except KeyError:
            if entry.key_id.decode() not in self._keyring:  # which looks again where the ring came from
                raise _BadError("unknown_key", f"key {entry.key_id.decode()} is not in the ring") from None
            written = authentic(self._keyring, entry)
        if not written:
            raise _BadError("edited", "the mac does not fit the content")
        if entry.writer != writer:
            raise _BadError("foreign", f"entry {int(entry.seq)} of writer {entry.writer.decode()} is stored here")
        if request_id != (entry.request_id if entry.version == b"2" else _indexed_before(body, entry)):
            raise _BadError("edited", "it is filed under another request id than its own")
        return entry

    def _link(self, entry: Envelope, seq: int, place: Any) -> None:
        due = self.last + 1
        if seq == due and place == due and entry.prev == self._mac:
            self.last, self._mac = seq, entry.mac
            if seq == self._mark:
                self._mark_mac = entry.mac
            self._successor = Successor(entry.writer, entry) if entry.version == b"2" else None
            return
        if not isinstance(place, int) or place < due:
            raise _BadError("reordered", f"entry {seq} is stored where none belongs")
        if seq < due:
            raise _BadError("duplicated", f"it is a copy of entry {seq}")
        if seq > due:
            self._open = (due, seq)
            where = "" if seq == place else f", which holds entry {seq}"
            self._bad = BadEntry(self._writer, due, "removed", f"no such entry before {place}{where}")
            return
        if seq != place:
            raise _BadError("reordered", f"entry {seq} is stored here")
        raise _BadError("appended", f"it does not follow entry {self.last}")

    def _close(self, seq: int, place: Any, missing: int, found: int) -> None:
        if seq == missing:
            self._bad = BadEntry(self._writer, missing, "reordered", f"it is stored as {place}")
        elif seq == found:
            self._bad = BadEntry(self._writer, missing, "duplicated", f"a copy of entry {found} stands in its place")
        else:
            return
        self._open = None

    def finish(self, before: AuditHead | str | None, after: AuditHead | str | None) -> BadEntry | None:
        """The first bad entry, given the heads read before and after the entries (a string says why one is invalid)."""
        if not isinstance(after, AuditHead):
            return self._bad or self._problem(self.last, "head", after or "the head is missing")
        if self._bad is not None:
            return self._past_the_end(self._bad, after)
        if isinstance(before, AuditHead) and self.last < before.seq:
            return self._problem(self.last + 1, "truncated", f"the head says that the chain reached {before.seq}")
        if self.last > after.seq:
            return self._problem(after.seq + 1, "appended", f"the head says that the chain ends at {after.seq}")
        if isinstance(before, AuditHead) and self._mark_mac != before.mac.encode():
            return self._problem(before.seq, "head", "the head was sealed over another entry")
        return None

    def _past_the_end(self, bad: BadEntry, head: AuditHead) -> BadEntry:
        if bad.problem in ("edited", "unknown_key") and isinstance(bad.seq, int) and bad.seq > head.seq:
            return self._problem(bad.seq, "appended", f"the head says that the chain ends at {head.seq}; {bad.detail}")
        return bad

    def _problem(self, seq: int, problem: Problem, detail: str) -> BadEntry:
        return BadEntry(self._writer, seq, problem, detail)


def _indexed_before(body: bytes, entry: Envelope) -> bytes | None:
    """What an entry of version 1 is found by: its payload said so."""
    if entry.kind != b"model_inference":
        return None
    request_id = payload_of(body, entry).get("request_id")
    return request_id.encode() if isinstance(request_id, str) else None
