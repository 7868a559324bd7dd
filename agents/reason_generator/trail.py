"""What the audit log keeps of the writing of sentences: every call of a model, and every verdict on a text."""

from __future__ import annotations

import hashlib
from typing import Any

from agents.bedrock import CallRecord
from agents.reason_generator.judge import Judged
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
        self._log.append("guardrail", {**_subject(key, text), "verdict": verdict.model_dump(mode="json")})

    def judgement(self, key: SentenceKey, text: str, judge: str, outcome: Judged | str) -> None:
        """A ``guardrail`` entry: who judged, the verdict (null where there is none, and why), and the hashes of what
        was asked and answered.

        Raises:
            StoreError: it may not be durable.
        """
        said: dict[str, Any] = {"outcome": outcome, "verdict": None, "calls": []}
        if isinstance(outcome, Judged):
            calls = [call.model_dump(include={"request_sha256", "response_sha256"}) for call in outcome.calls]
            said = {"outcome": "ok", "verdict": outcome.verdict.model_dump(mode="json"), "calls": calls}
        self._log.append("guardrail", {**_subject(key, text), "judge": judge, **said})


def _subject(key: SentenceKey, text: str) -> dict[str, Any]:
    digest = hashlib.sha256(text.encode()).hexdigest()
    return {"subject": "sentence", "key": key.model_dump(mode="json"), "text_sha256": digest}
