"""Small versioned documents, and changes to them that are written together with an audit entry."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Literal, Protocol

from understudy.clock import utc_now

__all__ = ["Change", "Delete", "Document", "DocumentStore", "Key", "Place", "Put", "now_seconds"]

Place = Literal["customers", "oversight"]


@dataclass(frozen=True)
class Key:
    """Where a document is. ``customers``: the partition is a customer's id; ``oversight``: what people decide."""

    place: Place
    partition: str
    item: str


@dataclass(frozen=True)
class Document:
    """A stored document; ``version`` counts its changes, from 1."""

    key: Key
    version: int
    text: str

    def json(self) -> Any:
        """The parsed body.

        Raises:
            ValueError: it is not JSON.
        """
        return json.loads(self.text)


@dataclass(frozen=True)
class Put:
    """Write ``text`` as version ``before + 1``, if the document is at version ``before`` (0: there is none).

    ``expires_at`` (seconds since 1970): from then on it is as if the document had never been.
    """

    key: Key
    text: str
    before: int
    expires_at: int | None = None


@dataclass(frozen=True)
class Delete:
    """Remove the document, if it is at version ``before``."""

    key: Key
    before: int


Change = Put | Delete


class DocumentStore(Protocol):
    """Documents by key. Changes travel with an audit entry (`TrailStore.put_entry`); bulk loads alone do not."""

    def read_documents(self, keys: Sequence[Key]) -> dict[Key, Document]:
        """Those of ``keys`` (at most 100) that exist, in one strongly consistent round trip."""

    def list_documents(
        self, place: Place, partition: str, *, start: str = "", end: str | None = None, limit: int = 1000
    ) -> list[Document]:
        """At most ``limit`` documents of a partition with ``start <= item < end``, in the order of their items."""

    def documents_named(self, place: Place, item: str) -> Iterator[Document]:
        """The document ``item`` of every partition that has one, in no order; a read of the whole table, streamed."""

    def put_documents(self, documents: Iterable[tuple[Key, str]]) -> int:
        """Insert or replace ``customers`` documents at version 1, whatever stands there; return how many."""

    def remove_documents(self, keys: Iterable[Key]) -> None:
        """Remove documents, whatever their version; those that do not exist are no error."""


def now_seconds() -> int:
    """Seconds since 1970, for ``expires_at``."""
    return int(utc_now().timestamp())
