"""A language model that reads what the rules have passed, and can only refuse it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from pydantic import Field, model_validator

from agents.bedrock import Answer, CallRecord, CircuitBreaker, LanguageModel, LlmRefusedError, load_prompt
from agents.reason_generator.prompt import JUDGE_PROMPT
from agents.safety_gate.findings import Criterion, Finding, Verdict, span_hash
from understudy.atomic import canonical_json
from understudy.contracts._model import Contract, Locale
from understudy.contracts.catalog import Product

__all__ = ["Case", "Judged", "Judgement", "LlmJudge", "Ruling"]

CRITERIA: tuple[Criterion, ...] = ("regulatory", "suitability", "hallucination", "tone", "factuality")


class Ruling(Contract):
    """What the judge says of one criterion."""

    verdict: Literal["pass", "fail"]
    quote: str = Field(max_length=1000, description="the words at fault, copied exactly; empty for a pass")

    @model_validator(mode="after")
    def _says_one_thing(self) -> Ruling:
        if (self.verdict == "fail") != bool(self.quote.strip()):
            raise ValueError("a fail quotes the words at fault, a pass quotes nothing")
        return self


class Judgement(Contract):
    """What the judge answers: a ruling on each criterion, none of them left out."""

    case: str = Field(description="copied from the data")
    regulatory: Ruling
    suitability: Ruling
    hallucination: Ruling
    tone: Ruling
    factuality: Ruling


@dataclass(frozen=True)
class Case:
    """What is judged: a sentence with slots, what its slots mean, and how it reads filled in."""

    sentence: str
    texts: Sequence[str]
    facts: Sequence[dict[str, str]]
    disclosure: str
    product: Product
    locale: Locale
    tone: str

    def fields(self) -> dict[str, Any]:
        """The variables of the prompt, ``case`` apart."""
        product = self.product
        return {
            "language": self.locale,
            "tone": self.tone,
            "product": {
                "name": product.name[self.locale],
                "type": product.type,
                "seller": product.seller[self.locale],
                "risk_level": product.risk_level,
            },
            "facts": list(self.facts),
            "sentence": self.sentence,
            "texts": list(self.texts),
            "disclosure": self.disclosure,
        }


@dataclass(frozen=True)
class Judged:
    """A valid judgement: the findings that it comes to, who made it, and every call that it took."""

    verdict: Verdict
    judge: str
    calls: tuple[CallRecord, ...]


class LlmJudge:
    """Asks a model for a ruling on five criteria.

    It is asked only about what the deterministic gate has passed, and all it can add is findings that block: whatever a
    text talks it into, a rejection stands. Without a valid judgement there is none, and the caller must not go on.
    ``breaker`` is that of ``model``.
    """

    def __init__(self, model: LanguageModel, breaker: CircuitBreaker | None = None) -> None:
        self._model = model
        self._breaker = breaker or CircuitBreaker()
        self._prompt = load_prompt(JUDGE_PROMPT)

    @property
    def label(self) -> str:
        """Who judges, as a stored sentence carries it: ``<model id> <prompt>@<version>``."""
        return f"{self._model.id} {self._prompt.label}"

    @property
    def resting(self) -> bool:
        """Whether it is known not to answer: then nothing need be written that it would have to read."""
        return self._breaker.resting()

    def judge(self, case: Case, *, remaining: Callable[[], float]) -> Judged:
        """Judge ``case`` within ``remaining()`` seconds.

        Raises:
            LlmUnavailableError: nobody answered.
            LlmRefusedError: the answer cannot be used, or is about another case.
            BudgetSpentError: nothing may be asked this month.
        """
        fields = case.fields()
        number = hashlib.sha256(canonical_json(fields)).hexdigest()[:12]
        prompt = self._prompt.fill(case=number, **fields)
        answer: Answer[Judgement] = self._model.ask(prompt, Judgement, remaining=remaining)
        if answer.value.case != number:
            raise LlmRefusedError("wrong_case")
        return Judged(Verdict.of(_findings(answer.value)), self.label, answer.calls)


def _findings(judgement: Judgement) -> list[Finding]:
    rulings = [(criterion, getattr(judgement, criterion)) for criterion in CRITERIA]
    return [
        Finding(
            rule_id=f"judge-{criterion}",
            clause="judge",
            criterion=criterion,
            where="text",
            span_hash=span_hash(ruling.quote),
            message="a model that read the text finds this criterion broken",
        )
        for criterion, ruling in rulings
        if ruling.verdict == "fail"
    ]
