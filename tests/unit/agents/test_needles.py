from __future__ import annotations

import re

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from agents.safety_gate import load_rules
from agents.safety_gate.needles import needles
from agents.safety_gate.normalise import normalise


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("원금", ["원금"]),
        ("(?:원금|수익)보장", ["보장"]),
        ("원금|수익", ["수익", "원금"]),
        (r"\bprofit(?:s)?\b", ["profit"]),
        ("a?b+c{0,2}", ["b"]),
        (r"[은는]\d", ["는", "은"]),
        (r"\d{3}", list("0123456789")),
        ("(?!대박)원금", ["원금"]),
        ("(?:a|b?)", None),
        (".*", None),
        (r"[^a]", None),
        ("(원금)?", None),
    ],
)
def test_needles(pattern: str, expected: list[str] | None) -> None:
    assert needles(pattern) == expected


PATTERNS = sorted(
    {p for _, rule in load_rules() if rule.kind == "forbid" for lang in (rule.ko, rule.en) for p in lang.patterns}
)


def test_most_patterns_have_needles() -> None:
    assert sum(needles(pattern) is None for pattern in PATTERNS) <= 3


@settings(max_examples=300, deadline=None)
@given(st.data())
def test_no_match_without_a_needle(data: st.DataObject) -> None:
    """The prefilter's promise, on strings generated from the patterns themselves."""
    pattern = data.draw(st.sampled_from(PATTERNS))
    text = normalise(data.draw(st.from_regex(re.compile(pattern)))).plain
    words = needles(pattern)
    match = re.search(pattern, text)
    assert match is None or words is None or any(word in match.group() for word in words)
