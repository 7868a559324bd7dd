"""A juror: one perspective, in a session of its own with a language model."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from agents.bedrock import Allowance, CallRecord, CircuitBreaker, LanguageModel, LlmError, load_prompt, open_model
from agents.jury.ballot import Ballot, counted
from agents.jury.exhibits import Exhibits
from understudy.contracts.watch import Perspective, Vote
from understudy.stores import StoreError
from understudy.stores.ledger import Ledger

__all__ = ["PERSPECTIVES", "Judge", "ModelJudge", "bedrock_judges"]

PERSPECTIVES: tuple[Perspective, ...] = ("conservative", "statistical", "business")


class Judge(Protocol):
    """Somebody who votes from a perspective. Never raises: who cannot vote says why in the vote's ``error``."""

    perspective: Perspective

    def vote(self, shown: Exhibits, others: Sequence[Vote], *, remaining: Callable[[], float]) -> Vote:
        """Vote on ``shown`` within ``remaining()`` seconds; ``others`` are the votes of a round before."""


class ModelJudge:
    """A juror that asks a language model, and knows nothing of the other jurors but what ``others`` holds."""

    def __init__(self, perspective: Perspective, model: LanguageModel) -> None:
        self.perspective = perspective
        self._model = model
        self._prompt = load_prompt(f"jury_{perspective}")

    @property
    def juror(self) -> str:
        """Model and prompt: ``model id, jury_statistical@1``."""
        return f"{self._model.id}, {self._prompt.label}"

    def vote(self, shown: Exhibits, others: Sequence[Vote], *, remaining: Callable[[], float]) -> Vote:
        item = shown.result.item
        prompt = self._prompt.fill(
            item={"id": item.id, "title": item.title, "rule": item.regulation},
            exhibits=shown.shown,
            cases=shown.cases,
            others=[{"vote": vote.vote, "reason": vote.reason, "evidence": vote.cites} for vote in others],
        )
        try:
            ballot = self._model.ask(prompt, Ballot, remaining=remaining).value
        except LlmError as error:
            return self._silent(error.reason)
        except StoreError as error:  # the books or the audit log cannot be read: nothing may be spent or used
            return self._silent(f"books: {type(error).__name__}")
        return counted(ballot, self.perspective, self.juror, shown.ids)

    def _silent(self, error: str) -> Vote:
        return Vote(perspective=self.perspective, vote=None, reason="", juror=self.juror, error=error)


def bedrock_judges(
    model_id: str, ledger: Ledger, allowance: Allowance, *, on_call: Callable[[CallRecord], None] | None = None
) -> list[Judge]:
    """The three perspectives on Bedrock: three sessions, each with its own circuit breaker, one budget.

    Raises:
        UserError: the model is not in the table of models.
    """
    return [
        ModelJudge(perspective, open_model(model_id, ledger, allowance, breaker=CircuitBreaker(), on_call=on_call))
        for perspective in PERSPECTIVES
    ]
