"""Render one slot value for one locale. Code fills slots, so no number in a sentence can be made up."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from decimal import ROUND_HALF_UP, Decimal

from understudy.contracts._model import Locale, Text
from understudy.contracts.reasons import SlotType

__all__ = ["category_key", "render", "render_money", "render_rate"]

_KO_UNITS = ((10**12, "조"), (10**8, "억"), (10**4, "만"))
_EN_UNITS = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"))
_MONTHS = (
    "January", "February", "March", "April", "May", "June", "July", "August", "September", "October", "November",
    "December",
)  # fmt: skip
# Below a million won every won is said; above, the sentence is read out and rounds to ten thousand.
_KO_EXACT_BELOW = 10**6


def render(
    slot: SlotType, value: float | str | None, locale: Locale, categories: Mapping[str, Text] | None = None
) -> str | None:
    """Say ``value`` as ``slot`` in ``locale``.

    ========  =================================  ==================
    slot      ko                                 en
    ========  =================================  ==================
    number    1,234.5                            1,234.5
    money     1,230만 원 (KRW)                   KRW 12.3 million
    percent   35% (value 0.35: a fraction)       35%
    count     3 (whole and not negative)         3
    months    3개월                              3 months
    years     1년                                1 year
    date      2026년 3월 1일 (ISO 8601 text)     1 March 2026
    category  ``categories[value].ko``           ``.en``
    ========  =================================  ==================

    Returns:
        None if the value is missing, is not of the slot's type, or is a category without a name: it cannot be said.
    """
    if slot == "category":
        named = (categories or {}).get(category_key(value))
        return named[locale] if named else None
    if slot == "date":
        return _date(value, locale)
    if isinstance(value, str) or value is None or not math.isfinite(value):
        return None
    if slot == "count":
        return f"{int(value):,}" if value >= 0 and value == int(value) else None
    if slot == "money":
        return render_money(value, locale)
    if slot == "percent":
        return render_rate(value * 100)
    if slot in ("months", "years"):
        return _span(value, slot, locale) if value >= 0 else None
    return _decimal(value, 1 if abs(value) >= 1 else 2)


def _date(value: float | str | None, locale: Locale) -> str | None:
    try:
        day = date.fromisoformat(value if isinstance(value, str) else "")
    except ValueError:
        return None
    return (
        f"{day.year}년 {day.month}월 {day.day}일"
        if locale == "ko"
        else f"{day.day} {_MONTHS[day.month - 1]} {day.year}"
    )


def category_key(value: float | str | None) -> str:
    """The key under which a category's name is kept: the string itself, or a whole number without its point."""
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value)


def render_rate(percent: float) -> str:
    """Say a rate that is already in percent: 3.5 -> "3.5%", at most two decimals."""
    return f"{_decimal(percent, 2 if abs(percent) < 10 else 1)}%"


def render_money(krw: float, locale: Locale) -> str:
    """Say an amount of Korean won; "1억 2,300만 원", "KRW 123 million"."""
    sign, won = ("-" if round(krw) < 0 else ""), abs(round(krw))
    return f"{sign}{_won_ko(won)}" if locale == "ko" else f"KRW {sign}{_won_en(won)}"


def _won_ko(won: int) -> str:
    if won < _KO_EXACT_BELOW:
        return f"{won:,}원"
    won = (won + 5_000) // 10_000 * 10_000
    parts = []
    for size, unit in _KO_UNITS:
        count, won = divmod(won, size)
        if count:
            parts.append(f"{count:,}{unit}")
    return " ".join(parts) + " 원"


def _won_en(won: int) -> str:
    for index, (size, unit) in enumerate(_EN_UNITS):
        if won >= size:
            # 999.96 million is a billion once it is rounded.
            if index and _round(won / size, 1) >= 1000:
                size, unit = _EN_UNITS[index - 1]
            return f"{_decimal(won / size, 1)} {unit}"
    return f"{won:,}"


def _span(value: float, slot: SlotType, locale: Locale) -> str:
    number = _decimal(value, 1)
    if locale == "ko":
        return number + ("개월" if slot == "months" else "년")
    return f"{number} {slot.removesuffix('s') if number == '1' else slot}"


def _decimal(value: float, places: int) -> str:
    text = f"{_round(value, places):,f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _round(value: float, places: int) -> Decimal:
    # Decimal(repr) rounds the number that a person sees, not its binary neighbour.
    rounded = Decimal(repr(float(value))).quantize(Decimal(1).scaleb(-places), rounding=ROUND_HALF_UP)
    return abs(rounded) if rounded == 0 else rounded
