"""Say why a product is recommended, and let nothing through that the Safety Gate rejects."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agents.feature_selector import Selection, select_facts
from agents.reason_generator import Channel, ReasonGenerator
from agents.safety_gate import SafetyGate, Verdict, load_rules
from lambda_app.suitability import RiskCap
from understudy.bundle import Bundle
from understudy.contracts._model import Locale
from understudy.contracts.api import CustomerRecord
from understudy.contracts.catalog import Product
from understudy.contracts.reasons import Reason

__all__ = ["Explained", "Explainer"]

NOTHING = Selection((), "")


@dataclass(frozen=True)
class Explained:
    """The reason that is delivered, and every text that was judged on the way, in order."""

    reason: Reason
    judged: list[tuple[Reason, Verdict]]


class Explainer:
    """Facts -> sentence -> gate; a rejected sentence falls back to the one without facts, and that one to silence.

    Raises:
        UserError: templates, phrases or safety rules are unusable; without them nothing is served.
    """

    def __init__(self, bundle: Bundle) -> None:
        glossary = bundle.glossary
        # A feature that either list protects is never told, whatever the other says.
        protected = sorted({*glossary.protected, *bundle.manifest.protected})
        self._glossary = glossary.model_copy(update={"protected": protected})
        self._generator = ReasonGenerator(bundle.templates, self._glossary)
        self._gate = SafetyGate(load_rules())

    def explain(
        self,
        product: Product,
        contributions: Mapping[str, float],
        record: CustomerRecord | None,
        cap: RiskCap,
        *,
        locale: Locale,
        channel: Channel,
    ) -> Explained:
        """The reason for ``product`` in ``locale``; ``contributions`` (feature -> raw-score units) may be empty."""
        selection = select_facts(contributions, record, self._glossary) if record and contributions else NOTHING
        judged: list[tuple[Reason, Verdict]] = []
        for attempt in (selection, NOTHING) if selection.facts else (NOTHING,):
            reason = self._generator.reason(attempt, product, locale, channel)
            if reason.source == "none":
                return Explained(reason, judged)
            if judged:
                reason = reason.model_copy(update={"source": "fallback", "note": "the first text was rejected"})
            verdict = self._gate.check(
                reason.text,
                product=product,
                facts=reason.facts,
                locale=locale,
                disclosure=reason.disclosure,
                risk_cap=cap.level,
            )
            judged.append((reason, verdict))
            if verdict.passed:
                return Explained(reason, judged)
        note = "; ".join(sorted({finding.rule_id for finding in judged[-1][1].findings}))
        silent = Reason(locale=locale, text="", source="none", note=f"rejected by the safety gate: {note}")
        return Explained(silent, judged)
