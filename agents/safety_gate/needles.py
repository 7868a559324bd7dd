"""Which plain substrings a regular expression cannot match without.

Only development and an edited rule set need this: the shipped rules carry their needles in ``rules/proof.json``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from re import _constants as codes  # type: ignore[attr-defined]
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

__all__ = ["needles"]

_MOST = 60
Literals = frozenset[str]


def needles(pattern: str) -> list[str] | None:
    """Substrings of which every match of ``pattern`` holds at least one, or None where no useful set is known.

    Walks the parsed expression: a run of literals is required; an alternation requires one of what each branch
    requires; a repeat of at least one requires its body. Assertions and optional parts require nothing.

    Raises:
        re.error: ``pattern`` is not a regular expression.
    """
    found = _sequence(parser.parse(pattern))
    return sorted(found) if found is not None else None


def _sequence(items: Iterable[Any]) -> Literals | None:
    options: list[Literals] = []
    run = ""
    for code, argument in items:
        if code is codes.LITERAL:
            run += chr(argument)
            continue
        if run:
            options.append(frozenset((run,)))
            run = ""
        inner = _item(code, argument)
        if inner is not None:
            options.append(inner)
    if run:
        options.append(frozenset((run,)))
    return max((o for o in options if len(o) <= _MOST), key=_worth, default=None)


def _item(code: Any, argument: Any) -> Literals | None:
    if code is codes.SUBPATTERN:
        return _sequence(argument[3])
    if code is codes.BRANCH:
        branches = [_sequence(branch) for branch in argument[1]]
        known = [branch for branch in branches if branch is not None]
        return frozenset().union(*known) if len(known) == len(branches) else None
    if code in (codes.MAX_REPEAT, codes.MIN_REPEAT, codes.POSSESSIVE_REPEAT):
        return _sequence(argument[2]) if argument[0] >= 1 else None
    if code is codes.ATOMIC_GROUP:
        return _sequence(argument)
    if code is codes.IN:
        return _characters(argument)
    return None


def _characters(members: Iterable[Any]) -> Literals | None:
    characters: set[str] = set()
    for code, argument in members:
        if code is codes.LITERAL:
            characters.add(chr(argument))
        elif code is codes.CATEGORY and argument is codes.CATEGORY_DIGIT:
            characters.update("0123456789")
        elif code is codes.RANGE and argument[1] - argument[0] < 12:
            characters.update(map(chr, range(argument[0], argument[1] + 1)))
        else:
            return None
    return frozenset(characters)


def _worth(literals: Literals) -> tuple[int, int]:
    """The rarer the shortest literal the better; then the fewer."""
    return min(_weight(literal) for literal in literals), -len(literals)


def _weight(literal: str) -> int:
    # A Hangul syllable is about as rare as two Latin letters; a gap tells nothing.
    return sum(0 if c.isspace() else 1 if re.match(r"[a-z]", c) else 2 for c in literal)
