"""What the gate checks without a pattern: form, suitability, numbers, language, and what the catalog says."""

from __future__ import annotations

import re
from collections.abc import Sequence, Set
from dataclasses import replace
from functools import lru_cache

from agents.safety_gate.ciphers import enciphered
from agents.safety_gate.findings import Criterion, Finding, span_hash
from agents.safety_gate.grounding import Quantity, ungrounded
from agents.safety_gate.normalise import Normalised, normalise
from understudy.contracts._model import Locale
from understudy.contracts.catalog import Product

__all__ = [
    "MAX_CHARACTERS",
    "bare_names",
    "form",
    "language",
    "length",
    "named",
    "numbers",
    "suitability",
    "without_names",
]

# A reason is a few sentences. Whatever is longer is refused unread, which bounds the time of every check.
MAX_CHARACTERS = 4_000
_HANGUL, _LATIN = re.compile("[가-힣]"), re.compile("[a-z]")


def length(text: str, where: str) -> list[Finding]:
    """Refuse what is too long to be read."""
    if len(text) <= MAX_CHARACTERS:
        return []
    return [_finding("length", "form", "security", where, f"longer than {MAX_CHARACTERS} characters; refused unread")]


def form(part: Normalised, where: str) -> list[Finding]:
    """Refuse characters that only serve to hide something."""
    found = (
        ("hidden-characters", part.hidden, "invisible, control or unassigned characters"),
        ("foreign-letters", part.foreign, "letters outside Hangul and basic Latin"),
        ("stray-jamo", part.jamo, "Hangul letters that form no syllable"),
    )
    return [_finding(rule, "form", "security", where, message) for rule, count, message in found if count]


def cipher(part: Normalised, where: str) -> list[Finding]:
    """Refuse a text that hides another in shifted or reversed letters."""
    if not enciphered(part.plain):
        return []
    return [_finding("enciphered", "injection", "security", where, "words in shifted or reversed letters")]


def suitability(product: Product, risk_cap: int | None) -> list[Finding]:
    """Refuse a product whose risk exceeds ``risk_cap``, or where either is unknown."""
    if product.risk_level is None or risk_cap is None:
        return [_finding("risk-cap", "suitability", "suitability", "product", "risk or tolerance unknown")]
    if product.risk_level <= risk_cap:
        return []
    message = "the product's risk exceeds what suits the customer"
    return [_finding("risk-cap", "suitability", "suitability", "product", message)]


def numbers(plain: str, where: str, allowed: Set[Quantity]) -> list[Finding]:
    """Refuse every number of a normalised text that is not among ``allowed``: no slot and no term accounts for it."""
    message = "a number that no slot and no term accounts for"
    return [
        _finding(
            "untraceable-number", "grounding", "hallucination", where, message, f"{quantity.value} {quantity.unit}"
        )
        for quantity in ungrounded(plain, allowed)
    ]


def named(said: Normalised, whole: str, product: Product, locale: Locale) -> list[Finding]:
    """Refuse a text without the product's name, and a text and disclosure that do not say who sells it."""
    findings = []
    if not _contains(said.plain, product.name[locale]):
        message = "the text does not name the product"
        findings.append(_finding("product-name", "factuality", "factuality", "text", message))
    if not _contains(whole, product.seller[locale]):
        message = "neither the text nor the disclosure names the seller"
        findings.append(_finding("seller-name", "bank-17-6", "regulatory", "disclosure", message))
    return findings


def language(said: Normalised, locale: Locale) -> list[Finding]:
    """Refuse a text (its names blanked) that is not in the language asked for."""
    hangul, latin = len(_HANGUL.findall(said.plain)), len(_LATIN.findall(said.plain))
    wrong = hangul < latin if locale == "ko" else hangul > 0
    message = f"the text is not in the language {locale!r}"
    return [_finding("wrong-language", "form", "tone", "text", message)] if wrong else []


def without_names(said: Normalised, names: Sequence[str]) -> Normalised:
    """``said`` with the ``names`` (see `bare_names`) blanked: "Open Banking Account" is no command."""
    plain, joined = said.plain, said.joined
    for bare in names:
        plain, joined = plain.replace(bare, "#"), joined.replace(bare, "#")
    return replace(said, plain=plain, joined=joined)


def bare_names(product: Product) -> tuple[str, ...]:
    """The product's and the seller's names as a normalised text has them, the longest first."""
    names = (product.name.ko, product.name.en, product.seller.ko, product.seller.en)
    return tuple(sorted({_bare(name) for name in names} - {""}, key=len, reverse=True))


def _contains(plain: str, name: str) -> bool:
    return _bare(name) in plain


@lru_cache(maxsize=1024)
def _bare(name: str) -> str:
    return normalise(name).plain


def _finding(rule: str, clause: str, criterion: Criterion, where: str, message: str, span: str = "") -> Finding:
    return Finding(
        rule_id=rule,
        clause=clause,
        criterion=criterion,
        where=where,
        span_hash=span_hash(span) if span else "",
        message=message,
    )
