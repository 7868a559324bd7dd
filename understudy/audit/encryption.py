"""Seal the personal part of an entry, so that destroying one key per customer destroys what the log says about them.

Each sealed part has keys of its own, derived from the customer's key K and a random salt s of 16 bytes:

    T = HMAC-SHA512(K, "understudy/sealed-part" || s || 0x01)      (HKDF-Expand, RFC 5869 section 2.3, one block)
    T = entry key (32 bytes) || nonce (12 bytes) || unused
    commitment = SHA-256("understudy/commitment" || entry key || nonce)
    ciphertext = AES-256-GCM(entry key, nonce, DEFLATE(JSON), associated data)

The associated data ties the part to its entry: kind, pseudonym and key id. Because the key is the entry's own, it can
be shown to a third party without opening any other entry; because AES-GCM does not commit to its key, the commitment
does: nobody can later show another key under which the same bytes read differently.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import os
import zlib
from collections.abc import Mapping
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from pydantic_core import from_json, to_json

from understudy.contracts.audit import SealedPart

__all__ = ["UnsealError", "associated", "encode", "entry_secret", "open_disclosed", "seal", "unseal"]

KEY_BYTES = 32
SALT = 16
COMMITMENT = 32
SECRET = 44
LEVEL = 4  # 8 % shorter than level 1 for .04 ms of a decision's 27 kB; level 6 takes .2 ms for 4 % more
LARGEST = 16_000_000  # bytes after inflating; DynamoDB and API Gateway hold far less


class UnsealError(ValueError):
    """The sealed part does not open with this key."""


def encode(content: Mapping[str, Any]) -> bytes:
    """JSON of ``content``, which may hold pydantic models; much faster than dumping them first.

    Raises:
        ValueError: it holds a NaN or an infinity, or is not JSON.
    """
    plain: bytes = to_json(content)
    if b"NaN" in plain or b"Infinity" in plain:  # perhaps only in a text
        json.loads(plain, parse_constant=_refuse)
    return plain


def associated(kind: str, pseudonym: str, key_id: str) -> bytes:
    """The associated data of a sealed part."""
    return f"understudy/sealed-part\n{kind}\n{pseudonym}\n{key_id}".encode()


def seal(key: bytes, key_id: str, plain: bytes, bound: bytes) -> SealedPart:
    """Encrypt ``plain`` for a new entry; ``bound`` is its `associated` data."""
    salt = os.urandom(SALT)
    secret = _secret(key, salt)
    cipher = AESGCM(secret[:KEY_BYTES]).encrypt(secret[KEY_BYTES:], zlib.compress(plain, LEVEL), bound)
    data = base64.b64encode(salt + _commitment(secret) + cipher).decode()
    return SealedPart.model_construct(key=key_id, data=data)


def unseal(key: bytes, part: SealedPart, bound: bytes) -> dict[str, Any]:
    """The content of a sealed part, given its customer's key.

    Raises:
        UnsealError: the key is another's, or the part was altered.
    """
    return open_disclosed(entry_secret(key, part), part, bound)


def entry_secret(key: bytes, part: SealedPart) -> bytes:
    """The secret that opens ``part`` and nothing else: entry key and nonce, 44 bytes."""
    return _secret(key, base64.b64decode(part.data)[:SALT])


def open_disclosed(secret: bytes, part: SealedPart, bound: bytes) -> dict[str, Any]:
    """The content of a sealed part, given its own secret.

    Raises:
        UnsealError: the secret is another's, or the part was altered.
    """
    data = base64.b64decode(part.data)
    commitment, cipher = data[SALT : SALT + COMMITMENT], data[SALT + COMMITMENT :]
    if len(secret) != SECRET or not hmac.compare_digest(commitment, _commitment(secret)):
        raise UnsealError("the key is not the one that this part was sealed with")
    try:
        packed = AESGCM(secret[:KEY_BYTES]).decrypt(secret[KEY_BYTES:], cipher, bound)
        inflate = zlib.decompressobj()
        plain = inflate.decompress(packed, LARGEST)
        content = from_json(plain) if inflate.eof else None  # a night opens a million: half the time of `json`
    except (InvalidTag, zlib.error, ValueError):
        raise UnsealError("the sealed part was altered") from None
    if not isinstance(content, dict):
        raise UnsealError("the sealed part holds no object, or too large a one")
    return content


def _secret(key: bytes, salt: bytes) -> bytes:
    return hmac.digest(key, b"understudy/sealed-part" + salt + b"\x01", "sha512")[:SECRET]


def _commitment(secret: bytes) -> bytes:
    return hashlib.sha256(b"understudy/commitment" + secret).digest()


def _refuse(constant: str) -> None:
    raise ValueError(f"{constant} is not JSON")
