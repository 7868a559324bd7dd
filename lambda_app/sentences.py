"""Sentences that a language model wrote beforehand: looked up for all products at once, and ordered if absent."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from agents.feature_selector import Selection
from agents.feature_selector.signature import unordered
from agents.reason_generator import Channel
from agents.reason_generator.prompt import JUDGE_PROMPT, PROMPT
from lambda_app.backing import Backing
from lambda_app.logs import log
from lambda_app.sentence_jobs import SentenceJobs
from understudy.contracts._model import Locale
from understudy.contracts.sentences import SentenceKey, StoredSentence
from understudy.stores import StoreError

__all__ = ["NO_SENTENCES", "Found", "Sentences", "StoredSentences"]


@dataclass(frozen=True)
class Found:
    """Texts by key, and the keys for which there is nothing yet. A key in neither is not to be asked for again."""

    ready: Mapping[SentenceKey, str] = field(default_factory=dict)
    missing: frozenset[SentenceKey] = frozenset()


class Sentences(Protocol):
    """Where an explanation finds sentences."""

    def key(self, selection: Selection, product: str, locale: Locale, channel: Channel) -> SentenceKey | None:
        """The key of the sentence for these facts; None: a template speaks."""

    def find(self, keys: Sequence[SentenceKey]) -> Found:
        """What there is for ``keys``, in one round trip; without keys, in none. Never raises."""

    def order(self, keys: Sequence[SentenceKey]) -> None:
        """Have them written for the next request. Returns at once, and never raises."""


class _NoSentences:
    """No language model: templates speak."""

    def key(self, selection: Selection, product: str, locale: Locale, channel: Channel) -> SentenceKey | None:
        del selection, product, locale, channel
        return None

    def find(self, keys: Sequence[SentenceKey]) -> Found:
        del keys
        return Found()

    def order(self, keys: Sequence[SentenceKey]) -> None:
        del keys


NO_SENTENCES: Sentences = _NoSentences()


class StoredSentences:
    """Those of one model in the function's store. No model is called here, and nothing here can fail a request.

    Args:
        model: Id of the model whose sentences are wanted.
        queue: URL of the queue of jobs; empty: absent sentences are not ordered.
        backing: Where the store comes from.
        judge: Id of the model that must have judged a sentence; empty: none need have.
    """

    def __init__(self, model: str, queue: str, backing: Backing, judge: str = "") -> None:
        # Only who has a model's sentences told needs to know its prompts.
        from agents.bedrock.prompts import load_prompt

        self._model = model
        self._judge = f"{judge} {load_prompt(JUDGE_PROMPT).label}" if judge else ""
        self._prompt = load_prompt(PROMPT).label
        self._backing = backing
        self._jobs = SentenceJobs(queue) if queue else None

    def key(self, selection: Selection, product: str, locale: Locale, channel: Channel) -> SentenceKey | None:
        # A note says that something about the facts is not as it should be: then nothing but templates.
        if not selection.facts or selection.note or len(selection.signature) > 400:
            return None
        return SentenceKey(
            signature=unordered(selection.signature),
            product=product,
            locale=locale,
            channel=channel,
            prompt=self._prompt,
            model=self._model,
        )

    def find(self, keys: Sequence[SentenceKey]) -> Found:
        if not keys:
            return Found()
        try:
            stored = self._backing.store.read_sentences([key.id for key in keys])
        except StoreError as error:
            log("sentences_failed", error=type(error).__name__)
            return Found()
        ready = {key: one.text for key in keys if (one := stored.get(key.id)) and self._speaks(one)}
        settled = {key for key in keys if (one := stored.get(key.id)) and one.status == "refused" and not one.may_retry}
        return Found(ready, frozenset(keys) - ready.keys() - settled)

    def _speaks(self, one: StoredSentence) -> bool:
        return one.status == "ready" and self._judge in ("", one.judge)

    def order(self, keys: Sequence[SentenceKey]) -> None:
        if self._jobs is not None and keys:
            self._jobs.place(keys)
