"""One process's part of a day's entries: authenticated, opened with the customers' keys, and decoded.

The parts are cut by customer (the first digits of the id of the key that an entry is sealed under), so that a process
holds only its share of the keys, and sees all decisions of a customer.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from agents.evidence.columns import Columns
from agents.evidence.decoding import Rows, share_hash
from agents.evidence.frame import Frame
from agents.evidence.spans import DaySpan
from understudy.audit import CustomerKeyError, CustomerKeys, Keyring, customer_keys, open_keyring
from understudy.audit.encryption import UnsealError, associated, unseal
from understudy.audit.envelope import Envelope, EnvelopeError, authentic, payload_of, unpack
from understudy.contracts.audit import CustomerKey, SealedPart
from understudy.stores import ServingStore, open_store

__all__ = ["Part", "read_part"]

CHUNK = 4_000  # decisions in one piece: what a process holds at once
_KEY = b'"key":"'
DIGITS = 16


@dataclass(frozen=True)
class Part:
    """What one process reads: part ``index`` of ``parts`` of the spans, and the entries of ``requests``."""

    store: str
    keys: str
    customer_keys: str
    frame: Frame
    day: str
    spans: Sequence[DaySpan]
    sample: float
    keep: float
    tell: float
    requests: Sequence[str] = ()
    index: int = 0
    parts: int = 1


def read_part(part: Part) -> Iterator[Columns]:
    """The part's decisions, in pieces that share their list of writers but not yet that of model versions.

    Raises:
        StoreError: the log cannot be read.
        UserError: a URL is wrong, or a key ring cannot be read.
    """
    store = open_store(part.store, read_only=True)
    try:
        yield from _Reader(part, store).read()
    finally:
        store.close()


class _Reader:
    def __init__(self, part: Part, store: ServingStore) -> None:
        self._part, self._store = part, store
        self._keyring: Keyring = open_keyring(part.keys)
        self._opener: CustomerKeys = customer_keys(self._keyring, part.customer_keys)
        self._rows = Rows(part.frame, part.day, keep=part.keep, tell=part.tell)
        self._writers = [span.writer for span in part.spans]
        self._keys = dict(self._stored_keys())

    def _stored_keys(self) -> Iterator[tuple[str, tuple[str, str]]]:
        """Key id -> customer and wrapped key, of this part's customers."""
        for document in self._store.documents_named("customers", "audit-key"):
            try:
                stored = CustomerKey.model_validate_json(document.text)
            except ValueError:
                continue  # decisions sealed under it count as unread
            if self._mine(stored.key_id):
                yield stored.key_id, (document.key.partition, stored.wrapped)

    def _mine(self, key_id: str) -> bool:
        return int(key_id[:4], 16) % self._part.parts == self._part.index

    def read(self) -> Iterator[Columns]:
        for number, span in enumerate(self._part.spans):
            chain = self._store.chain(span.writer, span.first - 1)
            for _, seq, _, body in chain:
                if not isinstance(seq, int) or seq > span.last:
                    break
                self._take(number, body)
                if len(self._rows) >= CHUNK:
                    yield self._chunk()
        for request_id in self._part.requests:
            found = self._store.get_request(request_id)
            if found is not None:
                self._take(-1, found)
        yield self._chunk()

    def _chunk(self) -> Columns:
        return replace(self._rows.chunk(), writers=self._writers)

    def _take(self, writer: int, body: Any) -> None:
        counts = self._rows.counts
        if not isinstance(body, bytes):
            counts["altered"] += self._part.index == 0
            return
        place = body.rfind(_KEY)
        hint = body[place + len(_KEY) : place + len(_KEY) + DIGITS]
        if not (self._mine(hint.decode()) if _is_hex(hint) else self._part.index == 0):
            return
        try:
            envelope = unpack(body)
            known = envelope.key_id.decode() in self._keyring and authentic(self._keyring, envelope)
            payload = payload_of(body, envelope) if known else None
        except EnvelopeError:
            payload = None
        if payload is None:
            counts["altered"] += 1
        elif envelope.kind != b"model_inference":
            counts["other"] += 1
        else:
            self._decision(writer, envelope, payload)

    def _decision(self, writer: int, envelope: Envelope, payload: dict[str, Any]) -> None:
        counts = self._rows.counts
        counts["decisions"] += 1
        if share_hash(payload["request_id"], "decisions") >= self._part.sample:
            return
        try:
            sealed = SealedPart.model_validate(payload.pop("sealed"))
            if sealed.key not in self._keys:
                counts["erased"] += 1
                return
            customer_id, wrapped = self._keys[sealed.key]
            key = self._opener.open(customer_id, CustomerKey(key_id=sealed.key, wrapped=wrapped))
            content = payload | unseal(key, sealed, associated("model_inference", payload["pseudonym"], sealed.key))
            self._rows.add(writer, int(envelope.seq), envelope.at.decode(), content)
        except (CustomerKeyError, UnsealError, KeyError, TypeError, ValueError, AttributeError):
            counts["unread"] += 1


def _is_hex(text: bytes) -> bool:
    return len(text) == DIGITS and not text.strip(b"0123456789abcdef")
