"""Whether a text tells what a term of the catalog says, in whatever words it does so."""

from __future__ import annotations

import re
from functools import lru_cache

from agents.safety_gate.grounding import quantities, stated_quantities
from agents.safety_gate.normalise import normalise
from understudy.contracts._model import Locale, Text
from understudy.contracts.catalog import Terms

__all__ = ["stated"]

_WORD = re.compile(r"[가-힣]{2,}|[a-z]{4,}")
# Words of a condition that say nothing about it.
_EMPTY = ("경우", "이상", "조건", "해당", "고객", "있는", "있을", "대한", "만기", "기준")
_EMPTY_EN = {"with", "when", "have", "having", "paid", "into", "this", "that", "your", "their", "from", "term", "least"}
_SAME = {"급여": ("월급", "봉급", "임금"), "salary": ("wage", "payroll", "pay in", "monthly pay")}


def stated(plain: str, term: str, terms: Terms, locale: Locale) -> bool:
    """Whether normalised ``plain`` states the field ``term`` of ``terms``.

    A term with numbers is stated by its numbers (만기 12개월: "over 12 months"), any other by one of its telling words.
    A product without the term has nothing to state.
    """
    text = getattr(terms, term)
    if not isinstance(text, Text):
        return True
    wanted = set(stated_quantities(text[locale]))
    if wanted:
        return wanted <= set(quantities(plain))
    words = _telling(text[locale])
    return not words or any(word in plain for word in words)


@lru_cache(maxsize=512)
def _telling(text: str) -> tuple[str, ...]:
    """The first two syllables (Korean: what follows are endings) or five letters of each telling word."""
    stems = []
    for word in _WORD.findall(normalise(text).plain):
        if not word.startswith(_EMPTY) and word not in _EMPTY_EN:
            stems += [word[:2] if "가" <= word[0] <= "힣" else word[:5], *_SAME.get(word[:2], _SAME.get(word, ()))]
    return tuple(stems)
