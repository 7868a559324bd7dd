"""Korean numbers in words as digits: 일억 원, 열 명 중 아홉 명, 사 점 구 퍼센트, 삼분의 일, 절반, 석 달."""

from __future__ import annotations

import re
from decimal import Decimal
from functools import cache

__all__ = ["korean_in_digits", "korean_value"]

_SINO = {syllable: value for value, syllable in enumerate("영일이삼사오육칠팔구")}
_SMALL = {"십": 10, "백": 100, "천": 1000}
_LARGE = {"만": 10**4, "억": 10**8, "조": 10**12}
_TENS = {
    "열": 10,
    "스물": 20,
    "스무": 20,
    "서른": 30,
    "마흔": 40,
    "쉰": 50,
    "예순": 60,
    "일흔": 70,
    "여든": 80,
    "아흔": 90,
}
_ONES = {"한": 1, "하나": 1, "두": 2, "둘": 2, "세": 3, "석": 3, "셋": 3, "네": 4, "넉": 4, "넷": 4}
_ONES |= {"다섯": 5, "여섯": 6, "일곱": 7, "여덟": 8, "아홉": 9}
_SPANS = {"이틀": 2, "사흘": 3, "나흘": 4, "닷새": 5, "엿새": 6, "열흘": 10, "보름": 15}

# Syllables of number words begin and end many others, so that a number counts as one only if it is well formed,
# stands alone, and is followed by a counter and a particle: 만일 is "if", 사원 an employee, 이 분 "this person".
_AFTER = (
    r"(?=$|[^가-힣]|이(?:[며고나라었면\s상하내에]|$)|입|인[데\s]|을|를|은|는|의|에|으로|로|까지|부터|만[\s의을이]|씩|정도|"
    r"가[량\s]|미만|쯤|과|와|도|간|동안|안|대[의로를까에\s]|당\s|나\s|중|반|마다|짜리|보다|뿐|선|넘|째|예|였)"
)
_COUNTER = (
    r"(?:원|퍼센트|프로|%|개월|년|명|분|회|건|배|일|시간|주|개|세|점|인|곳|호|번|차례|달러|대|종|포인트)" + _AFTER
)
_D = "[일이삼사오육칠팔구]"
_UP_TO_9999 = rf"(?:{_D}?천)?(?:{_D}?백)?(?:{_D}?십)?{_D}?"
_CHINESE = rf"(?=[가-힣])(?:{_UP_TO_9999}조\s?)?(?:{_UP_TO_9999}억\s?)?(?:{_UP_TO_9999}만\s?)?{_UP_TO_9999}"
_ALONE = "|".join(
    (
        r"[일이삼사오육칠팔구십백천만]\s?(?:퍼센트|%|프로(?![가-힣]))",
        r"[이삼사오육칠팔구십]\s?개월",
        rf"[이삼사오육칠팔구십백]\s년{_AFTER}",
        rf"[만천백]\s?원{_AFTER}",
        rf"[삼사오육칠팔구]\s원{_AFTER}",
        rf"[삼사오육칠팔구십]\s(?:분|회|배|시간|명|일){_AFTER}",
        r"[일이삼사오육칠팔구십]\s?위(?=를|로\s|입|이며|의|에\s(?:오|올|선)|$)",
    )
)
_CHINESE_NUMBER = (
    rf"(?<![가-힣\d.,])(?!만일\s|조사|이사)(?:(?={_ALONE})[가-힣]"
    rf"|(?!일\s?년){_CHINESE}(?<=[일이삼사오육칠팔구십백천만억조]{{2}})"
    rf"(?=\s?여?\s?{_COUNTER}|(?<=[만억조])(?:까지|이상|이하|미만|정도|가량)))"
)
_DECIMAL = r"(?<![가-힣\d])([영일이삼사오육칠팔구십]+)\s?점\s?([영일이삼사오육칠팔구]+)\s?(?=퍼센트|프로(?![가-힣])|%)"
_SHARE = rf"(?<![가-힣\d])({_CHINESE})\s?분의\s?({_CHINESE})(?![가-힣]*(?:부|정|반))"
_HALF = re.compile(r"(?:절반|반값)(?!만|씩)")
_SPAN = rf"(?<![가-힣])(?:{'|'.join(_SPANS)}){_AFTER}"
_MANY = rf"(?:{'|'.join(_TENS)})(?:{'|'.join(_ONES)})?|다섯|여섯|일곱|여덟|아홉"
# 두 가지, 두 통장, 두 분: what pairs or points is left, so are ordinals (두 번째).
_NATIVE = (
    r"(?<![가-힣])(?:(?:두|세|석|네|넉)\s?"
    rf"(?=(?:번|건|달|배|명|살|시간|해|개월|잔)(?!째|거래|해지){_AFTER}|(?:분|사람|곳|집)\s?(?:중|가운데))"
    rf"|(?:{_MANY})\s?(?=(?:퍼센트|프로|번|건|회|달|배|명|살|세|시간|해|개월|분|사람|곳|집|개|단계|차례|종|장|대|잔|주)"
    rf"{_AFTER}|$|[.,]|[이은을의]))"
)
_MONTHS = re.compile(r"(?<=\d)\s?달(?=$|[^가-힣]|[이을의에동간째까만전])")
# The long patterns are compiled when a text first shows a sign of them, as most never do.
_compiled = cache(re.compile)
_CHINESE_SIGN = re.compile(
    r"(?<![가-힣\d.,])[일이삼사오육칠팔구십백천만억조](?:[일이삼사오육칠팔구십백천만억조]|분의|\s?(?:[점퍼%프개년원분회배시명일위]))"
)
_NATIVE_SIGN = re.compile(
    r"(?<![가-힣])(?:[두세석네넉]\s?[번건달배명살시해개잔분사곳집]|열|스[무물]|서른|마흔|쉰|예순|일[흔곱]|여[든덟섯]|아[흔홉]|다섯)"
)
_TOKEN = re.compile(r"\d[\d,]*(?:\.\d+)?|[영일이삼사오육칠팔구십백천만억조]")


def korean_in_digits(plain: str) -> str:
    """``plain`` with Korean number words as digits. 한 and 두 before what is no amount, and 일 년, stay words."""
    if _CHINESE_SIGN.search(plain):
        plain = _compiled(_DECIMAL).sub(_decimal, plain)
        plain = _compiled(_SHARE).sub(_share, plain)
        plain = _compiled(_CHINESE_NUMBER).sub(lambda m: f"{korean_value(m.group()):f}", plain)
    if _NATIVE_SIGN.search(plain):
        plain = _compiled(_NATIVE).sub(lambda m: str(_native(m.group().strip())), plain)
        plain = _MONTHS.sub("개월", plain)
    if any(span in plain for span in _SPANS):
        plain = _compiled(_SPAN).sub(lambda m: f"{_SPANS[m.group()]}일", plain)
    return _HALF.sub("50%", plain)


def _decimal(match: re.Match[str]) -> str:
    return f"{korean_value(match[1])}.{''.join(str(_SINO[digit]) for digit in match[2])}"


def korean_value(body: str) -> Decimal:
    """The value of a number in digits, syllables or both: 1천230만, 1억 2,300만, 천이백삼십만."""
    total = section = number = Decimal(0)
    for token in _TOKEN.findall(body):
        if token in _SMALL:
            section, number = section + (number or 1) * _SMALL[token], Decimal(0)
        elif token in _LARGE:
            total, section, number = total + (section + number or 1) * _LARGE[token], Decimal(0), Decimal(0)
        else:
            number = Decimal(_SINO[token]) if token in _SINO else Decimal(token.replace(",", ""))
    return total + section + number


def _share(match: re.Match[str]) -> str:
    whole, part = korean_value(match[1]), korean_value(match[2])
    return f"{(100 * part / whole).quantize(Decimal('0.1')):f}%" if whole else match.group()


def _native(word: str) -> int:
    tens = next((tens for tens in _TENS if word.startswith(tens)), "")
    return _TENS.get(tens, 0) + _ONES.get(word.removeprefix(tens), 0)
