"""The frame of every page: head, navigation, title, notice."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import quote

from understudy.console.desk import Page
from understudy.console.forms import hidden, submit
from understudy.console.sessions import Notice, Session
from understudy.console.words import LOCALES, Words
from understudy.page import Markup, join, tag

__all__ = ["NAVIGATION", "Look", "bare", "framed"]

# place -> path; in the order in which a day begins
NAVIGATION: Sequence[tuple[str, Sequence[tuple[str, str]]]] = (
    ("watch", (("status", "/"), ("checklist", "/checklist"), ("drift", "/drift"), ("fairness", "/fairness"))),
    ("act", (("reviews", "/reviews"), ("switches", "/switches"))),
    ("prove", (("decisions", "/decisions"), ("log", "/log"), ("audits", "/audits"))),
)


class Look(NamedTuple):
    """Where the style sheet and the icon are."""

    style: str
    icon: str


def framed(page: Page, words: Words, session: Session, endpoint: str, look: Look, path: str) -> str:
    """A page for somebody who is signed in."""
    head = tag(
        "header",
        tag("div", tag("h1", page.title), class_="title"),
        page.aside,
        class_="page-head",
    )
    main = tag("main", _notice(session.take_notice(), words), head, *page.content, id="main", tabindex="-1")
    body = join(
        tag("a", words("shell.skip"), href="#main", class_="skip"),
        tag("div", _side(page, words, session, endpoint, path), main, class_="frame"),
    )
    return _document(page.title, body, words, look)


def bare(title: str, words: Words, content: Markup, look: Look, path: str) -> str:
    """A page for somebody who is not signed in."""
    inner = tag("main", _brand(words), content, _languages(words, path), id="main", class_="gate")
    return _document(title, inner, words, look)


def _document(title: str, body: Markup, words: Words, look: Look) -> str:
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", f"{title} · {words('shell.name')}"),
        tag("link", rel="stylesheet", href=look.style),
        tag("link", rel="icon", href=look.icon, type="image/svg+xml"),
    )
    return f"<!doctype html>\n{tag('html', head, tag('body', body), lang=words.locale)}\n"


def _side(page: Page, words: Words, session: Session, endpoint: str, path: str) -> Markup:
    groups = [
        tag(
            "div",
            tag("p", words(f"nav.{group}"), class_="group", id=f"nav-{group}"),
            tag(
                "ul",
                *(tag("li", _link(place, target, page.place, words)) for place, target in places),
                aria_labelledby=f"nav-{group}",
            ),
        )
        for group, places in NAVIGATION
    ]
    leave = tag(
        "form",
        hidden("csrf", session.csrf),
        submit(words("shell.sign_out"), "quiet"),
        method="post",
        action="/sign-out",
    )
    foot = tag("div", tag("p", endpoint, class_="endpoint"), _languages(words, path), leave, class_="side-foot")
    return tag("div", _brand(words), tag("nav", *groups, aria_label=words("shell.navigation")), foot, class_="side")


def _brand(words: Words) -> Markup:
    name = tag("span", tag("b", "Understudy"), " ", words("shell.console"))
    return tag("p", tag("span", "", class_="mark", aria_hidden="true"), name, class_="brand")


def _link(place: str, target: str, current: str, words: Words) -> Markup:
    return tag("a", words(f"nav.{place}"), href=target, aria_current="page" if place == current else None)


def _languages(words: Words, path: str) -> Markup:
    names = {"en": "English", "ko": "한국어"}
    links = [
        tag(
            "a",
            names[locale],
            href=f"/language/{locale}?back={quote(path, safe='/')}",
            lang=locale,
            hreflang=locale,
            aria_current="true" if locale == words.locale else None,
        )
        for locale in LOCALES
    ]
    return tag("p", *links, class_="languages")


def _notice(notice: Notice | None, words: Words) -> Markup:
    if notice is None:
        return Markup("")
    role = "status" if notice.good else "alert"
    return tag("p", words(notice.key, **notice.slots), role=role, class_=f"notice {'good' if notice.good else 'bad'}")
