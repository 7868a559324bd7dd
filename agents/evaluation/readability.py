"""How easily a reason is read, from 0 to 1, by surface measures.

English: the Flesch-Kincaid grade (Kincaid et al. 1975), ``0.39 words/sentences + 11.8 syllables/words - 15.59``; 1 up
to grade 10 (plain business prose), falling to 0 at grade 20. Syllables are counted as groups of vowels.

Korean has no formula of that standing. Two measures that predict difficulty in Korean readability studies are used,
each 1 up to a plain value and 0 from a hard one: eojeol (words between spaces) per sentence (20 .. 45), and syllables
per eojeol (4.5 .. 8); their mean counts. Numbers with their units count as one short word in both languages, and so
does the product's name: they are not the writer's choice.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from understudy.contracts._model import Locale

__all__ = ["readability"]

_NUMBER = re.compile(
    r"(?:KRW\s*)?\d[\d,.]*\s*(?:%|trillion|billion|million|[조억만천]?\s*\d*[조억만천]?\s*(?:원|개월|년|건|회|개|월|일))?"
)
_SENTENCE = re.compile(r"[.!?]+(?:\s|$)|[:;]\s")
_WORD = re.compile(r"[A-Za-z']+")
_HANGUL = re.compile(r"[가-힣]")


def readability(text: str, locale: Locale, names: Iterable[str] = ()) -> float:
    """1 for what is plain, 0 for what is hard or empty; ``names`` (product, seller) are not judged."""
    for name in sorted(names, key=len, reverse=True):
        text = text.replace(name, "것" if locale == "ko" else "it")
    text = _NUMBER.sub("둘" if locale == "ko" else "two", text)
    sentences = [part for part in _SENTENCE.split(text) if part.strip()]
    if not sentences:
        return 0.0
    return _korean(sentences) if locale == "ko" else _english(sentences)


def _english(sentences: list[str]) -> float:
    words = [word for sentence in sentences for word in _WORD.findall(sentence)]
    if not words:
        return 0.0
    syllables = sum(max(1, len(re.findall(r"[aeiouy]+", word.lower().removesuffix("e")))) for word in words)
    grade = 0.39 * len(words) / len(sentences) + 11.8 * syllables / len(words) - 15.59
    return _falling(grade, 10, 20)


def _korean(sentences: list[str]) -> float:
    eojeol = [word for sentence in sentences for word in sentence.split()]
    syllables = sum(len(_HANGUL.findall(word)) for word in eojeol)
    if not syllables:
        return 0.0
    return (_falling(len(eojeol) / len(sentences), 20, 45) + _falling(syllables / len(eojeol), 4.5, 8)) / 2


def _falling(value: float, plain: float, hard: float) -> float:
    return min(1.0, max(0.0, (hard - value) / (hard - plain)))
