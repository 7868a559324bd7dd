"""Whether a text tells what a term of the catalog says, in whatever words it does so."""

from __future__ import annotations

import re
from collections.abc import Iterator
from decimal import Decimal
from functools import lru_cache

from agents.safety_gate.grounding import Quantity, quantities, stated_quantities
from agents.safety_gate.normalise import normalise
from understudy.contracts._model import Locale, Text
from understudy.contracts.catalog import Terms

__all__ = ["stated"]

# A term told in years; "1년에 2.5%" and "2.5% a year" tell a rate.
_YEARS = re.compile(
    r"(?:만기|기간|약정|가입)[은는이가]?\s*(\d{1,2})\s*년(?!에\s*\d)"
    r"|(?<!\d)(\d{1,2})\s*년\s*(?:만기|동안|제|짜리|정기|이상|을\s*채)"
    r"|\b(?:term of|over|for)\s+(?:a\s+)?(\d{1,2})[ -]years?\b|\b(\d{1,2})[ -]year (?:term|deposit|maturity)\b"
)
_WORD = re.compile(r"[가-힣]{2,}|[a-z]{4,}")
# Words of a condition that say nothing about it.
_EMPTY = ("경우", "이상", "조건", "해당", "고객", "있는", "있을", "대한", "만기", "기준")
_EMPTY_EN = {"with", "when", "have", "having", "paid", "into", "this", "that", "your", "their", "from", "term", "least"}
_SAME = {"급여": ("월급", "봉급", "임금"), "salary": ("wage", "payroll", "pay in", "monthly pay")}


def stated(plain: str, term: str, terms: Terms, locale: Locale) -> bool:
    """Whether normalised ``plain`` states the field ``term`` of ``terms``.

    A term with numbers is stated by its numbers (만기 12개월: "over 12 months", 1년 만기), any other by one of its
    telling words.
    A product without the term has nothing to state.
    """
    text = getattr(terms, term)
    if not isinstance(text, Text):
        return True
    wanted = set(stated_quantities(text[locale]))
    if wanted:
        return wanted <= {*quantities(plain), *_terms_in_years(plain)}
    words = _telling(text[locale])
    return not words or any(word in plain for word in words)


def _terms_in_years(plain: str) -> Iterator[Quantity]:
    for match in _YEARS.finditer(plain):
        years = next(group for group in match.groups() if group)
        yield Quantity((Decimal(years) * 12).normalize(), "months")


@lru_cache(maxsize=512)
def _telling(text: str) -> tuple[str, ...]:
    """The first two syllables (Korean: what follows are endings) or five letters of each telling word."""
    stems = []
    for word in _WORD.findall(normalise(text).plain):
        if not word.startswith(_EMPTY) and word not in _EMPTY_EN:
            stems += [word[:2] if "가" <= word[0] <= "힣" else word[:5], *_SAME.get(word[:2], _SAME.get(word, ()))]
    return tuple(stems)
