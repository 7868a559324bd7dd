"""Verify every chain, trusting nothing but the keys."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from understudy.audit.chain import Chain
from understudy.audit.coverage import Coverage
from understudy.audit.finding import BadEntry
from understudy.audit.heads import read_head
from understudy.audit.keyring import Keyring
from understudy.contracts.audit import AuditHead
from understudy.stores import ServingStore, StoredEntry

__all__ = ["BadEntry", "FsckReport", "fsck"]


@dataclass(frozen=True)
class FsckReport:
    """What a full verification found; ``bad`` holds the first bad entry of each writer that has one.

    ``checkpoints``: how many signed checkpoints were held against the log (None: none were given), ``covered``: how
    many entries they cover.
    """

    entries: int
    writers: int
    bad: list[BadEntry] = field(default_factory=list)
    checkpoints: int | None = None
    covered: int = 0

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


def fsck(
    store: ServingStore,
    keyring: Keyring,
    coverage: Coverage | None = None,
    witness: Callable[[StoredEntry], None] | None = None,
) -> FsckReport:
    """Re-verify everything: layout, macs, links, sequence, duplicates, heads. Streams; memory is constant per writer.

    Entries may be appended meanwhile: heads are read before and after, and a chain must end between the two.

    Found: an entry edited, removed, reordered, duplicated, appended or truncated away by anybody without the keys. With
    ``coverage`` (signed checkpoints, read before the log) also, for the entries that they cover: the whole database set
    back to an older state of its own, a writer removed with all its entries and its head, and whatever was done by
    somebody who holds the keys of the ring.

    ``witness`` is shown every row that is the next entry of an intact chain, for who wants to read what is proven.

    Raises:
        StoreError: the database cannot be read to its end.
    """
    before = _heads(store, keyring)
    chains: dict[Any, Chain] = {}
    entries = 0
    writer: Any = None
    chain = Chain(None, keyring)
    for row in store.entries():
        entries += 1
        if row[0] != writer or entries == 1:
            writer = row[0]
            if writer not in chains:
                chains[writer] = Chain(_name(writer), keyring, mark=_seq(before.get(writer)))
            chain = chains[writer]
        if chain.take(row):
            if coverage is not None:
                coverage.take(writer, row[1], row[3])
            if witness is not None:
                witness(row)
    after = _heads(store, keyring)
    writers = sorted(chains.keys() | before.keys() | after.keys(), key=_name)
    findings: dict[Any, BadEntry] = {}
    for each in writers:
        bad = (chains.get(each) or Chain(_name(each), keyring)).finish(before.get(each), after.get(each))
        if bad is not None:
            findings[_name(each)] = bad
    if coverage is not None:
        for name, bad in coverage.finish({_name(each): chain.last for each, chain in chains.items()}).items():
            if name not in findings or (bad.problem == "rewritten" and bad.seq < findings[name].seq):
                findings[name] = bad
    bad_entries = sorted(findings.values(), key=lambda bad: str(bad.writer))
    if coverage is None:
        return FsckReport(entries, len(writers), bad_entries)
    return FsckReport(entries, len(writers), bad_entries, coverage.checkpoints, coverage.size)


def _seq(head: AuditHead | str | None) -> int | None:
    return head.seq if isinstance(head, AuditHead) else None


def _name(writer: Any) -> str:
    return writer.decode("utf-8", "backslashreplace") if isinstance(writer, bytes) else str(writer)


def _heads(store: ServingStore, keyring: Keyring) -> dict[Any, AuditHead | str]:
    """Writer -> its verified head, or in words why the stored one is worth nothing."""
    return {writer: read_head(keyring, _name(writer), body) for writer, body in store.heads()}
