"""Re-verify the whole audit log, as a document that reports carry."""

from __future__ import annotations

from collections.abc import Callable
from heapq import nlargest

from agents.evidence import WatchSettings
from understudy.audit import Keyring, fsck, open_keyring
from understudy.audit.checkpoint_store import open_checkpoints
from understudy.audit.coverage import Coverage
from understudy.audit.heads import read_head
from understudy.audit.signing import verifying_keys
from understudy.clock import utc_now
from understudy.contracts.audit import AuditHead
from understudy.contracts.watch import BadPlace, ChainHead, LogState
from understudy.stores import ServingStore, StoredEntry, open_store

__all__ = ["verify_log"]

HEADS = 50


def verify_log(settings: WatchSettings, witness: Callable[[StoredEntry], None] | None = None) -> LogState:
    """Every entry of every chain, against its keys and its signed checkpoints.

    Without ``UNDERSTUDY_CHECKPOINTS`` and the public keys of who signs them, ``checkpoints`` is None: it is then not
    known whether the log was set back. ``witness`` is shown every entry that verifies.

    Raises:
        StoreError: the log cannot be read to its end.
        UserError: keys or checkpoints cannot be read.
    """
    at = utc_now().isoformat(timespec="seconds")
    keyring = open_keyring(settings.understudy_audit_keys)
    coverage = _coverage(settings)
    store = open_store(settings.understudy_store, read_only=True)
    try:
        report = fsck(store, keyring, coverage, witness)
        heads = _longest(store, keyring)
    finally:
        store.close()
    bad = [
        BadPlace(
            writer=str(each.writer),
            seq=each.seq if isinstance(each.seq, int) else str(each.seq),
            problem=each.problem,
            detail=each.detail,
        )
        for each in report.bad
    ]
    return LogState(
        at=at,
        verdict=report.verdict,
        entries=report.entries,
        writers=report.writers,
        bad=bad,
        checkpoints=report.checkpoints or None,
        covered=report.covered,
        last_checkpoint=coverage.last if coverage is not None else None,
        heads=heads,
    )


def _coverage(settings: WatchSettings) -> Coverage | None:
    url, pem = settings.understudy_checkpoints, settings.understudy_checkpoint_public_keys
    if url is None or pem is None:
        return None
    keys = verifying_keys(pem, where="UNDERSTUDY_CHECKPOINT_PUBLIC_KEYS")
    return Coverage(open_checkpoints(url).read(), keys)


def _longest(store: ServingStore, keyring: Keyring) -> list[ChainHead]:
    found = []
    for raw, body in store.heads():
        writer = raw.decode("utf-8", "backslashreplace") if isinstance(raw, bytes) else str(raw)
        head = read_head(keyring, writer, body)
        if isinstance(head, AuditHead):
            found.append(ChainHead(writer=writer, seq=head.seq, mac=head.mac))
    return nlargest(HEADS, found, key=lambda head: (head.seq, head.writer))
