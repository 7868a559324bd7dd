"""The series of signed checkpoints: each one verified against the one before, and the tree that they describe."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, NamedTuple

from understudy.atomic import canonical_json
from understudy.audit.envelope import GENESIS
from understudy.audit.ranges import CompactRange
from understudy.contracts.audit import Checkpoint, CheckpointFile, SignedCheckpoint, Span

if TYPE_CHECKING:  # a signature is checked where keys are given: whoever has none need not load it
    from understudy.audit.signing import PublicKeys

__all__ = ["Covered", "Series", "SeriesError", "checkpoint_bytes", "signature_holds", "spans_digest"]

HASH = 32


class SeriesError(Exception):
    """A checkpoint does not verify; ``number`` is the first such one."""

    def __init__(self, number: int, detail: str) -> None:
        self.number = number
        self.detail = detail
        super().__init__(f"checkpoint {number}: {detail}")


class Covered(NamedTuple):
    """Consecutive entries of a writer that one checkpoint covers; the first one's leaf is leaf ``leaf``."""

    first: int
    last: int
    leaf: int
    number: int


class Series:
    """Checkpoints 1 to ``len(checkpoints)``, and what they cover.

    Memory: 32 bytes per covered entry (the leaves), and one `Covered` per writer and checkpoint.
    """

    def __init__(self, keys: PublicKeys) -> None:
        self._keys = keys
        self._tree = CompactRange()
        self._leaves: list[bytes] = []  # of each checkpoint
        self.checkpoints: list[SignedCheckpoint] = []
        self.covered: dict[str, list[Covered]] = {}
        self.macs: dict[str, str] = {}  # writer -> mac of its last covered entry

    @classmethod
    def read(cls, files: Iterable[tuple[int, bytes]], keys: PublicKeys) -> Series:
        """Verify stored checkpoints, given as (number, bytes) in order.

        Raises:
            SeriesError: one of them does not verify.
        """
        series = cls(keys)
        for number, raw in files:
            series.add(number, raw)
        return series

    @property
    def size(self) -> int:
        """Entries in the tree."""
        return self._tree.size

    def last_of(self, writer: str) -> int:
        """The writer's last covered seq; 0 if none is."""
        return self.covered[writer][-1].last if writer in self.covered else 0

    def leaves(self, number: int | None = None) -> list[bytes]:
        """The leaf hashes of the tree of checkpoint ``number`` (default: the last)."""
        joined = b"".join(self._leaves[:number])
        return [joined[at : at + HASH] for at in range(0, len(joined), HASH)]

    def leaf(self, covered: Covered, seq: int) -> bytes:
        """The leaf hash of the writer's entry ``seq``."""
        before = self.checkpoints[covered.number - 2].checkpoint.size if covered.number > 1 else 0
        at = (covered.leaf + seq - covered.first - before) * HASH
        return self._leaves[covered.number - 1][at : at + HASH]

    def add(self, number: int, raw: bytes) -> None:
        """Take the next checkpoint, if it verifies.

        Raises:
            SeriesError: it does not; the series is unchanged.
        """
        if number != len(self.checkpoints) + 1:
            raise SeriesError(len(self.checkpoints) + 1, f"it is missing; the next one that is there is {number}")
        try:
            file = CheckpointFile.model_validate_json(raw)
            leaves = _decoded(file.leaves)
        except ValueError:
            raise SeriesError(number, "it cannot be read") from None
        core = file.signed.checkpoint
        self._check_core(number, file.signed)
        if spans_digest(file.spans) != core.spans_sha256:
            raise SeriesError(number, "its list of spans is not the one that was signed")
        self._check_spans(number, file.spans, core)
        if len(leaves) != HASH * core.added or core.size != self.size + core.added:
            raise SeriesError(number, "its counts do not add up")
        tree = self._tree.copy()
        tree.extend(leaves[at : at + HASH] for at in range(0, len(leaves), HASH))
        if tree.root().hex() != core.root:
            raise SeriesError(number, "its leaves do not lead to the root that was signed")
        self._take(file, leaves, tree)

    def _check_core(self, number: int, signed: SignedCheckpoint) -> None:
        core = signed.checkpoint
        if not signature_holds(signed, self._keys):
            raise SeriesError(number, "it was not signed by an accepted key")
        if core.number != number:
            raise SeriesError(number, f"checkpoint {core.number} stands in its place")
        if not hmac.compare_digest(core.previous, self.tip):
            raise SeriesError(number, "it does not follow the checkpoint before")

    def _check_spans(self, number: int, spans: Sequence[Span], core: Checkpoint) -> None:
        names = [span.writer for span in spans]
        fits = all(span.first == self.last_of(span.writer) + 1 and span.last >= span.first for span in spans)
        if names != sorted(set(names)) or not fits:
            raise SeriesError(number, "its spans do not continue those before")
        if sum(span.last - span.first + 1 for span in spans) != core.added:
            raise SeriesError(number, "its spans do not add up")
        if len(self.covered.keys() | set(names)) != core.writers:
            raise SeriesError(number, "its number of writers does not add up")

    def _take(self, file: CheckpointFile, leaves: bytes, tree: CompactRange) -> None:
        index, number = self.size, file.signed.checkpoint.number
        for span in file.spans:
            self.covered.setdefault(span.writer, []).append(Covered(span.first, span.last, index, number))
            self.macs[span.writer] = span.mac
            index += span.last - span.first + 1
        self._tree = tree
        self._leaves.append(leaves)
        self.checkpoints.append(file.signed)

    @property
    def tip(self) -> str:
        """What the next checkpoint names as the one before."""
        if not self.checkpoints:
            return GENESIS
        return hashlib.sha256(checkpoint_bytes(self.checkpoints[-1].checkpoint)).hexdigest()

    def grown(self, leaves: Iterable[bytes]) -> tuple[int, str]:
        """Size and root (hex) of the tree if ``leaves`` were appended."""
        tree = self._tree.copy()
        tree.extend(leaves)
        return tree.size, tree.root().hex()


def checkpoint_bytes(checkpoint: Checkpoint) -> bytes:
    """What is signed: the canonical JSON."""
    return canonical_json(checkpoint.model_dump(mode="json"))


def spans_digest(spans: Sequence[Span]) -> str:
    """SHA-256 (hex) of the canonical JSON of ``spans``."""
    return hashlib.sha256(canonical_json([span.model_dump(mode="json") for span in spans])).hexdigest()


def signature_holds(signed: SignedCheckpoint, keys: PublicKeys) -> bool:
    """Whether one of ``keys`` signed it."""
    try:
        signature = _decoded(signed.signature)
    except ValueError:
        return False
    return keys.verifies(signed.checkpoint.key, signature, checkpoint_bytes(signed.checkpoint))


def _decoded(text: str) -> bytes:
    """Base64, in the one way to write it: a last character may not differ in bits that nobody reads."""
    found = base64.b64decode(text, validate=True)
    if base64.b64encode(found).decode() != text:
        raise ValueError("not the canonical base64")
    return found
