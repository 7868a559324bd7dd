"""Run many patterns over one text, but only those that could match it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache

from agents.safety_gate.normalise import Normalised
from agents.safety_gate.numerals import VALIDATORS
from agents.safety_gate.rule import Rule, RuleFile

__all__ = ["Matcher", "Needles"]

# pattern -> substrings of which a match must hold one; absent: the pattern must always be tried
Needles = Mapping[str, Sequence[str]]
_Ruled = tuple[RuleFile, Rule]
_compiled = cache(re.compile)


class Matcher:
    """Finds which rules a text breaks, in either language: an English boast in a Korean sentence is a boast.

    Searching a text for a thousand substrings costs less than running a few regular expressions, so each pattern is
    tried (and compiled) only where one of its needles is present.
    """

    def __init__(self, rules: Iterable[_Ruled], needles: Needles) -> None:
        self._rules = list(rules)
        self._users: dict[str, list[tuple[int, str]]] = {}
        self._always: list[tuple[int, str]] = []
        for number, (_, rule) in enumerate(self._rules):
            for pattern in dict.fromkeys(rule.ko.patterns + rule.en.patterns):
                self._file(number, pattern, needles.get(pattern))

    def _file(self, number: int, pattern: str, needles: Sequence[str] | None) -> None:
        if needles is None:
            self._always.append((number, pattern))
        for needle in needles or ():
            self._users.setdefault(needle, []).append((number, pattern))

    def breaches(self, part: Normalised) -> list[tuple[RuleFile, Rule, str]]:
        """The rules that ``part`` breaks, in their order, with the words that break them."""
        words: dict[int, str] = {}
        for variant in part.variants:
            found = [users for needle, users in self._users.items() if needle in variant]
            for number, pattern in dict.fromkeys((*self._always, *(user for users in found for user in users))):
                if number not in words and (hit := self._search(number, pattern, variant)) is not None:
                    words[number] = hit
        return [(*self._rules[number], words[number]) for number in sorted(words)]

    def _search(self, number: int, pattern: str, text: str) -> str | None:
        validator = self._rules[number][1].validator
        for match in _compiled(pattern).finditer(text):
            if validator is None or VALIDATORS[validator](match.group()):
                return str(match.group())
        return None
