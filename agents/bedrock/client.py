"""One question to one model: budget, deadline, circuit, form, one repair, and a record of every call."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from pydantic import Field, ValidationError

from agents.bedrock.breaker import CircuitBreaker
from agents.bedrock.budget import Budget
from agents.bedrock.converse import Converse, Reply
from agents.bedrock.errors import LlmError, LlmRefusedError, LlmUnavailableError
from agents.bedrock.models import ModelConfig
from agents.bedrock.modes import CLEAN_STOP, json_schema, read_json, request_fields
from agents.bedrock.prompts import Prompt
from understudy.atomic import canonical_json
from understudy.contracts._model import Contract

__all__ = ["Answer", "BedrockModel", "CallRecord", "Guardrail", "LanguageModel"]

A = TypeVar("A", bound=Contract)


class Guardrail(Contract):
    """A Bedrock guardrail that every call passes through."""

    identifier: str = Field(min_length=1)
    version: str = Field(min_length=1)


class CallRecord(Contract):
    """What the audit log keeps of one call: hashes, never words."""

    model: str
    prompt: str
    outcome: str = Field(description="`ok`, or the reason of the error")
    stop_reason: str
    request_sha256: str
    response_sha256: str = Field(description="empty if nothing came back")
    input_tokens: int
    output_tokens: int
    micro_usd: int = Field(description="at list price; of a call without an answer, what was set aside for it")


@dataclass(frozen=True)
class Answer(Generic[A]):
    """A valid answer, and every call that it took."""

    value: A
    calls: tuple[CallRecord, ...]


class LanguageModel(Protocol):
    """Anything that answers a prompt in a schema."""

    @property
    def id(self) -> str:
        """The model's id; part of the key of everything that it wrote."""

    def ask(self, prompt: Prompt, answer: type[A], *, remaining: Callable[[], float]) -> Answer[A]:
        """Answer ``prompt`` as ``answer`` within ``remaining()`` seconds.

        Raises:
            LlmUnavailableError: nobody answered; ask again later.
            LlmRefusedError: what came back must not be used.
            BudgetSpentError: nothing may be asked this month.
        """


class BedrockModel:
    """`LanguageModel` on Bedrock's Converse API. ``on_call`` is told of every call, failed ones included."""

    def __init__(
        self,
        config: ModelConfig,
        converse: Converse,
        budget: Budget,
        *,
        breaker: CircuitBreaker | None = None,
        guardrail: Guardrail | None = None,
        temperature: float = 0.4,
        on_call: Callable[[CallRecord], None] | None = None,
    ) -> None:
        self._temperature = temperature
        self._config = config
        self._converse = converse
        self._budget = budget
        self._breaker = breaker or CircuitBreaker()
        self._guardrail = guardrail
        self._on_call = on_call or _nobody

    @property
    def id(self) -> str:
        return self._config.id

    def ask(self, prompt: Prompt, answer: type[A], *, remaining: Callable[[], float]) -> Answer[A]:
        """Ask, and ask once more if the answer does not fit the schema (saying what was wrong with it)."""
        fields = self._fields(prompt, answer)
        messages: list[dict[str, Any]] = [{"role": "user", "content": [{"text": prompt.user}]}]
        calls: list[CallRecord] = []
        for repairing in (False, True):
            reply = self._call(prompt, fields | {"messages": messages}, calls, remaining)
            try:
                value = answer.model_validate(read_json(self._config.output_mode, reply.content))
            except LlmRefusedError as error:
                self._note(calls, error.reason)
                raise
            except (ValidationError, ValueError) as error:
                self._note(calls, "invalid_answer")
                if repairing:
                    raise LlmRefusedError("invalid_answer", "twice") from None
                messages = [*messages, *_repair(reply.content, error)]
            else:
                self._note(calls, "ok")
                return Answer(value, tuple(calls))
        raise AssertionError("the second round returns or raises")

    def _fields(self, prompt: Prompt, answer: type[A]) -> dict[str, Any]:
        fields: dict[str, Any] = {"modelId": self._config.id}
        fields |= request_fields(self._config.output_mode, json_schema(answer), prompt.system)
        limits: dict[str, Any] = {"maxTokens": self._config.max_output_tokens}
        fields["inferenceConfig"] = limits | ({"temperature": self._temperature} if self._config.sampling else {})
        if self._guardrail is not None:
            fields["guardrailConfig"] = {
                "guardrailIdentifier": self._guardrail.identifier,
                "guardrailVersion": self._guardrail.version,
            }
        return fields

    def _call(
        self, prompt: Prompt, request: dict[str, Any], calls: list[CallRecord], remaining: Callable[[], float]
    ) -> Reply:
        """One call that ended cleanly; everything else is recorded and raised."""
        body = canonical_json(request)
        # A token is at least one byte, so this bounds the input; a call that is tried again is paid again.
        bound = len(body) + self._config.max_output_tokens
        most = self._config.micro_usd(len(body), self._config.max_output_tokens)
        tries = self._converse.attempts
        record = CallRecord(
            model=self._config.id,
            prompt=prompt.label,
            outcome="",
            stop_reason="",
            request_sha256=hashlib.sha256(body).hexdigest(),
            response_sha256="",
            input_tokens=0,
            output_tokens=0,
            micro_usd=0,
        )
        try:
            if not self._breaker.admits():
                raise LlmUnavailableError("circuit_open")
            account = self._budget.reserve(bound * tries, most * tries)
        except LlmError as error:
            self._tell(record, error.reason)
            raise
        try:
            reply = self._converse.call(request, remaining())
        except LlmUnavailableError as error:
            if error.reason in ("throttled", "no_time"):  # refused before the model ran: nothing is billed
                self._budget.give_back(account, bound * tries, most * tries)
                most = bound = 0
            self._breaker.failed()
            self._tell(record.model_copy(update={"micro_usd": most * tries}), error.reason)
            raise
        except LlmRefusedError as error:
            self._budget.give_back(account, bound * tries, most * tries)
            self._breaker.failed()
            self._tell(record, error.reason)
            raise
        used = reply.input_tokens + reply.output_tokens + reply.retries * bound
        cost = self._config.micro_usd(reply.input_tokens, reply.output_tokens) + reply.retries * most
        self._budget.give_back(account, max(0, bound * tries - used), max(0, most * tries - cost))
        record = record.model_copy(
            update={
                "stop_reason": reply.stop_reason,
                "response_sha256": reply.sha256,
                "input_tokens": reply.input_tokens,
                "output_tokens": reply.output_tokens,
                "micro_usd": cost,
            }
        )
        if reply.stop_reason != CLEAN_STOP[self._config.output_mode]:
            self._breaker.succeeded()  # the service works; what it said is another matter
            self._tell(record, f"stop_{reply.stop_reason}")
            raise LlmRefusedError(f"stop_{reply.stop_reason}")
        self._breaker.succeeded()
        if not reply.content:
            self._tell(record, "empty_answer")
            raise LlmRefusedError("empty_answer")
        calls.append(record)
        return reply

    def _note(self, calls: list[CallRecord], outcome: str) -> None:
        calls[-1] = calls[-1].model_copy(update={"outcome": outcome})
        self._on_call(calls[-1])

    def _tell(self, record: CallRecord, outcome: str) -> None:
        self._on_call(record.model_copy(update={"outcome": outcome}))


def _nobody(record: CallRecord) -> None:
    """Nobody listens."""
    del record


def _repair(content: list[dict[str, Any]], error: Exception) -> list[dict[str, Any]]:
    """The turns that say what was wrong with the first answer."""
    if isinstance(error, ValidationError):
        items = error.errors(include_url=False, include_input=False, include_context=False)
        wrong = "; ".join(f"{'.'.join(map(str, item['loc']))}: {item['msg']}" for item in items[:5])
    else:
        wrong = "it is not JSON"
    said = f"The answer does not fit the schema: {wrong}. Give the whole answer again, corrected."
    used = [block["toolUse"] for block in content if "toolUse" in block]
    if not used:
        return [{"role": "assistant", "content": content}, {"role": "user", "content": [{"text": said}]}]
    # Converse wants a result for every tool call of the turn before.
    results = [
        {"toolResult": {"toolUseId": call["toolUseId"], "content": [{"text": said}], "status": "error"}}
        for call in used
    ]
    return [{"role": "assistant", "content": content}, {"role": "user", "content": results}]
