"""Verify every chain, trusting nothing but the keys."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from understudy.audit.chain import Chain
from understudy.audit.finding import BadEntry
from understudy.audit.keyring import Keyring
from understudy.audit.sealing import sealed
from understudy.contracts.audit import AuditHead
from understudy.stores import ServingStore

__all__ = ["BadEntry", "FsckReport", "fsck"]


@dataclass(frozen=True)
class FsckReport:
    """What a full verification found; ``bad`` holds the first bad entry of each writer that has one."""

    entries: int
    writers: int
    bad: list[BadEntry] = field(default_factory=list)

    @property
    def verdict(self) -> Literal["clean", "damaged", "empty"]:
        """``empty``: there was nothing to verify, which is what a wiped log looks like too."""
        if self.bad:
            return "damaged"
        return "clean" if self.entries else "empty"

    @property
    def exit_code(self) -> int:
        """0 clean, 3 damaged, 4 nothing to verify."""
        return {"clean": 0, "damaged": 3, "empty": 4}[self.verdict]


def fsck(store: ServingStore, keyring: Keyring) -> FsckReport:
    """Re-verify everything: schema, macs, links, sequence, duplicates, heads. Streams; memory is constant per writer.

    Entries may be appended meanwhile: heads are read before and after, and a chain must end between the two.

    Found: an entry edited, removed, reordered, duplicated, appended or truncated away by anybody without the keys.
    Not found: the whole database, heads included, set back to an older state of its own; a writer removed with all
    its entries and its head; anything done by somebody who holds the keys. Signed checkpoints kept elsewhere are the
    remedy for the first two.

    Raises:
        StoreError: the database cannot be read to its end.
    """
    before = _heads(store, keyring)
    chains: dict[Any, Chain] = {}
    entries = 0
    for row in store.entries():
        entries += 1
        writer = row["writer"]
        if writer not in chains:
            chains[writer] = Chain(writer, keyring, mark=_seq(before.get(writer)))
        chains[writer].take(row)
    after = _heads(store, keyring)
    writers = chains.keys() | before.keys() | after.keys()
    findings = [
        (chains.get(w) or Chain(w, keyring, mark=None)).finish(before.get(w), after.get(w))
        for w in sorted(writers, key=str)
    ]
    return FsckReport(entries, len(writers), [bad for bad in findings if bad is not None])


def _seq(head: AuditHead | str | None) -> int | None:
    return head.seq if isinstance(head, AuditHead) else None


def _heads(store: ServingStore, keyring: Keyring) -> dict[Any, AuditHead | str]:
    """Writer -> its verified head, or in words why the stored one is worth nothing."""
    return {row["writer"]: _verified(row, keyring) for row in store.heads()}


def _verified(row: dict[str, Any], keyring: Keyring) -> AuditHead | str:
    try:
        head = AuditHead.model_validate_json(row["body"])
    except ValueError:
        return "the head cannot be read"
    if head.writer != row["writer"]:
        return f"the head belongs to writer {head.writer}"
    if head.key_id not in keyring:
        return f"the head names the unknown key {head.key_id}"
    return head if sealed(keyring, head) else "the head was not sealed with its key"
