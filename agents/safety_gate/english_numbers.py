"""English numbers in words as digits: one hundred million won, nine out of ten, four point nine per cent, half."""

from __future__ import annotations

import re
from decimal import Decimal

__all__ = ["english_in_digits"]

_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEENS = ("ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen")
_TENS = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_VALUES = {word: value for value, word in enumerate(_DIGITS + _TEENS)} | {w: 20 + 10 * n for n, w in enumerate(_TENS)}
_SCALES = {"hundred": 100, "dozen": 12, "thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}
_PARTS = {
    "half": 2, "third": 3, "quarter": 4, "fourth": 4, "fifth": 5, "sixth": 6, "seventh": 7, "eighth": 8, "ninth": 9,
    "tenth": 10, "twentieth": 20, "hundredth": 100,
}  # fmt: skip
_SCALE, _DIGIT = "|".join(_SCALES), "|".join(_DIGITS)
_WORD = "|".join(sorted([*_VALUES, *_SCALES], key=len, reverse=True))
_NUMBER = re.compile(
    rf"\b(?:(?P<half>half a )(?={_SCALE})|an? (?={_SCALE}))?"
    rf"(?P<words>(?<![\d,.] )(?:{_WORD})(?:(?:[ -]|\sand\s)(?:{_WORD}))*)"
    rf"(?: point (?P<point>(?:{_DIGIT})(?: (?:{_DIGIT}))*))?\b"
)
# What makes a number of "one" and "two", which otherwise point or pair: "one of your accounts", "two-step".
_COUNTED = (
    r"[ -](?:percent|per cent|%|won\b|in (?:every )?(?:\d|three|four|five|ten|twenty|a hundred)|out of|and a half"
)
_AFTER = {
    "one": re.compile(rf"{_COUNTED})"),
    "two": re.compile(
        rf"{_COUNTED}|(?:years?|months?|weeks?|days?|hours?|minutes?|working|business|times|visits|purchases|transfers|"
        r"transactions|payments)\b)"
    ),
}
_PART = "third|fourth|fifth|sixth|seventh|eighth|ninth|tenth|twentieth|hundredth"
_NO_SHARE = "part(?:y|ies)|person|countr|point|option|step|time|way"
_WHOLES = "your|the|all|our|its|what|my|people|customers|users|investors|savers"
_SHARE = re.compile(
    rf"\b(?:(?P<count>an?|one|two|three|four|five|seven|nine)[ -](?P<part>{_PART})s?\b(?![ -](?:{_NO_SHARE}))"
    r"|(?P<three>three)[ -]quarters"
    r"|(?:(?<=by )|(?<=than )|(?<=about )|(?<=nearly )|(?<=almost )|(?<=over ))(?:a|one) (?P<some>quarter)\b(?! ago)"
    rf"|(?:a|one) (?P<quarter>quarter)(?= of (?:{_WHOLES})\b| (?:less|more|cheaper|lower|higher|off)\b)"
    r"|top (?P<top>tenth|fifth|third|quarter)\b"
    r"|(?<!first )(?<!second )(?<!only )(?<!just )(?P<half>half)\b(?! a |-year|-hearted| only))"
)
_IN_PARTS = re.compile(rf"[ -](?:(?:{_PART})s?|quarters)\b")


def english_in_digits(plain: str) -> str:
    """``plain`` with English number words as digits. "One" and "two" stay words where they only point or pair."""
    return _SHARE.sub(_share, _NUMBER.sub(_number, plain))


def _number(match: re.Match[str]) -> str:
    words = [word for word in re.findall(r"[a-z]+", match["words"]) if word != "and"]
    follows = match.string[match.end() : match.end() + 24]
    if len(words) == 1 and not match["point"]:
        wanted = _AFTER.get(words[0])
        if _IN_PARTS.match(follows) or (wanted and not wanted.match(follows)):
            return match.group()
    value = _value(words) / (2 if match["half"] else 1)
    if match["point"]:
        value += Decimal("0." + "".join(str(_VALUES[digit]) for digit in match["point"].split()))
    return f"{value:f}"


def _value(words: list[str]) -> Decimal:
    total = section = Decimal(0)
    for word in words:
        if word in _VALUES:
            section += _VALUES[word]
        elif word in ("hundred", "dozen"):
            section = max(section, Decimal(1)) * _SCALES[word]
        else:
            total, section = total + max(section, Decimal(1)) * _SCALES[word], Decimal(0)
    return total + section


def _share(match: re.Match[str]) -> str:
    found = {name: word for name, word in match.groupdict().items() if word}
    if "three" in found:
        return "75%"
    count = _VALUES.get(found.pop("count", "one"), 1)
    [part] = found.values()
    return f"{(Decimal(100) * count / _PARTS[part]).quantize(Decimal('0.1')):f}%"
