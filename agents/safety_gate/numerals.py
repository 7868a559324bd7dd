"""Checksums that tell personal numbers from other numbers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal

__all__ = ["VALIDATORS", "Validator", "luhn", "rrn"]

Validator = Literal["luhn", "rrn"]


def luhn(text: str) -> bool:
    """Whether the digits of ``text`` form a card number (13 to 19 digits, ISO/IEC 7812 check digit)."""
    digits = [int(c) for c in text if c.isdigit()]
    doubled = [d * 2 - 9 * (d > 4) for d in digits[-2::-2]]
    return 13 <= len(digits) <= 19 and (sum(digits[-1::-2]) + sum(doubled)) % 10 == 0


def rrn(text: str) -> bool:
    """Whether the digits of ``text`` can be a Korean resident registration number: a date of birth and 1-8.

    Numbers given since October 2020 have a random tail, so the old check digit proves nothing and is not asked for.
    """
    digits = [int(c) for c in text if c.isdigit()]
    if len(digits) < 7:
        return False
    month, day = digits[2] * 10 + digits[3], digits[4] * 10 + digits[5]
    return 1 <= month <= 12 and 1 <= day <= 31 and digits[6] in range(1, 9)


VALIDATORS: dict[Validator, Callable[[str], bool]] = {"luhn": luhn, "rrn": rrn}
