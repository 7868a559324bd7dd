"""What a verification says about the first bad entry of a writer."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

__all__ = ["BadEntry", "Problem"]

Problem = Literal[
    "edited",
    "removed",
    "reordered",
    "duplicated",
    "appended",
    "truncated",
    "unknown_key",
    "foreign",
    "head",
    "rolled_back",
    "rewritten",
    "checkpoint",
]


@dataclass(frozen=True)
class BadEntry:
    """The first place where a writer's chain is not what the writer wrote.

    ``writer`` and ``seq`` are where the store says the entry is, or should be. Problems: ``edited`` (no longer what its
    mac says), ``removed`` (absent, later entries present), ``reordered`` (another entry stands in its place, and it in
    another), ``duplicated`` (a copy of an entry that is also elsewhere), ``appended`` (beyond what the writer
    acknowledged, or not linked to the entry before), ``truncated`` (absent, with all after it), ``unknown_key`` (its
    key is not in the ring), ``foreign`` (another writer's entry), ``head`` (the record of where the chain ends is
    missing or forged, so a truncation cannot be excluded), ``rolled_back`` (the chain is whole, but shorter than a
    signed checkpoint says), ``rewritten`` (the chain is whole, but the entry is another than a signed checkpoint
    covers), ``checkpoint`` (a checkpoint itself does not verify; ``writer`` is then "(checkpoints)" and ``seq`` its
    number).
    """

    writer: Any
    seq: Any
    problem: Problem
    detail: str

    def __str__(self) -> str:
        return f"writer {self.writer}, entry {self.seq}: {self.problem}: {self.detail}"
