"""Append to one writer's chain."""

from __future__ import annotations

import json
import threading
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from understudy.atomic import canonical_json
from understudy.audit.keyring import Keyring
from understudy.audit.sealing import GENESIS, head_of, mac_of, sealed
from understudy.contracts.audit import AuditEntry, AuditKind
from understudy.stores import ServingStore, StoreConflictError

__all__ = ["AuditError", "AuditLog"]

# Two processes that share a writer's name take turns; more rounds than this mean that something else is wrong.
ATTEMPTS = 32


class AuditError(Exception):
    """The chain cannot be continued; nothing was appended."""


class AuditLog:
    """The chain of one writer (each process, or Lambda environment, is one).

    The tail is kept in memory, so an append is one write and no read. A writer that finds its place taken (it was
    started again under its old name, shares the name with another process, or its last write succeeded although
    the answer was lost) reads its head, verifies its seal, and goes on after it. Threads may share a log.
    """

    def __init__(self, store: ServingStore, keyring: Keyring, writer: str) -> None:
        self._store = store
        self._keyring = keyring
        self._writer = writer
        self._lock = threading.Lock()
        self._tail = (0, GENESIS)

    def append(self, kind: AuditKind, payload: Mapping[str, Any]) -> AuditEntry:
        """Write an entry durably and return it; ``payload`` is JSON, with pseudonyms in place of customer ids.

        Raises:
            ValueError: the payload is not JSON (a NaN, for example).
            TypeError: the payload is not JSON (a set, for example).
            StoreError: the store could not answer. The entry may still have been written.
            AuditError: the writer's head was forged, or others kept taking the writer's place.
        """
        plain = json.loads(canonical_json(payload))  # tuples and numeric keys become what a reader will see
        with self._lock:
            for _ in range(ATTEMPTS):
                entry = self._next(kind, plain)
                try:
                    self._store.put_entry(entry, head_of(self._keyring, entry))
                except StoreConflictError:
                    self._resync()
                    continue
                self._tail = (entry.seq, entry.mac)
                return entry
        raise AuditError(f"writer {self._writer}: its place was taken {ATTEMPTS} times")

    def _next(self, kind: AuditKind, payload: dict[str, Any]) -> AuditEntry:
        seq, mac = self._tail
        fields = {
            "version": 1,
            "kind": kind,
            "writer": self._writer,
            "seq": seq + 1,
            "at": datetime.now(UTC).isoformat(timespec="microseconds"),
            "key_id": self._keyring.active,
            "prev": mac,
            "payload": payload,
        }
        return AuditEntry.model_validate(fields | {"mac": mac_of(self._keyring, fields)})

    def _resync(self) -> None:
        head = self._store.get_head(self._writer)
        if head is None:
            self._tail = (0, GENESIS)
            return
        if head.writer != self._writer or not sealed(self._keyring, head):
            raise AuditError(f"writer {self._writer}: its head was not written with a key of this ring; run fsck")
        self._tail = (head.seq, head.mac)
