"""The quality of one reason: .30 faithfulness + .25 grounding + .25 compliance + .20 readability."""

from __future__ import annotations

from collections.abc import Sequence

from pydantic import Field

from agents.evaluation.claims import ClaimReader
from agents.evaluation.readability import readability
from agents.safety_gate import SafetyGate
from agents.safety_gate.grounding import allowed_quantities, quantities, ungrounded
from agents.safety_gate.normalise import normalise
from understudy.contracts._model import Contract, Locale
from understudy.contracts.api import CustomerRecord
from understudy.contracts.catalog import Product
from understudy.contracts.reasons import Glossary, Reason

__all__ = ["WEIGHTS", "Judge", "Quality", "mean_quality"]

WEIGHTS = {"faithfulness": 0.30, "grounding": 0.25, "compliance": 0.25, "readability": 0.20}
Share = Field(ge=0, le=1)


class Quality(Contract):
    """Each from 0 to 1; ``claims`` and ``numbers`` were counted, and a text without any is faithful and grounded."""

    faithfulness: float = Share
    grounding: float = Share
    compliance: float = Share
    readability: float = Share
    claims: float = Field(ge=0)
    numbers: float = Field(ge=0)

    @property
    def total(self) -> float:
        return sum(weight * float(getattr(self, name)) for name, weight in WEIGHTS.items())


class Judge:
    """Judges reasons as they were delivered."""

    def __init__(self, glossary: Glossary, gate: SafetyGate) -> None:
        self._readers: dict[Locale, ClaimReader] = {
            "ko": ClaimReader(glossary, "ko"),
            "en": ClaimReader(glossary, "en"),
        }
        self._gate = gate

    def judge(self, reason: Reason, product: Product, record: CustomerRecord, risk_cap: int | None) -> Quality:
        """Faithfulness: the share of claims (see `ClaimReader`) that the record supports. Grounding: the share of
        numbers, disclosure included, that a told value or a term accounts for. Compliance: 1 if the Safety Gate,
        asked anew, passes the text for this customer. Readability: of the text without its disclosure.
        """
        locale = reason.locale
        claims = self._readers[locale].claims(reason.text, record)
        whole = normalise(f"{reason.text}\n{reason.disclosure}").plain
        numbers = quantities(whole)
        loose = ungrounded(whole, allowed_quantities(product, reason.facts, locale))
        verdict = self._gate.check(
            reason.text,
            product=product,
            facts=reason.facts,
            locale=locale,
            risk_cap=risk_cap,
            disclosure=reason.disclosure,
            origin="written" if reason.source == "llm" else "template",
        )
        return Quality(
            faithfulness=sum(claim.supported for claim in claims) / len(claims) if claims else 1.0,
            grounding=1 - len(loose) / len(numbers) if numbers else 1.0,
            compliance=float(verdict.passed),
            readability=readability(reason.text, locale, (product.name[locale], product.seller[locale])),
            claims=len(claims),
            numbers=len(numbers),
        )


def mean_quality(found: Sequence[Quality]) -> Quality | None:
    """The mean of each measure; None of nothing, which is unknown and not good."""
    if not found:
        return None
    return Quality(**{name: sum(float(getattr(q, name)) for q in found) / len(found) for name in Quality.model_fields})
