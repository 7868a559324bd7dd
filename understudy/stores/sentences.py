"""What a store promises about sentences with slots."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from understudy.contracts.sentences import StoredSentence

__all__ = ["SentenceStore"]


class SentenceStore(Protocol):
    """Sentences that a language model wrote, and what it could not write. Nothing in them is of a customer."""

    def read_sentences(self, ids: Sequence[str]) -> dict[str, StoredSentence]:
        """Those of at most 100 `SentenceKey.id`s that exist, in one round trip.

        Unlike other reads, this one may miss what was written within the last second.

        Raises:
            StoreError: the database cannot answer.
        """

    def put_sentence(self, sentence: StoredSentence) -> None:
        """Insert or replace the sentence of its key.

        Raises:
            StoreError: the database cannot answer.
        """
