"""Tables that become cards at phone width: every cell knows its column."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from understudy.console.words import Words
from understudy.contracts.watch import Evidence
from understudy.page import Markup, tag

__all__ = ["empty", "evidence", "facts", "panel", "table"]

Cell = str | Markup
SOURCES = 4  # so many are shown at once


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[Cell]], *, class_: str = "") -> Markup:
    """A table whose first cell names the row. ``caption`` is read out; the heading above it is what the eye sees."""
    head = tag("thead", tag("tr", *(tag("th", column, scope="col") for column in columns)))
    body = tag("tbody", *(_row(columns, row) for row in rows))
    return tag("table", tag("caption", caption, class_="unseen"), head, body, class_=f"cards {class_}".strip())


def _row(columns: Sequence[str], row: Sequence[Cell]) -> Markup:
    first, *others = row
    cells = [tag("td", tag("div", cell), data_label=column) for column, cell in zip(columns[1:], others, strict=True)]
    return tag("tr", tag("th", first, scope="row"), *cells)


def facts(pairs: Iterable[tuple[str, Cell]]) -> Markup:
    """Names and values."""
    return tag("dl", *(tag("div", tag("dt", name), tag("dd", value)) for name, value in pairs), class_="facts")


def panel(name: str, title: str, *content: Markup, note: str = "", class_: str = "") -> Markup:
    """A titled part of a page."""
    head = tag("div", tag("h2", title, id=f"{name}-title"), tag("p", note, class_="note") if note else None)
    return tag("section", head, *content, id=name, class_=f"panel {class_}".strip(), aria_labelledby=f"{name}-title")


def empty(text: str) -> Markup:
    """That there is nothing, said."""
    return tag("p", text, class_="empty")


def evidence(found: Sequence[Evidence], words: Words) -> Markup:
    """Where a number or a sentence comes from."""
    if not found:
        return tag("span", words("evidence.none"), class_="why")
    shown, more = [_source(one, words) for one in found[:SOURCES]], [_source(one, words) for one in found[SOURCES:]]
    folded = tag("li", tag("details", tag("summary", words("evidence.more", more=len(more))), tag("ul", *more)))
    return tag("ul", *shown, folded if more else None, class_="evidence")


def _source(one: Evidence, words: Words) -> Markup:
    kind = tag("span", words.named("evidence", one.kind), class_="kind")
    digest = tag("code", f"sha256 {one.sha256[:12]}…", class_="hash", title=one.sha256) if one.sha256 else None
    return tag("li", kind, tag("code", one.ref), digest)
