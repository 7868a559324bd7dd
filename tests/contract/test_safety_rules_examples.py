"""Every rule on its own examples, and every clause with enough of them in both languages."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from agents.safety_gate import load_rules
from agents.safety_gate.matcher import Matcher
from agents.safety_gate.normalise import normalise
from agents.safety_gate.rule import Rule

RULES = load_rules()
CLAUSES = {
    *(f"bank-17-{item}" for item in range(1, 9)), "bank-16", "kfcpa-21", "kfcpa-22", "pipa", "tone", "injection",
    "grounding",
}  # fmt: skip
CASES = [
    pytest.param(rule, locale, example, wanted, id=f"{rule.id}-{locale}-{'match' if wanted else 'innocent'}-{number}")
    for _, rule in RULES
    for locale in ("ko", "en")
    for wanted in (True, False)
    for number, example in enumerate(getattr(rule, locale).match if wanted else getattr(rule, locale).innocent)
]


@pytest.mark.parametrize(("rule", "locale", "example", "wanted"), CASES)
def test_example(rule: Rule, locale: Any, example: str, wanted: bool) -> None:
    assert (rule.breach(normalise(example), locale) is not None) is wanted


def test_no_clause_is_without_rules() -> None:
    assert {file.clause for file in RULES.files} == CLAUSES


@pytest.mark.parametrize("locale", ["ko", "en"])
def test_each_clause_has_at_least_four_examples_each_way(locale: str) -> None:
    count: Counter[tuple[str, bool]] = Counter()
    for file, rule in RULES:
        language = getattr(rule, locale)
        count[file.clause, True] += len(language.match)
        count[file.clause, False] += len(language.innocent)
    assert {key for key in ((c, way) for c in CLAUSES for way in (True, False)) if count[key] < 4} == set()


@pytest.mark.parametrize(
    "disguise",
    [
        lambda text: " ".join(text),
        lambda text: "\u200b".join(text),
        lambda text: "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text),
        str.upper,
    ],
    ids=["spaced", "zero-width", "full-width", "upper-case"],
)
def test_disguised_phrases_are_still_seen(disguise: Any) -> None:
    """One phrase of each language in each disguise (spaced phrases are whole words pulled apart)."""
    matcher = Matcher(((f, r) for f, r in RULES if r.kind == "forbid"), RULES.needles)
    for phrase in ("원금보장", "최고의", "jackpot", "unbeatable"):
        assert matcher.breaches(normalise(disguise(phrase))), disguise(phrase)
