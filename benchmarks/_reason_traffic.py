"""Thirty days of requests: which sentences they ask for, and what it costs to have them written."""

from __future__ import annotations

import json
import random
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from agents.bedrock import load_models, load_prompt
from agents.reason_generator.judge import CRITERIA
from agents.reason_generator.prompt import JUDGE_PROMPT, PROMPT
from agents.reason_generator.sentences import slot_names

__all__ = ["Asked", "simulate", "tokens", "usd_per_call", "usd_per_judgement"]

Asked = tuple[str, str]  # signature, product
DAYS = 30
# One answer in twenty is taken to need a repair, which sends the conversation again.
REPAIRS = 0.05
WARM = (500, 1_000, 1_500, 2_000, 3_000)


@dataclass(frozen=True)
class Traffic:
    """``share``: probability that a customer asks on a day. ``voices``: languages and tones, asked for alike.
    ``warm``: so many (signature, product) are written in every voice before the first day, those that most customers
    would be told by then (`understudy agents warm-up`).
    """

    name: str
    share: float
    voices: int
    warm: int = 0


MONTHLY = "every customer once in 30 days, two languages and two tones"
TRAFFIC = (
    Traffic("every customer daily, one language and tone", 1.0, 1),
    Traffic("every customer daily, two languages and two tones", 1.0, 4),
    Traffic(MONTHLY, 1 / 30, 4),
    *(Traffic(f"{MONTHLY}, the {warm:,} most frequent written before", 1 / 30, 4, warm) for warm in WARM),
)


def simulate(before: Sequence[Sequence[Asked]], after: Sequence[Sequence[Asked]], seed: int) -> list[dict[str, Any]]:
    """Per traffic: recommendations, calls, hit rates and growth of the sentences.

    ``before`` and ``after``: what each customer is recommended by an earlier and a later record. Each customer's record
    changes on a day drawn from the thirty; the language and tone of a customer stay. A sentence that is missed is
    written overnight: whoever asks for it on the day of its first miss misses it.
    """
    return [_simulate(traffic, before, after, random.Random(seed)) for traffic in TRAFFIC]


def _simulate(
    traffic: Traffic, before: Sequence[Sequence[Asked]], after: Sequence[Sequence[Asked]], rng: random.Random
) -> dict[str, Any]:
    switch = [rng.randrange(1, DAYS) for _ in before]
    voices = [rng.randrange(traffic.voices) for _ in before]
    first = Counter(asked for customer in before for asked in customer)
    warm = sorted(first, key=lambda asked: (-first[asked], asked))[: traffic.warm]
    known = {(asked, voice) for asked in warm for voice in range(traffic.voices)}
    said = set(warm)
    told = hits = later = later_hits = unheard = 0
    growth = []
    for day in range(DAYS):
        missed: set[tuple[Asked, int]] = set()
        for customer, day_of_change in enumerate(switch):
            if traffic.share < 1 and rng.random() >= traffic.share:
                continue
            for asked in (before if day < day_of_change else after)[customer]:
                key = (asked, voices[customer])
                hit = key in known
                told, hits = told + 1, hits + hit
                if day:
                    later, later_hits = later + 1, later_hits + hit
                    unheard += not hit and asked not in said
                if not hit:
                    missed.add(key)
        known |= missed
        said |= {asked for asked, _ in missed}
        growth.append(len(known))
    calls = round(len(known) * (1 + REPAIRS))
    return {
        "traffic": traffic.name,
        "recommendations": told,
        "sentences": len(known),
        "calls": calls,
        "calls_per_million": calls / told * 1e6 if told else None,
        "hit_rate": hits / told if told else None,
        "hit_rate_after_day_1": later_hits / later if later else None,
        "missed_by_all_voices": unheard / later if later else None,
        "missed_by_this_voice": (later - later_hits - unheard) / later if later else None,
        "growth": growth,
        "usd_per_million": _per_million(usd_per_call(), calls, told),
        "usd_per_million_judged": _per_million(usd_per_judgement(), calls, told),
    }


def _per_million(prices: dict[str, float], calls: int, told: int) -> dict[str, float | None]:
    return {model: calls * cost / told * 1e6 if told else None for model, cost in prices.items()}


def usd_per_call() -> dict[str, float]:
    """Model id -> US dollars of one call at list price, for a prompt with three facts."""
    prompt = load_prompt(PROMPT).fill(
        language="ko",
        tone="branch",
        product_type="investment",
        product_name="국내 채권 펀드",
        slots=[f"{{{name}}}" for name in slot_names(3)],
        facts=[{"slot": f"fact{n}", "means": "최근 달라진 소비 가격대", "values": "higher"} for n in (1, 2, 3)],
    )
    sent = tokens(prompt.system) + tokens(prompt.user) + 120  # and the schema
    made = tokens(json.dumps({"sentence": "고" * 80 + "{fact1|을를} " * 4}, ensure_ascii=False))
    return {name: model.micro_usd(sent, made) / 1e6 for name, model in load_models().items()}


def usd_per_judgement() -> dict[str, float]:
    """Model id -> US dollars of one judgement at list price, of a sentence with three facts."""
    words = "고" * 80 + "{fact1|을를} " * 4
    prompt = load_prompt(JUDGE_PROMPT).fill(
        case="0123456789ab",
        language="ko",
        tone="branch",
        product={"name": "국내 채권 펀드", "type": "investment", "seller": "언더스터디은행", "risk_level": 3},
        facts=[{"slot": f"fact{n}", "means": "최근 달라진 소비 가격대", "values": "higher"} for n in (1, 2, 3)],
        sentence=words,
        texts=["고" * 120, "고" * 120],
        disclosure="고" * 250,
    )
    sent = tokens(prompt.system) + tokens(prompt.user) + 400  # and the schema
    made = tokens(json.dumps({name: {"verdict": "pass", "quote": ""} for name in ("case", *CRITERIA)}))
    return {name: model.micro_usd(sent, made) / 1e6 for name, model in load_models().items()}


def tokens(text: str) -> int:
    """A cautious estimate: four ASCII characters, or one character of any other script, to the token."""
    plain = sum(character.isascii() for character in text)
    return -(-plain // 4) + len(text) - plain
