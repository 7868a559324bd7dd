"""Layer 3 reads the first segment that holds, else the prior."""

from __future__ import annotations

from typing import Any

import pytest

from lambda_app.rules import find_segment
from understudy.contracts.rules import TaskRules


def _rules(*when: dict[str, Any]) -> TaskRules:
    segments = [{"when": [c], "value": [0.1 * (i + 1)], "rows": 9} for i, c in enumerate(when)]
    return TaskRules.model_validate({"type": "binary", "prior": [0.9], "segments": segments})


def apply_rules(rules: TaskRules, features: dict[str, Any]) -> list[float]:
    segment = find_segment(rules, features)
    return segment.value if segment else rules.prior


@pytest.mark.parametrize(
    ("condition", "value", "holds"),
    [
        ({"ge": 10, "lt": 20}, 10, True),
        ({"ge": 10, "lt": 20}, 19.99, True),
        ({"ge": 10, "lt": 20}, 20, False),
        ({"ge": 10}, 9, False),
        ({"lt": 10}, -5, True),
        ({"lt": 10}, True, True),
        ({"lt": 10}, "5", False),
        ({"lt": 10}, None, False),
        ({"lt": 10}, float("nan"), False),
        ({"lt": 10, "missing": True}, None, True),
        ({"missing": True}, None, True),
        ({"missing": True}, float("nan"), True),
        ({"missing": True}, 3, False),
        ({"any_of": ["a", "b"]}, "b", True),
        ({"any_of": ["a", "b"]}, "c", False),
        ({"any_of": ["a"]}, 1, False),
        ({"any_of": ["a"]}, None, False),
    ],
)
def test_a_condition(condition: dict[str, Any], value: Any, holds: bool) -> None:
    rules = _rules({"feature": "x", **condition})
    assert apply_rules(rules, {"x": value}) == ([0.1] if holds else [0.9])


def test_the_first_segment_that_holds_speaks() -> None:
    rules = _rules({"feature": "x", "ge": 5}, {"feature": "x", "ge": 1}, {"feature": "x", "missing": True})
    assert [apply_rules(rules, {"x": v})[0] for v in (7, 2, 0)] == pytest.approx([0.1, 0.2, 0.9])
    assert apply_rules(rules, {}) == pytest.approx([0.3])


def test_all_conditions_of_a_segment_must_hold() -> None:
    both = {"when": [{"feature": "x", "ge": 1}, {"feature": "y", "any_of": ["a"]}], "value": [0.2], "rows": 1}
    rules = TaskRules.model_validate({"type": "binary", "prior": [0.9], "segments": [both]})
    assert apply_rules(rules, {"x": 1, "y": "a"}) == [0.2]
    assert apply_rules(rules, {"x": 1, "y": "b"}) == [0.9]
