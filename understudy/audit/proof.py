"""Prove to a third party, who has nothing but the public key, that an entry is in the log."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from typing import Any

from understudy.audit import encryption
from understudy.audit.customer_keys import CustomerKeys
from understudy.audit.envelope import EnvelopeError, payload_of, unpack
from understudy.audit.merkle import (
    MerkleError,
    consistency_proof,
    inclusion_proof,
    leaf_hash,
    verify_consistency,
    verify_inclusion,
)
from understudy.audit.series import Series, signature_holds
from understudy.audit.signing import PublicKeys
from understudy.contracts.audit import Checkpoint, Consistency, CustomerKey, EntryProof, SealedPart

__all__ = ["NotCoveredError", "ProofError", "Proven", "disclosure", "prove", "verify_proof"]


class NotCoveredError(Exception):
    """No checkpoint covers the entry yet."""


class ProofError(Exception):
    """The proof does not prove what it claims to."""


@dataclass(frozen=True)
class Proven:
    """What a verified proof shows.

    ``payload`` is the readable part; ``disclosed`` the sealed part, if it was disclosed. ``consistent_since`` is the
    number of the earlier checkpoint that the log was shown to have grown from.
    """

    writer: str
    seq: int
    at: str
    kind: str
    payload: dict[str, Any]
    disclosed: dict[str, Any] | None
    checkpoint: Checkpoint
    consistent_since: int | None


def prove(series: Series, body: bytes, *, since: int | None = None, disclosed: bytes | None = None) -> EntryProof:
    """The proof for the entry whose stored bytes are ``body``, in the tree of the last checkpoint.

    Args:
        series: The checkpoints.
        body: The entry.
        since: Number of an earlier checkpoint, to show that the log only grew since.
        disclosed: What opens the entry's sealed part (see `disclosure`).

    Raises:
        NotCoveredError: no checkpoint covers the entry, or none has the number ``since``.
        ProofError: the bytes are not those that the checkpoint covers.
    """
    entry = unpack(body)
    writer, seq = entry.writer.decode(), int(entry.seq)
    span = next((one for one in series.covered.get(writer, []) if one.first <= seq <= one.last), None)
    if span is None:
        raise NotCoveredError(f"no checkpoint covers entry {seq} of writer {writer}")
    leaves, index = series.leaves(), span.leaf + seq - span.first
    if leaf_hash(body) != leaves[index]:
        raise ProofError(f"entry {seq} of writer {writer} is not the one that checkpoint {span.number} covers")
    return EntryProof(
        entry=base64.b64encode(body).decode(),
        index=index,
        path=[one.hex() for one in inclusion_proof(leaves, index)],
        signed=series.checkpoints[-1],
        consistency=_consistency(series, leaves, since) if since is not None else None,
        disclosed=base64.b64encode(disclosed).decode() if disclosed else None,
    )


def _consistency(series: Series, leaves: list[bytes], since: int) -> Consistency:
    if not 1 <= since <= len(series.checkpoints):
        raise NotCoveredError(f"there is no checkpoint {since}")
    earlier = series.checkpoints[since - 1]
    path = consistency_proof(leaves, earlier.checkpoint.size)
    return Consistency(since=earlier, path=[one.hex() for one in path])


def disclosure(keys: CustomerKeys, customer_id: str, stored: CustomerKey | None, body: bytes) -> bytes:
    """What opens the sealed part of the entry ``body``, and of no other.

    Raises:
        ProofError: the entry has no sealed part, or the key that it was sealed with is not the stored one.
        CustomerKeyError: the key cannot be unwrapped.
    """
    payload = payload_of(body, unpack(body))
    if "sealed" not in payload:
        raise ProofError("the entry has no sealed part")
    part = SealedPart.model_validate(payload["sealed"])
    if stored is None or stored.key_id != part.key:
        raise ProofError("the key of this customer's entry is another, or was destroyed")
    return encryption.entry_secret(keys.open(customer_id, stored), part)


def verify_proof(proof: EntryProof, keys: PublicKeys) -> Proven:
    """Check a proof with nothing but the public key.

    Raises:
        ProofError: it does not hold; says why.
    """
    core = proof.signed.checkpoint
    if not signature_holds(proof.signed, keys):
        raise ProofError("the checkpoint was not signed by this key")
    try:
        body = base64.b64decode(proof.entry, validate=True)
        path = [bytes.fromhex(one) for one in proof.path]
        verify_inclusion(proof.index, core.size, leaf_hash(body), path, bytes.fromhex(core.root))
        entry = unpack(body)
        payload = payload_of(body, entry)
        disclosed = _disclosed(proof, payload, entry.kind.decode())
        if proof.consistency is not None:
            _check_consistency(proof.consistency, core, keys)
    except (MerkleError, EnvelopeError, encryption.UnsealError, ValueError) as error:
        raise ProofError(str(error)) from None
    return Proven(
        writer=entry.writer.decode(),
        seq=int(entry.seq),
        at=entry.at.decode(),
        kind=entry.kind.decode(),
        payload={name: value for name, value in payload.items() if name != "sealed"},
        disclosed=disclosed,
        checkpoint=core,
        consistent_since=proof.consistency.since.checkpoint.number if proof.consistency else None,
    )


def _disclosed(proof: EntryProof, payload: dict[str, Any], kind: str) -> dict[str, Any] | None:
    if proof.disclosed is None:
        return None
    part = SealedPart.model_validate(payload.get("sealed"))
    bound = encryption.associated(kind, str(payload["pseudonym"]), part.key)
    return encryption.open_disclosed(base64.b64decode(proof.disclosed, validate=True), part, bound)


def _check_consistency(consistency: Consistency, core: Checkpoint, keys: PublicKeys) -> None:
    if not signature_holds(consistency.since, keys):
        raise ProofError("the earlier checkpoint was not signed by this key")
    since, path = consistency.since.checkpoint, [bytes.fromhex(one) for one in consistency.path]
    verify_consistency(since.size, core.size, bytes.fromhex(since.root), bytes.fromhex(core.root), path)
