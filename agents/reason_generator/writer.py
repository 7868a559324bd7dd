"""Have a language model write the sentence of a key, once, and keep it only if it is safe for every customer."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Literal, Protocol

from agents.bedrock import BudgetSpentError, LanguageModel, LlmRefusedError, LlmUnavailableError, load_prompt
from agents.feature_selector import Selection
from agents.feature_selector.signature import parse_signature
from agents.reason_generator.generator import ReasonGenerator
from agents.reason_generator.prompt import PROMPT
from agents.reason_generator.samples import sample_facts
from agents.reason_generator.sentences import Written, malformed, slot_names
from agents.safety_gate import SafetyGate, Verdict
from understudy.contracts.catalog import Catalog, Product
from understudy.contracts.reasons import Fact, FactDef, Glossary
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
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._model = model
        self._store = store
        self._products = {product.id: product for product in catalog.products}
        self._facts = {fact.key: fact for fact in glossary.facts if not fact.sensitive}
        self._generator = generator
        self._gate = gate
        self._trail = trail
        self._prompt = load_prompt(PROMPT)
        self._now = now

    def write(self, key: SentenceKey, *, remaining: Callable[[], float]) -> Outcome:
        """See to it that there is a sentence for ``key``.

        Raises:
            StoreError: the store or the audit log cannot answer; nothing was stored.
        """
        if (key.model, key.prompt) != (self._model.id, self._prompt.label) or key.product not in self._products:
            return "dropped"
        try:
            facts = [(self._facts[name], bucket) for name, bucket in parse_signature(key.signature)]
            samples = sample_facts(facts)
        except (KeyError, ValueError):
            return "dropped"
        before = self._store.read_sentences([key.id]).get(key.id)
        if before is not None and not before.may_retry:
            return "known"
        attempts = before.attempts + 1 if before else 1
        try:
            text = self._ask(key, [fact for fact, _ in facts], remaining)
        except LlmUnavailableError:
            return "unavailable"
        except BudgetSpentError:
            return "budget"
        except LlmRefusedError as error:
            return self._refuse(key, attempts, error.reason)
        fault = self._fault(key, text, samples)
        if fault is not None:
            return self._refuse(key, attempts, fault)
        self._store.put_sentence(
            StoredSentence(key=key, status="ready", text=text, attempts=attempts, written_at=self._stamp())
        )
        return "written"

    def _ask(self, key: SentenceKey, facts: list[FactDef], remaining: Callable[[], float]) -> str:
        product = self._products[key.product]
        prompt = self._prompt.fill(
            language=key.locale,
            tone=key.channel,
            product_type=product.type,
            product_name=product.name[key.locale],
            slots=[f"{{{name}}}" for name in slot_names(len(facts))],
            facts=[
                {"slot": f"fact{n}", "means": fact.name[key.locale] if fact.name else fact.key, "values": fact.sense}
                for n, fact in enumerate(facts, start=1)
            ],
        )
        return self._model.ask(prompt, Written, remaining=remaining).value.sentence

    def _fault(self, key: SentenceKey, text: str, samples: list[list[Fact]]) -> str | None:
        """Why ``text`` must not be stored: its form, or what the gate finds in it once it is filled."""
        product = self._products[key.product]
        form = malformed(text, len(samples[0]), key.locale)
        if form is not None:
            return f"form: {form}"
        for facts in samples:
            selection = Selection(tuple(facts), key.signature)
            reason = self._generator.reason(selection, product, key.locale, key.channel, text)
            if reason.source != "llm":
                return reason.note or "a fact cannot be said"
            verdict = self._judge(product, key, reason.text, reason.facts, reason.disclosure)
            self._trail.verdict(key, text, verdict)
            if not verdict.passed:
                return "gate: " + ", ".join(sorted({f.rule_id for f in verdict.findings if f.severity == "block"}))
        return None

    def _judge(self, product: Product, key: SentenceKey, text: str, facts: list[Fact], disclosure: str) -> Verdict:
        # Whether the product suits the customer is asked for every customer; here it is about the words alone.
        return self._gate.check(
            text,
            product=product,
            facts=facts,
            locale=key.locale,
            risk_cap=product.risk_level,
            disclosure=disclosure,
        )

    def _refuse(self, key: SentenceKey, attempts: int, note: str) -> Outcome:
        stamp = self._stamp()
        self._store.put_sentence(
            StoredSentence(key=key, status="refused", attempts=attempts, note=note[:400], written_at=stamp)
        )
        return "refused"

    def _stamp(self) -> str:
        return self._now().isoformat(timespec="seconds")
