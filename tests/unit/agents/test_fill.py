from __future__ import annotations

import pytest

from agents.reason_generator.fill import fill, literal_numbers, slots_in
from understudy.errors import UserError


def test_slots_particles_and_plurals() -> None:
    assert fill("{product|을를} {fact1}로", {"product": "적금", "fact1": "카드"}) == "적금을 카드로"
    assert fill("{value|purchase|purchases}", {"value": "1"}) == "1 purchase"
    assert fill("{value|purchase|purchases}", {"value": "3"}) == "3 purchases"


def test_braces_inside_a_value_are_not_slots() -> None:
    assert fill("{product|은는}", {"product": "{fact1}적금", "fact1": "x"}) == "{fact1}적금은"


def test_a_slot_without_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        fill("{fact1}", {})


def test_slots_in_names_them() -> None:
    assert slots_in("{fact1|과와} {fact2} {value|one|many}") == {"fact1", "fact2", "value"}


@pytest.mark.parametrize("template", ["{product", "product}", "{Product}", "{product|께서}", "{}", "{{product}}"])
def test_a_broken_template_is_refused(template: str) -> None:
    with pytest.raises(UserError):
        slots_in(template)


def test_literal_numbers_stand_outside_slots() -> None:
    assert literal_numbers("최근 3개월 해외 결제 {value}건") == ["3개월"]
    assert literal_numbers("over 12 months and 5% of {value|1|2}") == ["12 months", "5%"]
    assert literal_numbers("{fact1} {value|1|2}") == []
    assert literal_numbers("４ {value}") == ["4"]
    assert literal_numbers("석 달 {value}건, the last three months") == ["3개월", "3 months"]
