"""Why no answer came from a language model. ``reason`` is one word for audit entries and counts."""

from __future__ import annotations

__all__ = ["BudgetSpentError", "LlmError", "LlmRefusedError", "LlmUnavailableError"]


class LlmError(Exception):
    """No usable answer; the caller takes its deterministic path."""

    def __init__(self, reason: str, detail: str = "") -> None:
        self.reason = reason
        super().__init__(f"{reason}: {detail}" if detail else reason)


class LlmUnavailableError(LlmError):
    """Nobody answered (outage, throttling, timeout, open circuit): the same question may be asked again later."""


class LlmRefusedError(LlmError):
    """What came back must not be used (stop reason, form, schema), or the request was refused as such."""


class BudgetSpentError(LlmError):
    """The month's tokens or money are spent; nothing was asked."""

    def __init__(self, account: str) -> None:
        super().__init__("budget_spent", account)
