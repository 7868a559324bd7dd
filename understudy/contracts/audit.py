"""The audit trail: entries of per-writer chains of HMAC'd records, heads, customers' keys, checkpoints and proofs."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from understudy.contracts._model import Contract, Sha256

__all__ = [
    "AuditEntry",
    "AuditHead",
    "AuditKind",
    "Checkpoint",
    "CheckpointFile",
    "Consistency",
    "CustomerKey",
    "EntryProof",
    "SealedPart",
    "SignedCheckpoint",
    "Span",
]

AuditKind = Literal[
    "model_inference",
    "attribution",
    "guardrail",
    "data_access",
    "operation",
    "dimension_change",
    "model_promotion",
]
KeyId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Base64 = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9+/]*={0,2}$")]


class AuditEntry(Contract):
    """``mac`` = HMAC-SHA256(key ``key_id``, canonical JSON of every other field); ``prev`` is the mac of ``seq - 1``.

    The first entry of a writer has ``seq`` 1 and ``prev`` of 64 zeros. Payloads hold pseudonyms, never customer ids;
    what else they say about a customer is in `SealedPart`. Version 1 had no ``request_id`` and no sealed part.
    """

    version: Literal[1, 2] = 2
    kind: AuditKind
    writer: KeyId
    seq: int = Field(ge=1)
    at: str = Field(description="UTC, ISO 8601 with microseconds")
    key_id: KeyId
    prev: Sha256
    request_id: str | None = Field(default=None, description="the request under which the entry is found")
    payload: dict[str, Any]
    mac: Sha256


class AuditHead(Contract):
    """Where a writer's chain ends: ``mac`` is that of its entry ``seq``. Written together with that entry.

    ``seal`` = HMAC-SHA256(the head key derived from key ``key_id``, canonical JSON of every other field): without the
    key nobody can set the head back to an earlier entry after removing the later ones.
    """

    version: Literal[1] = 1
    writer: KeyId
    seq: int = Field(ge=1)
    key_id: KeyId
    mac: Sha256
    seal: Sha256


class CustomerKey(Contract):
    """A customer's key, as it is stored: ``wrapped`` under a key-encryption key that the store does not hold.

    Destroying it makes every sealed part with this ``key_id`` unreadable for ever.
    """

    key_id: str = Field(pattern=r"^[0-9a-f]{16}$")
    wrapped: str = Field(pattern=r"^(ring|kms)\.[A-Za-z0-9_-]{1,64}\.[A-Za-z0-9+/]+={0,2}$")


class SealedPart(Contract):
    """The personal part of a payload, under a key of this entry alone; see `understudy.audit.encryption`."""

    alg: Literal["A256GCM-deflate"] = "A256GCM-deflate"
    key: str = Field(pattern=r"^[0-9a-f]{16}$", description="`CustomerKey.key_id`")
    data: Base64 = Field(description="salt (16 bytes), commitment (32 bytes), ciphertext with its tag")


class Span(Contract):
    """Consecutive entries of one writer: ``first`` to ``last``, which has ``mac``."""

    writer: KeyId
    first: int = Field(ge=1)
    last: int = Field(ge=1)
    mac: Sha256


class Checkpoint(Contract):
    """What was in the whole log at one moment, in a few lines that are signed.

    The log's Merkle tree (RFC 6962, SHA-256) has one leaf per entry: the entry's bytes. Its leaves stand in the order
    of the checkpoints that first covered them, within a checkpoint by writer (as ASCII) and sequence number: so each
    checkpoint's tree is a prefix of the next one's, whatever the writers do between. ``spans_sha256`` binds the list
    of those that this checkpoint added.
    """

    version: Literal[1] = 1
    number: int = Field(ge=1)
    at: str = Field(description="UTC, ISO 8601 with microseconds")
    size: int = Field(ge=1, description="entries in the tree")
    root: Sha256
    writers: int = Field(ge=1, description="writers in the tree")
    added: int = Field(ge=1, description="entries that this checkpoint added")
    spans_sha256: Sha256 = Field(description="SHA-256 of the canonical JSON of the added spans")
    previous: Sha256 = Field(
        description="SHA-256 of the canonical JSON of the checkpoint before; 64 zeros for the first"
    )
    key: str = Field(
        pattern=r"^[0-9a-f]{16}$", description="first 8 bytes of the SHA-256 of the public key (DER, SPKI)"
    )


class SignedCheckpoint(Contract):
    """A checkpoint, and the signature over its canonical JSON."""

    checkpoint: Checkpoint
    signature: Base64


class CheckpointFile(Contract):
    """A checkpoint as it is stored, with what it added: the spans, and the leaf hashes (32 bytes each) in their order.

    Neither is signed: ``spans_sha256`` and the root bind them.
    """

    signed: SignedCheckpoint
    spans: list[Span]
    leaves: Base64


class Consistency(Contract):
    """That the log only grew: ``since`` (which the reader may hold a copy of) is a prefix of a later checkpoint."""

    since: SignedCheckpoint
    path: list[Sha256]


class EntryProof(Contract):
    """Everything that a third party needs, beside the public key, to see that an entry is in the log, unchanged.

    ``disclosed``: the key of this entry's sealed part (base64 of 44 bytes), if the holder of the log chose to show it;
    it opens this entry and no other.
    """

    format: Literal["understudy-entry-proof-1"] = "understudy-entry-proof-1"
    entry: Base64 = Field(description="the entry's bytes, exactly as stored")
    index: int = Field(ge=0, description="its leaf's place in the tree")
    path: list[Sha256] = Field(description="RFC 6962 audit path, lowest first")
    signed: SignedCheckpoint
    consistency: Consistency | None = None
    disclosed: Base64 | None = None
