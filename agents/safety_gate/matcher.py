"""Run many patterns over one text, but only those that could match it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import pairwise

from agents.safety_gate.normalise import Normalised
from agents.safety_gate.rule import Rule, RuleFile

__all__ = ["Breach", "Matcher", "Needles"]

# pattern -> substrings of which a match must hold one; absent: the pattern must always be tried
Needles = Mapping[str, Sequence[str]]
_Ruled = tuple[RuleFile, Rule]
# a rule that a text breaks, and the words that break it
Breach = tuple[RuleFile, Rule, str]
_compiled = cache(re.compile)


class Matcher:
    """Finds which rules a text breaks, in either language: an English boast in a Korean sentence is a boast.

    Searching a text for substrings costs less than running regular expressions, so each pattern is tried (and compiled)
    only where one of its needles is present; and a needle is looked for only where two letters of it are.
    """

    def __init__(self, rules: Iterable[_Ruled], needles: Needles) -> None:
        self._rules = list(rules)
        self._users: dict[str, list[tuple[int, str]]] = {}
        self._always: list[tuple[int, str]] = []
        for number, (_, rule) in enumerate(self._rules):
            for pattern in dict.fromkeys(rule.ko.patterns + rule.en.patterns):
                self._file(number, pattern, needles.get(pattern))
        self._order = {needle: place for place, needle in enumerate(self._users)}
        self._by_pair: dict[str, list[str]] = {}
        for needle in self._users:
            pair = min(_pairs(needle), key=lambda pair: len(self._by_pair.get(pair, ())))
            self._by_pair.setdefault(pair, []).append(needle)

    def _file(self, number: int, pattern: str, needles: Sequence[str] | None) -> None:
        if needles is None:
            self._always.append((number, pattern))
        for needle in needles or ():
            self._users.setdefault(needle, []).append((number, pattern))

    def breaches(self, part: Normalised) -> list[Breach]:
        """The rules that ``part`` breaks, in their order, with the words that break them."""
        words: dict[int, str] = {}
        for variant in part.variants:
            users = (user for needle in self._present(variant) for user in self._users[needle])
            for number, pattern in dict.fromkeys((*self._always, *users)):
                if number not in words and (hit := self._search(number, pattern, variant)) is not None:
                    words[number] = hit
        return [(*self._rules[number], words[number]) for number in sorted(words)]

    def _present(self, text: str) -> list[str]:
        """The needles in ``text``, in the order of the rules."""
        pairs = self._by_pair.keys() & {*text, *map("".join, pairwise(text))}
        found = [needle for pair in pairs for needle in self._by_pair[pair] if needle in text]
        return sorted(found, key=self._order.__getitem__)

    def _search(self, number: int, pattern: str, text: str) -> str | None:
        rule = self._rules[number][1]
        for match in _compiled(pattern).finditer(text):
            if rule.counts(match):
                return str(match.group())
        return None


def _pairs(needle: str) -> list[str]:
    """Neighbouring letters of a needle, in order; of a single letter, itself."""
    return [needle] if len(needle) == 1 else list(dict.fromkeys(map("".join, pairwise(needle))))
