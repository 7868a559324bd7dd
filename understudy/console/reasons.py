"""A reason as the customer would hear it, and what it rests on."""

from __future__ import annotations

from understudy.console.figures import number
from understudy.console.words import Words
from understudy.contracts.reasons import Fact, Reason
from understudy.page import Markup, join, tag

__all__ = ["reason_text"]


def reason_text(reason: Reason, words: Words) -> Markup:
    """The sentence, its disclosure, where it comes from, and its facts."""
    if not reason.text:
        return tag("p", words("reason.silent", note=reason.note or "—"), class_="empty")
    source = words("reason.source", source=words.named("source", reason.source))
    told = [tag("li", _fact(fact, words)) for fact in reason.facts]
    return join(
        tag(
            "blockquote",
            tag("p", reason.text),
            tag("p", reason.disclosure, class_="disclosure") if reason.disclosure else None,
            lang=reason.locale,
        ),
        tag("p", source, f" · {reason.note}" if reason.note else None, class_="meta"),
        tag("ul", *told, class_="told", aria_label=words("reason.facts")) if told else None,
    )


def _fact(fact: Fact, words: Words) -> Markup:
    carried = ", ".join(f"{name} = {_value(value)}" for name, value in fact.features.items())
    return join(
        tag("b", fact.key),
        f" · {words(f'reason.{fact.direction}')} · {words('reason.share', share=f'{fact.share:.0%}')} · ",
        tag("code", carried),
    )


def _value(value: float | str | None) -> str:
    return value if isinstance(value, str) else number(value)
