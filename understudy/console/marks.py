"""How a status, a colour, a risk and a severity look: a sign, a word and a tint, so that none of them carries it
alone."""

from __future__ import annotations

from understudy.console.words import Words
from understudy.page import Markup, tag

__all__ = ["KINDS", "SIGNS", "mark", "plain_mark"]

# What each word of the contracts is shown as; any other is unknown.
KINDS = {
    name: kind
    for kind, names in {
        "good": "PASS GREEN LOW clean holds same approved distilled",
        "warn": "WARN YELLOW MEDIUM minor later modified pending MAJORITY MINORITY_REPORT direct rules person",
        "bad": "FAIL RED HIGH critical major damaged altered different rejected",
        "plain": "CONSENSUS expired erased unnamed impossible",
    }.items()
    for name in names.split()
}
SIGNS = {"good": "●", "warn": "▲", "bad": "■", "plain": "•", "unknown": "?"}


def mark(name: str, words: Words, section: str = "mark") -> Markup:
    """A word of the contracts as a badge."""
    return plain_mark(words.named(section, name), KINDS.get(name, "unknown"))


def plain_mark(text: str, kind: str) -> Markup:
    """Any text as a badge of one kind."""
    return tag("span", tag("span", SIGNS[kind], aria_hidden="true"), text, class_=f"mark-badge {kind}")
