"""The frame of a page: head, style, sections, and how a status is shown."""

from __future__ import annotations

from collections.abc import Iterable
from importlib.resources import files

from understudy.page.markup import Markup, tag

__all__ = ["STATUS_ORDER", "badge", "document", "section"]

# Worst first: the order in which a reader wants to see them.
STATUS_ORDER = ("fail", "warn", "unknown", "pass")
_SIGNS = {"fail": "■", "warn": "▲", "unknown": "?", "pass": "●"}


def document(title: str, content: Iterable[Markup]) -> str:
    """One self-contained HTML page."""
    style = (files("understudy.page") / "style.css").read_text(encoding="utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", title),
        tag("style", Markup(style)),
    )
    return f"<!doctype html>\n{tag('html', head, tag('body', tag('main', *content)), lang='en')}\n"


def section(name: str, title: str, *content: Markup) -> Markup:
    """A titled part of the page that a link can point at."""
    return tag("section", tag("h2", title), *content, id=name)


def badge(status: str) -> Markup:
    """A status as a sign and a word: neither colour nor shape alone carries it."""
    return tag("span", tag("span", _SIGNS[status], aria_hidden="true"), f" {status}", class_=f"badge {status}")
