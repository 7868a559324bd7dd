"""Trace every number in a text to a slot value or a term of the catalog."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence, Set
from decimal import Decimal
from functools import lru_cache
from typing import Literal, NamedTuple

from agents.safety_gate.english_numbers import english_in_digits
from agents.safety_gate.korean_numbers import korean_in_digits, korean_value
from agents.safety_gate.normalise import normalise
from agents.slots import render, render_money, render_rate
from agents.statute import DEPOSIT_PROTECTION_KRW
from understudy.contracts._model import Locale, Text
from understudy.contracts.catalog import Product
from understudy.contracts.reasons import Fact

__all__ = [
    "Quantity",
    "allowed_quantities",
    "fact_quantities",
    "in_digits",
    "product_quantities",
    "quantities",
    "stated_quantities",
    "ungrounded",
]

Unit = Literal["percent", "money", "months", "years", "days", "times", "rank", "plain"]


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
    r"[\s-]?\s*(?P<unit>%|퍼센트|프로(?![가-힣])|percent\b|per cent\b|원|won\b|개월|months?\b|년|years?\b|"
    r"일(?=$|[^가-힣]|[에을의은이동간까만])|days?\b|위(?=$|[^가-힣]|[를로입이의에])|"
    r"배(?=$|[^가-힣]|[로의가를나는]|쯤|까지|정도|이상|가량)|(?:times|x)(?= (?:as|more|the|your|what|over|\w+er)\b))?"
)
_RANGE = re.compile(
    rf"({_DIGITS})(?=\s*(?:~|-|–|to|에서|(?<=between \d.\d )and|(?<=between \d )and)"
    rf"\s*(?:연\s*)?{_DIGITS}\s*(%|percent\b|퍼센트))"
)
# A law's article, and "per person", state nothing.
_NO_QUANTITY = re.compile(
    r"제\s?\d+(?:조|항|호)(?:의\s?\d+)?|\b(?:article|section|paragraph)s? \d+(?:[-(]\d+\)?)?|(?<!\d)1인당?(?=\s)"
)
_KO_SCALES = "조억만천백십"
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
    "일": "days",
    "day": "days",
    "days": "days",
    "위": "rank",
    "배": "times",
    "times": "times",
    "x": "times",
}
_SURELY_MONEY = 10_000


def quantities(plain: str) -> list[Quantity]:
    """Every number of a normalised text, in digits or words. The first bound of "2.5~3.5%" is a percentage too."""
    plain = _RANGE.sub(r"\1\2", _NO_QUANTITY.sub("", in_digits(plain)))
    return [_quantity(match) for match in _NUMBER.finditer(plain)]


def in_digits(plain: str) -> str:
    """A normalised text with its number words as digits; the text itself where there are none."""
    return english_in_digits(plain if plain.isascii() else korean_in_digits(plain))


def _quantity(match: re.Match[str]) -> Quantity:
    body = match["body"]
    scaled = any(scale in body for scale in _KO_SCALES)
    value = korean_value(body) if scaled else _decimal(body)
    if match["scale"]:
        value *= _EN_SCALE[match["scale"]]
    unit: Unit = _UNITS.get(match["unit"] or "", "plain")
    if unit == "plain" and match["krw"]:
        unit = "money"
    return Quantity((-value if match["sign"] else value).normalize(), unit)


def _decimal(digits: str) -> Decimal:
    return Decimal(digits.replace(",", ""))


def allowed_quantities(product: Product, facts: Sequence[Fact], locale: Locale) -> set[Quantity]:
    """What a text about ``product`` and ``facts`` may state: rendered slot values, a fact's own numbers, terms,
    names and legal limits."""
    return {*product_quantities(product, locale), *fact_quantities(facts, locale)}


def product_quantities(product: Product, locale: Locale) -> set[Quantity]:
    """What a text about ``product`` may state whatever the facts are: terms, names and legal limits."""
    terms = product.terms
    said = [render_money(DEPOSIT_PROTECTION_KRW, locale)]
    said += [render_rate(rate) for rate in (terms.rate_min, terms.rate_max, terms.late_rate_max) if rate is not None]
    texts = (product.name, product.seller, terms.rate_basis, terms.preferential_condition, terms.eligibility)
    said += [text[locale] for text in texts if isinstance(text, Text)]
    return {quantity for text in said if text for quantity in stated_quantities(text)}


def fact_quantities(facts: Sequence[Fact], locale: Locale) -> set[Quantity]:
    """What a text about ``facts`` may state: rendered slot values, and the facts' own numbers."""
    said: list[str] = []
    for fact in facts:
        said += fact.literals
        if fact.slot is not None and fact.slot != "category":
            said.append(rendered := render(fact.slot, fact.value, locale) or "")
            if fact.slot == "number":
                said.append(f"{rendered}배")
    return {quantity for text in said if text for quantity in stated_quantities(text)}


@lru_cache(maxsize=1024)
def stated_quantities(text: str) -> tuple[Quantity, ...]:
    """Every number of a text that is not normalised yet."""
    return tuple(quantities(normalise(text).plain))


def ungrounded(plain: str, allowed: Iterable[Quantity]) -> list[Quantity]:
    """The numbers of ``plain`` that nothing accounts for."""
    known = allowed if isinstance(allowed, Set) else set(allowed)
    return [quantity for quantity in _found(plain) if not any(same in known for same in _same(quantity))]


def _same(quantity: Quantity) -> Iterator[Quantity]:
    """``quantity`` and what means the same: whole years in months, a large sum whose currency is understood."""
    yield quantity
    value, unit = quantity
    if unit == "years":
        yield Quantity((value * 12).normalize(), "months")
    elif unit == "months" and value % 12 == 0:
        yield Quantity((value / 12).normalize(), "years")
    elif unit == "plain" and value >= _SURELY_MONEY:
        yield Quantity(value, "money")


@lru_cache(maxsize=512)
def _found(plain: str) -> tuple[Quantity, ...]:
    # Mostly disclosures, which are the same for every customer.
    return tuple(quantities(plain))
