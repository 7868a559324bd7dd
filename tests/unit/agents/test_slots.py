from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from agents.safety_gate.grounding import Quantity, quantities
from agents.safety_gate.normalise import normalise
from agents.slots import render, render_money, render_rate
from understudy.contracts._model import Text


@pytest.mark.parametrize(
    ("krw", "ko", "en"),
    [
        (0, "0원", "KRW 0"),
        (980, "980원", "KRW 980"),
        (123_456, "123,456원", "KRW 123,456"),
        (12_300_000, "1,230만 원", "KRW 12.3 million"),
        (12_345_678, "1,235만 원", "KRW 12.3 million"),
        (100_000_000, "1억 원", "KRW 100 million"),
        (123_000_000, "1억 2,300만 원", "KRW 123 million"),
        (999_960_000, "9억 9,996만 원", "KRW 1 billion"),
        (2_500_000_000_000, "2조 5,000억 원", "KRW 2.5 trillion"),
        (-5_000, "-5,000원", "KRW -5,000"),
        (-0.2, "0원", "KRW 0"),
    ],
)
def test_money(krw: float, ko: str, en: str) -> None:
    assert (render_money(krw, "ko"), render_money(krw, "en")) == (ko, en)


@pytest.mark.parametrize(
    ("slot", "value", "ko", "en"),
    [
        ("number", 1234.56, "1,234.6", "1,234.6"),
        ("number", 0.256, "0.26", "0.26"),
        ("number", -0.001, "0", "0"),
        ("percent", 0.35, "35%", "35%"),
        ("percent", 0.0123, "1.23%", "1.23%"),
        ("percent", 0.125, "12.5%", "12.5%"),
        ("count", 3.0, "3", "3"),
        ("count", 12345, "12,345", "12,345"),
        ("months", 1, "1개월", "1 month"),
        ("months", 2.6, "2.6개월", "2.6 months"),
        ("years", 1, "1년", "1 year"),
        ("years", 10.0, "10년", "10 years"),
        ("category", "cafe", "카페", "cafes"),
        ("category", 3.0, "셋째", "third"),
    ],
)
def test_render(slot: Any, value: float | str, ko: str, en: str) -> None:
    categories = {"cafe": Text(ko="카페", en="cafes"), "3": Text(ko="셋째", en="third")}
    assert (render(slot, value, "ko", categories), render(slot, value, "en", categories)) == (ko, en)


@pytest.mark.parametrize(
    ("slot", "value"),
    [
        ("number", "three"), ("money", None), ("percent", math.nan), ("number", math.inf), ("count", 2.5),
        ("count", -1), ("months", -3), ("category", "unknown"), ("category", None),
    ],
)  # fmt: skip
def test_what_does_not_fit_its_slot_cannot_be_said(slot: Any, value: float | str | None) -> None:
    assert render(slot, value, "ko", {}) is None
    assert render(slot, value, "en", {}) is None


def test_rates_round_half_up_as_people_do() -> None:
    assert [render_rate(rate) for rate in (3.5, 2.0, 0.125, 19.95)] == ["3.5%", "2%", "0.13%", "20%"]


@given(st.floats(-1e14, 1e14, allow_nan=False), st.sampled_from(["ko", "en"]))
def test_money_is_said_to_three_figures_at_least(krw: float, locale: Any) -> None:
    [said] = quantities(normalise(render_money(krw, locale)).plain)
    assert said.unit == "money"
    # Exact below a million, to ten thousand won in Korean, to a tenth of the unit in English.
    assert float(said.value) == pytest.approx(krw, rel=0.051, abs=0.51)


@given(st.integers(0, 10**12))
def test_counts_survive_rendering(count: int) -> None:
    assert quantities(render("count", count, "ko") or "") == [
        Quantity(said := quantities(str(count))[0].value, "plain")
    ]
    assert int(said) == count
