"""The worker that has sentences written: from jobs on a queue (Lambda or local), or ahead of any request."""

from __future__ import annotations

import uuid
from collections import Counter
from collections.abc import Callable, Sequence
from functools import cached_property

from pydantic import Field, ValidationError

from agents.bedrock import Allowance, BedrockModel, Budget, CircuitBreaker, Guardrail, load_prompt, open_model
from agents.reason_generator.generator import ReasonGenerator
from agents.reason_generator.judge import LlmJudge
from agents.reason_generator.prompt import PROMPT
from agents.reason_generator.trail import SentenceTrail
from agents.reason_generator.writer import Outcome, SentenceWriter
from agents.safety_gate import SafetyGate, load_rules
from understudy.audit import AuditError, AuditLog, open_keyring
from understudy.contracts.environment import EnvironmentSettings
from understudy.contracts.sentences import SentenceKey
from understudy.fetch import accepted_bundle
from understudy.queues import JobQueue
from understudy.stores import ServingStore, StoreError, open_store

__all__ = ["WARN_AT", "SentenceWorker", "WorkerSettings"]

# One call of a model with its repair should fit; less time is left to the next worker.
JOB_SECONDS = 20.0
WARN_AT = 0.8
WRITER_TEMPERATURE, JUDGE_TEMPERATURE = 0.4, 0.0


class WorkerSettings(EnvironmentSettings):
    """The worker's environment. Bundle, store and keys are those of the function that the sentences are for."""

    understudy_bundle: str = Field(min_length=1, description="directory, .zip or s3://bucket/key.zip")
    understudy_store: str = Field(min_length=1, description="URL of `understudy.stores.open_store`")
    understudy_audit_keys: str = Field(min_length=1, description="URL of `understudy.audit.open_keyring`")
    understudy_reason_model: str = Field(min_length=1, description="model id, as in agents/bedrock/models.toml")
    understudy_bundle_public_key: str | None = Field(
        default=None, min_length=1, description="PEM text or file: only bundles that one of these keys signed are used"
    )
    understudy_sentence_judge: str = Field(
        default="", description="model id of the judge that reads what the Safety Gate has passed; empty: none does"
    )
    understudy_reason_tokens: int = Field(default=30_000_000, ge=0, description="tokens a month")
    understudy_reason_usd: float = Field(default=50.0, ge=0, description="US dollars a month, at list price")
    understudy_guardrail: str = Field(
        default="", pattern=r"^(|[A-Za-z0-9:/-]+@(DRAFT|[0-9]{1,8}))$", description="Bedrock guardrail: id@version"
    )


class SentenceWorker:
    """One process that has sentences written."""

    def __init__(self, settings: WorkerSettings) -> None:
        self._settings = settings

    @property
    def model(self) -> str:
        return self._settings.understudy_reason_model

    @property
    def prompt(self) -> str:
        """The label of the prompt, as keys carry it."""
        return load_prompt(PROMPT).label

    @cached_property
    def store(self) -> ServingStore:
        return open_store(self._settings.understudy_store)

    def budget_used(self) -> float:
        """The share of this month's budget that is spent; operators are warned from `WARN_AT` on.

        Raises:
            StoreError: the books cannot be read.
        """
        return Budget(self.store, self._allowance).used()

    @property
    def _allowance(self) -> Allowance:
        settings = self._settings
        usd = round(settings.understudy_reason_usd * 1e6)
        return Allowance(purpose="reasons", tokens=settings.understudy_reason_tokens, micro_usd=usd)

    @cached_property
    def trail(self) -> SentenceTrail:
        """Where this worker's calls and verdicts are recorded: a chain of its own.

        Raises:
            StoreError: the store cannot be opened.
            UserError: the keys cannot be read.
        """
        keyring = open_keyring(self._settings.understudy_audit_keys)
        return SentenceTrail(AuditLog(self.store, keyring, f"sentences-{uuid.uuid4().hex}"))

    @cached_property
    def judge(self) -> LlmJudge | None:
        """The model that reads what the Safety Gate has passed, if one is named.

        Raises:
            UserError: the model is not in the table of models.
        """
        named = self._settings.understudy_sentence_judge
        breaker = CircuitBreaker()
        return LlmJudge(self._open(named, JUDGE_TEMPERATURE, breaker), breaker) if named else None

    @cached_property
    def _writer(self) -> SentenceWriter:
        settings = self._settings
        bundle = accepted_bundle(settings.understudy_bundle, settings.understudy_bundle_public_key)
        return SentenceWriter(
            self._open(self.model, WRITER_TEMPERATURE, CircuitBreaker()),
            self.store,
            bundle.catalog,
            bundle.glossary,
            ReasonGenerator(bundle.templates, bundle.glossary),
            SafetyGate(load_rules()),
            self.trail,
            judge=self.judge,
        )

    def _open(self, model: str, temperature: float, breaker: CircuitBreaker) -> BedrockModel:
        identifier, _, version = self._settings.understudy_guardrail.partition("@")
        return open_model(
            model,
            self.store,
            self._allowance,
            guardrail=Guardrail(identifier=identifier, version=version) if identifier else None,
            breaker=breaker,
            temperature=temperature,
            on_call=self.trail.call,
        )

    def run(self, bodies: Sequence[str], *, remaining: Callable[[], float] = lambda: JOB_SECONDS) -> list[Outcome]:
        """Do the jobs in their order; one outcome for each.

        A job that makes no sense is dropped: it would make none the next time either. After one that found no model or
        no store the rest are not tried.
        """
        outcomes: list[Outcome] = []
        for body in bodies:
            if outcomes and outcomes[-1] == "unavailable":
                outcomes.append("unavailable")
                continue
            try:
                key = SentenceKey.model_validate_json(body)
            except ValidationError:
                outcomes.append("dropped")
                continue
            outcomes.append(self.write(key, remaining=remaining))
        return outcomes

    def write(self, key: SentenceKey, *, remaining: Callable[[], float] = lambda: JOB_SECONDS) -> Outcome:
        """See to it that there is a sentence for ``key``.

        Raises:
            UserError: the worker's settings, bundle or rules cannot be used.
            BundleError: the bundle is refused.
        """
        try:
            return self._writer.write(key, remaining=remaining)
        except (StoreError, AuditError):
            return "unavailable"

    def drain(self, queue: JobQueue, *, limit: int = 10) -> Counter[Outcome]:
        """Take at most ``limit`` jobs off ``queue`` and do them; those that found no model come back later.

        Raises:
            QueueError: the queue cannot answer.
        """
        received = queue.receive(limit)
        outcomes = self.run([one.body for one in received])
        queue.done([one for one, outcome in zip(received, outcomes, strict=True) if outcome != "unavailable"])
        return Counter(outcomes)
