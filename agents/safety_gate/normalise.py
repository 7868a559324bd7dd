"""Undo what hides a forbidden phrase from a pattern, and report that it was hidden."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

__all__ = ["Normalised", "normalise"]

# Hangul fillers and the blank braille pattern are letters and symbols by category, and invisible.
_BLANKS = frozenset("\u115f\u1160\u3164\uffa0\u2800")
_HIDDEN_CATEGORIES = frozenset(("Cc", "Cf", "Co", "Cn", "Cs"))
# One-syllable words that stand alone in ordinary prose; any other lone syllable is a word pulled apart.
_LONE_WORDS = frozenset(
    "수것및등더이그저약연월일단총각첫전후중내한두세네원건개회년명만억조점때또꼭잘못안다곳분말데바뿐채줄외간당시위된될할한"
    "본큰작온을를은는가과와도에의로매주새옛좀못왜뭐누집돈땅꿈길몸손눈차밥술책옷일법표몫값낮밤봄해달별곧맨갓즉혹딱"
)
# A run of three or more lone syllables takes the word after it along: 최 고 금 리를.
_SPACED_HANGUL = re.compile(r"(?<![가-힣])[가-힣](?:[ \t]+[가-힣](?![가-힣]))(?:(?:[ \t]+[가-힣](?![가-힣]))+[ \t]*)?")
_LONE = re.compile(r"[ \t]*(?<![가-힣0-9])([가-힣])(?![가-힣])[ \t]*")
_DIVIDED_HANGUL = re.compile(r"(?<=[가-힣])[·ㆍ.\-_*~|/'\"`^,]+(?=[가-힣])")
_SPACED_LATIN = re.compile(r"(?<![a-z])[a-z](?:[ .\-_*]{1,2}[a-z](?![a-z])){3,}")
_ORDINARY = re.compile(r"[가-힣\x20-\x7e\n]*")
_GAPS = re.compile(r"\s+")


@dataclass(frozen=True)
class Normalised:
    """``plain`` is what rules read; ``joined`` differs where words had been pulled apart.

    ``hidden`` counts invisible, control, private and unassigned characters; ``foreign`` counts letters and digits
    outside Hangul and basic Latin; ``jamo`` counts stray Hangul letters.
    """

    plain: str
    joined: str
    hidden: int
    foreign: int
    jamo: int

    @property
    def variants(self) -> tuple[str, ...]:
        return (self.plain,) if self.plain == self.joined else (self.plain, self.joined)


def normalise(text: str) -> Normalised:
    """NFKC, case folded, invisible characters and accents removed, gaps made single; each line kept."""
    if _ORDINARY.fullmatch(text):
        plain, hidden, foreign, jamo = text, 0, 0, 0
    else:
        plain, hidden, foreign, jamo = _clean(text)
    plain = "\n".join(_GAPS.sub(" ", line).strip() for line in plain.casefold().split("\n"))
    return Normalised(plain, _join(plain), hidden, foreign, jamo)


def _clean(text: str) -> tuple[str, int, int, int]:
    kept: list[str] = []
    hidden = foreign = jamo = 0
    for character in text:
        if "가" <= character <= "힣" or character.isascii():
            if character.isprintable() or character in "\n\t":
                kept.append(character)
            else:
                hidden += 1
        elif _invisible(character):
            hidden += 1
        else:
            # Counted before NFKC, which would compose them into syllables.
            jamo += "ㄱ" <= character <= "ㆎ" or "ﾡ" <= character <= "ￜ"
            kept.append(character)
    plain: list[str] = []
    for character in unicodedata.normalize("NFKC", "".join(kept)):
        if character.isascii() or "가" <= character <= "힣":
            plain.append(character)
        elif "ᄀ" <= character <= "ᇿ":
            jamo += 1
        elif character.isdecimal():
            foreign += 1
            plain.append(str(unicodedata.decimal(character)))
        elif character.isalpha():
            foreign += 1
            plain.append(unicodedata.normalize("NFD", character)[0])
        elif unicodedata.category(character) != "Mn":
            plain.append(character)
    return "".join(plain), hidden, foreign, jamo


def _invisible(character: str) -> bool:
    if unicodedata.category(character) in _HIDDEN_CATEGORIES or character in _BLANKS:
        return True
    return "\ufe00" <= character <= "\ufe0f" or "\U000e0100" <= character <= "\U000e01ef"  # variation selectors


def _join(plain: str) -> str:
    joined = plain
    if not plain.isascii():
        joined = _DIVIDED_HANGUL.sub("", joined)
        joined = _SPACED_HANGUL.sub(lambda m: re.sub(r"[ \t]+", "", m.group()), joined)
        joined = _LONE.sub(lambda m: m.group() if m.group(1) in _LONE_WORDS else m.group(1), joined)
    return _SPACED_LATIN.sub(lambda m: re.sub(r"[ .\-_*]+", "", m.group()), joined)
