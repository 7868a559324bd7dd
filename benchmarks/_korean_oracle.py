"""Korean particles by another road than the product's: whatever precedes one is written out in Hangul, and the last
syllable is taken apart by Unicode decomposition (NFD). Shares no code with agents/reason_generator/particles.py."""

from __future__ import annotations

import re
import unicodedata

__all__ = ["attach", "reading"]

# pair as written in a template -> (after a final consonant, after none); 으로 treats ㄹ like none.
PAIRS = {"은는": ("은", "는"), "이가": ("이", "가"), "을를": ("을", "를"), "과와": ("과", "와"), "으로": ("으로", "로")}
DIGITS = "영일이삼사오육칠팔구"
SMALL = ("", "십", "백", "천")
LARGE = ("", "만", "억", "조", "경")
NAMES = """
에이 비 씨 디 이 에프 지 에이치 아이 제이 케이 엘 엠 엔 오 피 큐 알 에스 티 유 브이 더블유 엑스 와이 제트
"""
LETTERS = dict(zip("ABCDEFGHIJKLMNOPQRSTUVWXYZ", NAMES.split(), strict=True))
SYMBOLS = {"%": "퍼센트"}
RIEUL = "\u11af"


def attach(text: str, pair: str) -> str:
    """``text`` with the right particle of ``pair``."""
    closed, open_ = PAIRS[pair]
    final = _final(reading(text))
    light = final == "" or (pair == "으로" and final == RIEUL)
    return text + (open_ if light else closed)


def reading(text: str) -> str:
    """The end of ``text`` as it is read aloud, in Hangul; raises ValueError if that is not known."""
    core = re.sub(r"[\s.,!?'\"”’」』]+$", "", text)
    core = re.sub(r"\s*\([^()]*\)$", "", core) or core
    number = re.search(r"(\d[\d,]*)(\.\d+)?$", core)
    if number:
        whole = _whole(int(number[1].replace(",", "")))
        return whole + "".join(DIGITS[int(d)] for d in (number[2] or "")[1:])
    last = core[-1]
    if "가" <= last <= "힣":
        return last
    if last in SYMBOLS:
        return SYMBOLS[last]
    if last.isascii() and last.isupper():
        return LETTERS[last]
    raise ValueError(f"no reading for {core[-10:]!r}")


def _whole(value: int) -> str:
    if value == 0:
        return DIGITS[0]
    said, place = "", 0
    while value:
        value, group = divmod(value, 10_000)
        part = ""
        for power, digit in enumerate(int(d) for d in reversed(str(group))):
            if digit:
                part = DIGITS[digit] + SMALL[power] + part
        if group:
            said = part + LARGE[place] + said
        place += 1
    return said


def _final(said: str) -> str:
    """The final consonant of the last syllable, as a jamo; empty if it has none."""
    jamo = unicodedata.normalize("NFD", said[-1])
    return jamo[2] if len(jamo) == 3 else ""
