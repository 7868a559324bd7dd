"""Append to one writer's chain."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from understudy.atomic import canonical_json
from understudy.audit import encryption
from understudy.audit.customer_keys import CustomerKeys
from understudy.audit.envelope import GENESIS, pack
from understudy.audit.heads import pack_head, read_head
from understudy.audit.keyring import Keyring
from understudy.clock import utc_now
from understudy.contracts.audit import AuditKind, CustomerKey
from understudy.stores import Change, ChangeConflictError, NewEntry, Put, ServingStore, StoreConflictError, audit_key

__all__ = ["Appended", "AuditError", "AuditLog", "Changes", "Personal"]

# (writer, seq) of the entry -> changes, or the changes themselves
Changes = Sequence[Change] | Callable[[str, int], Sequence[Change]]

# Two processes that share a writer's name take turns; more rounds than this mean that something else is wrong.
ATTEMPTS = 32
# Two first requests of one customer may meet while neither's key is there yet; a conflict that lasts is the caller's.
CONFLICTS = 3


class AuditError(Exception):
    """The chain cannot be continued; nothing was appended."""


class Appended(NamedTuple):
    """An entry that is durable: where it stands, its mac, and its bytes."""

    writer: str
    seq: int
    mac: str
    body: bytes


@dataclass(frozen=True)
class Personal:
    """What an entry says about a customer beyond a pseudonym; it is sealed under the customer's key.

    ``content`` is JSON and may hold pydantic models. ``key`` is the customer's stored key as read with their context;
    None if there was none: then one is made, in the entry's transaction.
    """

    customer_id: str
    content: Mapping[str, Any]
    key: CustomerKey | None


@dataclass(frozen=True)
class _Draft:
    """An entry but for its place in the chain; ``key`` is the customer's, if it has to be stored with the entry."""

    request_id: str | None
    payload: bytes
    key: Put | None = None


class AuditLog:
    """The chain of one writer (each process, or Lambda environment, is one).

    The tail is kept in memory, so an append is one write and no read. A writer that finds its place taken (it was
    started again under its old name, shares the name with another process, or its last write succeeded although
    the answer was lost) reads its head, verifies its seal, and goes on after it. Threads may share a log.
    """

    def __init__(
        self, store: ServingStore, keyring: Keyring, writer: str, customer_keys: CustomerKeys | None = None
    ) -> None:
        """``customer_keys``: who wraps the keys of customers (default: the ring)."""
        self._store = store
        self._keyring = keyring
        self._writer = writer
        self._customer_keys = customer_keys or CustomerKeys(keyring)
        self._lock = threading.Lock()
        self._tail = (0, GENESIS)

    def append(
        self,
        kind: AuditKind,
        payload: Mapping[str, Any],
        changes: Changes = (),
        *,
        personal: Personal | None = None,
    ) -> Appended:
        """Write an entry durably.

        Args:
            kind: What happened.
            payload: JSON, readable as long as the log is kept: pseudonyms in place of customer ids, and nothing else
                about a person. The ``request_id`` of a ``model_inference`` is what the entry is found by.
            changes: Made in the same transaction: none is made without its entry, nor recorded without being made.
                Those that must say where the entry is are made from its writer and seq.
            personal: What is sealed, and stands in the payload as ``sealed``; needs ``pseudonym`` in ``payload``.

        Raises:
            ValueError: the payload is not JSON (a NaN, for example).
            TypeError: the payload is not JSON (a set, for example).
            ChangeConflictError: a document is not at the version that its change names; nothing was written.
            CustomerKeyError: the customer's key cannot be unwrapped, or none can be made.
            StoreError: the store could not answer. The entry may still have been written.
            AuditError: the writer's head was forged, or others kept taking the writer's place.
        """
        draft = self._draft(kind, payload, personal)
        with self._lock:
            for attempt in range(ATTEMPTS):
                entry, mac = self._next(kind, draft)
                made = changes(entry.writer, entry.seq) if callable(changes) else changes
                try:
                    self._store.put_entry(entry, [*made, draft.key] if draft.key else made)
                except StoreConflictError:
                    self._resync()
                    continue
                except ChangeConflictError:
                    again = self._redraft(kind, payload, personal, draft, attempt)
                    if again is None or (again is draft and made and attempt >= CONFLICTS):
                        raise
                    draft = again
                    continue
                self._tail = (entry.seq, mac)
                return Appended(entry.writer, entry.seq, mac, entry.body)
        raise AuditError(f"writer {self._writer}: its place was taken {ATTEMPTS} times")

    def _draft(self, kind: str, payload: Mapping[str, Any], personal: Personal | None) -> _Draft:
        request_id = payload.get("request_id") if kind == "model_inference" else None
        readable = json.loads(canonical_json(payload))  # tuples and numeric keys become what a reader will see
        if personal is None:
            return _Draft(request_id, canonical_json(readable))
        plain = encryption.encode(personal.content)
        stored, put = personal.key, None
        if stored is None:
            stored, key = self._customer_keys.create(personal.customer_id)
            put = Put(audit_key(personal.customer_id), stored.model_dump_json(), before=0)
        else:
            key = self._customer_keys.open(personal.customer_id, stored)
        bound = encryption.associated(kind, payload["pseudonym"], stored.key_id)
        part = encryption.seal(key, stored.key_id, plain, bound)
        sealed = {"alg": part.alg, "key": part.key, "data": part.data}
        return _Draft(request_id, canonical_json(readable | {"sealed": sealed}), put)

    def _redraft(
        self, kind: str, payload: Mapping[str, Any], personal: Personal | None, draft: _Draft, attempt: int
    ) -> _Draft | None:
        """After a conflict that another writer may have caused by making the customer's key first: use theirs."""
        if draft.key is None or personal is None:
            return None
        found = self._store.read_documents([draft.key.key]).get(draft.key.key)
        if found is None:
            time.sleep(0.01 * attempt)  # their transaction is under way, or failed
            return draft
        stored = CustomerKey.model_validate_json(found.text)
        return self._draft(kind, payload, Personal(personal.customer_id, personal.content, stored))

    def _next(self, kind: str, draft: _Draft) -> tuple[NewEntry, str]:
        seq, prev = self._tail[0] + 1, self._tail[1]
        at = utc_now().isoformat(timespec="microseconds")
        body, mac = pack(self._keyring, kind, self._writer, seq, at, prev, draft.request_id, draft.payload)
        head = pack_head(self._keyring, self._writer, seq, mac)
        return NewEntry(self._writer, seq, draft.request_id, body, head), mac

    def _resync(self) -> None:
        body = self._store.get_head(self._writer)
        if body is None:
            self._tail = (0, GENESIS)
            return
        head = read_head(self._keyring, self._writer, body)
        if isinstance(head, str):
            raise AuditError(f"writer {self._writer}: {head}; run fsck")
        self._tail = (head.seq, head.mac)
