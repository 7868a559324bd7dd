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
        ("1천230만 원", [("12300000", "money")]),
        ("일억 이천삼백만 원", [("123000000", "money")]),
        ("천이백삼십만 원", [("12300000", "money")]),
        ("일억까지 보호됩니다", [("100000000", "plain")]),
        ("사 점 구 퍼센트", [("4.9", "percent")]),
        ("열 명 중 아홉 명", [("10", "plain"), ("9", "plain")]),
        ("세 명 중 두 명", [("3", "plain"), ("2", "plain")]),
        ("삼분의 일", [("33.3", "percent")]),
        ("절반을 넘습니다", [("50", "percent")]),
        ("석 달 동안", [("3", "months")]),
        ("사흘이면", [("3", "days")]),
        ("삼 위에 올랐습니다", [("3", "rank")]),
        ("세 배로", [("3", "times")]),
        ("between 2.5 and 3.5 percent", [("2.5", "percent"), ("3.5", "percent")]),
        ("3배로", [("3", "times")]),
        ("제15조에 따라, 1인당 한도", []),
        ("one hundred million won", [("100000000", "money")]),
        ("KRW twelve million three hundred thousand", [("12300000", "money")]),
        ("half a million customers", [("500000", "plain")]),
        ("nine out of ten", [("9", "plain"), ("10", "plain")]),
        ("four point nine per cent", [("4.9", "percent")]),
        ("a twelve-month term", [("12", "months")]),
        ("two thirds of your spending", [("66.7", "percent")]),
        ("by a quarter", [("25", "percent")]),
        ("three quarters of it", [("75", "percent")]),
        ("more than half of it", [("50", "percent")]),
        ("within two working days", [("2", "plain")]),
        ("Article 15 of the Act", []),
    ],
)
def test_quantities(text: str, expected: list[tuple[str, str]]) -> None:
    assert said(text) == expected


@pytest.mark.parametrize(
    "text",
    [
        "만일 원금이 줄어도",
        "이 원금은 이 분이",
        "사원과 이사회",
        "조사 회의",
        "두 가지 조건",
        "한 달에 한 번",
        "일 년에 한 번",
        "두 분의 계좌",
        "하나의 통장",
        "오이 농가",
        "절반만 투자하셔도",
        "두 번째 안내",
        "천천히 이해하신 만큼",
        "one of your accounts",
        "two-step verification",
        "the second half",
        "a third party",
        "two accounts side by side",
        "at first",
        "a few points",
        "this quarter",
    ],
)
def test_words_that_count_nothing_are_no_quantities(text: str) -> None:
    assert said(text) == []


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
        ("일억 원까지 보호, 세 번의 결제, 열두 달", []),
        ("1억까지 보호, 1년 기준", []),
        ("이억 원까지 보호, 네 번의 결제", [("200000000", "money"), ("4", "plain")]),
        ("세 배", [("3", "times")]),
        ("3배, 3일, 3위", [("3", "times"), ("3", "days"), ("3", "rank")]),
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
