"""Say why a product is recommended, and let nothing through that the Safety Gate rejects."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from agents.feature_selector import FeatureSelector, Selection
from agents.reason_generator import Channel, ReasonGenerator
from agents.safety_gate import SafetyGate, Verdict, load_rules
from lambda_app.sentences import NO_SENTENCES, Found, Sentences
from lambda_app.suitability import RiskCap
from understudy.bundle import Bundle
from understudy.contracts._model import Locale
from understudy.contracts.api import CustomerRecord
from understudy.contracts.catalog import Product
from understudy.contracts.reasons import Reason
from understudy.contracts.sentences import SentenceKey

__all__ = ["Explained", "Explainer"]

NOTHING = Selection((), "")


@dataclass(frozen=True)
class Explained:
    """The reason that is delivered, every text that was judged on the way, and the sentence that there was not yet."""

    reason: Reason
    judged: list[tuple[Reason, Verdict]]
    missing: SentenceKey | None = None


class Explainer:
    """Facts -> the stored sentence -> gate; a rejected or absent one falls back to the template, that one to the
    template without facts, and that one to silence.

    Raises:
        UserError: templates, phrases or safety rules are unusable; without them nothing is served.
    """

    def __init__(self, bundle: Bundle, sentences: Sentences = NO_SENTENCES) -> None:
        glossary = bundle.glossary
        # A feature that either list protects is never told, whatever the other says.
        protected = sorted({*glossary.protected, *bundle.manifest.protected})
        glossary = glossary.model_copy(update={"protected": protected})
        self._selector = FeatureSelector(glossary)
        self._generator = ReasonGenerator(bundle.templates, glossary)
        self._gate = SafetyGate(load_rules())
        self._sentences = sentences

    def explain(
        self,
        products: Sequence[tuple[Product, Mapping[str, float]]],
        record: CustomerRecord | None,
        cap: RiskCap,
        *,
        locale: Locale,
        channel: Channel,
    ) -> list[Explained]:
        """The reasons for ``products`` in ``locale``, with one look at the store of sentences for all of them.

        With each product come the contributions to its score (feature -> raw-score units), which may be empty.
        """
        # Products that share a driver come with the same contributions, and tell the same facts.
        shared = {id(contributions): contributions for _, contributions in products}
        selections = {
            key: self._selector.select(contributions, record) if record and contributions else NOTHING
            for key, contributions in shared.items()
        }
        chosen = [selections[id(contributions)] for _, contributions in products]
        keys = [
            self._sentences.key(selection, product.id, locale, channel)
            for (product, _), selection in zip(products, chosen, strict=True)
        ]
        found = self._sentences.find([key for key in keys if key is not None])
        return [
            self._one(product, selection, found, key, cap, locale, channel)
            for (product, _), selection, key in zip(products, chosen, keys, strict=True)
        ]

    def judge(self, reason: Reason, product: Product) -> Verdict:
        """What the gate says of ``reason``, as a person worded it; whom the product suits is judged elsewhere."""
        return self._gate.check(
            reason.text,
            product=product,
            facts=reason.facts,
            locale=reason.locale,
            disclosure=reason.disclosure,
            risk_cap=product.risk_level,
        )

    def _one(
        self,
        product: Product,
        selection: Selection,
        found: Found,
        key: SentenceKey | None,
        cap: RiskCap,
        locale: Locale,
        channel: Channel,
    ) -> Explained:
        missing = key if key in found.missing else None
        sentence = found.ready.get(key) if key is not None else None
        attempts: list[tuple[Selection, str | None]] = [(selection, sentence)] if sentence is not None else []
        attempts += [(selection, None)] if selection.facts else []
        judged: list[tuple[Reason, Verdict]] = []
        for attempt, words in [*attempts, (NOTHING, None)]:
            reason = self._generator.reason(attempt, product, locale, channel, words)
            if reason.source == "none":
                return Explained(reason, judged, missing)
            if judged:
                reason = reason.model_copy(update={"source": "fallback", "note": "the first text was rejected"})
            verdict = self._gate.check(
                reason.text,
                product=product,
                facts=reason.facts,
                locale=locale,
                disclosure=reason.disclosure,
                risk_cap=cap.level,
                origin="written" if reason.source == "llm" else "template",
            )
            judged.append((reason, verdict))
            if verdict.passed:
                return Explained(reason, judged, missing)
        note = "; ".join(sorted({finding.rule_id for finding in judged[-1][1].findings}))
        silent = Reason(locale=locale, text="", source="none", note=f"rejected by the safety gate: {note}")
        return Explained(silent, judged, missing)
