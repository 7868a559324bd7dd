"""Who vouches for a bundle: a signature over its manifest, which vouches for every file."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Literal

from pydantic import Field, ValidationError

from understudy.atomic import canonical_json
from understudy.audit.signing import PublicKeys, Signer, fingerprint
from understudy.contracts._model import Contract
from understudy.errors import UserError

__all__ = ["BundleSignature", "public_keys", "sign_manifest", "signature_fault"]

# A key may sign checkpoints of the audit log too; what was signed as one can never pass for the other.
_DOMAIN = b"understudy-bundle-2\n"


class BundleSignature(Contract):
    """``signature.json``: Ed25519, or ECDSA P-256 with SHA-256 in DER, over ``understudy-bundle-2\\n`` + the manifest's
    SHA-256."""

    version: Literal[2] = 2
    key: str = Field(
        pattern=r"^[0-9a-f]{16}$", description="first 8 bytes of the SHA-256 of the public key (DER, SPKI)"
    )
    signature: str = Field(pattern=r"^[A-Za-z0-9+/]{1,200}={0,2}$")


def sign_manifest(manifest: bytes, signer: Signer) -> bytes:
    """The content of ``signature.json`` for the bytes of a manifest.

    Raises:
        UserError: the key cannot be used now.
    """
    signature = base64.b64encode(signer.sign(_message(manifest))).decode()
    signed = BundleSignature(key=fingerprint(signer.public_pem), signature=signature)
    return canonical_json(signed.model_dump(mode="json"))


def _message(manifest: bytes) -> bytes:
    """What is signed. The digest stands for the manifest: KMS signs no message of more than 4,096 bytes."""
    return _DOMAIN + hashlib.sha256(manifest).digest()


def signature_fault(manifest: bytes, signature: bytes | None, keys: PublicKeys) -> str | None:
    """What is wrong with the signature, or None if one of ``keys`` signed these very bytes."""
    if signature is None:
        return "the bundle is not signed, and only signed bundles are accepted here"
    try:
        signed = BundleSignature.model_validate_json(signature)
        raw = base64.b64decode(signed.signature, validate=True)
    except (ValidationError, ValueError):
        return "is no signature"
    if not keys.verifies(signed.key, raw, _message(manifest)):
        return f"key {signed.key} is not accepted here, or did not sign this manifest"
    return None


def public_keys(place: str) -> PublicKeys:
    """The keys in ``place``: PEM text itself, or the path of a PEM file.

    Raises:
        UserError: there is no file, or no usable key in it.
    """
    if "-----BEGIN" in place:
        # A variable of an environment may hold the line breaks as two characters.
        return PublicKeys(place.replace("\\n", "\n").encode(), where="the public key of bundles")
    try:
        pem = Path(place.removeprefix("file://")).read_bytes()
    except OSError:
        raise UserError("the public key cannot be read", where=place, fix="Give a PEM file.") from None
    return PublicKeys(pem, where=place)
