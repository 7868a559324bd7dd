"""Trace every number in a text to a slot value or a term of the catalog."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

from agents.safety_gate.normalise import normalise
from agents.slots import render, render_money, render_rate
from agents.statute import DEPOSIT_PROTECTION_KRW
from understudy.contracts._model import Locale, Text
from understudy.contracts.catalog import Product
from understudy.contracts.reasons import Fact

__all__ = ["Quantity", "allowed_quantities", "quantities", "ungrounded"]

Unit = Literal["percent", "money", "months", "years", "plain"]


class Quantity(NamedTuple):
    """A number and what it counts, apart from how it is written: 1,230만 원 and 12300000원 are equal."""

    value: Decimal
    unit: Unit


_DIGITS = r"\d[\d,]*(?:\.\d+)?"
_KO_UNIT = r"(?:[십백천]?[조억만]|천(?!\S*[년월])|백(?=\s*원))"
_KO_AMOUNT = rf"(?:{_DIGITS}\s*{_KO_UNIT}\s*)+(?:{_DIGITS}(?![\d.]*\s*[%건회개년세]))?"
_NUMBER = re.compile(
    rf"(?P<krw>krw\s*|₩\s*)?(?P<sign>(?<![\d\w)%])-)?(?P<body>{_KO_AMOUNT}|{_DIGITS})"
    r"\s*(?P<scale>trillion|billion|million|thousand)?"
    r"[\s-]?\s*(?P<unit>%|퍼센트|프로(?![가-힣])|percent\b|per cent\b|원|won\b|개월|months?\b|년|years?\b)?"
)
_RANGE = re.compile(rf"({_DIGITS})(?=\s*(?:~|-|–|to)\s*{_DIGITS}\s*(%|percent\b|퍼센트))")
_PART = re.compile(rf"({_DIGITS})\s*([십백천조억만]{{0,2}})")
_KO_SCALE = {"조": 10**12, "억": 10**8, "만": 10**4, "천": 10**3, "백": 10**2, "십": 10}
_EN_SCALE = {"trillion": 10**12, "billion": 10**9, "million": 10**6, "thousand": 10**3}
_UNITS: dict[str, Unit] = {
    "%": "percent",
    "퍼센트": "percent",
    "프로": "percent",
    "percent": "percent",
    "per cent": "percent",
    "원": "money",
    "won": "money",
    "개월": "months",
    "month": "months",
    "months": "months",
    "년": "years",
    "year": "years",
    "years": "years",
}


def quantities(plain: str) -> list[Quantity]:
    """Every number of a normalised text. The first bound of "2.5~3.5%" is a percentage too."""
    plain = _RANGE.sub(r"\1\2", plain)
    return [_quantity(match) for match in _NUMBER.finditer(plain)]


def _quantity(match: re.Match[str]) -> Quantity:
    body = match["body"]
    scaled = any(scale in body for scale in _KO_SCALE)
    value = _korean_amount(body) if scaled else _decimal(body)
    if match["scale"]:
        value *= _EN_SCALE[match["scale"]]
    unit: Unit = _UNITS.get(match["unit"] or "", "plain")
    if unit == "plain" and match["krw"]:
        unit = "money"
    return Quantity((-value if match["sign"] else value).normalize(), unit)


def _korean_amount(body: str) -> Decimal:
    parts = _PART.findall(body)
    return sum((_decimal(number) * math.prod(_KO_SCALE[unit] for unit in units) for number, units in parts), Decimal(0))


def _decimal(digits: str) -> Decimal:
    return Decimal(digits.replace(",", ""))


def allowed_quantities(product: Product, facts: Sequence[Fact], locale: Locale) -> set[Quantity]:
    """What a text about ``product`` and ``facts`` may state: rendered slot values, a fact's own numbers, terms,
    names and legal limits."""
    terms = product.terms
    said: list[str] = [render_money(DEPOSIT_PROTECTION_KRW, locale)]
    said += [render_rate(rate) for rate in (terms.rate_min, terms.rate_max, terms.late_rate_max) if rate is not None]
    texts = (product.name, product.seller, terms.rate_basis, terms.preferential_condition, terms.eligibility)
    said += [text[locale] for text in texts if isinstance(text, Text)]
    for fact in facts:
        said += fact.literals
        if fact.slot is not None and fact.slot != "category":
            said.append(render(fact.slot, fact.value, locale) or "")
    return {quantity for text in said if text for quantity in _stated(text)}


@lru_cache(maxsize=1024)
def _stated(text: str) -> tuple[Quantity, ...]:
    return tuple(quantities(normalise(text).plain))


def ungrounded(plain: str, allowed: Iterable[Quantity]) -> list[Quantity]:
    """The numbers of ``plain`` that nothing accounts for."""
    known = set(allowed)
    return [quantity for quantity in _found(plain) if quantity not in known]


@lru_cache(maxsize=512)
def _found(plain: str) -> tuple[Quantity, ...]:
    # Mostly disclosures, which are the same for every customer.
    return tuple(quantities(plain))
