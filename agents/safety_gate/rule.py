"""One rule of the gate: what it forbids or requires, in both languages, and the examples that prove it."""

from __future__ import annotations

import re
from functools import cached_property
from typing import Any, Literal

from pydantic import Field, model_validator

from agents.safety_gate.findings import Criterion, Severity
from agents.safety_gate.normalise import Normalised
from agents.safety_gate.numerals import VALIDATORS, Validator
from understudy.contracts._model import Contract, Locale, Name, Text
from understudy.contracts.catalog import ProductType, Terms

__all__ = ["LanguageRule", "Rule", "RuleFile"]


class LanguageRule(Contract):
    """One rule in one language. Patterns are regular expressions over normalised (lower-case) text.

    ``match`` are texts that break the rule, ``innocent`` near misses that do not.
    """

    patterns: list[str] = Field(min_length=1)
    match: list[str] = Field(min_length=1)
    innocent: list[str] = Field(min_length=1)

    @cached_property
    def regex(self) -> re.Pattern[str]:
        """All patterns as one, compiled when first asked for."""
        return re.compile("|".join(f"(?:{p})" for p in self.patterns))


class Rule(Contract):
    """``forbid``: no pattern may match; ``require``: some pattern must (else the text breaks the rule);
    ``ending``: every sentence must end in a pattern.

    The rule applies to ``products`` (default: all) whose terms have ``given``, equal ``terms`` and do not equal
    ``unless_terms``. A ``validator`` must agree with a match (a checksum, for instance). A text that must hold a
    pattern must also tell the term ``states`` of the product. A rule that ``yields`` is about words that lawful
    sentences share: in a written text its hit counts only if the reader does not clear it. ``criterion`` replaces
    the file's where one rule of a clause serves another criterion.
    """

    id: Name
    kind: Literal["forbid", "require", "ending"] = "forbid"
    severity: Severity = "block"
    message: str
    criterion: Criterion | None = None
    products: list[ProductType] | None = None
    given: list[str] = Field(default=[])
    terms: dict[str, bool] = Field(default={})
    unless_terms: dict[str, bool] = Field(default={})
    states: str | None = None
    yields: bool = False
    validator: Validator | None = None
    ko: LanguageRule
    en: LanguageRule

    @model_validator(mode="after")
    def _known_terms(self) -> Rule:
        named = {*self.given, *self.terms, *self.unless_terms, *filter(None, [self.states])}
        unknown = sorted(named - set(Terms.model_fields))
        if unknown:
            raise ValueError(f"rule {self.id!r} names unknown terms: {', '.join(unknown)}")
        return self

    @property
    def unconditional(self) -> bool:
        """Whether the rule holds for every product and all terms."""
        return self.products is None and not (self.given or self.terms or self.unless_terms)

    def language(self, locale: Locale) -> LanguageRule:
        return self.ko if locale == "ko" else self.en

    def applies(self, product_type: ProductType, terms: Terms) -> bool:
        if self.products is not None and product_type not in self.products:
            return False
        if any(getattr(terms, name) is not wanted for name, wanted in self.terms.items()):
            return False
        if any(getattr(terms, name) is None for name in self.given):
            return False
        return not self.unless_terms or any(
            getattr(terms, name) is not wanted for name, wanted in self.unless_terms.items()
        )

    def counts(self, match: re.Match[str]) -> bool:
        """Whether a hit of a pattern is a breach: its validator, if any, agrees."""
        return self.validator is None or VALIDATORS[self.validator](match.group())

    def breach(self, text: Normalised, locale: Locale) -> str | None:
        """The words of ``text`` that break this rule in ``locale`` ("" where words are absent), or None."""
        regex = self.language(locale).regex
        if self.kind == "require":
            return None if regex.search(text.plain) else ""
        if self.kind == "ending":
            return next((s for s in _sentences(text.plain) if not regex.search(s)), None)
        for variant in text.variants:
            for match in regex.finditer(variant):
                if self.counts(match):
                    return match.group()
        return None


class RuleFile(Contract):
    """All rules of one clause. ``<name>`` in a pattern stands for the entry of that name in ``macros``."""

    schema_version: Literal[1]
    clause: Name
    title: Text
    source: str
    criterion: Criterion
    macros: dict[str, str] = Field(default={})
    rules: list[Rule] = Field(min_length=1)

    @model_validator(mode="before")
    @classmethod
    def _expand(cls, data: Any) -> Any:
        macros: dict[str, str] = (data.get("macros") if isinstance(data, dict) else None) or {}
        for rule in data.get("rules", []) if macros else []:
            for language in (rule.get("ko"), rule.get("en")):
                if isinstance(language, dict) and isinstance(language.get("patterns"), list):
                    language["patterns"] = [_expanded(pattern, macros) for pattern in language["patterns"]]
        return data


def _expanded(pattern: str, macros: dict[str, str]) -> str:
    # Twice: a macro may use another, but not itself.
    for _ in range(2):
        for name, body in macros.items():
            pattern = pattern.replace(f"<{name}>", body)
    return pattern


# A full stop inside a number (3.5) or an abbreviation (No.1) does not end a sentence.
_END = re.compile(r"(?<=[.!?。])\s+|\n+")


def _sentences(text: str) -> list[str]:
    return [sentence.strip() for sentence in _END.split(text) if sentence.strip()]
