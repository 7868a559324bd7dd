"""Korean particles that agree with the final sound of whatever precedes them."""

from __future__ import annotations

import re
from typing import Literal

__all__ = ["PARTICLES", "Sound", "final_sound", "with_particle"]

Sound = Literal["vowel", "rieul", "consonant"]

# written in a template -> (after a consonant, after a vowel, when the sound is unknown)
PARTICLES: dict[str, tuple[str, str, str]] = {
    "은는": ("은", "는", "은(는)"),
    "이가": ("이", "가", "이(가)"),
    "을를": ("을", "를", "을(를)"),
    "과와": ("과", "와", "과(와)"),
    "으로": ("으로", "로", "(으)로"),
}

# Sino-Korean readings: 영 일 이 삼 사 오 육 칠 팔 구
_DIGITS: dict[str, Sound] = {
    "0": "consonant",
    "1": "rieul",
    "2": "vowel",
    "3": "consonant",
    "4": "vowel",
    "5": "vowel",
    "6": "consonant",
    "7": "rieul",
    "8": "rieul",
    "9": "vowel",
}
_SYMBOLS: dict[str, Sound] = {
    "%": "vowel",  # 퍼센트
    "％": "vowel",
    "+": "vowel",  # 플러스
    "&": "vowel",  # 앤드
    "$": "vowel",  # 달러
    "€": "vowel",  # 유로
    "₩": "consonant",  # 원
    "℃": "vowel",  # 도
}
# Particles depend on the last sound; nothing before this many characters can matter.
_TAIL = 200
_NUMBER = re.compile(r"(?:\d[\d,]*)?\d(?P<fraction>\.\d+)?$")
_WORD = re.compile(r"[A-Za-z]+$")
_BRACKETED = re.compile(r"\s*(?:\([^()]*\)|\[[^\[\]]*\]|（[^（）]*）|〔[^〔〕]*〕)$")


def with_particle(text: str, particle: str) -> str:
    """Append the right form of ``particle`` (a key of ``PARTICLES``) to ``text``."""
    after_consonant, after_vowel, unknown = PARTICLES[particle]
    sound = final_sound(text)
    if sound is None:
        return text + unknown
    light = sound == "vowel" or (sound == "rieul" and particle == "으로")
    return text + (after_vowel if light else after_consonant)


def final_sound(text: str) -> Sound | None:
    """The last sound of ``text`` as it is read out, or None where nothing in it can be read.

    A closing bracketed remark is not read ("ISA(종합계좌)" ends like "ISA"), nor are closing quotes and full stops.
    Numbers are read in Sino-Korean with their units (1,000 is 천), fractions digit by digit, capitals by letter name,
    other Latin words as Korean loan words (a rule of thumb).
    """
    core = _core(text)
    if not core:
        return None
    last = core[-1]
    if "가" <= last <= "힣":
        return _hangul(last)
    if last in _SYMBOLS:
        return _SYMBOLS[last]
    if last.isascii() and last.isdigit():
        return _number(core)
    word = _WORD.search(core)
    return _latin(word.group()) if word else None


def _core(text: str) -> str:
    text = text[-_TAIL:]
    while text and not _readable(text[-1]):
        before = _BRACKETED.sub("", text)
        skipped = before != text and any(map(_readable, before))
        text = before if skipped else text[:-1]
    return text


def _readable(character: str) -> bool:
    return character.isalnum() or character in _SYMBOLS


def _hangul(syllable: str) -> Sound:
    final = (ord(syllable) - 0xAC00) % 28
    return "vowel" if final == 0 else "rieul" if final == 8 else "consonant"


def _number(core: str) -> Sound:
    match = _NUMBER.search(core)
    digits = match.group().replace(",", "") if match else core[-1]
    zeros = len(digits) - len(digits.rstrip("0"))
    # 조 (twelve to fifteen zeros) is the one unit that ends in a vowel; 십 백 천 만 억 경 do not.
    if zeros and zeros < len(digits) and not (match and match.group("fraction")):
        return "vowel" if 12 <= zeros < 16 else "consonant"
    return _DIGITS[digits[-1]]


def _latin(word: str) -> Sound:
    if word.isupper() or len(word) == 1:
        # letter names: 엘, 알 / 엠, 엔 / all others end in a vowel
        return {"L": "rieul", "R": "rieul", "M": "consonant", "N": "consonant"}.get(word[-1].upper(), "vowel")  # type: ignore[return-value]
    word = word.lower()
    if re.search(r"(?:l|[aeiou]le|[bcdfgkpstz]le)$", word):
        return "rieul"  # 트래블, 모바일, 심플
    if re.search(r"(?:[mn]|ng|[aeiou][mn]e)$", word):
        return "consonant"  # 프리미엄, 세이빙, 홈
    if re.search(r"(?:^|[^aeiou])(?:[aeiou]|oo)(?:[pt]|ck|b)$|(?:^|[^aeiou])(?:[aiou]|oo)k$|[aeiou]g$", word):
        return "consonant"  # 톱, 넷, 픽, 북, 클럽, 빅
    return "vowel"
