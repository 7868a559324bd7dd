"""Whether a text denies what a rule finds in it: "we cannot say that it is the best", 보장한다는 뜻은 아닙니다."""

from __future__ import annotations

import re

from agents.safety_gate.normalise import Normalised
from agents.safety_gate.rule import Rule

__all__ = ["denied"]

# English denies before the words (or at once after them), Korean after them. What only sounds like a denial praises.
_BEFORE = re.compile(
    r"(?:\b(?:not(?! only| just| merely)|no(?! risk| doubt| other| one| need| longer)|cannot(?! beat)|neither|nor"
    r"|never(?! before)|(?:someone|anyone|anybody|whoever) (?:who )?(?:tells?|claims?|promises?|says))\b"
    r"|(?<!do)n't\b(?! go wrong| beat)|\bdon't (?:claim|say|promise|guarantee|present|offer|call|describe)\b)"
    r"[^.!?\n]{0,60}$"
)
_AT_ONCE = re.compile(
    r"^[^.!?\n\w]{0,3}(?:\w+ ){0,2}?(?:(?:does|do|is|are|can|could|would|did) not|cannot|doesn't|isn't)\b"
)
_AFTER = re.compile(
    r"^(?![^.!?\n]{0,25}(?:놓치|걱정|망설|밖에|아닐\s*수|뿐만|뿐\s*아니|부담|후회))[^.!?\n]{0,25}?"
    r"(?:지\s*(?:는|도)?\s*(?:않|못)|수(?:는|가)?\s*없|(?:것|뜻|상품|의미|표현|선택)(?:은|이|이라는\s*뜻은)?\s*(?:아니|아닙|아닌)"
    r"|(?:근거|정답|투자)(?:는|은|가|이)?\s*없|사실과\s*다르|사기일|맞지\s*않|어렵|라기보다|않습니다|아닙니다)"
)


def denied(said: Normalised, rule: Rule) -> bool:
    """Whether ``rule`` finds nothing in ``said`` but what the same sentence denies."""
    found = [
        (variant, match)
        for variant in said.variants
        for regex in (rule.ko.regex, rule.en.regex)
        for match in regex.finditer(variant)
        if rule.counts(match)
    ]
    return bool(found) and all(_denies(variant, match) for variant, match in found)


def _denies(text: str, match: re.Match[str]) -> bool:
    after = text[match.end() :]
    if any("가" <= character <= "힣" for character in match.group()):
        return _AFTER.search(after) is not None
    return _BEFORE.search(text[: match.start()]) is not None or _AT_ONCE.search(after) is not None
