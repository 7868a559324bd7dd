"""The facts that an advertisement of each product type must state, rendered from the product's terms."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from agents.reason_generator.fill import fill
from agents.slots import render_money, render_rate
from agents.statute import DEPOSIT_PROTECTION_KRW
from understudy.contracts._model import Locale, Text
from understudy.contracts.catalog import Product, ProductType

__all__ = ["FRAGMENTS", "Disclosure", "disclose"]

# Sentences of `TemplateSet.disclosures`, in order. A trailing "?" marks one that is said only where the terms have it;
# without the mark a missing term makes the text undeliverable (KFCPA art. 22(3), bank advertising standard art. 16).
FRAGMENTS: dict[ProductType, tuple[str, ...]] = {
    "deposit": ("seller", "eligibility?", "rate", "preferential", "rate_may_change", "protection"),
    "account": ("seller", "eligibility?", "rate?", "preferential?", "rate_may_change?", "protection"),
    "loan": ("seller", "loan_rate", "late_rate", "eligibility", "screening"),
    "card": ("seller", "late_rate?", "eligibility?", "card_screening"),
    "investment": ("seller", "principal_loss", "no_guarantee", "not_protected", "read_prospectus"),
    "insurance": ("seller", "eligibility?", "surrender", "insurance_protection?", "read_prospectus"),
    "service": ("seller",),
}


@dataclass(frozen=True)
class Disclosure:
    """The rendered text, and the terms that it would have needed but the product lacks."""

    text: str
    missing: tuple[str, ...]


def disclose(product: Product, texts: Mapping[str, Text], locale: Locale) -> Disclosure:
    """Render the disclosure of ``product``; ``missing`` names absent terms, and then the text must not be delivered."""
    values = _values(product, locale)
    said: list[str] = []
    missing: list[str] = []
    for entry in FRAGMENTS[product.type]:
        fragment, optional = entry.removesuffix("?"), entry.endswith("?")
        key, needs = _resolve(fragment, product)
        absent = [name for name in needs if name not in values]
        if key is not None and not absent:
            said.append(fill(texts[key][locale], values))
        elif not optional:
            missing += absent
    return Disclosure(" ".join(said), tuple(dict.fromkeys(missing)))


def _resolve(fragment: str, product: Product) -> tuple[str | None, tuple[str, ...]]:
    """The key of the sentence (None: nothing to say) and the values that it needs."""
    terms = product.terms
    single = terms.rate_min is not None and terms.rate_min == terms.rate_max
    if fragment in ("rate", "loan_rate"):
        needs = ("rate_min", "rate_max", "rate_basis")
        return (f"{fragment}_single" if single else f"{fragment}_range"), needs
    if fragment == "preferential":
        ranged = terms.rate_max is not None and not single
        return ("preferential", ("preferential_condition",)) if ranged or terms.preferential_condition else (None, ())
    if fragment == "rate_may_change":
        return "rate_may_change", ("rate_max",)
    if fragment == "protection":
        key = "protected" if terms.deposit_protected else "not_protected"
        return key, ("deposit_protected",)
    if fragment == "insurance_protection":
        return "insurance_protected" if terms.deposit_protected else "not_protected", ("deposit_protected",)
    if fragment == "principal_loss":
        return "principal_loss", ("principal_loss_possible",)
    if fragment in ("late_rate", "eligibility"):
        return fragment, ("late_rate_max",) if fragment == "late_rate" else ("eligibility",)
    return fragment, ()


def _values(product: Product, locale: Locale) -> dict[str, str]:
    """What the sentences may say; a term that is absent has no value."""
    terms = product.terms
    values = {
        "product": product.name[locale],
        "seller": product.seller[locale],
        "protection_limit": render_money(DEPOSIT_PROTECTION_KRW, locale),
    }
    for name in ("rate_min", "rate_max", "late_rate_max"):
        if (rate := getattr(terms, name)) is not None:
            values[name] = render_rate(rate)
    for name in ("rate_basis", "preferential_condition", "eligibility"):
        if (text := getattr(terms, name)) is not None:
            values[name] = text[locale].rstrip(" .")
    if terms.deposit_protected is not None:
        values["deposit_protected"] = str(terms.deposit_protected)
    # An investment that claims to be free of loss is missing the fact, not exempt from it.
    if terms.principal_loss_possible:
        values["principal_loss_possible"] = "True"
    return values
