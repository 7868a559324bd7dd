"""What a sentence of a language model must look like before anybody reads it, and how it is filled."""

from __future__ import annotations

import re

from pydantic import Field

from agents.reason_generator.fill import literal_numbers
from agents.reason_generator.particles import PARTICLES
from understudy.contracts._model import Contract, Locale
from understudy.contracts.sentences import MAX_SENTENCE

__all__ = ["Written", "malformed", "slot_names"]

_SLOT = re.compile(r"\{([a-z_0-9]+)(?:\|([^{}|]*))?\}")
_FIXED_PARTICLE = re.compile(r"\}(?:은|는|이|가|을|를|과|와|으로|로)(?![가-힣])")
_BROKEN = re.compile(r"[\r\n\t\u2028\u2029]")


class Written(Contract):
    """What the model answers."""

    sentence: str = Field(min_length=10, max_length=MAX_SENTENCE)


def slot_names(facts: int) -> list[str]:
    """The slots of a sentence about so many facts, in order."""
    return ["product", *(f"fact{number}" for number in range(1, facts + 1))]


def malformed(text: str, facts: int, locale: Locale) -> str | None:
    """What is wrong with the form of ``text``, in one word; None if it can be filled.

    Every slot stands in it exactly once and no other; a particle is written into its slot, so that it will fit whatever
    fills it; there is no number, brace or line break of its own.
    """
    found = _SLOT.findall(text)
    if sorted(name for name, _ in found) != sorted(slot_names(facts)):
        return "slots"
    rest = _SLOT.sub("", text)
    if "{" in rest or "}" in rest:
        return "braces"
    particles = [particle for _, particle in found if particle]
    if particles and (locale != "ko" or not set(particles) <= set(PARTICLES)):
        return "particles"
    if locale == "ko" and _FIXED_PARTICLE.search(text):
        return "fixed-particle"
    if literal_numbers(text) or any(character.isnumeric() for character in rest):
        return "number"
    if _BROKEN.search(text) or text != text.strip():
        return "spaces"
    return None
