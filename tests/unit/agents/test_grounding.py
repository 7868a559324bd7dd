from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal

import pytest

from agents.safety_gate.grounding import Quantity, allowed_quantities, quantities, ungrounded
from agents.safety_gate.normalise import normalise
from understudy.contracts.catalog import Product
from understudy.contracts.reasons import Fact


def said(text: str) -> list[tuple[str, str]]:
    return [(f"{quantity.value:f}", quantity.unit) for quantity in quantities(normalise(text).plain)]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1,230만 원", [("12300000", "money")]),
        ("1억 2,300만원", [("123000000", "money")]),
        ("12300000원", [("12300000", "money")]),
        ("KRW 12.3 million", [("12300000", "money")]),
        ("₩5,000", [("5000", "money")]),
        ("연 2.5%~3.5%", [("2.5", "percent"), ("3.5", "percent")]),
        ("KRW 900 and 3.5%", [("900", "money"), ("3.5", "percent")]),
        ("2.5% to 3.5%", [("2.5", "percent"), ("3.5", "percent")]),
        ("2.50 퍼센트", [("2.5", "percent")]),
        ("3 percent", [("3", "percent")]),
        ("12개월", [("12", "months")]),
        ("2 years and 3 months", [("2", "years"), ("3", "months")]),
        ("3건, 2회", [("3", "plain"), ("2", "plain")]),
        ("3프로젝트", [("3", "plain")]),
        ("-5,000원", [("-5000", "money")]),
        ("숫자가 없습니다.", []),
        ("５％", [("5", "percent")]),
    ],
)
def test_quantities(text: str, expected: list[tuple[str, str]]) -> None:
    assert said(text) == expected


@pytest.fixture
def facts() -> list[Fact]:
    return [
        Fact(key="balance", direction="for", share=0.3, slot="money", value=12_345_678.0, features={}),
        Fact(key="count", direction="for", share=0.2, slot="count", value=3, features={}),
        Fact(key="share", direction="for", share=0.1, slot="percent", value=0.35, features={}),
        Fact(key="plain", direction="for", share=0.1, features={}),
    ]


@pytest.mark.parametrize(
    ("text", "loose"),
    [
        ("잔액 1,235만 원, 3건, 35%", []),
        ("잔액 1,235만원", []),
        ("연 2.5%~3.5%", []),
        ("연체이자율 12%", []),
        ("만기 12개월", []),
        ("1억 원까지 보호", []),
        ("잔액 12,345,678원", [("12345678", "money")]),
        ("3%", [("3", "percent")]),
        ("35건", [("35", "plain")]),
        ("연 3.6%", [("3.6", "percent")]),
        ("12,350만 원", [("123500000", "money")]),
        ("5천만 원까지 보호", [("50000000", "money")]),
    ],
)
def test_only_slots_terms_and_legal_limits_ground_a_number(
    text: str, loose: list[tuple[str, str]], product: Callable[..., Product], facts: list[Fact]
) -> None:
    allowed = allowed_quantities(product(), facts, "ko")
    found = ungrounded(normalise(text).plain, allowed)
    assert [(f"{quantity.value:f}", quantity.unit) for quantity in found] == loose


def test_equal_amounts_are_equal_however_they_are_written() -> None:
    [one], [two] = quantities("1,230만 원"), quantities("krw 12.30 million")
    assert one == two == Quantity(Decimal("12300000").normalize(), "money")
