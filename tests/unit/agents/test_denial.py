"""What a text denies is not what it says; what only sounds like a denial is."""

from __future__ import annotations

import pytest

from agents.safety_gate import load_rules
from agents.safety_gate.denial import denied
from agents.safety_gate.normalise import normalise

RULES = {rule.id: rule for _, rule in load_rules()}


@pytest.mark.parametrize(
    ("rule", "text", "expected"),
    [
        ("superlative", "We cannot say that this is the best card for you.", True),
        ("superlative", "This is the best card for you, is it not?", False),
        ("superlative", "It is not only good, it is the best card.", False),
        ("superlative", "It is not the best card. It is the best loan.", False),
        ("superlative", "이 상품이 가장 좋은 상품이라는 뜻은 아닙니다.", True),
        ("superlative", "가장 좋은 상품이니 놓치지 않으시는 것이 좋습니다.", False),
        ("superlative", "가장 좋은 상품이 아닐 수 없습니다.", False),
        ("guaranteed-return", "No return is guaranteed on this fund.", True),
        ("guaranteed-return", "Guaranteed returns and no risk.", False),
        ("superlative", "Nothing is said of it.", False),
    ],
)
def test_denied(rule: str, text: str, expected: bool) -> None:
    assert denied(normalise(text), RULES[rule]) is expected
