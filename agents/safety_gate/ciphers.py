"""Text that says something only after its letters are shifted (Caesar, ROT13) or read backwards."""

from __future__ import annotations

import re
from string import ascii_lowercase

__all__ = ["enciphered"]

# Function words of English: among six words of a sentence there is nearly always one, and in a cipher's there is none.
_WORDS = (
    "the of and to in is that for it as was with be by on not he his but at are this have from or had an they which"
    " one you were all her she there would their we him been has when who will no more if out so up said what its"
    " about than into them can only other time new some could these may then do first any my now such like our over"
    " your must ignore instructions previous"
)
_COMMON = frozenset(_WORDS.split())
_SENTENCE = re.compile(r"[.!?:;\n]+")
_WORD = re.compile(r"[a-z]{2,}")
FEWEST_WORDS, SHARE = 6, 0.25
_SHIFTS = [str.maketrans(ascii_lowercase, ascii_lowercase[n:] + ascii_lowercase[:n]) for n in range(1, 26)]


def enciphered(plain: str) -> bool:
    """Whether a sentence of normalised ``plain`` has no common English word until it is shifted or reversed."""
    return any(_hides(_WORD.findall(sentence)) for sentence in _SENTENCE.split(plain))


def _hides(words: list[str]) -> bool:
    if len(words) < FEWEST_WORDS or not _COMMON.isdisjoint(words):
        return False
    shifted = ([word.translate(table) for word in words] for table in _SHIFTS)
    return any(_reads(each) for each in (*shifted, [word[::-1] for word in words]))


def _reads(words: list[str]) -> bool:
    return sum(word in _COMMON for word in words) >= SHARE * len(words)
