"""An entry as bytes: how it is put together, and how it is taken apart without decoding its payload.

The bytes of an entry are its canonical JSON (`understudy.atomic.canonical_json`): keys sorted, no spaces. The mac
stands among them, and covers all of the others:

    {"at":"...","key_id":"...","kind":"...","mac":"<64 hex>","payload":{...},"prev":"...", ... ,"writer":"..."}
                                            ^^^^^^^^^^^^^^^^^ left out of what the mac is computed over

So an entry is authenticated by one HMAC over the stored bytes, and whatever authenticates is in canonical form, because
nobody without the key can make it, and `pack` makes no other. The payload is only parsed by who wants to read it.
"""

from __future__ import annotations

import hmac
import json
import re
from typing import Any, NamedTuple

from understudy.audit.keyring import Keyring

__all__ = ["GENESIS", "Envelope", "EnvelopeError", "Successor", "authentic", "pack", "payload_of", "unpack"]

GENESIS = "0" * 64
MAC_BYTES = len('"mac":"",') + 64
NAME = r"[A-Za-z0-9_-]{1,64}"
KINDS = "model_inference|attribution|guardrail|data_access|operation|dimension_change|model_promotion"
INSTANT = r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}\+00:00"
REQUEST = r"[!#-\[\]-~]{1,200}"  # printable, and nothing that JSON would escape
_HEAD = re.compile(
    rf'\{{"at":"({INSTANT})","key_id":"({NAME})","kind":"({KINDS})","mac":"([0-9a-f]{{64}})","payload":\{{'.encode()
)
_TAIL = re.compile(
    rf'\}},"prev":"([0-9a-f]{{64}})",(?:"request_id":(?:null|"({REQUEST})"),)?'
    rf'"seq":([1-9][0-9]{{0,18}}),"version":([12]),"writer":"({NAME})"\}}'.encode()
)
_TAIL_MARK = b'},"prev":"'
AT_BEGIN = len('{"at":"')
AT_BYTES = len("2026-01-01T00:00:00.000000+00:00")


class EnvelopeError(ValueError):
    """The bytes are not those of an entry."""


class Envelope(NamedTuple):
    """What stands around an entry's payload, as stored: bytes, because a verification reads millions of them.

    Reading authenticates nothing. ``message`` is what the mac is computed over, ``begin`` and ``end`` say where the
    payload stands in the entry's bytes.
    """

    at: bytes
    key_id: bytes
    kind: bytes
    mac: bytes
    prev: bytes
    request_id: bytes | None
    seq: bytes
    version: bytes
    writer: bytes
    message: bytes
    begin: int
    end: int


def pack(
    keyring: Keyring, kind: str, writer: str, seq: int, at: str, prev: str, request_id: str | None, payload: bytes
) -> tuple[bytes, str]:
    """The bytes of an entry under the active key, and its mac. ``payload`` is canonical JSON of an object.

    Raises:
        ValueError: a name has characters that an entry may not hold.
    """
    key_id = keyring.active
    request = "null" if request_id is None else f'"{request_id}"'
    front = f'{{"at":"{at}","key_id":"{key_id}","kind":"{kind}",'.encode()
    back = f'"prev":"{prev}","request_id":{request},"seq":{seq},"version":2,"writer":"{writer}"}}'.encode()
    rest = b'"payload":' + payload + b"," + back
    mac = keyring.mac(key_id, front + rest)
    body = front + f'"mac":"{mac}",'.encode() + rest
    try:
        unpack(body)
    except EnvelopeError:
        raise ValueError(
            f"no entry: kind {kind!r}, writer {writer!r}, request id {request_id!r}, payload {payload[:1]!r}"
        ) from None
    return body, mac


def unpack(body: bytes) -> Envelope:
    """Take an entry's bytes apart.

    Raises:
        EnvelopeError: they are not laid out as an entry.
    """
    head = _HEAD.match(body)
    tail = _TAIL.fullmatch(body, body.rfind(_TAIL_MARK)) if head else None
    if head is None or tail is None or tail.start() < head.end():
        raise EnvelopeError("not the bytes of an entry")
    after = head.end(4) + 2
    message = body[: after - MAC_BYTES] + body[after:]
    return Envelope._make((*head.groups(), *tail.groups(), message, head.end() - 1, tail.start() + 1))


def authentic(keyring: Keyring, envelope: Envelope) -> bool:
    """Whether a holder of the key that the entry names wrote it.

    Raises:
        KeyError: the ring does not hold that key.
    """
    return hmac.compare_digest(keyring.mac(envelope.key_id.decode(), envelope.message), envelope.mac.decode())


class Successor:
    """What the next entry of a chain looks like, if nothing is wrong; made from the entry before.

    It spares a verification the taking apart of almost every entry. The bytes are compared with those that `pack` would
    have written around the payload, for the same kind and key: only then is it known where the mac stands. Whatever
    differs is for `unpack` and `authentic` to judge.
    """

    def __init__(self, writer: bytes, envelope: Envelope) -> None:
        self._key_id = envelope.key_id.decode()
        self._middle = b'","key_id":"%b","kind":"%b","mac":"' % (envelope.key_id, envelope.kind)
        self._mac = AT_BEGIN + AT_BYTES + len(self._middle)
        self._end = b',"version":2,"writer":"%b"}' % writer

    def mac_of(self, keyring: Keyring, seq: int, prev: bytes, request_id: bytes | None, body: bytes) -> bytes | None:
        """The mac of the entry ``body``, if it is authentic, has this seq and request id, and follows ``prev``."""
        request = b"null" if request_id is None else b'"%b"' % request_id
        begin = self._mac
        if not (
            body.endswith(b'},"prev":"%b","request_id":%b,"seq":%d%b' % (prev, request, seq, self._end))
            and body.startswith(self._middle, AT_BEGIN + AT_BYTES)
            and body.startswith(b'","payload":{', begin + 64)
        ):
            return None
        mac = body[begin : begin + 64]
        message = body[: begin - 7] + body[begin + 66 :]
        return mac if hmac.compare_digest(keyring.mac(self._key_id, message).encode(), mac) else None


def payload_of(body: bytes, envelope: Envelope) -> dict[str, Any]:
    """The entry's payload, parsed.

    Raises:
        EnvelopeError: it is not a JSON object.
    """
    try:
        payload = json.loads(body[envelope.begin : envelope.end])
    except (ValueError, RecursionError):
        raise EnvelopeError("the payload is not JSON") from None
    if not isinstance(payload, dict):
        raise EnvelopeError("the payload is not a JSON object")
    return payload
