"""What the audit log keeps of the writing of sentences: every call of a model, and every verdict on a text."""

from __future__ import annotations

import hashlib

from agents.bedrock import CallRecord
from agents.safety_gate import Verdict
from understudy.audit import AuditLog
from understudy.contracts.sentences import SentenceKey

__all__ = ["SentenceTrail"]


class SentenceTrail:
    """Entries of one worker's chain. There is nothing of a customer in them: the worker knows of none."""

    def __init__(self, log: AuditLog) -> None:
        self._log = log

    def call(self, record: CallRecord) -> None:
        """An ``operation`` entry.

        Raises:
            StoreError: it may not be durable; then what the model said must not be used.
        """
        self._log.append("operation", {"operation": "llm_call", **record.model_dump(mode="json")})

    def verdict(self, key: SentenceKey, text: str, verdict: Verdict) -> None:
        """A ``guardrail`` entry.

        Raises:
            StoreError: it may not be durable.
        """
        payload = {
            "subject": "sentence",
            "key": key.model_dump(mode="json"),
            "text_sha256": hashlib.sha256(text.encode()).hexdigest(),
            "verdict": verdict.model_dump(mode="json"),
        }
        self._log.append("guardrail", payload)
