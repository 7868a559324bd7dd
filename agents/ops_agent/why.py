"""Answer "why?" from a report and nothing else; a language model may put it better, but may not add to it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

from pydantic import Field

from agents.bedrock import LanguageModel, LlmError, load_prompt
from agents.ops_agent.wording import said
from understudy.contracts._model import Contract
from understudy.contracts.watch import Evidence, Finding, OpsReport

__all__ = ["Answer", "Told", "answer", "put_better"]

SECONDS = 20.0
PROMPT = "ops_why"
_WORDS = re.compile(r"[^\W_]+")
_NUMBERS = re.compile(r"\d+(?:[.,]\d+)*")
_ID = re.compile(r"P[1-6]-\d{2}", re.IGNORECASE)
# Words that say nothing about what is asked.
_EMPTY = frozenset(
    {
        "why",
        "is",
        "are",
        "was",
        "were",
        "the",
        "a",
        "an",
        "of",
        "on",
        "in",
        "to",
        "it",
        "this",
        "that",
        "what",
        "did",
        "does",
        "do",
    }
    | {"has", "have", "red", "yellow", "today"}
)


@dataclass(frozen=True)
class Answer:
    """``lines`` as the report has them; ``wording``: a model's, if one was asked and added nothing."""

    lines: list[str]
    evidence: list[Evidence]
    wording: str | None = None
    by: str | None = None


class Told(Contract):
    """What a model answers."""

    answer: str = Field(min_length=1, max_length=1200)


def answer(report: OpsReport, question: str) -> Answer:
    """What the report says about the question.

    A question names checklist items (``P5-03``), or words that stand in findings and items. One that names nothing in
    the report gets the findings that made the day's colour. What the report does not hold is not answered.
    """
    ids = {match.upper() for match in _ID.findall(question)}
    words = {word for word in _split(question) if word not in _EMPTY and not _ID.fullmatch(word)} - _split(
        " ".join(ids)
    )
    findings = [one for one in report.attention_required if ids & set(one.items) or _matches(words, _text(one))]
    items = [one for one in report.items if one.item.id in ids or (not findings and _matches(words, said(one)))]
    if not findings and not items:
        if ids or words - {report.period, *_split(report.period)}:
            known = f"The report of {report.period} holds nothing about {' '.join(sorted(ids | words))!r}."
            return Answer([known, f"The day is {report.colour}."], [])
        findings = report.attention_required
    lines = [f"{report.period} is {report.colour}."]
    lines += [line for finding in findings for line in _told(finding)]
    lines += [f"{one.item.id} is {one.status}: {said(one)}." for one in items]
    evidence = [e for one in findings for e in one.evidence] + [e for one in items for e in one.measurement.evidence]
    return Answer(lines if findings or items else [*lines, "Nothing needs attention."], evidence)


def put_better(
    found: Answer, question: str, model: LanguageModel, *, remaining: Callable[[], float] = lambda: SECONDS
) -> Answer:
    """The same answer with a model's wording. If nobody answers, or the wording holds a number that the report's lines
    do not, the lines stand alone."""
    facts = "\n".join(found.lines)
    prompt = load_prompt(PROMPT).fill(question=question, facts=facts)
    try:
        told = model.ask(prompt, Told, remaining=remaining).value.answer
    except LlmError:
        return found
    if set(_NUMBERS.findall(told)) - set(_NUMBERS.findall(facts)):
        return found
    return Answer(found.lines, found.evidence, told, model.id)


def _told(finding: Finding) -> list[str]:
    return [
        f"{finding.title} (since {finding.since}, {finding.severity}).",
        f"Likely cause: {finding.likely_cause}",
        f"Do first: {finding.suggested_action}",
    ]


def _text(finding: Finding) -> str:
    return " ".join((finding.id.replace("-", " ").replace("_", " "), finding.title, finding.checkpoint or ""))


def _matches(words: Iterable[str], text: str) -> bool:
    there = _split(text)
    return any(word in there or any(other.startswith(word) for other in there if len(word) > 4) for word in words)


def _split(text: str) -> set[str]:
    return {word.lower() for word in _WORDS.findall(text)}
