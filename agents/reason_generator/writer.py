"""Have a language model write the sentence of a key, once, and keep it only if it is safe for every customer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal, Protocol

from agents.bedrock import (
    BudgetSpentError,
    LanguageModel,
    LlmError,
    LlmRefusedError,
    LlmUnavailableError,
    load_prompt,
)
from agents.feature_selector import Selection
from agents.feature_selector.signature import parse_signature, unordered
from agents.reason_generator.generator import ReasonGenerator
from agents.reason_generator.judge import Case, Judged, LlmJudge
from agents.reason_generator.prompt import PROMPT
from agents.reason_generator.samples import sample_facts
from agents.reason_generator.sentences import Written, malformed, slot_names
from agents.safety_gate import SafetyGate, Verdict
from understudy.contracts._model import Locale
from understudy.contracts.catalog import Catalog, Product
from understudy.contracts.reasons import Fact, FactDef, Glossary, Reason
from understudy.contracts.sentences import SentenceKey, StoredSentence
from understudy.stores.sentences import SentenceStore

__all__ = ["Outcome", "SentenceWriter", "VerdictTrail"]

# written: stored. known: there was nothing to do. refused: the model failed at it. dropped: the job makes no sense
# here. unavailable: try again later. budget: not this month.
Outcome = Literal["written", "known", "refused", "dropped", "unavailable", "budget"]


class VerdictTrail(Protocol):
    """Where verdicts on sentences are recorded."""

    def verdict(self, key: SentenceKey, text: str, verdict: Verdict) -> None:
        """Keep what the gate said of a text, whose hash identifies it."""

    def judgement(self, key: SentenceKey, text: str, judge: str, outcome: Judged | str) -> None:
        """Keep what the judge said of a text, or, in one word, why it said nothing."""


class _UnfitError(Exception):
    """The text must not be stored; the message says why."""


class SentenceWriter:
    """Writes sentences for one bundle.

    What the model sees: language, tone, the product's type and name, and what each fact means. Of a customer it sees
    nothing, because a key holds nothing of one.
    """

    def __init__(
        self,
        model: LanguageModel,
        store: SentenceStore,
        catalog: Catalog,
        glossary: Glossary,
        generator: ReasonGenerator,
        gate: SafetyGate,
        trail: VerdictTrail,
        *,
        judge: LlmJudge | None = None,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._model = model
        self._store = store
        self._products = {product.id: product for product in catalog.products}
        self._facts = {fact.key: fact for fact in glossary.facts if not fact.sensitive}
        self._generator = generator
        self._gate = gate
        self._trail = trail
        self._judge = judge
        self._prompt = load_prompt(PROMPT)
        self._now = now

    def write(self, key: SentenceKey, *, remaining: Callable[[], float]) -> Outcome:
        """See to it that there is a sentence for ``key``.

        Raises:
            StoreError: the store or the audit log cannot answer; nothing was stored.
        """
        if (key.model, key.prompt) != (self._model.id, self._prompt.label) or key.product not in self._products:
            return "dropped"
        if key.signature != unordered(key.signature):
            return "dropped"
        try:
            facts = [(self._facts[name], bucket) for name, bucket in parse_signature(key.signature)]
            samples = sample_facts(facts)
        except (KeyError, ValueError):
            return "dropped"
        before = self._store.read_sentences([key.id]).get(key.id)
        if before is not None and not self._undone(before):
            return "known"
        if self._judge is not None and self._judge.resting:
            return "unavailable"
        attempts = before.attempts + 1 if before and before.status == "refused" else 1
        try:
            # What was kept before there was this judge is judged as it stands.
            kept = before.text if before else ""
            text = kept or self._ask(key, [fact for fact, _ in facts], remaining)
            self._approve(key, text, [fact for fact, _ in facts], self._filled(key, text, samples), remaining)
        except LlmUnavailableError:
            return "unavailable"
        except BudgetSpentError:
            return "budget"
        except LlmRefusedError as error:
            return self._refuse(key, attempts, error.reason)
        except _UnfitError as error:
            return self._refuse(key, attempts, str(error))
        judge = self._judge.label if self._judge else ""
        self._store.put_sentence(
            StoredSentence(key=key, status="ready", text=text, judge=judge, attempts=attempts, written_at=self._stamp())
        )
        return "written"

    def _undone(self, before: StoredSentence) -> bool:
        """Whether the model failed at it and may try again, or it is still to be judged."""
        unjudged = before.status == "ready" and self._judge is not None and before.judge != self._judge.label
        return before.may_retry or unjudged

    def _ask(self, key: SentenceKey, facts: list[FactDef], remaining: Callable[[], float]) -> str:
        product = self._products[key.product]
        prompt = self._prompt.fill(
            language=key.locale,
            tone=key.channel,
            product_type=product.type,
            product_name=product.name[key.locale],
            slots=[f"{{{name}}}" for name in slot_names(len(facts))],
            facts=_meanings(facts, key.locale),
        )
        return self._model.ask(prompt, Written, remaining=remaining).value.sentence

    def _filled(self, key: SentenceKey, text: str, samples: list[list[Fact]]) -> list[Reason]:
        """How ``text`` reads, once it has the right form and the gate has passed each filling.

        Raises:
            _UnfitError: it has not, or it did not.
        """
        product = self._products[key.product]
        form = malformed(text, len(samples[0]), key.locale)
        if form is not None:
            raise _UnfitError(f"form: {form}")
        reasons = []
        for facts in samples:
            selection = Selection(tuple(facts), key.signature)
            reason = self._generator.reason(selection, product, key.locale, key.channel, text)
            if reason.source != "llm":
                raise _UnfitError(reason.note or "a fact cannot be said")
            verdict = self._check(product, key, reason)
            self._trail.verdict(key, text, verdict)
            _demand(verdict, "gate")
            reasons.append(reason)
        return reasons

    def _approve(
        self,
        key: SentenceKey,
        text: str,
        facts: list[FactDef],
        reasons: list[Reason],
        remaining: Callable[[], float],
    ) -> None:
        """Have the judge read what the gate has passed, where there is a judge.

        Raises:
            _UnfitError: it refuses the text.
            LlmError: there is no judgement; then the text must not be used either.
        """
        if self._judge is None:
            return
        case = Case(
            sentence=text,
            texts=list(dict.fromkeys(reason.text for reason in reasons)),
            facts=_meanings(facts, key.locale),
            disclosure=reasons[0].disclosure,
            product=self._products[key.product],
            locale=key.locale,
            tone=key.channel,
        )
        try:
            judged = self._judge.judge(case, remaining=remaining)
        except LlmError as error:
            self._trail.judgement(key, text, self._judge.label, error.reason)
            if isinstance(error, LlmRefusedError):
                raise _UnfitError(f"judge: {error.reason}") from None
            raise
        self._trail.judgement(key, text, self._judge.label, judged)
        _demand(judged.verdict, "judge")

    def _check(self, product: Product, key: SentenceKey, reason: Reason) -> Verdict:
        # Whether the product suits the customer is asked for every customer; here it is about the words alone.
        return self._gate.check(
            reason.text,
            product=product,
            facts=reason.facts,
            locale=key.locale,
            risk_cap=product.risk_level,
            disclosure=reason.disclosure,
        )

    def _refuse(self, key: SentenceKey, attempts: int, note: str) -> Outcome:
        stamp = self._stamp()
        self._store.put_sentence(
            StoredSentence(key=key, status="refused", attempts=attempts, note=note[:400], written_at=stamp)
        )
        return "refused"

    def _stamp(self) -> str:
        return self._now().isoformat(timespec="seconds")


def _meanings(facts: list[FactDef], locale: Locale) -> list[dict[str, str]]:
    """What the slots stand for, as a model is told."""
    return [
        {"slot": f"fact{n}", "means": fact.name[locale] if fact.name else fact.key, "values": fact.sense}
        for n, fact in enumerate(facts, start=1)
    ]


def _demand(verdict: Verdict, who: str) -> None:
    if not verdict.passed:
        blocking = sorted({finding.rule_id for finding in verdict.findings if finding.severity == "block"})
        raise _UnfitError(f"{who}: {', '.join(blocking)}")
