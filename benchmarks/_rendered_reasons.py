"""Reasons for made-up customers, rendered by the product and checked against an account of their own."""

from __future__ import annotations

import random
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from _korean_oracle import attach

from agents.feature_selector import Selection
from agents.reason_generator import ReasonGenerator, load_templates
from agents.slots import render
from teacher.datasets import load_spec, shipped_specs
from understudy.contracts._model import Locale
from understudy.contracts.catalog import Product
from understudy.contracts.reasons import Fact, FactDef, Glossary
from understudy.local.scripted_sentences import well_meant_sentence

__all__ = ["check_rendered"]

_SLOT = re.compile(r"\{(product|fact[123])(?:\|([^{}]*))?\}")
_NUMBER = re.compile(r"\d[\d,]*(?:\.\d+)?")
_SCALE = {"조": 10**12, "억": 10**8, "만": 10**4, "trillion": 10**12, "billion": 10**9, "million": 10**6}


def check_rendered(count: int, seed: int) -> dict[str, Any]:
    """Render ``count`` reasons over all shipped catalogs and glossaries, in both languages and tones."""
    rng, found = random.Random(seed), Counter[str]()
    examples: list[str] = []
    banks = [_Bank(name) for name in shipped_specs()]
    for _ in range(count):
        for fault in rng.choice(banks).one(rng, found):
            found[fault.split(":")[0]] += 1
            examples += [fault] if len(examples) < 20 else []
    return {
        "reasons": count,
        "numbers": found["number seen"],
        "ungrounded_numbers": found["ungrounded"],
        "particles": found["particle seen"],
        "wrong_particles": found["particle"],
        "unsayable": found["silent"],
        "examples": examples,
    }


class _Bank:
    def __init__(self, name: str) -> None:
        loaded = load_spec(name)
        self.glossary: Glossary = loaded.glossary
        self.facts = [fact for fact in self.glossary.facts if not fact.sensitive]
        self.products = loaded.catalog.products
        self.templates = load_templates().templates
        self.generator = ReasonGenerator(load_templates(), self.glossary)

    def one(self, rng: random.Random, seen: Counter[str]) -> Iterator[str]:
        product, locale = rng.choice(self.products), rng.choice(("ko", "en"))
        channel = rng.choice(("branch", "app"))
        chosen = rng.sample(self.facts, min(len(self.facts), rng.randrange(1, 4)))
        facts = [_fact(fact, rng) for fact in chosen]
        sentence = _sentence(locale, channel, len(facts), rng) if rng.random() < 0.5 else None
        reason = self.generator.reason(Selection(tuple(facts), "s"), product, locale, channel, sentence)
        if not reason.text:
            seen["silent"] += 1
            return
        told = {fact.key: fact for fact in chosen}
        yield from _numbers(reason.text, reason.facts, told, product, locale, seen)
        if locale == "ko":
            stored = sentence is not None and reason.source == "llm"
            # A stored sentence serves all weights of its facts: its slots follow their names.
            said = sorted(reason.facts, key=lambda fact: f"{fact.key}+") if stored else reason.facts
            phrases = [_phrase(told[fact.key], fact) for fact in said]
            frames = [t.text.ko for t in self.templates if (t.facts, t.channel) == (len(phrases), channel)]
            used = [sentence] if sentence is not None and stored else frames
            right = next((frame for frame in used if _filled(frame, product, phrases) == reason.text), None)
            if right is None:
                yield f"particle: {reason.text}"
            else:
                seen["particle seen"] += sum(bool(pair) for _, pair in _SLOT.findall(right))


def _fact(fact: FactDef, rng: random.Random) -> Fact:
    value: float | str | None = None
    if fact.value_feature is not None:
        value = _value(fact, rng)
    return Fact(key=fact.key, direction="for", share=0.2, slot=fact.slot, value=value, features={})


def _value(fact: FactDef, rng: random.Random) -> float | str:
    if fact.slot == "category":
        return rng.choice(sorted(fact.categories))
    if fact.slot == "count":
        return float(rng.choice((0, 1, 2, rng.randrange(10), rng.randrange(10_000))))
    if fact.slot == "percent":
        return rng.random()
    if fact.slot in ("months", "years"):
        return rng.choice((float(rng.randrange(1, 400)), rng.random() * 30))
    return rng.choice((1.0, -1.0)) * 10 ** (rng.random() * 12)


def _sentence(locale: str, channel: str, facts: int, rng: random.Random) -> str:
    slots = ["{product}", *(f"{{fact{n}}}" for n in range(1, facts + 1))]
    asked = (
        f'language: "{locale}"\ntone: "{channel}"\nslots: {str(slots).replace(chr(39), chr(34))}\nsalt: {rng.random()}'
    )
    return well_meant_sentence(asked)


def _phrase(definition: FactDef, fact: Fact) -> str:
    said = render(fact.slot, fact.value, "ko", definition.categories) if fact.slot and fact.value is not None else ""
    return re.sub(r"\{value(?:\|([^{}]*))?\}", lambda m: attach(said, m[1]) if m[1] else said, definition.phrase.ko)


def _filled(sentence: str, product: Product, phrases: list[str]) -> str:
    values = {"product": product.name.ko} | {f"fact{n}": phrase for n, phrase in enumerate(phrases, start=1)}

    def put(match: re.Match[str]) -> str:
        value = values[match[1]]
        return attach(value, match[2]) if match[2] else value

    return _SLOT.sub(put, sentence)


def _numbers(
    text: str, facts: list[Fact], definitions: dict[str, FactDef], product: Product, locale: Locale, seen: Counter[str]
) -> Iterator[str]:
    """Every number of a text is a fact's value, up to the rounding that its writing shows, or of its definition."""
    bare = text.replace(product.name[locale], " ")
    for fact in facts:  # numbers and names that the bank itself wrote
        for part in re.split(r"\{value[^{}]*\}", definitions[fact.key].phrase[locale]):
            bare = bare.replace(part, " # ") if _NUMBER.search(part) else bare
        for name in definitions[fact.key].categories.values():
            bare = bare.replace(name[locale], " ") if _NUMBER.search(name[locale]) else bare
    allowed = [(abs(float(fact.value)), fact.slot) for fact in facts if isinstance(fact.value, int | float)]
    for amount, step in _amounts(bare):
        seen["number seen"] += 1
        if not any(_close(amount, step, value, slot) for value, slot in allowed):
            yield f"ungrounded: {amount} in {text}"


def _amounts(text: str) -> Iterator[tuple[float, float]]:
    """(value, size of its last digit) of every number; parts like 1억 2,300만 are one."""
    pattern = r"(?:\d[\d,]*(?:\.\d+)?\s?(?:조|억|만)\s?)+|\d[\d,]*(?:\.\d+)?(?:\s(?:trillion|billion|million))?"
    for match in re.finditer(pattern, text):
        total, step = 0.0, 1.0
        for number, unit in re.findall(r"(\d[\d,]*(?:\.\d+)?)\s?(조|억|만|trillion|billion|million)?", match.group()):
            scale = _SCALE.get(unit, 1)
            total += float(number.replace(",", "")) * scale
            step = scale * 10.0 ** -len(number.partition(".")[2])
        yield total, step


def _close(amount: float, step: float, value: float, slot: str | None) -> bool:
    meant = value * 100 if slot == "percent" else value
    return abs(amount - meant) <= 0.5 * step + 1e-9 * max(1.0, meant) + (0.5 if slot == "money" else 0.0)
