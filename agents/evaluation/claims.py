"""What a text says of a customer, read back out of it, and whether the record bears it out.

This does not trust what the generator says that it told: it looks for the phrase of *every* fact of the glossary.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from agents.feature_selector.support import supported_value
from agents.slots import render
from understudy.contracts._model import Locale
from understudy.contracts.api import CustomerRecord
from understudy.contracts.reasons import FactDef, Glossary, SlotType

__all__ = ["Claim", "ClaimReader"]

_SLOT = re.compile(r"\{value(?:\|[^{}]*)?\}")
_NUMBER = r"-?\d[\d,]*(?:\.\d+)?"
# How a value of each slot may be written, right or wrong.
_VALUES: dict[SlotType, str] = {
    "number": _NUMBER,
    "count": _NUMBER,
    "percent": rf"{_NUMBER}\s?%",
    "money": rf"KRW\s{_NUMBER}(?:\s(?:trillion|billion|million))?|-?(?:{_NUMBER}[조억만]?\s?)+원",
    "months": rf"{_NUMBER}(?:개월|\smonths?)",
    "years": rf"{_NUMBER}(?:년|\syears?)",
    "date": r"\d{1,2}\s[A-Z][a-z]+\s\d{4}|\d{4}년\s\d{1,2}월\s\d{1,2}일",
}


@dataclass(frozen=True)
class Claim:
    """A fact that a text states, and the value that it states (None: the fact has no slot)."""

    fact: str
    value: str | None
    supported: bool


class ClaimReader:
    """Finds the claims of texts in one language."""

    def __init__(self, glossary: Glossary, locale: Locale) -> None:
        self._locale = locale
        self._never = {*glossary.protected, *glossary.proxies}
        self._patterns = [(fact, _pattern(fact, locale)) for fact in glossary.facts]

    def claims(self, text: str, record: CustomerRecord) -> list[Claim]:
        """Every fact that ``text`` states. Where one phrase holds another, only the longer one is stated."""
        found = [(match, fact) for fact, pattern in self._patterns for match in pattern.finditer(text)]
        found.sort(key=lambda pair: (-len(pair[0].group()), pair[0].start(), pair[1].key))
        taken: list[tuple[int, int]] = []
        claims: dict[tuple[int, int], list[Claim]] = {}
        for match, fact in found:
            span = match.span()
            if any(span != other and span[0] < other[1] and other[0] < span[1] for other in taken):
                continue
            taken.append(span)
            value = match.groupdict().get("value")
            claims.setdefault(span, []).append(Claim(fact.key, value, self._supported(fact, value, record)))
        # Facts with the same words (one per range of values) are one claim; that one of them holds is enough.
        return [next((claim for claim in same if claim.supported), same[0]) for same in claims.values()]

    def _supported(self, fact: FactDef, said: str | None, record: CustomerRecord) -> bool:
        if fact.sensitive or not self._never.isdisjoint(fact.features):
            return False
        value = supported_value(fact, record)
        if value is None:
            return False
        if said is None or fact.slot is None:
            return said is None
        return said == render(fact.slot, value, self._locale, fact.categories)


def _pattern(fact: FactDef, locale: Locale) -> re.Pattern[str]:
    """A fact's phrase as it stands in texts: its slot open, and after an English slot either form of the noun."""
    names = sorted((text[locale] for text in fact.categories.values()), key=len, reverse=True)
    value = "|".join(map(re.escape, names)) if fact.slot == "category" else _VALUES.get(fact.slot or "count", _NUMBER)
    pieces = _pieces(fact.phrase[locale])
    opened = "".join(re.escape(words) if words else _open(slot, value) for slot, words in pieces)
    first, group, rest = opened.partition("(?P<value>")  # a phrase may say its value twice
    return re.compile(first + group + rest.replace("(?P<value>", "(?:"))


def _pieces(phrase: str) -> list[tuple[str, str]]:
    pieces, end = [], 0
    for match in _SLOT.finditer(phrase):
        pieces += [("", phrase[end : match.start()]), (match.group(), "")]
        end = match.end()
    return [piece for piece in [*pieces, ("", phrase[end:])] if piece != ("", "")]


def _open(slot: str, value: str) -> str:
    forms = slot.strip("{}").split("|")[1:]
    opened = f"(?P<value>{value})"
    if len(forms) == 2:
        return f"{opened} (?:{re.escape(forms[0])}|{re.escape(forms[1])})"
    return opened + (r"(?:[은는이가을를과와]|으로|로)?" if forms else "")
