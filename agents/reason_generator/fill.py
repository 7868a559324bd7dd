"""Fill the slots of a template: ``{name}``, ``{name|은는}`` (Korean particle), ``{name|one|many}`` (English number)."""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache

from agents.reason_generator.particles import PARTICLES, with_particle
from agents.safety_gate.grounding import in_digits
from agents.safety_gate.normalise import normalise
from understudy.errors import UserError

__all__ = ["fill", "literal_numbers", "slots_in"]

_SLOT = re.compile(r"\{([a-z_]+[0-9]?)(?:\|([^{}|]+))?(?:\|([^{}|]+))?\}")

_LITERAL = re.compile(r"\d[\d,.]*(?:\s?[^\W\d]+|\s?%)?")


def slots_in(template: str) -> set[str]:
    """Names of the slots in ``template``.

    Raises:
        UserError: a brace that opens or closes no slot, or a particle that does not exist.
    """
    rest = _SLOT.sub("", template)
    if "{" in rest or "}" in rest:
        raise UserError("a brace without a slot", where=template, fix="Write {name}, {name|은는} or {name|one|many}.")
    for _, particle, plural in _SLOT.findall(template):
        if particle and not plural and particle not in PARTICLES:
            raise UserError(f"unknown particle {particle!r}", where=template, fix=f"Use one of {', '.join(PARTICLES)}.")
    return {name for name, _, _ in _SLOT.findall(template)}


def literal_numbers(template: str) -> list[str]:
    """The numbers that stand in ``template`` outside its slots, each with the word that it counts: "3개월".

    Those in words are told in digits: 석 달 is "3개월".
    """
    return list(_literals(template))


@lru_cache(maxsize=1024)
def _literals(template: str) -> tuple[str, ...]:
    # Templates and phrases are few, and asked for with every text.
    return tuple(_LITERAL.findall(in_digits(normalise(_SLOT.sub("", template)).plain)))


def fill(template: str, values: Mapping[str, str]) -> str:
    """Put ``values`` into the slots, in one pass: braces inside a value stay what they are.

    Raises:
        KeyError: a slot has no value.
    """

    def replace(match: re.Match[str]) -> str:
        name, first, second = match.groups()
        value = values[name]
        if second:
            return f"{value} {first if value == '1' else second}"
        return with_particle(value, first) if first else value

    return _SLOT.sub(replace, template)
