"""Sign what the log holds now."""

from __future__ import annotations

import base64

from understudy.audit.chain import Chain
from understudy.audit.checkpoint_store import CheckpointStore
from understudy.audit.envelope import GENESIS
from understudy.audit.finding import BadEntry
from understudy.audit.heads import read_head
from understudy.audit.keyring import Keyring
from understudy.audit.ranges import leaf_hash
from understudy.audit.series import Series, checkpoint_bytes, spans_digest
from understudy.audit.signing import PublicKeys, Signer, fingerprint
from understudy.clock import utc_now
from understudy.contracts.audit import AuditHead, Checkpoint, CheckpointFile, SignedCheckpoint, Span
from understudy.stores import ServingStore

__all__ = ["DamagedLogError", "make_checkpoint"]


class DamagedLogError(Exception):
    """Nothing was signed, because the log does not verify; ``bad`` says where."""

    def __init__(self, bad: BadEntry) -> None:
        self.bad = bad
        super().__init__(str(bad))


def make_checkpoint(
    store: ServingStore, keyring: Keyring, signer: Signer, checkpoints: CheckpointStore, keys: PublicKeys | None = None
) -> Checkpoint | None:
    """Verify the entries since the last checkpoint, and sign a new one over all; None if there are no new ones.

    It costs the checkpoints so far and the new entries, not the log. Writers may append meanwhile: each is covered up
    to the head it had at the start.

    Args:
        store: The log.
        keyring: Its keys.
        signer: Signs.
        checkpoints: Where the series is, and continues.
        keys: The keys that signed the series so far (default: the signer's).

    Raises:
        DamagedLogError: the log does not verify, or is behind the last checkpoint.
        SeriesError: the series does not verify.
        CheckpointConflictError: somebody else made a checkpoint at the same time.
        StoreError: the log cannot be read.
        UserError: the checkpoints cannot be read or written, or the key cannot sign.
    """
    series = Series.read(checkpoints.read(), keys or PublicKeys(signer.public_pem, where="the signer"))
    spans: list[Span] = []
    leaves: list[bytes] = []
    for writer, head in sorted(_heads(store, keyring, series).items()):
        if head.seq > series.last_of(writer):
            spans.append(Span(writer=writer, first=series.last_of(writer) + 1, last=head.seq, mac=head.mac))
            leaves += _new_leaves(store, keyring, series, head)
    if not spans:
        return None
    size, root = series.grown(leaves)
    core = Checkpoint(
        number=len(series.checkpoints) + 1,
        at=utc_now().isoformat(timespec="microseconds"),
        size=size,
        root=root,
        writers=len(series.covered.keys() | {span.writer for span in spans}),
        added=len(leaves),
        spans_sha256=spans_digest(spans),
        previous=series.tip,
        key=fingerprint(signer.public_pem),
    )
    signature = base64.b64encode(signer.sign(checkpoint_bytes(core))).decode()
    signed = SignedCheckpoint(checkpoint=core, signature=signature)
    file = CheckpointFile(signed=signed, spans=spans, leaves=base64.b64encode(b"".join(leaves)).decode())
    checkpoints.put(core.number, file.model_dump_json().encode())
    return core


def _heads(store: ServingStore, keyring: Keyring, series: Series) -> dict[str, AuditHead]:
    """The verified heads; every writer that the series knows must be there, and no further back."""
    heads: dict[str, AuditHead] = {}
    for raw, body in store.heads():
        writer = raw.decode("utf-8", "backslashreplace") if isinstance(raw, bytes) else str(raw)
        head = read_head(keyring, writer, body)
        if isinstance(head, str):
            raise DamagedLogError(BadEntry(writer, series.last_of(writer), "head", head))
        heads[writer] = head
    for writer in sorted(series.covered):
        end, known = heads[writer].seq if writer in heads else 0, series.last_of(writer)
        if end < known:
            raise DamagedLogError(
                BadEntry(writer, end + 1, "rolled_back", f"a checkpoint covers {known} entries of it")
            )
    return heads


def _new_leaves(store: ServingStore, keyring: Keyring, series: Series, head: AuditHead) -> list[bytes]:
    writer, known = head.writer, series.last_of(head.writer)
    chain = Chain(writer, keyring, mark=head.seq, after=(known, series.macs.get(writer, GENESIS)))
    leaves: list[bytes] = []
    for row in store.chain(writer, known):
        if not chain.take(row):
            break
        leaves.append(leaf_hash(row[3]))
        if chain.last == head.seq:
            break
    bad = chain.finish(head, head)
    if bad is not None:
        raise DamagedLogError(bad)
    return leaves
