"""What a serving store promises, whichever database stands behind it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

from understudy.contracts.api import CustomerRecord
from understudy.contracts.audit import CustomerKey
from understudy.contracts.oversight import KillSwitch
from understudy.contracts.rights import Channel, Restriction
from understudy.stores.documents import Change, Document, DocumentStore, Key
from understudy.stores.ledger import Ledger
from understudy.stores.sentences import SentenceStore

__all__ = [
    "ChangeConflictError",
    "CustomerStore",
    "NewEntry",
    "RequestContext",
    "ServingStore",
    "StoreConflictError",
    "StoreError",
    "StoredEntry",
    "TrailStore",
]


# A stored row: writer, seq, request id, body. Nothing of it is validated: values are what the database holds, texts as
# bytes. A plain tuple, because a verification reads millions of them.
StoredEntry = tuple[Any, Any, Any, Any]


class StoreError(Exception):
    """The store could not answer. It never means "no": a caller that asked for consent must take it as a refusal."""


class StoreConflictError(StoreError):
    """The entry's place in its writer's chain is taken, or is not the next one; nothing was written."""


class ChangeConflictError(StoreError):
    """A document is not at the version that a change was made for; nothing was written, the entry neither."""


@dataclass(frozen=True)
class RequestContext:
    """What one request needs to know about its customer and the people's switches, as of one moment.

    Attributes:
        record: The customer's record with their corrections applied.
        opted_out: They object to profiling, or were erased and have not consented anew.
        contacts: When they were approached lately, oldest first (ISO 8601).
        restriction: How far processing of their data is restricted.
        channels: What they said about each channel; a channel they did not speak about is absent.
        switches: The kill switches in force; None if what is stored cannot be read.
        others: Records under the further schema versions that were asked for.
        key: The customer's key for what the audit log says about them; None if there is none (yet, or any more).
        beside: Those of the further documents asked for that exist.
    """

    record: CustomerRecord | None
    opted_out: bool
    contacts: list[str]
    restriction: Restriction = "none"
    channels: Mapping[Channel, bool] = field(default_factory=dict)
    switches: tuple[KillSwitch, ...] | None = ()
    others: Mapping[str, CustomerRecord] = field(default_factory=dict)
    key: CustomerKey | None = None
    beside: Mapping[Key, Document] = field(default_factory=dict)


class CustomerStore(Protocol):
    """Customers and their choices."""

    def read_context(
        self,
        customer_id: str,
        schema_version: str | None = None,
        *,
        also: Sequence[str] = (),
        erased_as: Sequence[str] = (),
        beside: Sequence[Key] = (),
    ) -> RequestContext:
        """Read what a request needs in one strongly consistent round trip; in a second if the record is not there.

        Args:
            customer_id: Whose context.
            schema_version: The feature schema of the record that is wanted. Failing that one, and without it, the
                record with the latest ``as_of``.
            also: Further schemas whose records are wanted beside it.
            erased_as: Pseudonyms under which an erasure of this customer may be noted.
            beside: Further documents to read in the same round trip.

        A customer nobody knows has no record, has not opted out and was never contacted.
        """

    def put_records(self, records: Iterable[CustomerRecord]) -> int:
        """Insert or replace records, keyed by customer and feature schema version; return how many were written."""


@dataclass(frozen=True)
class NewEntry:
    """An entry to be stored (see `understudy.audit.envelope`), and the head of its chain once it is.

    ``request_id``: what the entry is found by, if it is to be found.
    """

    writer: str
    seq: int
    request_id: str | None
    body: bytes
    head: bytes


class TrailStore(Protocol):
    """The audit trail: bytes, which are never changed. What they say is the business of `understudy.audit`."""

    def put_entry(self, entry: NewEntry, changes: Sequence[Change] = ()) -> None:
        """Append ``entry``, move its writer's head to it and make ``changes``: all or nothing, durable on return.

        Raises:
            StoreConflictError: the entry is not the next one of its writer.
            ChangeConflictError: a document is not at the version that its change names.
        """

    def get_head(self, writer: str) -> bytes | None:
        """The writer's head as stored."""

    def get_request(self, request_id: str) -> bytes | None:
        """The latest entry stored with ``request_id``."""

    def get_entry(self, writer: str, seq: int) -> bytes | None:
        """The entry at this place of this chain."""

    def entries(self) -> Iterator[StoredEntry]:
        """Every row, grouped by writer and ordered by seq within each."""

    def chain(self, writer: str, after: int) -> Iterator[StoredEntry]:
        """The rows of one writer whose seq is greater than ``after``, in order."""

    def heads(self) -> Iterator[tuple[Any, Any]]:
        """Stored heads, as (writer, body), as unvalidated as `entries`."""


class ServingStore(CustomerStore, DocumentStore, TrailStore, SentenceStore, Ledger, Protocol):
    """Customers, their rights, people's oversight, and the audit trail.

    Every read sees every write that returned before it began. Every method raises `StoreError` if the database
    cannot answer; none returns a default instead. Implementations may be shared by threads.
    """

    def close(self) -> None:
        """Release the connection."""
