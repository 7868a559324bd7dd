from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.safety_gate.numerals import luhn, rrn


@pytest.mark.parametrize(
    "number", ["4111-1111-1111-1111", "5500 0000 0000 0004", "378282246310005", "6011000990139424"]
)
def test_test_card_numbers_pass(number: str) -> None:
    assert luhn(number)


@given(st.integers(10**14, 10**15 - 1))
def test_exactly_one_check_digit_passes(body: int) -> None:
    assert sum(luhn(f"{body}{digit}") for digit in range(10)) == 1


@pytest.mark.parametrize("number", ["0", "411111111111", "4111 1111 1111 1111 1111 1"])
def test_lengths_outside_the_standard_fail(number: str) -> None:
    assert not luhn(number)


@pytest.mark.parametrize(
    ("number", "valid"),
    [("900101-1234567", True), ("850315-2******", True), ("901301-1234567", False), ("900132-1234567", False),
     ("900101-9234567", False), ("900101", False)],
)  # fmt: skip
def test_resident_numbers(number: str, valid: bool) -> None:
    assert rrn(number) is valid
