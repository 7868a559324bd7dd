"""Sentences that a language model writes once and code fills for every customer, and the jobs that ask for them."""

from __future__ import annotations

import hashlib
from functools import cached_property
from typing import Literal

from pydantic import Field

from understudy.atomic import canonical_json
from understudy.contracts._model import Contract, Locale, Name

__all__ = ["MAX_ATTEMPTS", "MAX_SENTENCE", "SentenceKey", "StoredSentence"]

MAX_SENTENCE = 400
# A key at which the model failed so often is left to the template until the prompt or the model changes.
MAX_ATTEMPTS = 3


class SentenceKey(Contract):
    """What one sentence is about, and who wrote it. A job on the queue is a key and nothing else.

    ``signature`` is that of the facts (`agents.feature_selector.signature`); it holds no value of any customer.
    """

    signature: str = Field(min_length=1, max_length=400, pattern=r"^[A-Za-z0-9._|+\-]*$")
    product: Name
    locale: Locale
    channel: Literal["branch", "app"]
    prompt: str = Field(pattern=r"^[a-z][a-z0-9_-]{0,63}@[0-9]{1,6}$")
    model: str = Field(pattern=r"^[A-Za-z0-9._:/-]{1,200}$")

    @cached_property
    def id(self) -> str:
        """sha256 over the key: what the stores look up."""
        return hashlib.sha256(canonical_json(self.model_dump())).hexdigest()


class StoredSentence(Contract):
    """The sentence of a key; or, with ``refused``, that the model has failed at it ``attempts`` times and why.

    ``text`` holds the slots ``{product}``, ``{fact1}`` ... with particles as in `Template`, and no number. ``judge``
    says which language model read it, after the Safety Gate, and passed it: ``<model id> <prompt>@<version>``.
    """

    key: SentenceKey
    status: Literal["ready", "refused"]
    text: str = Field(default="", max_length=MAX_SENTENCE)
    judge: str = Field(default="", max_length=300, description="empty: none did")
    attempts: int = Field(default=1, ge=1)
    note: str = Field(default="", max_length=400)
    written_at: str = Field(description="UTC, ISO 8601")

    @property
    def may_retry(self) -> bool:
        """Whether the model may be asked for it once more."""
        return self.status == "refused" and self.attempts < MAX_ATTEMPTS
