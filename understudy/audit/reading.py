"""Read a stored decision back: verified, about the right customer, and opened."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from understudy.audit import encryption
from understudy.audit.customer_keys import CustomerKeys
from understudy.audit.envelope import EnvelopeError, authentic, payload_of, unpack
from understudy.audit.keyring import Keyring
from understudy.audit.pseudonym import concerns
from understudy.contracts.audit import CustomerKey, SealedPart

__all__ = [
    "AlteredError",
    "Decision",
    "ErasedError",
    "ForeignError",
    "Place",
    "read_decision",
    "read_payload",
    "stated_place",
]


class AlteredError(Exception):
    """The entry is not what its writer wrote; the log has to be checked."""


class ForeignError(Exception):
    """The entry is not about this customer."""


class ErasedError(Exception):
    """The key that the entry's personal part was sealed with has been destroyed."""


@dataclass(frozen=True)
class Decision:
    """An entry: where it stands, and its ``content``, the readable and the sealed part of the payload in one."""

    writer: str
    seq: int
    mac: str
    at: str
    content: dict[str, Any]


class Place(NamedTuple):
    """Where an entry says that it stands."""

    writer: str
    seq: int
    mac: str
    at: str
    key_id: str


def stated_place(body: bytes) -> Place:
    """Where the entry ``body`` says that it stands; whether that is true is not asked.

    Raises:
        AlteredError: the bytes are not laid out as an entry.
    """
    try:
        found = unpack(body)
    except EnvelopeError as error:
        raise AlteredError(str(error)) from None
    return Place(found.writer.decode(), int(found.seq), found.mac.decode(), found.at.decode(), found.key_id.decode())


def read_payload(body: bytes, keyring: Keyring) -> dict[str, Any]:
    """The payload of the entry ``body``, with its sealed part still sealed.

    Raises:
        AlteredError: the entry does not verify.
    """
    try:
        envelope = unpack(body)
        if envelope.key_id.decode() not in keyring or not authentic(keyring, envelope):
            raise AlteredError("the entry does not verify")
        return payload_of(body, envelope)
    except EnvelopeError as error:
        raise AlteredError(str(error)) from None


def read_decision(
    body: bytes, keyring: Keyring, keys: CustomerKeys, customer_id: str, key: CustomerKey | None
) -> Decision:
    """The entry whose stored bytes are ``body``, for the customer with the stored ``key`` (None: there is none).

    Raises:
        AlteredError: the entry does not verify.
        ForeignError: it is about somebody else.
        ErasedError: the key that it was sealed with was destroyed.
        CustomerKeyError: the key cannot be unwrapped.
    """
    payload = read_payload(body, keyring)
    envelope = unpack(body)
    if not concerns(keyring, customer_id, payload.get("pseudonym")):
        raise ForeignError("the entry is about another customer")
    content = _opened(payload, envelope.kind.decode(), keys, customer_id, key)
    where = (envelope.writer.decode(), int(envelope.seq), envelope.mac.decode(), envelope.at.decode())
    return Decision(*where, content)


def _opened(
    payload: dict[str, Any], kind: str, keys: CustomerKeys, customer_id: str, key: CustomerKey | None
) -> dict[str, Any]:
    readable = {name: value for name, value in payload.items() if name != "sealed"}
    if "sealed" not in payload:
        return readable
    part = SealedPart.model_validate(payload["sealed"])
    if key is None or key.key_id != part.key:
        raise ErasedError("the customer's key was destroyed")
    try:
        bound = encryption.associated(kind, payload["pseudonym"], part.key)
        return readable | encryption.unseal(keys.open(customer_id, key), part, bound)
    except encryption.UnsealError as error:
        raise AlteredError(str(error)) from None
