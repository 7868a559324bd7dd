"""Sign checkpoints with a key that writers of the log do not hold, and verify with its public half alone."""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any, Protocol

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_der_public_key,
    load_pem_private_key,
    load_pem_public_key,
)

from understudy.atomic import write_bytes
from understudy.errors import UserError

__all__ = ["FileSigner", "KmsSigner", "PublicKeys", "Signer", "create_signing_key", "open_signer", "verifying_keys"]

Public = Ed25519PublicKey | ec.EllipticCurvePublicKey
PEM_BLOCK = re.compile(rb"-----BEGIN PUBLIC KEY-----.+?-----END PUBLIC KEY-----\s*", re.DOTALL)


class Signer(Protocol):
    """Somebody who can sign. ``public_pem`` is the public key (SPKI, PEM), by which anybody verifies."""

    public_pem: bytes

    def sign(self, message: bytes) -> bytes:
        """The signature over ``message``: Ed25519 (RFC 8032), or ECDSA P-256 with SHA-256 in DER.

        Raises:
            UserError: the key cannot be used now.
        """


class FileSigner:
    """An Ed25519 key in a file (PKCS #8, PEM) that only its owner can read."""

    def __init__(self, path: Path) -> None:
        """Read the key.

        Raises:
            UserError: there is no such key at ``path``.
        """
        fix = "Give the file that `understudy audit checkpoint` made, or restore it."
        try:
            key = load_pem_private_key(path.read_bytes(), password=None)
        except (OSError, ValueError, TypeError):
            raise UserError("the signing key cannot be read", where=str(path), fix=fix) from None
        if not isinstance(key, Ed25519PrivateKey):
            raise UserError("the signing key is no Ed25519 key", where=str(path), fix=fix)
        self._key = key
        self.public_pem = _pem(key.public_key())

    def sign(self, message: bytes) -> bytes:
        return self._key.sign(message)


class KmsSigner:
    """An asymmetric key in AWS KMS, which never leaves it: ECC_NIST_P256, or ECC_NIST_EDWARDS25519."""

    ALGORITHMS = ("ED25519_SHA_512", "ECDSA_SHA_256")

    def __init__(self, key: str) -> None:
        """Fetch the public key.

        Raises:
            UserError: there is no such key, or it cannot sign.
        """
        import boto3

        self._key = key
        self._client = boto3.client("kms")
        answer = self._call("get_public_key", KeyId=key)
        offered = [name for name in self.ALGORITHMS if name in answer["SigningAlgorithms"]]
        public = load_der_public_key(answer["PublicKey"])
        if not offered or not isinstance(public, Public):
            fix = "Use a key for signing with spec ECC_NIST_P256 or ECC_NIST_EDWARDS25519."
            raise UserError("the KMS key cannot sign checkpoints", where=key, fix=fix)
        self._algorithm = offered[0]
        self.public_pem = _pem(public)

    def sign(self, message: bytes) -> bytes:
        answer = self._call(
            "sign", KeyId=self._key, Message=message, MessageType="RAW", SigningAlgorithm=self._algorithm
        )
        return bytes(answer["Signature"])

    def _call(self, operation: str, **request: object) -> dict[str, Any]:
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            answer: dict[str, Any] = getattr(self._client, operation)(**request)
        except (BotoCoreError, ClientError) as error:
            fix = "Check the key and the role that uses it."
            raise UserError(f"KMS could not {operation}: {error}", where=self._key, fix=fix, exit_code=5) from error
        return answer


class PublicKeys:
    """The public keys whose signatures are accepted: one, or several after a signing key was replaced."""

    def __init__(self, pem: bytes, *, where: str) -> None:
        """Read one or more PEM blocks.

        Raises:
            UserError: there is none, or one is neither Ed25519 nor P-256.
        """
        self._keys: dict[str, Public] = {}
        for block in PEM_BLOCK.findall(pem):
            try:
                key = load_pem_public_key(block)
            except ValueError:
                key = None
            if not isinstance(key, Public) or getattr(getattr(key, "curve", None), "key_size", 256) != 256:
                raise UserError("not a public key that signs checkpoints", where=where, fix="Ed25519 or P-256, in PEM.")
            self._keys[fingerprint(block)] = key
        if not self._keys:
            raise UserError("no public key", where=where, fix="Give a PEM file with PUBLIC KEY blocks.")

    def verifies(self, name: str, signature: bytes, message: bytes) -> bool:
        """Whether the key with the fingerprint ``name`` is accepted, and signed ``message``."""
        key = self._keys.get(name)
        try:
            if isinstance(key, Ed25519PublicKey):
                key.verify(signature, message)
            elif key is not None:
                key.verify(signature, message, ec.ECDSA(SHA256()))
        except InvalidSignature:
            return False
        return key is not None


def fingerprint(public_pem: bytes) -> str:
    """First 8 bytes (hex) of the SHA-256 of the public key in DER (SPKI)."""
    der = load_pem_public_key(public_pem).public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return hashlib.sha256(der).hexdigest()[:16]


def create_signing_key(path: Path) -> None:
    """Write a new Ed25519 key to ``path``, readable by its owner only, and its public half beside it (``.pub``).

    Raises:
        UserError: the file exists; checkpoints depend on it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    key = Ed25519PrivateKey.generate()
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise UserError("the signing key exists", where=str(path), fix="Use it, or choose another path.") from None
    with os.fdopen(handle, "wb") as file:
        file.write(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
        file.flush()
        os.fsync(file.fileno())
    write_bytes(path.with_name(path.name + ".pub"), _pem(key.public_key()))


def open_signer(url: str) -> Signer:
    """The signer at ``file:///absolute/path.pem`` or ``kms://<key id, arn or alias>``.

    Raises:
        UserError: it is neither, or the key cannot be used.
    """
    if url.startswith("file:///"):
        return FileSigner(Path(url.removeprefix("file://")))
    if url.startswith("kms://"):
        return KmsSigner(url.removeprefix("kms://"))
    raise UserError("not a signing key", where=repr(url), fix="Use file:///absolute/path.pem or kms://<key id or arn>.")


def _pem(key: Public) -> bytes:
    return key.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def verifying_keys(place: str, *, where: str) -> PublicKeys:
    """The public keys in ``place``: PEM text, or ``kms://<key id or arn>``, whose public half is fetched.

    Raises:
        UserError: there is no usable key.
    """
    pem = open_signer(place).public_pem if place.startswith("kms://") else place.encode()
    return PublicKeys(pem, where=where)
