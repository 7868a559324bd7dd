"""One key per customer, stored wrapped; who wraps it is exchangeable."""

from __future__ import annotations

import base64
import os
from typing import Protocol

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from understudy.audit.keyring import Keyring
from understudy.contracts.audit import CustomerKey
from understudy.errors import UserError

__all__ = ["CustomerKeyError", "CustomerKeys", "KeyWrapper", "KmsWrapper", "RingWrapper", "customer_keys"]

KEY_BYTES = 32
NONCE = 12


class CustomerKeyError(Exception):
    """A stored key cannot be unwrapped: it is another customer's, was altered, or its wrapper is out of reach."""


class KeyWrapper(Protocol):
    """Encrypts customers' keys. ``bound`` must be the same text at both ends."""

    name: str

    def wrap(self, ring_key: str, key: bytes, bound: str) -> bytes:
        """Encrypt ``key``."""

    def unwrap(self, ring_key: str, wrapped: bytes, bound: str) -> bytes:
        """Decrypt what `wrap` made.

        Raises:
            CustomerKeyError: it is not what `wrap` made for ``bound``, or the service cannot answer.
        """


class RingWrapper:
    """AES-256-GCM under a key-encryption key that is derived from a key of the ring, for this purpose only."""

    name = "ring"

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def wrap(self, ring_key: str, key: bytes, bound: str) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self._cipher(ring_key).encrypt(nonce, key, bound.encode())

    def unwrap(self, ring_key: str, wrapped: bytes, bound: str) -> bytes:
        try:
            return self._cipher(ring_key).decrypt(wrapped[:NONCE], wrapped[NONCE:], bound.encode())
        except (InvalidTag, ValueError):
            raise CustomerKeyError("a customer's key was altered, or is another customer's") from None

    def _cipher(self, ring_key: str) -> AESGCM:
        return AESGCM(self._keyring.derived(ring_key, "customer-keys"))


class KmsWrapper:
    """AWS KMS: each use of a customer's key is a call that CloudTrail records, and no process can unwrap without it."""

    name = "kms"

    def __init__(self, key: str) -> None:
        import boto3
        from botocore.config import Config

        # A request waits for it: without a limit of its own, a service that hangs would cost a minute.
        limits = Config(connect_timeout=1, read_timeout=2, retries={"mode": "standard", "max_attempts": 3})
        self._key = key
        self._client = boto3.client("kms", config=limits)

    def wrap(self, ring_key: str, key: bytes, bound: str) -> bytes:
        del ring_key
        wrapped = self._call("encrypt", KeyId=self._key, Plaintext=key, EncryptionContext={"understudy": bound})
        return bytes(wrapped["CiphertextBlob"])

    def unwrap(self, ring_key: str, wrapped: bytes, bound: str) -> bytes:
        del ring_key
        plain = self._call("decrypt", KeyId=self._key, CiphertextBlob=wrapped, EncryptionContext={"understudy": bound})
        return bytes(plain["Plaintext"])

    def _call(self, operation: str, **request: object) -> dict[str, bytes]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, bytes] = getattr(self._client, operation)(**request)
        except (BotoCoreError, ClientError) as error:
            raise CustomerKeyError(f"KMS could not {operation}: {error}") from error
        return answer


class CustomerKeys:
    """Makes customers' keys, and opens stored ones.

    A wrapped key is bound to its customer and its id, through a mac under the ring, so that nobody who can write to the
    store can give one customer the key of another.
    """

    def __init__(self, keyring: Keyring, wrapper: KeyWrapper | None = None) -> None:
        """``wrapper`` wraps new keys (default: the ring); stored ones are opened by the wrapper that they name."""
        ring = RingWrapper(keyring)
        self._keyring = keyring
        self._wrapper = wrapper or ring
        self._known: dict[str, KeyWrapper] = {ring.name: ring, self._wrapper.name: self._wrapper}

    def create(self, customer_id: str) -> tuple[CustomerKey, bytes]:
        """A new key for the customer: as it is to be stored, and itself.

        Raises:
            CustomerKeyError: the wrapper cannot answer.
        """
        key_id, key, ring_key = os.urandom(8).hex(), os.urandom(KEY_BYTES), self._keyring.active
        wrapped = self._wrapper.wrap(ring_key, key, self._bound(ring_key, customer_id, key_id))
        text = f"{self._wrapper.name}.{ring_key}.{base64.b64encode(wrapped).decode()}"
        return CustomerKey(key_id=key_id, wrapped=text), key

    def open(self, customer_id: str, stored: CustomerKey) -> bytes:
        """The key itself.

        Raises:
            CustomerKeyError: it is not this customer's, was altered, or cannot be unwrapped now.
        """
        name, ring_key, wrapped = stored.wrapped.split(".")
        if name not in self._known:
            raise CustomerKeyError(f"a customer's key was wrapped by {name}, which is not configured")
        if ring_key not in self._keyring:
            raise CustomerKeyError(f"a customer's key needs the ring's key {ring_key}, which the ring does not hold")
        bound = self._bound(ring_key, customer_id, stored.key_id)
        return self._known[name].unwrap(ring_key, base64.b64decode(wrapped), bound)

    def _bound(self, ring_key: str, customer_id: str, key_id: str) -> str:
        return self._keyring.derived_mac(ring_key, "customer-key-binding", f"{customer_id}\n{key_id}".encode())


def customer_keys(keyring: Keyring, url: str = "keyring") -> CustomerKeys:
    """Customers' keys, new ones wrapped as ``url`` says: ``keyring``, or ``kms://<key id, arn or alias>``.

    Raises:
        UserError: it is neither.
    """
    if url == "keyring":
        return CustomerKeys(keyring)
    if url.startswith("kms://"):
        return CustomerKeys(keyring, KmsWrapper(url.removeprefix("kms://")))
    raise UserError("no wrapper of customers' keys", where=repr(url), fix="Use keyring, or kms://<key id or arn>.")
