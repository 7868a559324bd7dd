"""What a serving store promises, whichever database stands behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Protocol

from understudy.contracts.api import CustomerRecord
from understudy.contracts.audit import AuditEntry, AuditHead

__all__ = [
    "MAX_CONTACTS",
    "CustomerStore",
    "RequestContext",
    "ServingStore",
    "StoreConflictError",
    "StoreError",
    "TrailStore",
    "choose_record",
    "indexed_request",
]

# A fatigue policy counts contacts of the last days; only the newest are kept, so that the list cannot grow forever.
MAX_CONTACTS = 100


class StoreError(Exception):
    """The store could not answer. It never means "no": a caller that asked for consent must take it as a refusal."""


class StoreConflictError(StoreError):
    """The entry's place in its writer's chain is taken, or is not the next one; nothing was written."""


@dataclass(frozen=True)
class RequestContext:
    """What one request needs to know about its customer, as of one moment."""

    record: CustomerRecord | None
    opted_out: bool
    contacts: list[str]


class CustomerStore(Protocol):
    """Customers and their choices."""

    def read_context(self, customer_id: str, schema_version: str | None = None) -> RequestContext:
        """Read record, opt-out and contacts in one strongly consistent round trip.

        With ``schema_version``, the record computed under that feature schema, or None; without, the record with the
        latest ``as_of``. A customer nobody knows has no record, has not opted out and was never contacted.
        """

    def put_records(self, records: Iterable[CustomerRecord]) -> int:
        """Insert or replace records, keyed by customer and feature schema version; return how many were written."""

    def set_opt_out(self, customer_id: str, opted_out: bool) -> None:
        """Record the customer's objection (or its withdrawal); the next read sees it, whatever records are put."""

    def add_contact(self, customer_id: str, at: str) -> None:
        """Record that the customer was approached ``at`` (UTC, ISO 8601); the newest `MAX_CONTACTS` are kept."""


class TrailStore(Protocol):
    """The audit trail."""

    def put_entry(self, entry: AuditEntry, head: AuditHead) -> None:
        """Append ``entry`` and move its writer's head to it, both or neither, durable on return.

        Raises:
            StoreConflictError: the entry is not the next one of its writer.
        """

    def get_head(self, writer: str) -> AuditHead | None:
        """The writer's head as stored; its seal is not verified."""

    def get_request(self, request_id: str) -> AuditEntry | None:
        """The latest ``model_inference`` entry whose payload carries ``request_id``; its mac is not verified."""

    def entries(self) -> Iterator[dict[str, Any]]:
        """Stored rows, grouped by writer and ordered by seq within each: ``writer``, ``seq``, ``request_id``, ``body``.

        Nothing is validated: values are what the database holds, and bytes of ``body`` that are not UTF-8 come as
        surrogates (PEP 383).
        """

    def heads(self) -> Iterator[dict[str, Any]]:
        """Stored heads: ``writer`` and ``body``, as unvalidated as `entries`."""


class ServingStore(CustomerStore, TrailStore, Protocol):
    """Customers, their rights, and the audit trail.

    Every read sees every write that returned before it began. Every method raises `StoreError` if the database
    cannot answer; none returns a default instead. Implementations may be shared by threads.
    """

    def close(self) -> None:
        """Release the connection."""


def choose_record(records: Iterable[CustomerRecord], schema_version: str | None) -> CustomerRecord | None:
    """The record of ``schema_version``; if that is None, the one with the latest ``as_of``."""
    fitting = [r for r in records if schema_version is None or r.schema_version == schema_version]
    return max(fitting, key=lambda r: (r.as_of, r.schema_version), default=None)


def indexed_request(entry: AuditEntry) -> str | None:
    """The request id under which ``entry`` is found by `ServingStore.get_request`."""
    if entry.kind != "model_inference":
        return None
    request_id = entry.payload.get("request_id")
    return request_id if isinstance(request_id, str) else None
