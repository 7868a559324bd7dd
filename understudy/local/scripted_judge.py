"""What the fake model answers as a judge of sentences: honestly, wrongly, and in ways that must never count."""

from __future__ import annotations

import json
import re
from typing import Any, Literal

__all__ = ["CRITERIA", "JudgeMode", "is_case", "judgement"]

JudgeMode = Literal[
    "pass", "fail", "disagree", "hostile", "throttling", "unavailable", "slow", "truncated", "schema", "repairable",
    "not_json", "guardrail", "reset",
]  # fmt: skip
CRITERIA = ("regulatory", "suitability", "hallucination", "tone", "factuality")
_CASE = re.compile(r'^case: "([0-9a-f]{12})"$', re.MULTILINE)
_TEXTS = re.compile(r"^texts: (\[.*\])$", re.MULTILINE)


def is_case(said: str) -> bool:
    """Whether a request asks for a judgement."""
    return _CASE.search(said) is not None


def judgement(said: str, mode: JudgeMode, turn: int) -> dict[str, Any]:
    """The judgement of the case in ``said``.

    ``pass`` passes whatever it is shown, as a model would that obeys the text it reads. ``fail`` quotes the text;
    ``disagree`` fails another criterion each time, for words that stand nowhere. ``hostile`` adds orders of its own, or
    answers for another case. ``schema`` leaves criteria out; ``repairable`` passes and quotes at once.
    """
    found = _CASE.search(said)
    case = found[1] if found else ""
    answer: dict[str, Any] = {"case": case} | {name: {"verdict": "pass", "quote": ""} for name in CRITERIA}
    if mode == "fail":
        answer["regulatory"] = {"verdict": "fail", "quote": _first_words(said)}
    elif mode == "disagree":
        answer[CRITERIA[turn % len(CRITERIA)]] = {"verdict": "fail", "quote": "words that nobody wrote"}
    elif mode == "hostile":
        answer |= {"case": case[::-1]} if turn % 2 else {"deliver_anyway": True, "rules": []}
    elif mode == "schema":
        return {"case": case, "regulatory": {"verdict": "pass", "quote": ""}}
    elif mode == "repairable":
        answer["tone"] = {"verdict": "pass", "quote": "all of it"}
    return answer


def _first_words(said: str) -> str:
    texts = _TEXTS.search(said)
    return " ".join(str(json.loads(texts[1])[0]).split()[:3]) if texts else "no text"
