"""Layer 3 reads the first segment that holds, else the prior."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lambda_app.rules import find_segment, segment_contributions
from understudy.contracts.rules import TaskRules


def _rules(*when: dict[str, Any]) -> TaskRules:
    segments = [{"when": [c], "value": [0.1 * (i + 1)], "rows": 9} for i, c in enumerate(when)]
    return TaskRules.model_validate({"type": "binary", "prior": [0.9], "segments": segments})


def contributions(rules: TaskRules, features: dict[str, Any], output: int) -> dict[str, float]:
    spoken = find_segment(rules, features)
    assert spoken is not None
    return segment_contributions(rules, spoken, features, output)


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


LEVELS = ((None, 10.0), (10.0, 20.0), (20.0, None))


def _table(values: list[float], rows: list[int]) -> TaskRules:
    """Segments over x (three levels) and y (three levels); z is told in each, and never matters."""
    segments = [
        {
            "when": [{"feature": name, "ge": ge, "lt": lt} for name, (ge, lt) in (("x", LEVELS[x]), ("y", LEVELS[y]))]
            + [{"feature": "z", "lt": 100.0, "missing": True}],
            "value": [values[3 * x + y]],
            "rows": rows[3 * x + y],
        }
        for x in range(3)
        for y in range(3)
    ]
    return TaskRules.model_validate({"type": "regression", "prior": [0.0], "segments": segments})


nine = st.lists(st.floats(-1, 1), min_size=9, max_size=9)


@given(nine, st.lists(st.integers(0, 50), min_size=9, max_size=9), st.floats(0, 30), st.floats(0, 30))
def test_contributions_add_up_and_what_never_matters_has_none(
    values: list[float], rows: list[int], x: float, y: float
) -> None:
    rules = _table(values, rows)
    found = contributions(rules, {"x": x, "y": y, "z": 1}, 0)
    mean = sum(v * (n + 1) for v, n in zip(values, rows, strict=True)) / sum(n + 1 for n in rows)
    assert sum(found.values()) == pytest.approx(apply_rules(rules, {"x": x, "y": y, "z": 1})[0] - mean, abs=1e-9)
    assert found["z"] == pytest.approx(0, abs=1e-9)


def test_an_additive_table_gives_each_feature_its_own_part() -> None:
    values = [a + b for a in (0.0, 0.3, 0.6) for b in (-0.1, 0.0, 0.1)]
    found = contributions(_table(values, [4] * 9), {"x": 25, "y": 5, "z": None}, 0)
    assert found == pytest.approx({"x": 0.3, "y": -0.1, "z": 0.0})


def test_where_no_rule_knows_the_customer_none_speaks() -> None:
    assert find_segment(_rules({"feature": "x", "lt": 1}), {"x": 5}) is None
